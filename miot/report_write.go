package miot

import "strconv"

// PropertiesChanged writes a device's report of new values.
func PropertiesChanged(id int64, values []PropertyValue) []byte {
	return propertiesChanged(id, nil, values)
}

// PropertiesChangedAt is PropertiesChanged with the time of the change in Unix ms.
func PropertiesChangedAt(id, ts int64, values []PropertyValue) []byte {
	return propertiesChanged(id, &ts, values)
}

func propertiesChanged(id int64, ts *int64, values []PropertyValue) []byte {
	dst := appendReport(id, MethodPropertiesChanged, ts)
	return append(appendValues(dst, values), '}')
}

// Occurrence is one event of a device.
type Occurrence struct {
	DID       string
	SIID      int
	EIID      int
	Arguments []Argument
}

// EventOccured writes a device's report of an event.
func EventOccured(id int64, event Occurrence) []byte { return eventOccured(id, nil, event) }

// EventOccuredAt is EventOccured with the time of the event in Unix ms.
func EventOccuredAt(id, ts int64, event Occurrence) []byte { return eventOccured(id, &ts, event) }

func eventOccured(id int64, ts *int64, event Occurrence) []byte {
	dst := appendReport(id, MethodEventOccured, ts)
	return append(event.append(dst), '}', '}')
}

// append leaves the object open for what a caller adds.
func (o Occurrence) append(dst []byte) []byte {
	dst = appendHead(dst, o.DID, o.SIID, "eiid", o.EIID)
	dst = append(dst, `,"arguments":`...)
	return appendArguments(dst, o.Arguments)
}

func appendReport(id int64, method string, ts *int64) []byte {
	dst := appendHeader(make([]byte, 0, 160), id)
	if ts != nil {
		dst = append(dst, `,"ts":`...)
		dst = strconv.AppendInt(dst, *ts, 10)
	}
	dst = append(dst, `,"method":"`...)
	dst = append(dst, method...)
	return append(dst, `","params":`...)
}

func appendCode(dst []byte, code Code) []byte {
	dst = append(dst, `,"code":`...)
	return strconv.AppendInt(dst, int64(code), 10)
}
