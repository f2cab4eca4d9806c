package miot

import (
	"fmt"
	"slices"
)

// PropertyRule judges the values of one property.
type PropertyRule struct {
	SIID, PIID                 int
	Name                       string
	Format                     Format
	Unit                       string
	Readable, Writable, Notify bool
	Property                   *Property // the declaration; read only

	// Integers are compared as ordinals (see signedOrdinal); step 0 means any.
	signed, integer bool
	lowest, highest uint64 // of the format
	min, max, step  uint64
	list            []uint64 // sorted
	exact           bool     // the range consists of integers

	ranged              bool
	fmin, fmax, fstep   float64
	fractional, textual bool
}

func compileProperty(s *Service, p *Property) (*PropertyRule, error) {
	r := &PropertyRule{
		SIID: s.IID, PIID: p.IID, Name: p.Name(), Format: p.Format, Unit: p.Unit, Property: p,
		Readable: p.Readable(), Writable: p.Writable(), Notify: p.Notifies(),
		fractional: p.Format == FormatFloat, textual: p.Format == FormatString,
	}
	if !p.Format.Known() {
		return nil, fmt.Errorf("property %d.%d: format %q is not known", s.IID, p.IID, p.Format)
	}
	if bounds, ok := integerBounds[p.Format]; ok {
		r.integer, r.signed, r.lowest, r.highest = true, bounds.signed, bounds.min, bounds.max
		r.compileList(p.List)
	}
	if p.Range != nil && p.Format.Numeric() {
		r.compileRange(*p.Range)
	}
	return r, nil
}

func (r *PropertyRule) compileRange(declared Range) {
	var numbers bool
	r.fmin, r.fmax, r.fstep, numbers = declared.floats()
	r.ranged = numbers
	if !r.integer || !numbers {
		return
	}
	lo, loOK := declared.Min.whole()
	hi, hiOK := declared.Max.whole()
	step, stepOK := declared.Step.whole()
	if !loOK || !hiOK || !stepOK || step.negative {
		return // a fractional range on an integer: judged as floats
	}
	// A bound beyond the format's width is as good as none: the format itself is checked first.
	if o, ok := lo.ordinal(r.signed); ok {
		r.min = o
	} else if !lo.negative {
		return
	}
	r.max, r.step, r.exact = r.highest, step.magnitude, true
	if o, ok := hi.ordinal(r.signed); ok {
		r.max = o
	} else if hi.negative {
		r.exact = false
	}
}

func (r *PropertyRule) compileList(items []ListItem) {
	for _, item := range items {
		if w, ok := item.Value.whole(); ok {
			if o, ok := w.ordinal(r.signed); ok {
				r.list = append(r.list, o)
			}
		}
	}
	slices.Sort(r.list)
}

// floats gives the range as floats; ok is false where one of the three is no number.
func (r Range) floats() (lo, hi, step float64, ok bool) {
	lo, ok1 := r.Min.Float64()
	hi, ok2 := r.Max.Float64()
	step, ok3 := r.Step.Float64()
	return lo, hi, step, ok1 && ok2 && ok3
}

// refuse makes a violation of this property.
func (r *PropertyRule) refuse(code Code, rule, format string, args ...any) *Violation {
	return &Violation{Code: code, Rule: rule, SIID: r.SIID, IID: r.PIID, Message: fmt.Sprintf(format, args...)}
}

// Warning tells what is lawful in a value that Check accepted and still should be mended: an integer written 1.0 or 1e2 (§1).
func (r *PropertyRule) Warning(raw []byte) *Violation {
	if raw = trim(raw); !r.integer || isPlain(raw) {
		return nil
	}
	return r.refuse(CodeDone, RuleWhole, "%s: %s should be written without fraction and exponent", r.Name, excerpt(raw))
}
