package virtual

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/proofmark/proofmark/miot"
)

// habits says what is usual for a property by the words in its name; the first that fits counts. The usual value is snapped to
// the property's own grid, so that a heater that starts at 32 °C starts there.
var habits = []struct {
	words string // all of these, parted by spaces, are words of the name
	usual float64
	kind  movementKind
	rate  float64 // wander: deviation a sample in units; drain, fill: units an hour
}{
	{"color temperature", 4000, still, 0}, // before what measures heat
	{"target temperature", 24, still, 0},
	{"target humidity", 50, still, 0},
	{"target position", 50, still, 0},
	{"chip temperature", 46, wander, 0.3},
	{"temperature", 22.5, wander, 0.1},
	{"fahrenheit", 72, wander, 0.2},
	{"humidity", 47, wander, 0.4},
	{"pm2.5 density", 18, wander, 1.5},
	{"pm10 density", 27, wander, 2},
	{"co2 density", 640, wander, 12},
	{"tvoc", 0.2, wander, 0.02},
	{"density", 12, wander, 1},
	{"air quality", 1, still, 0},
	{"illumination", 220, wander, 8},
	{"voltage", 230, wander, 0.8},
	{"current position", 50, still, 0},
	{"electric power", 38, wander, 0.7},
	{"power consumption", 1.2, fill, 0.05},
	{"rpm", 840, wander, 9},
	{"battery level", 87, cycle, 5},
	{"life level", 82, drain, 0.02},
	{"brush life", 76, drain, 0.03},
	{"side life", 71, drain, 0.03},
	{"hypa life", 68, drain, 0.03},
	{"mop life", 64, drain, 0.03},
	{"used time", 310, fill, 1},
	{"use time", 310, fill, 1},
	{"remain time", 45, countdown, 0},
	{"left time", 45, countdown, 0},
	{"t left", 45, countdown, 0},
	{"volume", 40, still, 0},
	{"brightness", 80, still, 0},
}

// habitOf finds the entry for a name.
func habitOf(name string) (usual float64, kind movementKind, rate float64, ok bool) {
	said := strings.Split(name, "-")
next:
	for _, h := range habits {
		for word := range strings.FieldsSeq(h.words) {
			if !slices.Contains(said, word) {
				continue next
			}
		}
		return h.usual, h.kind, h.rate, true
	}
	return 0, still, 0, false
}

// startValue is what a property says when the device leaves the factory.
func startValue(rule *miot.PropertyRule, g grid) (miot.Value, error) {
	for _, v := range startCandidates(rule, g) {
		if v.IsZero() {
			continue
		}
		if sure, bad := rule.Check(v.Append(nil)); bad == nil {
			return sure, nil
		}
	}
	return miot.Value{}, fmt.Errorf("virtual: property %d.%d %s: format, range and list leave no lawful value", rule.SIID, rule.PIID, rule.Name)
}

func startCandidates(rule *miot.PropertyRule, g grid) []miot.Value {
	switch rule.Format {
	case miot.FormatBool:
		return []miot.Value{miot.BoolValue(rule.Name == "on")}
	case miot.FormatString:
		return []miot.Value{miot.StringValue("")}
	}
	var candidates []miot.Value
	for _, item := range rule.Property.List {
		candidates = append(candidates, item.Value)
	}
	if declared := rule.Property.Range; declared != nil {
		if g.steps > 0 {
			candidates = append(candidates, g.snap(usual(rule, g)))
		}
		candidates = append(candidates, declared.Min, declared.Max)
	}
	value, _, _, _ := habitOf(rule.Name)
	if rule.Format == miot.FormatFloat {
		candidates = append(candidates, miot.FloatValue(value))
	}
	return append(candidates, miot.IntValue(0))
}

// usual is the usual value of a ranged number: by habit, else the middle of a narrow range, else the least.
func usual(rule *miot.PropertyRule, g grid) float64 {
	if v, _, _, ok := habitOf(rule.Name); ok {
		if rule.Unit == "fahrenheit" && strings.Contains(rule.Name, "temperature") {
			v = v*9/5 + 32
		}
		return v
	}
	if g.steps <= 1000 && (rule.Writable || movementOf(rule, g).kind == wander) {
		return g.min + math.Floor(g.steps/2)*g.step
	}
	return g.min
}
