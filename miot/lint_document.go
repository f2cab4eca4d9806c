package miot

// document walks the whole spec.
func (l *linter) document() {
	device, err := l.spec.URN()
	switch {
	case err != nil:
		l.find("MIOT-URN-01", "/type", "%s", err)
	case device.Kind != KindDevice:
		l.find("MIOT-URN-03", "/type", "type of the document is of kind %s, needs device", device.Kind)
	}
	l.namespace = device.Namespace
	if len(l.spec.Services) == 0 {
		l.find("MIOT-DOC-02", "/services", "document has no services")
	}
	l.information()
	seen := iids{}
	for i := range l.spec.Services {
		s, pointer := &l.spec.Services[i], at("/services", i)
		l.iid(seen, s.IID, pointer, "service")
		l.service(s, pointer)
	}
}

func (l *linter) service(s *Service, pointer string) {
	l.foreign = map[string]bool{}
	l.urn(s.Type, KindService, pointer)
	if len(s.Properties)+len(s.Actions)+len(s.Events) == 0 {
		l.find("MIOT-SVC-04", pointer, "service %d %s is empty", s.IID, s.Name())
	}
	arguments := s.argumentPIIDs()
	seen := iids{}
	for i := range s.Properties {
		p, where := &s.Properties[i], at(pointer+"/properties", i)
		l.iid(seen, p.IID, where, "property")
		l.urn(p.Type, KindProperty, where)
		l.property(s, p, where, arguments[p.IID])
	}
	seen = iids{}
	for i := range s.Actions {
		a, where := &s.Actions[i], at(pointer+"/actions", i)
		l.iid(seen, a.IID, where, "action")
		l.urn(a.Type, KindAction, where)
		l.arguments("MIOT-ARG-01", s, a.In, where+"/in")
		l.arguments("MIOT-ARG-01", s, a.Out, where+"/out")
	}
	seen = iids{}
	for i := range s.Events {
		e, where := &s.Events[i], at(pointer+"/events", i)
		l.iid(seen, e.IID, where, "event")
		l.urn(e.Type, KindEvent, where)
		l.arguments("MIOT-ARG-02", s, e.Arguments, where+"/arguments")
	}
}

func (s *Service) argumentPIIDs() map[int]bool {
	piids := map[int]bool{}
	note := func(list []int) {
		for _, piid := range list {
			piids[piid] = true
		}
	}
	for _, a := range s.Actions {
		note(a.In)
		note(a.Out)
	}
	for _, e := range s.Events {
		note(e.Arguments)
	}
	return piids
}

type iids map[int]bool

func (l *linter) iid(seen iids, iid int, pointer, what string) {
	switch {
	case iid < 1:
		l.find("MIOT-IID-01", pointer+"/iid", "iid of this %s is %d, needs 1 or more", what, iid)
	case seen[iid]:
		l.find("MIOT-IID-02", pointer+"/iid", "iid %d belongs to an earlier %s", iid, what)
	}
	seen[iid] = true
}

func (l *linter) urn(text string, kind Kind, pointer string) {
	u, err := ParseURN(text)
	if err != nil {
		l.find("MIOT-URN-02", pointer+"/type", "%s", err)
		return
	}
	if u.Kind != kind {
		l.find("MIOT-URN-03", pointer+"/type", "type %s is of kind %s, needs %s", text, u.Kind, kind)
	}
	// Once per service: vendors use a namespace of their own for whole services.
	if l.namespace != "" && u.Namespace != l.namespace && !l.foreign[u.Namespace] {
		l.foreign[u.Namespace] = true
		l.find("MIOT-URN-04", pointer+"/type", "type %s has namespace %s, the device has %s", text, u.Namespace, l.namespace)
	}
}

func (l *linter) arguments(rule string, s *Service, piids []int, pointer string) {
	seen := iids{}
	for i, piid := range piids {
		if _, ok := s.Property(piid); !ok {
			l.find(rule, at(pointer, i), "argument %d names property %d.%d, which service %d does not have", i+1, s.IID, piid, s.IID)
		} else if seen[piid] {
			l.find("MIOT-ARG-03", at(pointer, i), "argument %d names property %d.%d a second time", i+1, s.IID, piid)
		}
		seen[piid] = true
	}
}
