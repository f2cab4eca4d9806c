package miot

import "strconv"

// Messages are written by appending: the gateway sends one for every item of every report.

func comma(dst []byte, index int) []byte {
	if index > 0 {
		dst = append(dst, ',')
	}
	return dst
}

func appendHeader(dst []byte, id int64) []byte {
	dst = append(dst, `{"id":`...)
	return strconv.AppendInt(dst, id, 10)
}

// appendHead writes {"did":…,"siid":…,"<iidName>":… without the closing brace.
func appendHead(dst []byte, did string, siid int, iidName string, iid int) []byte {
	dst = append(dst, `{"did":`...)
	dst = appendString(dst, did)
	dst = append(dst, `,"siid":`...)
	dst = strconv.AppendInt(dst, int64(siid), 10)
	dst = append(dst, `,"`...)
	dst = append(dst, iidName...)
	dst = append(dst, `":`...)
	return strconv.AppendInt(dst, int64(iid), 10)
}

func appendRaw(dst, raw []byte) []byte {
	if len(raw) == 0 {
		return append(dst, "null"...)
	}
	return append(dst, raw...)
}

func appendArguments(dst []byte, list []Argument) []byte {
	dst = append(dst, '[')
	for i, a := range list {
		dst = append(comma(dst, i), `{"piid":`...)
		dst = strconv.AppendInt(dst, int64(a.PIID), 10)
		dst = append(dst, `,"value":`...)
		dst = append(appendRaw(dst, a.Value), '}')
	}
	return append(dst, ']')
}

func (r PropertyRef) append(dst []byte) []byte {
	return append(appendHead(dst, r.DID, r.SIID, "piid", r.PIID), '}')
}

func (v PropertyValue) append(dst []byte) []byte {
	dst = appendHead(dst, v.DID, v.SIID, "piid", v.PIID)
	dst = append(dst, `,"value":`...)
	return append(appendRaw(dst, v.Value), '}')
}

func appendValues(dst []byte, values []PropertyValue) []byte {
	dst = append(dst, '[')
	for i, v := range values {
		dst = v.append(comma(dst, i))
	}
	return append(dst, ']')
}
