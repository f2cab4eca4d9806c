package miot

import "encoding/json"

// Item is one entry of any params or result, as it was read. Where an entry has not the right form, Fault says so and
// SIID and IID are 0, which no spec has: a caller that ignores Fault refuses the item as unknown.
type Item struct {
	DID       string
	SIID      int
	IID       int             // piid, aiid or eiid
	Value     json.RawMessage // nil when absent; aliases the payload
	Arguments []Argument      // of an event; values alias the payload
	Fault     string
}

// Violation is the refusal that a Fault calls for, nil where there is none.
func (i Item) Violation() *Violation {
	if i.Fault == "" {
		return nil
	}
	return &Violation{Code: CodeValue, Rule: RuleFormat, SIID: i.SIID, IID: i.IID, Message: i.Fault}
}

// entry is an item with the members that only some messages have.
type entry struct {
	Item
	code    Code
	hasCode bool
	list    []byte // in, out or arguments
}

// readEntry reads an entry whose own iid is called iidName and whose list of arguments is called listName.
// did is the text the last entry had, so that a hundred items of one device share one string.
func readEntry(raw []byte, iidName, listName, did string) (e entry) {
	walk, ok := objectMembers(raw)
	if !ok {
		e.Fault = "item is " + kindOf(raw) + ", needs an object"
		return e
	}
	const didSeen, siidSeen, iidSeen, valueSeen, codeSeen, listSeen = 1, 2, 4, 8, 16, 32
	seen := 0
	for name, value, ok := walk.next(); ok; name, value, ok = walk.next() {
		bit := 0
		switch string(name) {
		case "did":
			bit = didSeen
			if !e.readDID(value, did) {
				e.Fault = "did is " + describe(value) + ", needs a string"
			}
		case "siid":
			bit = siidSeen
			if e.SIID, ok = small(value); !ok {
				e.Fault = "siid is " + describe(value) + ", needs a whole number"
			}
		case iidName:
			bit = iidSeen
			if e.IID, ok = small(value); !ok {
				e.Fault = iidName + " is " + describe(value) + ", needs a whole number"
			}
		case "value":
			bit = valueSeen
			e.Value = value
		case "code":
			bit = codeSeen
			code, ok := integer(value)
			e.code, e.hasCode = Code(code), ok
		case listName:
			bit = listSeen
			e.list = value
		}
		if seen&bit != 0 {
			e.Fault = string(name) + " is there twice"
		}
		seen |= bit
	}
	if e.Fault == "" && seen&(siidSeen|iidSeen) != siidSeen|iidSeen {
		e.Fault = "item needs siid and " + iidName
	}
	if e.Fault != "" {
		e.SIID, e.IID = 0, 0
	}
	return e
}

func (e *entry) readDID(literal []byte, last string) bool {
	if len(literal) == len(last)+2 && literal[0] == '"' && string(literal[1:len(literal)-1]) == last {
		e.DID = last
		return true
	}
	var ok bool
	e.DID, ok = unquote(literal)
	return ok
}

// readArguments reads [{piid, value}…]; fault is empty when all is well.
func readArguments(raw []byte) (list []Argument, fault string) {
	walk, ok := arrayElements(raw)
	if !ok {
		return nil, "is " + describe(raw) + ", needs an array"
	}
	for element, ok := walk.next(); ok; element, ok = walk.next() {
		a, ok := readArgument(element)
		if !ok {
			return nil, "holds " + describe(element) + ", needs {piid, value}"
		}
		if len(list) == MaxMembers {
			return nil, "is too long"
		}
		list = append(list, a)
	}
	return list, ""
}

func readArgument(raw []byte) (a Argument, ok bool) {
	walk, ok := objectMembers(raw)
	if !ok {
		return a, false
	}
	seenPIID := false
	for name, value, more := walk.next(); more; name, value, more = walk.next() {
		switch string(name) {
		case "piid":
			if a.PIID, ok = small(value); !ok || seenPIID {
				return a, false
			}
			seenPIID = true
		case "value":
			if a.Value != nil {
				return a, false
			}
			a.Value = value
		}
	}
	return a, seenPIID
}
