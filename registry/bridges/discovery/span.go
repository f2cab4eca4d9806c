package discovery

import (
	"math"
	"strconv"

	"github.com/proofmark/proofmark/miot"
)

// span is what a number may be.
type span struct{ min, max, step float64 }

// Home Assistant counts in floats and knows no smaller step.
const (
	exact    = 1 << 53
	smallest = 0.001
)

// spanOf is the range of a number that Home Assistant can keep; false for all others.
func spanOf(f *miot.Property) (span, bool) {
	var r span
	if f.Range != nil {
		var ok [3]bool
		r.min, ok[0] = f.Range.Min.Float64()
		r.max, ok[1] = f.Range.Max.Float64()
		r.step, ok[2] = f.Range.Step.Float64()
		if !ok[0] || !ok[1] || !ok[2] {
			return span{}, false
		}
	} else {
		width, ok := widths[f.Format]
		if !ok {
			return span{}, false
		}
		r = width
	}
	kept := r.min < r.max && r.step >= smallest && math.Abs(r.min) <= exact && math.Abs(r.max) <= exact
	if f.Format.Integer() && (r.min != math.Trunc(r.min) || r.step != math.Trunc(r.step)) {
		kept = false
	}
	return r, kept
}

// widths are those of the formats that need no range to be shown as a number.
var widths = map[miot.Format]span{
	miot.FormatUint8:  {0, math.MaxUint8, 1},
	miot.FormatUint16: {0, math.MaxUint16, 1},
	miot.FormatUint32: {0, math.MaxUint32, 1},
	miot.FormatInt8:   {math.MinInt8, math.MaxInt8, 1},
	miot.FormatInt16:  {math.MinInt16, math.MaxInt16, 1},
	miot.FormatInt32:  {math.MinInt32, math.MaxInt32, 1},
}

func number(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
