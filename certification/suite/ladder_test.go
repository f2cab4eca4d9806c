package suite

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// client is the pause of a device after so many failures in a row.
type client func(random *rand.Rand, failures int, last time.Duration) time.Duration

const second = float64(time.Second)

func ceiling(failures int, most float64) float64 {
	return min(2*math.Pow(2, float64(failures-1)), most)
}

func uniform(random *rand.Rand, low, high float64) time.Duration {
	return time.Duration(second * (low + (high-low)*random.Float64()))
}

func fullJitter(most float64) client {
	return func(random *rand.Rand, n int, _ time.Duration) time.Duration {
		return uniform(random, 0, ceiling(n, most))
	}
}

var clients = []struct {
	name   string
	pause  client
	passes float64 // share of draws without FAIL and WARN, at least
	fails  float64 // share of draws with FAIL, at least
	warns  float64 // share of draws with WARN and no FAIL, at least
}{
	{"full jitter", fullJitter(120), 0.99, 0, 0},
	{"equal jitter", func(random *rand.Rand, n int, _ time.Duration) time.Duration {
		return uniform(random, ceiling(n, 120)/2, ceiling(n, 120))
	}, 0.99, 0, 0},
	{"exponential with 20 % jitter", func(random *rand.Rand, n int, _ time.Duration) time.Duration {
		return uniform(random, 0.8*ceiling(n, 120), 1.2*ceiling(n, 120))
	}, 0.99, 0, 0},
	{"decorrelated(2 s, 120 s)", func(random *rand.Rand, _ int, last time.Duration) time.Duration {
		return min(uniform(random, 2, max(2, 3*last.Seconds())), 120*time.Second)
	}, 0.93, 0, 0},
	{"plain exponential", func(_ *rand.Rand, n int, _ time.Duration) time.Duration {
		return time.Duration(second * ceiling(n, 120))
	}, 0, 0, 1},
	{"linear", func(_ *rand.Rand, n int, _ time.Duration) time.Duration { return time.Duration(n) * 5 * time.Second }, 0, 0, 1},
	{"fixed 30 s", func(*rand.Rand, int, time.Duration) time.Duration { return 30 * time.Second }, 0, 0, 1},
	{"fixed 5 s", func(*rand.Rand, int, time.Duration) time.Duration { return 5 * time.Second }, 0, 1, 0},
	{"2 s to 8 s at random", func(random *rand.Rand, _ int, _ time.Duration) time.Duration { return uniform(random, 2, 8) }, 0, 1, 0},
	{"full jitter up to 8 s", fullJitter(8), 0, 1, 0},
	{"exponential up to 8 s", func(_ *rand.Rand, n int, _ time.Duration) time.Duration {
		return time.Duration(second * ceiling(n, 8))
	}, 0, 1, 0},
	{"hammering", func(*rand.Rand, int, time.Duration) time.Duration { return 50 * time.Millisecond }, 0, 1, 0},
	{"one in 400 s", func(*rand.Rand, int, time.Duration) time.Duration { return 400 * time.Second }, 0, 1, 0},
}

// climbed is a ladder of a client whose attempts take a while to fail.
func climbed(random *rand.Rand, pause client, takes time.Duration) Ladder {
	var l Ladder
	var at, last time.Duration
	last = 2 * time.Second
	for n := 1; n <= Rungs+1; n++ {
		l = append(l, Rung{Began: at, Failed: at + takes})
		last = pause(random, n, last)
		at += takes + last
	}
	return l
}

func TestLadderTellsClientsApart(t *testing.T) {
	const draws = 2000
	for _, c := range clients {
		t.Run(c.name, func(t *testing.T) {
			passed, failed, warned := 0, 0, 0
			for seed := range uint64(draws) {
				random := rand.New(rand.NewPCG(seed, 1))
				v := Pass
				for _, r := range judgeLadders(climbed(random, c.pause, 0), climbed(random, c.pause, 0)) {
					switch {
					case r.OK:
					case r.Advice:
						v = Heavier(v, Warn)
					default:
						v = Heavier(v, Fail)
					}
				}
				switch v {
				case Pass:
					passed++
				case Fail:
					failed++
				default:
					warned++
				}
			}
			t.Logf("of %d draws %d pass, %d warn, %d fail", draws, passed, warned, failed)
			for _, s := range []struct {
				what  string
				n     int
				least float64
			}{{"pass", passed, c.passes}, {"fail", failed, c.fails}, {"warn", warned, c.warns}} {
				if float64(s.n) < s.least*draws {
					t.Errorf("%d of %d draws %s, needs %.0f", s.n, draws, s.what, s.least*draws)
				}
			}
		})
	}
}

func TestLadderCountsAttemptsInAnyMinute(t *testing.T) {
	var l Ladder
	for _, s := range []int{0, 10, 20, 30, 40, 59, 60, 61} {
		l = append(l, Rung{Began: time.Duration(s) * time.Second})
	}
	if n := l.most(time.Minute); n != 7 {
		t.Errorf("%d attempts in a minute, want 7", n)
	}
}
