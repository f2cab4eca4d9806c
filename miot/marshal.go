package miot

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
)

// objectWriter writes members in the order given.
type objectWriter struct {
	buffer bytes.Buffer
	err    error
}

func (w *objectWriter) member(name string, value any) {
	if w.err != nil {
		return
	}
	raw, err := json.Marshal(value)
	if err != nil {
		w.err = err
		return
	}
	w.buffer.WriteByte(',')
	w.buffer.Write(appendString(nil, name))
	w.buffer.WriteByte(':')
	w.buffer.Write(raw)
}

// list writes an array that is there, empty or not; nil is left out.
func list[T any](w *objectWriter, name string, values []T) {
	if values != nil {
		w.member(name, values)
	}
}

// done closes the object behind the unknown members, in the order of their names.
func (w *objectWriter) done(extra Extra) ([]byte, error) {
	for _, name := range slices.Sorted(maps.Keys(extra)) {
		w.member(name, extra[name])
	}
	if w.err != nil {
		return nil, w.err
	}
	w.buffer.WriteByte('}')
	raw := w.buffer.Bytes()
	if len(raw) == 1 {
		return []byte("{}"), nil
	}
	raw[0] = '{' // the first comma
	return raw, nil
}

// MarshalJSON writes the document in the published order of members, then what was unknown.
func (s *Spec) MarshalJSON() ([]byte, error) {
	var w objectWriter
	w.member("type", s.Type)
	w.member("description", s.Description)
	services := s.Services
	if services == nil {
		services = []Service{}
	}
	w.member("services", services)
	return w.done(s.Extra)
}

// MarshalJSON writes the service.
func (s Service) MarshalJSON() ([]byte, error) {
	var w objectWriter
	w.member("iid", s.IID)
	w.member("type", s.Type)
	w.member("description", s.Description)
	list(&w, "properties", s.Properties)
	list(&w, "actions", s.Actions)
	list(&w, "events", s.Events)
	return w.done(s.Extra)
}

// MarshalJSON writes the property.
func (p Property) MarshalJSON() ([]byte, error) {
	var w objectWriter
	w.member("iid", p.IID)
	w.member("type", p.Type)
	w.member("description", p.Description)
	w.member("format", p.Format)
	access := p.Access
	if access == nil {
		access = Access{}
	}
	w.member("access", access)
	if p.Unit != "" {
		w.member("unit", p.Unit)
	}
	if p.Range != nil {
		w.member("value-range", p.Range)
	}
	list(&w, "value-list", p.List)
	return w.done(p.Extra)
}

// MarshalJSON writes [min, max, step].
func (r Range) MarshalJSON() ([]byte, error) { return json.Marshal([]Value{r.Min, r.Max, r.Step}) }

// MarshalJSON writes the list entry.
func (i ListItem) MarshalJSON() ([]byte, error) {
	var w objectWriter
	w.member("value", i.Value)
	w.member("description", i.Description)
	return w.done(i.Extra)
}

// MarshalJSON writes the action; nil in and out are null, which §1 allows.
func (a Action) MarshalJSON() ([]byte, error) {
	var w objectWriter
	w.member("iid", a.IID)
	w.member("type", a.Type)
	w.member("description", a.Description)
	w.member("in", a.In)
	w.member("out", a.Out)
	return w.done(a.Extra)
}

// MarshalJSON writes the event; nil arguments are null.
func (e Event) MarshalJSON() ([]byte, error) {
	var w objectWriter
	w.member("iid", e.IID)
	w.member("type", e.Type)
	w.member("description", e.Description)
	w.member("arguments", e.Arguments)
	return w.done(e.Extra)
}
