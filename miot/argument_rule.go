package miot

import (
	"encoding/json"
	"fmt"
	"slices"
)

// Argument is one value of an action's in and out, or of an event.
type Argument struct {
	PIID  int             `json:"piid"`
	Value json.RawMessage `json:"value"`
}

// argument is a declared argument; rule is nil where no property of the service describes it (a DECL-06 fault).
type argument struct {
	piid int
	rule *PropertyRule
}

// ActionRule judges the calls of one action.
type ActionRule struct {
	SIID, AIID int
	Name       string
	Action     *Action // the declaration; read only
	in, out    []argument
}

// EventRule judges the occurrences of one event.
type EventRule struct {
	SIID, EIID int
	Name       string
	Event      *Event // the declaration; read only
	arguments  []argument
}

// CheckArguments judges what an action is called with: count, order by the spec's piids, each value.
func (r *ActionRule) CheckArguments(in []Argument) ([]Value, *Violation) {
	return checkArguments(r.SIID, r.AIID, "action "+r.Name, r.in, in)
}

// CheckOut judges what an action answered with, likewise.
func (r *ActionRule) CheckOut(out []Argument) ([]Value, *Violation) {
	return checkArguments(r.SIID, r.AIID, "answer of action "+r.Name, r.out, out)
}

// CheckArguments judges what an event brought along, likewise.
func (r *EventRule) CheckArguments(arguments []Argument) ([]Value, *Violation) {
	if len(arguments) == 0 && len(r.arguments) == 0 {
		return nil, nil
	}
	return checkArguments(r.SIID, r.EIID, "event "+r.Name, r.arguments, arguments)
}

func checkArguments(siid, iid int, what string, declared []argument, given []Argument) ([]Value, *Violation) {
	refuse := func(rule, format string, args ...any) *Violation {
		return &Violation{Code: CodeArguments, Rule: rule, SIID: siid, IID: iid, Message: what + ": " + fmt.Sprintf(format, args...)}
	}
	if len(given) != len(declared) {
		return nil, refuse(RuleArguments, "%d arguments, needs %d", len(given), len(declared))
	}
	values := make([]Value, len(given))
	for i, a := range given {
		if a.PIID != declared[i].piid {
			return nil, refuse(RuleArguments, "argument %d has piid %d, needs %d", i+1, a.PIID, declared[i].piid)
		}
		if declared[i].rule == nil {
			v, err := DecodeValue(a.Value)
			if err != nil {
				return nil, refuse(RuleFormat, "argument %d: %s", i+1, err)
			}
			values[i] = v
			continue
		}
		v, bad := declared[i].rule.Check(a.Value)
		if bad != nil {
			return nil, refuse(bad.Rule, "argument %d: %s", i+1, bad.Message)
		}
		values[i] = v
	}
	return values, nil
}

// Arguments reads what an app calls the action with: {piid, value} objects in any order, or bare values in the spec's order (§2).
// The result is in the spec's order where every piid fits; CheckArguments still has to judge it.
func (r *ActionRule) Arguments(raw json.RawMessage) ([]Argument, *Violation) {
	refuse := func(format string, args ...any) *Violation {
		return &Violation{Code: CodeArguments, Rule: RuleArguments, SIID: r.SIID, IID: r.AIID, Message: "action " + r.Name + ": " + fmt.Sprintf(format, args...)}
	}
	raw = trim(raw)
	if len(raw) == 0 || isNull(raw) {
		return nil, nil
	}
	if _, end, bad := scanDocument(raw); bad != nil || end != len(raw) || raw[0] != '[' {
		return nil, refuse("in is %s, needs an array", describe(raw))
	}
	walk, _ := arrayElements(raw)
	var list []Argument
	for element, ok := walk.next(); ok; element, ok = walk.next() {
		if len(list) == len(r.in) {
			return nil, refuse("more than %d arguments", len(r.in))
		}
		a := Argument{PIID: r.in[len(list)].piid, Value: element}
		if element[0] == '{' {
			if a, ok = readArgument(element); !ok {
				return nil, refuse("argument %d is %s, needs {piid, value}", len(list)+1, excerpt(element))
			}
		}
		list = append(list, a)
	}
	slices.SortStableFunc(list, func(a, b Argument) int { return r.position(a.PIID) - r.position(b.PIID) })
	return list, nil
}

// position is where the spec has the argument; an unknown one sorts last.
func (r *ActionRule) position(piid int) int {
	for i, a := range r.in {
		if a.piid == piid {
			return i
		}
	}
	return len(r.in)
}
