package miot

// members walks over an object's members. It may be used on bytes that were not scanned before: it ends where they break.
type members struct {
	data []byte
	at   int
}

// objectMembers begins a walk; ok is false when data is no object.
func objectMembers(data []byte) (m members, ok bool) {
	at := skipSpace(data, 0)
	if at >= len(data) || data[at] != '{' {
		return m, false
	}
	return members{data: data, at: at + 1}, true
}

// next gives the next member's decoded name and raw value; both alias the data but where the name has escapes.
func (m *members) next() (name, value []byte, ok bool) {
	at := skipSpace(m.data, m.at)
	if at < len(m.data) && m.data[at] == ',' {
		at = skipSpace(m.data, at+1)
	}
	if at >= len(m.data) || m.data[at] != '"' {
		return nil, nil, false
	}
	end, err := scanString(m.data, at)
	if err != nil {
		return nil, nil, false
	}
	name = m.data[at+1 : end-1]
	for _, c := range name {
		if c == '\\' {
			text, _ := unquote(m.data[at:end])
			name = []byte(text)
			break
		}
	}
	at = skipSpace(m.data, end)
	if at >= len(m.data) || m.data[at] != ':' {
		return nil, nil, false
	}
	at = skipSpace(m.data, at+1)
	if end, err = scanValue(m.data, at, 0); err != nil {
		return nil, nil, false
	}
	m.at = end
	return name, m.data[at:end:end], true
}

// elements walks over an array's elements, likewise.
type elements struct {
	data []byte
	at   int
}

// arrayElements begins a walk; ok is false when data is no array.
func arrayElements(data []byte) (e elements, ok bool) {
	at := skipSpace(data, 0)
	if at >= len(data) || data[at] != '[' {
		return e, false
	}
	return elements{data: data, at: at + 1}, true
}

// next gives the next element, raw.
func (e *elements) next() (value []byte, ok bool) {
	at := skipSpace(e.data, e.at)
	if at < len(e.data) && e.data[at] == ',' {
		at = skipSpace(e.data, at+1)
	}
	if at >= len(e.data) || e.data[at] == ']' {
		return nil, false
	}
	end, err := scanValue(e.data, at, 0)
	if err != nil {
		return nil, false
	}
	e.at = end
	return e.data[at:end:end], true
}

func isNull(value []byte) bool { return string(value) == "null" }

// kindOf names what a raw JSON value is, for messages.
func kindOf(value []byte) string {
	if len(value) == 0 {
		return "missing"
	}
	switch value[0] {
	case '"':
		return "a string"
	case '{':
		return "an object"
	case '[':
		return "an array"
	case 't', 'f':
		return "a bool"
	case 'n':
		return "null"
	}
	return "a number"
}
