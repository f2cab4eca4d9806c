package virtual

import (
	"math"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/proofmark/proofmark/miot"
)

// movement is how a property changes by itself.
type movement struct {
	kind movementKind
	rate float64
}

type movementKind uint8

const (
	still     movementKind = iota
	wander                 // a walk that is drawn back to where it began
	drain                  // falls, so many units an hour: what wears off
	fill                   // rises: what is counted
	cycle                  // drains, and is charged when nearly empty
	countdown              // falls with the clock, to nothing
)

// settled are words in the names of numbers that are no measurement.
var settled = []string{
	"id", "num", "count", "version", "status", "state", "fault", "error", "code", "phase", "type", "flag", "flg", "mode",
	"hour", "minute", "level", "zone", "serial", "set", "menu", "time", "cnt", "map", "space", "push",
}

// movementOf lets only what nobody can write move, and of that only what is reported: a reader that polls a value nobody
// announces would call a change a fault.
func movementOf(rule *miot.PropertyRule, g grid) movement {
	if rule.Writable || !rule.Notify || g.steps < 2 || len(rule.Property.List) > 0 {
		return movement{}
	}
	if _, kind, rate, ok := habitOf(rule.Name); ok {
		return movement{kind: kind, rate: rate}
	}
	for part := range strings.SplitSeq(rule.Name, "-") {
		for _, word := range settled {
			if part == word {
				return movement{}
			}
		}
	}
	if g.steps < 10 {
		return movement{}
	}
	return movement{kind: wander, rate: g.step}
}

// sensor is one moving property of one device: its true value, of which the table holds the nearest one on the grid.
type sensor struct {
	level    float64
	charging bool
}

// recall is how strongly a wandering value is drawn back, a sample.
const recall = 0.05

// advance moves the true value by what happens in dt, and keeps it inside the range.
func (s *sensor) advance(random *rand.Rand, move movement, g grid, home float64, unit string, dt time.Duration) {
	hours := dt.Hours()
	switch move.kind {
	case wander:
		s.level += recall*(home-s.level) + move.rate*random.NormFloat64()
	case drain:
		s.level -= move.rate * hours
	case fill:
		s.level += move.rate * hours
	case cycle:
		s.cycle(move.rate*hours, g)
	case countdown:
		s.level -= countdownUnits(unit, dt)
	}
	s.level = math.Max(g.min, math.Min(g.min+g.steps*g.step, s.level))
}

// cycle is a battery: it is put on its charger at a sixth and taken off when full.
func (s *sensor) cycle(used float64, g grid) {
	span := g.steps * g.step
	if s.charging {
		s.level += 8 * used
		s.charging = s.level < g.min+span
		return
	}
	s.level -= used
	s.charging = s.level < g.min+span/6
}

func countdownUnits(unit string, dt time.Duration) float64 {
	switch unit {
	case "seconds":
		return dt.Seconds()
	case "hours", "hour":
		return dt.Hours()
	case "days":
		return dt.Hours() / 24
	}
	return dt.Minutes()
}
