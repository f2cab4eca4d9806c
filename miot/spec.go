package miot

import "encoding/json"

// Extra holds the members of an object that this package does not know, verbatim, so that marshalling loses nothing.
type Extra map[string]json.RawMessage

// Spec is one instance document: what a device model can do.
type Spec struct {
	Type        string // as written; URN() parses it
	Description string
	Services    []Service
	Extra       Extra
}

// Service groups properties, actions and events.
type Service struct {
	IID         int // the siid
	Type        string
	Description string
	Properties  []Property
	Actions     []Action
	Events      []Event
	Extra       Extra
}

// Property is one value of the device. At most one of Range and List is set in a lawful document.
type Property struct {
	IID         int // the piid
	Type        string
	Description string
	Format      Format
	Access      Access
	Unit        string // empty when the document has none
	Range       *Range
	List        []ListItem
	Extra       Extra
}

// Range is value-range [min, max, step].
type Range struct{ Min, Max, Step Value }

// ListItem is one entry of a value-list.
type ListItem struct {
	Value       Value
	Description string
	Extra       Extra
}

// Action is something the device can be told to do; In and Out hold piids of the same service.
type Action struct {
	IID         int // the aiid
	Type        string
	Description string
	In, Out     []int
	Extra       Extra
}

// Event is something the device tells of; Arguments holds piids of the same service.
type Event struct {
	IID         int // the eiid
	Type        string
	Description string
	Arguments   []int
	Extra       Extra
}

// URN parses the device type.
func (s *Spec) URN() (URN, error) { return ParseURN(s.Type) }

// URN parses the service type.
func (s *Service) URN() (URN, error) { return ParseURN(s.Type) }

// URN parses the property type.
func (p *Property) URN() (URN, error) { return ParseURN(p.Type) }

// URN parses the action type.
func (a *Action) URN() (URN, error) { return ParseURN(a.Type) }

// URN parses the event type.
func (e *Event) URN() (URN, error) { return ParseURN(e.Type) }

// Name is the name in the device type.
func (s *Spec) Name() string { return nameOf(s.Type) }

// Name is the name in the service type, such as air-purifier.
func (s *Service) Name() string { return nameOf(s.Type) }

// Name is the name in the property type, such as fan-level.
func (p *Property) Name() string { return nameOf(p.Type) }

// Name is the name in the action type.
func (a *Action) Name() string { return nameOf(a.Type) }

// Name is the name in the event type.
func (e *Event) Name() string { return nameOf(e.Type) }

// Readable tells whether get_properties may ask for it.
func (p *Property) Readable() bool { return p.Access.Has(AccessRead) }

// Writable tells whether set_properties may change it.
func (p *Property) Writable() bool { return p.Access.Has(AccessWrite) }

// Notifies tells whether the device reports it.
func (p *Property) Notifies() bool { return p.Access.Has(AccessNotify) }
