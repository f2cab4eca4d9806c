package virtual

import (
	"fmt"
	"math"

	"github.com/proofmark/proofmark/miot"
)

// Blueprint is what all devices of one document share. It is immutable and safe for concurrent use.
type Blueprint struct {
	rules  *miot.Validator
	slots  []slot
	index  map[iid]int // into slots
	moves  []int       // the slots that move by themselves
	events []*miot.EventRule
}

// iid names a property, action or event of one did.
type iid struct{ siid, own int }

// slot is a property that keeps a value.
type slot struct {
	rule  *miot.PropertyRule
	start miot.Value
	move  movement
	grid  grid
}

// Compile prepares a document. It takes whatever miot.Compile takes; an error names a property for which no lawful value exists.
func Compile(spec *miot.Spec) (*Blueprint, error) {
	rules, err := miot.Compile(spec)
	if err != nil {
		return nil, fmt.Errorf("virtual: %w", err)
	}
	b := &Blueprint{rules: rules, index: map[iid]int{}}
	for _, rule := range rules.Properties() {
		if !rule.Readable && !rule.Writable && !rule.Notify {
			continue // argument-only: it has a form but no value
		}
		s := slot{rule: rule, grid: gridOf(rule)}
		if s.start, err = startValue(rule, s.grid); err != nil {
			return nil, err
		}
		s.move = movementOf(rule, s.grid)
		if s.move.kind != still {
			b.moves = append(b.moves, len(b.slots))
		}
		b.index[iid{rule.SIID, rule.PIID}] = len(b.slots)
		b.slots = append(b.slots, s)
	}
	for _, service := range spec.Services {
		for _, e := range service.Events {
			rule, _ := rules.Event(service.IID, e.IID)
			b.events = append(b.events, rule)
		}
	}
	return b, nil
}

// Rules is the compiled document.
func (b *Blueprint) Rules() *miot.Validator { return b.rules }

// slot finds a property that keeps a value; -1 when there is none.
func (b *Blueprint) slot(siid, piid int) int {
	if at, ok := b.index[iid{siid, piid}]; ok {
		return at
	}
	return -1
}

// grid is where the values of a ranged number lie: min, min+step … max. It has no steps where the property has no range.
type grid struct {
	min, step float64
	steps     float64 // how many steps there are above min
	decimals  int     // of min and step, so that floats come out as people write them
	whole     bool
	signed    bool
}

func gridOf(rule *miot.PropertyRule) grid {
	g := grid{whole: rule.Format.Integer(), signed: rule.Format.Signed()}
	declared := rule.Property.Range
	if declared == nil || !rule.Format.Numeric() {
		return g
	}
	low, lowOK := declared.Min.Float64()
	high, highOK := declared.Max.Float64()
	step, stepOK := declared.Step.Float64()
	if !lowOK || !highOK || !stepOK || high <= low {
		return g
	}
	if step <= 0 {
		step = (high - low) / 100
	}
	g.min, g.step, g.steps = low, step, math.Floor((high-low)/step*(1+1e-9))
	g.decimals = max(decimals(low), decimals(step))
	return g
}

// decimals counts the digits behind the point, at most 9.
func decimals(v float64) int {
	for n := range 9 {
		scaled := v * math.Pow10(n)
		if math.Abs(scaled-math.Round(scaled)) < 1e-6*math.Max(1, math.Abs(scaled)) {
			return n
		}
	}
	return 9
}

// snap is the value on the grid that lies nearest to v, as a value of the property's format.
func (g grid) snap(v float64) miot.Value {
	k := math.Round((v - g.min) / g.step)
	return g.number(g.min + math.Max(0, math.Min(g.steps, k))*g.step)
}

func (g grid) number(v float64) miot.Value {
	switch {
	case g.whole && g.signed:
		return miot.IntValue(int64(math.Round(v)))
	case g.whole:
		return miot.UintValue(uint64(math.Round(math.Max(0, v))))
	}
	tens := math.Pow10(g.decimals)
	return miot.FloatValue(math.Round(v*tens) / tens)
}
