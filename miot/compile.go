package miot

import (
	"errors"
	"fmt"
)

// Validator judges items and commands against one spec. It is immutable and safe for concurrent use.
type Validator struct {
	spec       *Spec
	properties map[uint64]*PropertyRule
	actions    map[uint64]*ActionRule
	events     map[uint64]*EventRule
	order      []*PropertyRule
}

// Compile makes a Validator. It takes any document that says one thing about each iid: unknown formats and iids that are
// repeated are errors, other faults that Lint reports are borne (an argument that no property describes goes unchecked).
// The spec must not be changed afterwards.
func Compile(spec *Spec) (*Validator, error) {
	if spec == nil {
		return nil, errors.New("compile: no spec")
	}
	v := &Validator{
		spec:       spec,
		properties: map[uint64]*PropertyRule{}, actions: map[uint64]*ActionRule{}, events: map[uint64]*EventRule{},
	}
	seen := map[int]bool{}
	for i := range spec.Services {
		service := &spec.Services[i]
		if seen[service.IID] {
			return nil, fmt.Errorf("compile %s: service %d is there twice", spec.Type, service.IID)
		}
		seen[service.IID] = true
		if err := v.addService(service); err != nil {
			return nil, fmt.Errorf("compile %s: %w", spec.Type, err)
		}
	}
	return v, nil
}

func (v *Validator) addService(s *Service) error {
	for i := range s.Properties {
		rule, err := compileProperty(s, &s.Properties[i])
		if err != nil {
			return err
		}
		if err := insert(v.properties, KindProperty, s.IID, rule.PIID, rule); err != nil {
			return err
		}
		v.order = append(v.order, rule)
	}
	for i := range s.Actions {
		a := &s.Actions[i]
		rule := &ActionRule{SIID: s.IID, AIID: a.IID, Name: a.Name(), Action: a, in: v.arguments(s, a.In), out: v.arguments(s, a.Out)}
		if err := insert(v.actions, KindAction, s.IID, a.IID, rule); err != nil {
			return err
		}
	}
	for i := range s.Events {
		e := &s.Events[i]
		rule := &EventRule{SIID: s.IID, EIID: e.IID, Name: e.Name(), Event: e, arguments: v.arguments(s, e.Arguments)}
		if err := insert(v.events, KindEvent, s.IID, e.IID, rule); err != nil {
			return err
		}
	}
	return nil
}

func (v *Validator) arguments(s *Service, piids []int) []argument {
	list := make([]argument, len(piids))
	for i, piid := range piids {
		list[i] = argument{piid: piid, rule: v.properties[key(s.IID, piid)]}
	}
	return list
}

func insert[T any](rules map[uint64]*T, kind Kind, siid, iid int, rule *T) error {
	if _, twice := rules[key(siid, iid)]; twice {
		return fmt.Errorf("%s %d.%d is there twice", kind, siid, iid)
	}
	rules[key(siid, iid)] = rule
	return nil
}

// key packs both iids; those beyond 32 bits never exist and get the key of 0.0, which no lawful document has.
func key(siid, iid int) uint64 {
	if siid != int(int32(siid)) || iid != int(int32(iid)) {
		return 0
	}
	return uint64(uint32(siid))<<32 | uint64(uint32(iid))
}
