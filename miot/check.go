package miot

import (
	"slices"
)

// Check judges one raw JSON value: format, then list or range, then step. A violation always means refusal;
// see Warning for what is lawful but poor. Numbers and bools do not allocate.
func (r *PropertyRule) Check(raw []byte) (Value, *Violation) {
	raw = trim(raw)
	switch {
	case r.integer:
		return r.checkInteger(raw)
	case r.fractional:
		return r.checkFloat(raw)
	}
	v, err := ParseValue(r.Format, raw)
	if err != nil {
		return Value{}, r.misfit(raw)
	}
	return v, nil
}

func (r *PropertyRule) misfit(raw []byte) *Violation {
	return r.refuse(CodeValue, RuleFormat, "%s is %s: %s, needs %s", r.Name, kindOf(raw), excerpt(raw), r.Format)
}

func (r *PropertyRule) checkInteger(raw []byte) (Value, *Violation) {
	w, ok := wholeNumber(raw)
	o, fits := w.ordinal(r.signed)
	if !ok || !fits || o < r.lowest || o > r.highest {
		return Value{}, r.misfit(raw)
	}
	v := ordinalValue(o, r.signed)
	if len(r.list) > 0 {
		if _, listed := slices.BinarySearch(r.list, o); !listed {
			return v, r.refuse(CodeValue, RuleList, "%s: %s is not in the value-list", r.Name, excerpt(raw))
		}
	}
	if !r.ranged {
		return v, nil
	}
	if !r.exact {
		f, _ := v.Float64()
		return v, r.checkRange(f, raw)
	}
	if o < r.min || o > r.max {
		return v, r.outside(raw)
	}
	if r.step > 1 && (o-r.min)%r.step != 0 {
		return v, r.between(raw)
	}
	return v, nil
}

func (r *PropertyRule) checkFloat(raw []byte) (Value, *Violation) {
	v, err := ParseValue(FormatFloat, raw)
	if err != nil {
		return Value{}, r.misfit(raw)
	}
	if !r.ranged {
		return v, nil
	}
	f, _ := v.Float64()
	return v, r.checkRange(f, raw)
}

func (r *PropertyRule) checkRange(f float64, raw []byte) *Violation {
	if f < r.fmin-tolerance(f, r.fmin) || f > r.fmax+tolerance(f, r.fmax) {
		return r.outside(raw)
	}
	if r.fstep > 0 && !onGrid(f, r.fmin, r.fstep) {
		return r.between(raw)
	}
	return nil
}

func (r *PropertyRule) outside(raw []byte) *Violation {
	d := r.Property.Range
	return r.refuse(CodeValue, RuleRange, "%s: %s is outside %s to %s", r.Name, excerpt(raw), d.Min, d.Max)
}

func (r *PropertyRule) between(raw []byte) *Violation {
	d := r.Property.Range
	return r.refuse(CodeValue, RuleStep, "%s: %s is not a step of %s from %s", r.Name, excerpt(raw), d.Step, d.Min)
}
