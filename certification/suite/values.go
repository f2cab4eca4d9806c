package suite

import (
	"encoding/json"
	"math/big"
	"slices"
	"strings"

	"github.com/proofmark/proofmark/miot"
)

// What a property may be set to, and what it must refuse. Numbers are reckoned
// as fractions, so that 0.1 is 0.1 and 2^64 − 1 is not rounded.

// span is the declared range of a number.
type span struct{ min, max, step *big.Rat }

// rangeOf is the range that the spec declares; ok is false where it declares none.
func rangeOf(p *miot.PropertyRule) (s span, ok bool) {
	declared := p.Property.Range
	if declared == nil || !p.Format.Numeric() {
		return s, false
	}
	s.min, s.max, s.step = fraction(declared.Min), fraction(declared.Max), fraction(declared.Step)
	if s.min == nil || s.max == nil || s.step == nil || s.min.Cmp(s.max) > 0 {
		return s, false
	}
	return s, true
}

// fraction is the number that a value is written as; nil where it is none.
func fraction(v miot.Value) *big.Rat {
	if !v.Numeric() {
		return nil
	}
	r, ok := new(big.Rat).SetString(v.String())
	if !ok {
		return nil
	}
	return r
}

// widths are the bits of the integer formats.
var widths = map[miot.Format]uint{
	miot.FormatUint8: 8, miot.FormatUint16: 16, miot.FormatUint32: 32, miot.FormatUint64: 64,
	miot.FormatInt8: 8, miot.FormatInt16: 16, miot.FormatInt32: 32, miot.FormatInt64: 64,
}

// widthOf is what an integer format holds.
func widthOf(f miot.Format) (s span, ok bool) {
	bits, ok := widths[f]
	if !ok {
		return s, false
	}
	one := big.NewInt(1)
	low, high := new(big.Int), new(big.Int)
	if f.Signed() {
		low.Neg(low.Lsh(one, bits-1))
		high.Lsh(one, bits-1)
	} else {
		high.Lsh(one, bits)
	}
	high.Sub(high, one)
	return span{new(big.Rat).SetInt(low), new(big.Rat).SetInt(high), big.NewRat(1, 1)}, true
}

// at is min + k × step.
func (s span) at(k *big.Int) *big.Rat {
	r := new(big.Rat).Mul(new(big.Rat).SetInt(k), s.step)
	return r.Add(r, s.min)
}

// steps is how many whole steps lie between min and max.
func (s span) steps() *big.Int {
	if s.step.Sign() <= 0 {
		return new(big.Int)
	}
	q := new(big.Rat).Sub(s.max, s.min)
	q.Quo(q, s.step)
	return new(big.Int).Quo(q.Num(), q.Denom())
}

// literal is a number as JSON writes it, without an exponent.
func literal(r *big.Rat) json.RawMessage {
	if r.IsInt() {
		return json.RawMessage(r.Num().String())
	}
	// Range values come from JSON, so the digits end, but for a bound that was
	// written with an exponent nobody wants to read in full.
	n, _ := r.FloatPrec()
	return json.RawMessage(r.FloatString(min(n, 30)))
}

// bounds are the least number, the greatest one and one in the middle that a
// property must take.
func boundsOf(p *miot.PropertyRule) []json.RawMessage {
	s, ok := rangeOf(p)
	if !ok {
		if s, ok = widthOf(p.Format); !ok {
			return lawful(p, "-1", "0.5", "1") // a float without a range
		}
	}
	n := s.steps()
	half := new(big.Int).Rsh(n, 1)
	return lawful(p, string(literal(s.min)), string(literal(s.at(n))), string(literal(s.at(half))))
}

// lawful are those of the literals that the property must take, each once.
func lawful(p *miot.PropertyRule, literals ...string) []json.RawMessage {
	var out []json.RawMessage
	var seen []miot.Value
	for _, l := range literals {
		v, bad := p.Check([]byte(l))
		if bad != nil || slices.ContainsFunc(seen, v.Equal) {
			continue
		}
		seen = append(seen, v)
		out = append(out, json.RawMessage(l))
	}
	return out
}

// unlawful are those of the literals that the property must refuse.
func unlawful(p *miot.PropertyRule, literals ...string) []json.RawMessage {
	var out []json.RawMessage
	for _, l := range literals {
		if _, bad := p.Check([]byte(l)); bad != nil {
			out = append(out, json.RawMessage(l))
		}
	}
	return out
}

// everyValue is each value of a bool or of a value-list; none for others.
func everyValue(p *miot.PropertyRule) []json.RawMessage {
	if p.Format == miot.FormatBool {
		return []json.RawMessage{json.RawMessage("false"), json.RawMessage("true")}
	}
	var literals []string
	for _, item := range p.Property.List {
		literals = append(literals, item.Value.String())
	}
	return lawful(p, literals...)
}

