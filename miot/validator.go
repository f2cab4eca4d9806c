package miot

// Spec is the document that was compiled.
func (v *Validator) Spec() *Spec { return v.spec }

// Properties lists all rules in the document's order; it must not be changed.
func (v *Validator) Properties() []*PropertyRule { return v.order }

// Property finds the rule of a property.
func (v *Validator) Property(siid, piid int) (*PropertyRule, bool) {
	rule, ok := v.properties[key(siid, piid)]
	return rule, ok
}

// Action finds the rule of an action.
func (v *Validator) Action(siid, aiid int) (*ActionRule, bool) {
	rule, ok := v.actions[key(siid, aiid)]
	return rule, ok
}

// Event finds the rule of an event.
func (v *Validator) Event(siid, eiid int) (*EventRule, bool) {
	rule, ok := v.events[key(siid, eiid)]
	return rule, ok
}

// CheckGet judges one item of get_properties.
func (v *Validator) CheckGet(siid, piid int) *Violation {
	rule, ok := v.Property(siid, piid)
	switch {
	case !ok:
		return missing(KindProperty, siid, piid)
	case !rule.Readable:
		return rule.refuse(CodeNotReadable, RuleAccess, "%s is not readable", rule.Name)
	}
	return nil
}

// CheckSet judges one item of set_properties.
func (v *Validator) CheckSet(siid, piid int, raw []byte) (Value, *Violation) {
	rule, ok := v.Property(siid, piid)
	switch {
	case !ok:
		return Value{}, missing(KindProperty, siid, piid)
	case !rule.Writable:
		return Value{}, rule.refuse(CodeNotWritable, RuleAccess, "%s is not writable", rule.Name)
	}
	return rule.Check(raw)
}

// CheckReport judges one item of properties_changed (§5: exists, notify access, type, range, list, step).
func (v *Validator) CheckReport(siid, piid int, raw []byte) (Value, *Violation) {
	rule, ok := v.Property(siid, piid)
	switch {
	case !ok:
		return Value{}, missing(KindProperty, siid, piid)
	case !rule.Notify:
		// §2 has no code for this one; not readable is what apps are told about a property they cannot follow.
		return Value{}, rule.refuse(CodeNotReadable, RuleAccess, "%s has no notify access, it is not to be reported", rule.Name)
	}
	return rule.Check(raw)
}

// CheckEvent judges an event_occured.
func (v *Validator) CheckEvent(siid, eiid int, arguments []Argument) ([]Value, *Violation) {
	rule, ok := v.Event(siid, eiid)
	if !ok {
		return nil, missing(KindEvent, siid, eiid)
	}
	return rule.CheckArguments(arguments)
}

// CheckAction judges an action call.
func (v *Validator) CheckAction(siid, aiid int, in []Argument) ([]Value, *Violation) {
	rule, ok := v.Action(siid, aiid)
	if !ok {
		return nil, missing(KindAction, siid, aiid)
	}
	return rule.CheckArguments(in)
}
