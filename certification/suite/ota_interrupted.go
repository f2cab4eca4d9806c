package suite

import (
	"fmt"
	"strconv"
	"time"

	"github.com/proofmark/proofmark/certification/suite/bench"
)

func ota06(t *T) {
	o := t.updates()
	if t.Declaration.Power == "none" {
		t.NotApplicable("the declaration says that the power cannot be cut")
	}
	t.person("the power has to be cut in the middle of an update")
	for _, percent := range []int{10, 50, 90} {
		t.Each(strconv.Itoa(percent)+"%", func() {
			t.beginUpdate(percent)
			t.Operator(bench.Question{
				Kind: bench.PowerCycle, For: powerOffFor,
				Text: fmt.Sprintf("Cut the device's power NOW, for %v. The update is at %d %%.", powerOffFor, percent),
			})
			back := t.AwaitReady(PowerBackLimit)
			if !t.Check(back, fmt.Sprintf("the device online within %v after a power cut at %d %%", PowerBackLimit, percent), "it did not come back") {
				return
			}
			got := t.version()
			t.Check(got == o.Previous || got == t.Declaration.Firmware,
				fmt.Sprintf("version %s or %s after the power cut", quoted(o.Previous), quoted(t.Declaration.Firmware)), quoted(got), t.last)
			// What came through the cut can still be updated, and is left on the version under test.
			t.followUpdate(func(s string) bool { return s == stateIdle || s == stateFailed })
			t.update()
		})
	}
}

func ota07(t *T) {
	t.updates()
	t.person("the network has to go in the middle of an update, and the download does not pass the bench")
	from := t.beginUpdate(networkLossAt)
	t.Operator(bench.Question{
		Kind: bench.UnplugNetwork, For: NetworkOff,
		Text: fmt.Sprintf("Take the network away NOW (switch the access point off, not the device), for %v.", NetworkOff),
	})
	// The time without a network does not count.
	t.Ready(returnLimit)
	t.reaches(max(from+NetworkOff, t.now)+UpdateLimit, t.Declaration.Firmware)
}

// beginUpdate brings the device to the version before, offers it the one under test
// and waits until that is installed so far. It tells when the offer was made.
func (t *T) beginUpdate(percent int) time.Duration {
	t.goBack()
	from := t.now
	t.Step("version %s is offered; at %d %% it is interrupted", t.Declaration.Firmware, percent)
	r := t.offer(t.current())
	if !t.Check(r.R != nil && r.R.Error == nil, "the offer of version "+t.Declaration.Firmware+" accepted", r.describe(), r.Event) {
		t.Stop()
	}
	for until := t.now + UpdateLimit; t.now < until; {
		n, ok := t.progress()
		switch s := t.state(); {
		case ok && n >= percent && s != stateIdle:
			return from
		case s == stateFailed:
			t.Check(false, "the update to get to "+strconv.Itoa(percent)+" %", "state "+stateFailed, t.last)
			t.Stop()
		case s == stateIdle && t.version() == t.Declaration.Firmware:
			t.Inconclusivef("the update was over before it could be interrupted at %d %%", percent)
			t.Stop()
		}
		t.Idle(progressPatience, nil)
	}
	t.Check(false, fmt.Sprintf("the update at %d %% within %v", percent, UpdateLimit), "less")
	t.Stop()
	return from
}
