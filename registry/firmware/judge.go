package firmware

import (
	"fmt"
	"strings"
	"time"

	"github.com/proofmark/proofmark/internal/stat"
)

// Tally is how the devices of the waves so far stand.
type Tally struct {
	Waiting, Offered, Done, Failed int64
	DoneOffline                    int64 // of Done, that are offline now
	Others, OthersOffline          int64 // devices of the rollout that were not updated yet, and are offline now
}

// Size is how many devices the waves so far have.
func (t Tally) Size() int64 { return t.Waiting + t.Offered + t.Done + t.Failed }

// Verdict is what becomes of a rollout.
type Verdict struct {
	Stop string // why it must stop; empty: it need not
	Next bool   // the next wave may begin, or there is nothing left to do
	Wait string // what it waits for, in words
}

// z95 is the normal distribution's quantile for 95 % on both sides.
const z95 = 1.959964

// Judge says what becomes of a wave. It is a pure function. A rate stops the rollout
// where it is above its limit beyond doubt: its lower bound, after Wilson with 95 %,
// so that one failure of one device stops, and one of ten does not at 2 %.
func Judge(t Tally, w Wave, since time.Duration) Verdict {
	finished := t.Done + t.Failed
	if low, _ := stat.Wilson(t.Failed, finished, z95); low > w.MaxFailed {
		return Verdict{Stop: fmt.Sprintf("%d of %d devices failed: more than %.3g %%", t.Failed, finished, w.MaxFailed*100)}
	}
	usual := 0.0
	if t.Others > 0 {
		usual = float64(t.OthersOffline) / float64(t.Others)
	}
	if low, _ := stat.Wilson(t.DoneOffline, t.Done, z95); low > usual+w.MaxOffline {
		return Verdict{Stop: fmt.Sprintf("%d of %d updated devices are offline: more than the %.3g %% of the others and %.3g %%", t.DoneOffline, t.Done, usual*100, w.MaxOffline*100)}
	}
	switch least := min(int64(w.Sample), t.Size()); {
	case since < time.Duration(w.Seconds)*time.Second:
		return Verdict{Wait: fmt.Sprintf("%s of %s have passed", short(since), short(time.Duration(w.Seconds)*time.Second))}
	case finished < least:
		return Verdict{Wait: fmt.Sprintf("%d of %d devices have finished", finished, least)}
	case w.Share == Whole && finished < t.Size():
		return Verdict{Wait: fmt.Sprintf("%d of %d devices are left", t.Size()-finished, t.Size())}
	case float64(t.Failed) > w.MaxFailed*float64(finished) && finished < 4*least:
		return Verdict{Wait: fmt.Sprintf("%d of %d devices failed: above %.3g %%, and too few to say", t.Failed, finished, w.MaxFailed*100)}
	}
	return Verdict{Next: true}
}

// short is a span without the zeros at its end: 7h, not 7h0m0s.
func short(d time.Duration) string {
	s := d.Round(time.Second).String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(s, zero) {
			s = s[:len(s)-2]
		}
	}
	return s
}
