package miot

// Service finds a service by its siid; the pointer is into the spec.
func (s *Spec) Service(siid int) (*Service, bool) {
	for i := range s.Services {
		if s.Services[i].IID == siid {
			return &s.Services[i], true
		}
	}
	return nil, false
}

// Property finds a property by (siid, piid).
func (s *Spec) Property(siid, piid int) (*Property, bool) {
	if service, ok := s.Service(siid); ok {
		return service.Property(piid)
	}
	return nil, false
}

// Action finds an action by (siid, aiid).
func (s *Spec) Action(siid, aiid int) (*Action, bool) {
	if service, ok := s.Service(siid); ok {
		return service.Action(aiid)
	}
	return nil, false
}

// Event finds an event by (siid, eiid).
func (s *Spec) Event(siid, eiid int) (*Event, bool) {
	if service, ok := s.Service(siid); ok {
		return service.Event(eiid)
	}
	return nil, false
}

// Property finds a property of the service by its piid.
func (s *Service) Property(piid int) (*Property, bool) {
	for i := range s.Properties {
		if s.Properties[i].IID == piid {
			return &s.Properties[i], true
		}
	}
	return nil, false
}

// Action finds an action of the service by its aiid.
func (s *Service) Action(aiid int) (*Action, bool) {
	for i := range s.Actions {
		if s.Actions[i].IID == aiid {
			return &s.Actions[i], true
		}
	}
	return nil, false
}

// Event finds an event of the service by its eiid.
func (s *Service) Event(eiid int) (*Event, bool) {
	for i := range s.Events {
		if s.Events[i].IID == eiid {
			return &s.Events[i], true
		}
	}
	return nil, false
}
