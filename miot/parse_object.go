package miot

import "encoding/json"

// object is a JSON object being read: take removes members, rest is what nobody took.
type object struct {
	parser  *parser
	pointer string
	members map[string]json.RawMessage
	broken  bool
}

func (o *object) take(name string) (raw json.RawMessage, pointer string) {
	raw = o.members[name]
	delete(o.members, name)
	return raw, o.pointer + "/" + name
}

// text reads a string; required tells whether it must be there.
func (o *object) text(name string, required bool) string {
	raw, pointer := o.take(name)
	if len(raw) == 0 {
		if required && !o.broken {
			o.parser.problem(o.pointer, "has no %q", name)
		}
		return ""
	}
	s, ok := unquote(raw)
	if !ok && (required || !isNull(raw)) {
		o.parser.problem(pointer, "is %s, needs a string", kindOf(raw))
	}
	return s
}

// iid reads the required iid; Lint judges its value.
func (o *object) iid() int {
	raw, pointer := o.take("iid")
	if len(raw) == 0 {
		if !o.broken {
			o.parser.problem(o.pointer, "has no %q", "iid")
		}
		return 0
	}
	n, ok := small(raw)
	if !ok {
		o.parser.problem(pointer, "is %s, needs a whole number of at most 32 bits", excerpt(raw))
	}
	return n
}

// piids reads in, out or arguments; null gives nil.
func (o *object) piids(name string) []int {
	raw, pointer := o.take(name)
	list := o.parser.array(raw, pointer, MaxMembers)
	if list == nil {
		return nil
	}
	piids := make([]int, len(list))
	for i, raw := range list {
		n, ok := small(raw)
		if !ok {
			o.parser.problem(at(pointer, i), "is %s, needs a piid", excerpt(raw))
		}
		piids[i] = n
	}
	return piids
}

// scalar reads one number of a range or list.
func (p *parser) scalar(raw []byte, pointer string) Value {
	if len(raw) == 0 {
		p.problem(pointer, "is missing")
		return Value{}
	}
	v, err := DecodeValue(raw)
	if err != nil {
		p.problem(pointer, "%s", err)
	}
	return v
}

func (o *object) rest() Extra {
	if len(o.members) == 0 {
		return nil
	}
	return Extra(o.members)
}