// someValues are a few values that a property must take, those from the middle
// of a range first. There is one at least, unless range and list leave none.
func (t *T) someValues(p *miot.PropertyRule) []json.RawMessage {
	if every := everyValue(p); len(every) > 0 {
		return every
	}
	if p.Format == miot.FormatString {
		longest := 9
		if n, ok := t.Declaration.MaxString[MemberName(p.SIID, p.PIID)]; ok {
			longest = min(longest, n)
		}
		return lawful(p, text("bench tests"[:longest]), text("proofmark"[:longest]))
	}
	s, ok := rangeOf(p)
	if !ok {
		return lawful(p, "1", "2", "0", "100")
	}
	n := s.steps()
	var literals []string
	for _, k := range []*big.Int{
		new(big.Int).Rsh(n, 1), new(big.Int).Add(new(big.Int).Rsh(n, 1), big.NewInt(1)),
		new(big.Int).Rsh(n, 2), big.NewInt(1), big.NewInt(0),
	} {
		if k.Cmp(n) <= 0 {
			literals = append(literals, string(literal(s.at(k))))
		}
	}
	return lawful(p, literals...)
}

// text is a string as JSON writes it.
func text(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		return `""`
	}
	return string(b)
}

// another is a value that a property must take and that is not v.
func (t *T) another(p *miot.PropertyRule, v miot.Value) (json.RawMessage, bool) {
	for _, raw := range t.someValues(p) {
		if w, bad := p.Check(raw); bad == nil && !w.Equal(v) {
			return raw, true
		}
	}
	return nil, false
}

// outsideOf are the values next to the declared range.
func outsideOf(p *miot.PropertyRule) []json.RawMessage {
	s, ok := rangeOf(p)
	if !ok {
		return nil
	}
	return unlawful(p, string(literal(new(big.Rat).Sub(s.min, s.step))), string(literal(new(big.Rat).Add(s.max, s.step))))
}

// betweenOf is a value between two steps, a whole one for integers; none where
// every number in the range is on a step.
func betweenOf(p *miot.PropertyRule) []json.RawMessage {
	s, ok := rangeOf(p)
	if !ok || s.steps().Sign() == 0 {
		return nil
	}
	half := new(big.Rat).Quo(s.step, big.NewRat(2, 1))
	if p.Format.Integer() {
		half.SetInt(new(big.Int).Quo(half.Num(), half.Denom()))
	}
	return unlawful(p, string(literal(half.Add(half, s.min))))
}

// maxGaps keeps WRITE-05 short for a list with many holes.
const maxGaps = 3

// unlistedOf are integers that a value-list leaves out: the one above the last,
// and the first of each of some gaps.
func unlistedOf(p *miot.PropertyRule) []json.RawMessage {
	var listed []*big.Rat
	for _, item := range p.Property.List {
		if r := fraction(item.Value); r != nil && r.IsInt() {
			listed = append(listed, r)
		}
	}
	if len(listed) == 0 {
		return nil
	}
	slices.SortFunc(listed, (*big.Rat).Cmp)
	one := big.NewRat(1, 1)
	literals := []string{string(literal(new(big.Rat).Add(listed[len(listed)-1], one)))}
	for i, r := range listed[1:] {
		if next := new(big.Rat).Add(listed[i], one); next.Cmp(r) < 0 && len(literals) <= maxGaps {
			literals = append(literals, string(literal(next)))
		}
	}
	return unlawful(p, literals...)
}

// misfitsOf are JSON values of another type than the property's.
func misfitsOf(p *miot.PropertyRule) []json.RawMessage {
	literals := []string{`"1"`, "null", "[]", "{}"}
	switch {
	case p.Format == miot.FormatBool:
		literals = append(literals, "1", "0")
	case p.Format == miot.FormatString:
		literals[0] = "1"
		literals = append(literals, "true")
	case p.Format.Integer():
		literals = append(literals, "true", "1.5")
	default:
		literals = append(literals, "true")
	}
	return unlawful(p, literals...)
}

// beyond are numbers at which a careless conversion wraps around.
var beyond = []string{"-1", "256", "65536", "2147483648", "9007199254740993", "1e400"}

// beyondOf are those of them that the property must refuse.
func beyondOf(p *miot.PropertyRule) []json.RawMessage {
	if !p.Format.Numeric() {
		return nil
	}
	return unlawful(p, beyond...)
}

// repeated is a text of n characters.
func repeated(s string, n int) string { return text(strings.Repeat(s, n)) }
