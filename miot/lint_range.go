package miot

import "math"

func (l *linter) valueRange(p *Property, pointer string) {
	if p.Format.Known() && !p.Format.Numeric() {
		l.find("MIOT-RNG-01", pointer, "value-range on format %s", p.Format)
		return
	}
	r := *p.Range
	sound := true
	for i, v := range []Value{r.Min, r.Max, r.Step} {
		if p.Format.Known() && !fits(v, p.Format) || !v.Numeric() {
			l.find("MIOT-RNG-04", at(pointer, i), "%s %s does not fit %s", [...]string{"min", "max", "step"}[i], v, p.Format)
			sound = false
		}
	}
	lo, hi, step, numbers := r.floats()
	if numbers && compare(r.Min, r.Max) > 0 {
		l.find("MIOT-RNG-02", pointer, "min %s is above max %s", r.Min, r.Max)
		sound = false
	}
	if numbers && step <= 0 {
		l.find("MIOT-RNG-03", at(pointer, 2), "step is %s", r.Step)
		sound = false
	}
	if !sound {
		return
	}
	if !multiple(r, lo, hi, step) {
		l.find("MIOT-RNG-05", pointer, "%s − %s is not a multiple of step %s", r.Max, r.Min, r.Step)
	}
	if !minOnStep(r, lo, step) {
		l.find("MIOT-RNG-06", pointer, "min %s is not a multiple of step %s", r.Min, r.Step)
	}
}

// multiple tells whether max − min is a whole number of steps: exactly for integers, in float32 tolerance else.
func multiple(r Range, lo, hi, step float64) bool {
	a, aOK := r.Min.whole()
	b, bOK := r.Max.whole()
	s, sOK := r.Step.whole()
	if !aOK || !bOK || !sOK {
		return nearWhole((hi-lo)/step) || onGrid(hi, lo, step)
	}
	ra, rb := a.remainder(s.magnitude), b.remainder(s.magnitude)
	return ra == rb
}

func minOnStep(r Range, lo, step float64) bool {
	a, aOK := r.Min.whole()
	s, sOK := r.Step.whole()
	if !aOK || !sOK {
		return nearWhole(lo/step) || onGrid(lo, 0, step)
	}
	return a.magnitude%s.magnitude == 0
}

// remainder is the non-negative rest of a division by step > 0.
func (w whole) remainder(step uint64) uint64 {
	rest := w.magnitude % step
	if w.negative && rest != 0 {
		return step - rest
	}
	return rest
}

func nearWhole(x float64) bool { return math.Abs(x-math.Round(x)) <= math.Abs(x)*0x1p-22 }

// compare orders two numbers, exactly where both are whole.
func compare(a, b Value) int {
	x, xOK := a.whole()
	y, yOK := b.whole()
	if !xOK || !yOK {
		fa, _ := a.Float64()
		fb, _ := b.Float64()
		switch {
		case fa < fb:
			return -1
		case fa > fb:
			return 1
		}
		return 0
	}
	switch {
	case x == y:
		return 0
	case x.negative != y.negative:
		if x.negative {
			return -1
		}
		return 1
	case (x.magnitude < y.magnitude) != x.negative:
		return -1
	}
	return 1
}
