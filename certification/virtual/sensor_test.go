package virtual

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/proofmark/proofmark/miot"
)

// one makes a table of one property from its declaration.
func one(t *testing.T, name, rest string) *table {
	t.Helper()
	document, err := miot.Parse([]byte(`{"type":"urn:miot-spec-v2:device:x:0000A001:a-b:1","description":"","services":[{"iid":2,
		"type":"urn:miot-spec-v2:service:x:00007802:a-b:1","description":"","properties":[{"iid":1,
		"type":"urn:miot-spec-v2:property:` + name + `:00000001:a-b:1","description":"","access":["read","notify"],` + rest + `}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	plan, err := Compile(document)
	if err != nil {
		t.Fatal(err)
	}
	return newTable("d", plan)
}

func TestSensorsMoveBelievably(t *testing.T) {
	for _, c := range []struct {
		name, rest string
		low, high  float64 // what every sample of a day lies between
		distinct   int     // how many different values there are at least
		last       float64 // the last one, where it is certain
	}{
		{"temperature", `"format":"float","value-range":[-40,125,0.1]`, 19, 26, 10, math.NaN()},
		{"temperature", `"format":"int16","value-range":[60,120,1]`, 60, 65, 1, math.NaN()},
		{"relative-humidity", `"format":"uint8","value-range":[0,100,1]`, 35, 60, 5, math.NaN()},
		{"pm2.5-density", `"format":"uint16","value-range":[0,600,1]`, 0, 50, 10, math.NaN()},
		{"battery-level", `"format":"uint8","value-range":[0,100,1]`, 15, 100, 50, math.NaN()},
		{"filter-life-level", `"format":"uint8","value-range":[0,100,1]`, 81, 82, 1, math.NaN()},
		{"left-time", `"format":"uint16","value-range":[0,1000,1],"unit":"minutes"`, 0, 45, 46, 0},
		{"firmware-id", `"format":"uint32","value-range":[0,4294967295,1]`, 0, 0, 1, 0},
		{"fault", `"format":"uint8","value-list":[{"value":3,"description":"No"},{"value":4,"description":"Yes"}]`, 3, 3, 1, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			table := one(t, c.name, c.rest)
			random := rand.New(rand.NewPCG(1, 2))
			seen := map[miot.Value]bool{}
			var v float64
			for range 24 * 360 {
				table.move(random, 10*time.Second)
				v, _ = table.values[0].Float64()
				seen[table.values[0]] = true
				if _, bad := table.plan.slots[0].rule.Check(table.values[0].Append(nil)); bad != nil || v < c.low || v > c.high {
					t.Fatalf("value %s: %v", table.values[0], bad)
				}
			}
			if len(seen) < c.distinct || !math.IsNaN(c.last) && v != c.last {
				t.Errorf("%d values in a day, the last %v", len(seen), v)
			}
		})
	}
}

func TestVersionsCompareByNumber(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"1.10", "1.9", 1}, {"2", "2.0.0", 0}, {"1.2.3", "1.3", -1}} {
		if got := compareVersions(c.a, c.b); got > 0 != (c.want > 0) || got < 0 != (c.want < 0) {
			t.Errorf("%s against %s gives %d, want %d", c.a, c.b, got, c.want)
		}
	}
}
