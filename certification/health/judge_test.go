package health_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/proofmark/proofmark/certification/health"
)

var (
	first = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	spec  = health.Rule{ID: "spec.value-range", Good: 0.001, Bad: 0.01}
)

// days are counts of consecutive days: devices, violating.
func days(counts ...[2]int64) []health.Day {
	out := make([]health.Day, len(counts))
	for i, c := range counts {
		out[i] = health.Day{Day: first.AddDate(0, 0, i), Devices: c[0], Violating: c[1], Events: c[1]}
	}
	return out
}

func TestTheScore(t *testing.T) {
	good := [2]int64{1000, 0}
	for _, c := range []struct {
		name string
		days []health.Day
		past bool
	}{
		{"nothing is known", nil, false},
		{"one in a hundred of a thousand devices, on the first day", days([2]int64{1000, 10}), true},
		{"the same after a month without one", days(append(repeat(good, 29), [2]int64{1000, 10})...), true},
		{"eight are enough, seven are not", days([2]int64{1000, 8}), true},
		{"seven", days([2]int64{1000, 7}), false},
		{"five of a small fleet in two days", days([2]int64{50, 3}, [2]int64{50, 2}), true},
		{"one in a thousand is tolerated, every day", days(repeat([2]int64{1000, 1}, 30)...), false},
		{"five in a thousand every day are between good and bad, and are found within the week", days(repeat([2]int64{1000, 5}, 7)...), true},
		{"the first to come in the morning are not the fleet", days(good, [2]int64{5, 5}), false},
		{"more devices broke it than were seen", days([2]int64{0, 5}), true},
	} {
		if s := health.Judge(c.days, spec); s.Past() != c.past {
			t.Errorf("%s: score %.2f of %.2f, past is %v", c.name, s.Run.Score, s.Run.Limit, s.Past())
		}
	}
	s := health.Judge(days(good, [2]int64{1000, 10}), spec)
	if math.Abs(s.Run.Score-(10*math.Log(10)+990*math.Log(0.99/0.999))) > 1e-9 || s.Run.DeviceDays != 1000 || s.DeviceDays != 2000 || !s.Run.Since.Equal(first.AddDate(0, 0, 1)) {
		t.Errorf("%+v", s)
	}
	if s.Rate != 0.005 || s.Low < 0.002 || s.High > 0.0112 {
		t.Errorf("rate %v, %v to %v", s.Rate, s.Low, s.High)
	}
}

func repeat(c [2]int64, n int) [][2]int64 {
	out := make([][2]int64, n)
	for i := range out {
		out[i] = c
	}
	return out
}

// TestLookingOftenCostsNothing: whatever was seen of a day so far scores no higher
// than that day in the end, so that the bound for whole days is that for all looks.
func TestLookingOftenCostsNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before := days(rapid.SliceOfN(rapid.Custom(func(t *rapid.T) [2]int64 {
			n := rapid.Int64Range(0, 2000).Draw(t, "devices")
			return [2]int64{n, rapid.Int64Range(0, n/50).Draw(t, "violating")}
		}), 0, 20).Draw(t, "days")...)
		n := rapid.Int64Range(1, 2000).Draw(t, "devices today")
		v := rapid.Int64Range(0, n).Draw(t, "violating today")
		today := func(v int64) health.Standing {
			d := health.Day{Day: first.AddDate(0, 0, len(before)), Devices: n, Violating: v}
			return health.Judge(append(before[:len(before):len(before)], d), spec)
		}
		if some, all := today(rapid.Int64Range(0, v).Draw(t, "violating so far")), today(v); some.Run.Score > all.Run.Score+1e-9 {
			t.Fatalf("score %v before, %v at the end of the day", some.Run.Score, all.Run.Score)
		}
		if s := today(v); s.Low > s.Rate || s.Rate > s.High || s.Violating > s.DeviceDays {
			t.Fatalf("%+v", s)
		}
	})
}

// TestFalseAlarms measures what docs/field-health.md says: months of fleets of 1,000
// devices, looked at ten times a day, seed 1. The bound is 30 runs of days × Alpha.
func TestFalseAlarms(t *testing.T) {
	const months = 4000
	for _, c := range []struct {
		rate float64
		most int // alarms; the bound for a rate of Good is 12 of 4,000, and three standard deviations more
	}{{0.0005, 1}, {0.001, 12 + 10}} {
		random := rand.New(rand.NewPCG(1, 7))
		alarms := 0
		for range months {
			if falselyFlagged(random, c.rate) {
				alarms++
			}
		}
		t.Logf("rate %.2f %%: %d of %d months with a false alarm (%.3f %%)", c.rate*100, alarms, months, float64(alarms)*100/months)
		if alarms > c.most {
			t.Errorf("rate %.2f %%: %d of %d months with a false alarm, want at most %d", c.rate*100, alarms, months, c.most)
		}
	}
}

// falselyFlagged lives one month of 1,000 devices.
func falselyFlagged(random *rand.Rand, rate float64) bool {
	var month []health.Day
	for d := range 30 {
		today := health.Day{Day: first.AddDate(0, 0, d)}
		month = append(month, today)
		for range 10 { // as many devices come, and break the rule, in each tenth of the day
			today.Devices += 100
			today.Violating += binomial(random, 100, rate)
			month[d] = today
			if health.Judge(month, spec).Past() {
				return true
			}
		}
	}
	return false
}

func binomial(random *rand.Rand, n int, p float64) (k int64) {
	for i := geometric(random, p); i < n; i += 1 + geometric(random, p) {
		k++
	}
	return k
}

// geometric is how many trials fail before one succeeds.
func geometric(random *rand.Rand, p float64) int {
	return int(min(math.Log(1-random.Float64())/math.Log(1-p), 1e9))
}

func TestEveryRuleHasSense(t *testing.T) {
	for _, r := range health.Rules {
		if r.Good <= 0 || r.Bad < 3*r.Good || r.Bad >= 0.5 || r.Text == "" {
			t.Errorf("%+v", r)
		}
	}
	if r, ok := health.RuleOf("spec.value-range"); !ok || r.ID != "spec.value-range" || r.Bad != 0.01 {
		t.Errorf("%+v, %v", r, ok)
	}
	if _, ok := health.RuleOf("nonsense"); ok {
		t.Error("nonsense is a rule")
	}
}
