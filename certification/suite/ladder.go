package suite

import (
	"fmt"
	"math"
	"time"
)

// Rung is one attempt to connect: when it began, and when it had failed.
type Rung struct{ Began, Failed time.Duration }

// Ladder is a row of attempts that failed, and one more that only began.
type Ladder []Rung

// pauses are those between each failure and the next attempt: d₁ … d₁₂.
func (l Ladder) pauses() []time.Duration {
	var d []time.Duration
	for i := 1; i < len(l); i++ {
		d = append(d, max(0, l[i].Began-l[i-1].Failed))
	}
	return d
}

// most is how many attempts fall into one window of time, at most.
func (l Ladder) most(window time.Duration) int {
	most, first := 0, 0
	for i := range l {
		for l[i].Began-l[first].Began >= window {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}

// Rule is one criterion and what was seen of it.
type Rule struct {
	OK               bool
	Advice           bool // a breach is only a WARN
	Expected, Actual string
}

// judgeLadders gives the criteria of SESS-04 for two whole ladders: enough that
// no device hammers a broker that is down, and that a fleet does not come back
// in step. A client with full, equal or ±20 % jitter passes 99 times in 100.
func judgeLadders(a, b Ladder) []Rule {
	x, y := a.pauses(), b.pauses()
	first, last := mean(x[:3], y[:3]), mean(x[len(x)-5:], y[len(y)-5:])
	longest := time.Duration(0)
	for _, d := range append(append([]time.Duration{}, x...), y...) {
		longest = max(longest, d)
	}
	most := max(a.most(time.Minute), b.most(time.Minute))
	differ := jittered(x, y)
	return []Rule{
		{
			OK:       most <= AttemptsPerMinute,
			Expected: fmt.Sprintf("at most %d attempts in any 60s", AttemptsPerMinute), Actual: fmt.Sprintf("%d", most),
		},
		{
			OK:       last >= LeastPause,
			Expected: fmt.Sprintf("the last five of %d pauses %v long on average, or longer", Rungs, LeastPause),
			Actual:   fmt.Sprintf("%v: %s", last.Round(time.Millisecond), inSeconds(x, y)),
		},
		{
			OK:       5*last >= PauseGrowth*3*first || last >= SteadyPause,
			Expected: fmt.Sprintf("pauses that grow: the last five together %d times the first three, or %v each on average", PauseGrowth, SteadyPause),
			Actual:   fmt.Sprintf("%v and %v: %s", (5 * last).Round(time.Millisecond), (3 * first).Round(time.Millisecond), inSeconds(x, y)),
		},
		{
			OK:       longest <= RetryLimit,
			Expected: fmt.Sprintf("no pause above %v", RetryLimit), Actual: longest.Round(time.Millisecond).String(),
		},
		{
			OK: differ >= JitterPairs, Advice: true,
			Expected: fmt.Sprintf("jitter: of the %d pairs of pauses from the third on, %d that differ by %.0f %% between the two ladders", len(x)-2, JitterPairs, 100*JitterShare),
			Actual:   fmt.Sprintf("%d that do: %s", differ, inSeconds(x, y)),
		},
	}
}

// mean is that of all pauses of two ladders.
func mean(a, b []time.Duration) time.Duration {
	var sum time.Duration
	for _, d := range a {
		sum += d
	}
	for _, d := range b {
		sum += d
	}
	return sum / time.Duration(len(a)+len(b))
}

// jittered counts the pairs that differ, from the third on.
func jittered(a, b []time.Duration) int {
	n := 0
	for i := 2; i < len(a) && i < len(b); i++ {
		x, y := a[i].Seconds(), b[i].Seconds()
		if gap := math.Abs(x - y); gap > 0 && gap >= JitterShare*max(x, y) {
			n++
		}
	}
	return n
}

// inSeconds lists the pauses of both ladders in seconds.
func inSeconds(ladders ...[]time.Duration) string {
	text := ""
	for i, l := range ladders {
		if i > 0 {
			text += " |"
		}
		for _, d := range l {
			text += fmt.Sprintf(" %.1f", d.Seconds())
		}
	}
	return "pauses in seconds" + text
}
