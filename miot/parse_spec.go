package miot

func (p *parser) spec(raw []byte) *Spec {
	o := p.object(raw, "")
	s := &Spec{Type: o.text("type", true), Description: o.text("description", false)}
	services, pointer := o.take("services")
	if !o.broken && (len(services) == 0 || isNull(services)) {
		p.problem("", "has no %q", "services")
	}
	for i, raw := range p.array(services, pointer, MaxServices) {
		s.Services = append(s.Services, p.service(raw, at(pointer, i)))
	}
	s.Extra = o.rest()
	return s
}

func (p *parser) service(raw []byte, pointer string) Service {
	o := p.object(raw, pointer)
	s := Service{IID: o.iid(), Type: o.text("type", true), Description: o.text("description", false)}
	s.Properties = each(&o, "properties", p.property)
	s.Actions = each(&o, "actions", p.action)
	s.Events = each(&o, "events", p.event)
	s.Extra = o.rest()
	return s
}

// each reads an array of objects; null and absent give nil.
func each[T any](o *object, name string, read func(raw []byte, pointer string) T) []T {
	raw, pointer := o.take(name)
	list := o.parser.array(raw, pointer, MaxMembers)
	if list == nil {
		return nil
	}
	all := make([]T, len(list))
	for i, raw := range list {
		all[i] = read(raw, at(pointer, i))
	}
	return all
}

func (p *parser) property(raw []byte, pointer string) Property {
	o := p.object(raw, pointer)
	prop := Property{
		IID: o.iid(), Type: o.text("type", true), Description: o.text("description", false),
		Format: Format(o.text("format", true)), Unit: o.text("unit", false),
	}
	prop.Access = o.access()
	prop.Range = o.valueRange()
	prop.List = o.valueList()
	prop.Extra = o.rest()
	return prop
}

func (o *object) access() Access {
	raw, pointer := o.take("access")
	if len(raw) == 0 && !o.broken {
		o.parser.problem(o.pointer, "has no %q", "access")
	}
	access := Access{}
	for i, raw := range o.parser.array(raw, pointer, MaxMembers) {
		word, ok := unquote(raw)
		if !ok {
			o.parser.problem(at(pointer, i), "is %s, needs a string", kindOf(raw))
		}
		access = append(access, word)
	}
	return access
}

func (o *object) valueRange() *Range {
	raw, pointer := o.take("value-range")
	list := o.parser.array(raw, pointer, MaxMembers)
	if list == nil {
		return nil
	}
	if len(list) != 3 {
		o.parser.problem(pointer, "has %d numbers, needs [min, max, step]", len(list))
		return nil
	}
	return &Range{
		Min:  o.parser.scalar(list[0], at(pointer, 0)),
		Max:  o.parser.scalar(list[1], at(pointer, 1)),
		Step: o.parser.scalar(list[2], at(pointer, 2)),
	}
}

func (o *object) valueList() []ListItem {
	raw, pointer := o.take("value-list")
	list := o.parser.array(raw, pointer, MaxListValues)
	if list == nil {
		return nil
	}
	items := make([]ListItem, len(list))
	for i, raw := range list {
		entry := o.parser.object(raw, at(pointer, i))
		value, where := entry.take("value")
		if !entry.broken {
			items[i] = ListItem{Value: o.parser.scalar(value, where), Description: entry.text("description", false), Extra: entry.rest()}
		}
	}
	return items
}

func (p *parser) action(raw []byte, pointer string) Action {
	o := p.object(raw, pointer)
	a := Action{IID: o.iid(), Type: o.text("type", true), Description: o.text("description", false)}
	a.In, a.Out = o.piids("in"), o.piids("out")
	a.Extra = o.rest()
	return a
}

func (p *parser) event(raw []byte, pointer string) Event {
	o := p.object(raw, pointer)
	e := Event{IID: o.iid(), Type: o.text("type", true), Description: o.text("description", false)}
	e.Arguments = o.piids("arguments")
	e.Extra = o.rest()
	return e
}
