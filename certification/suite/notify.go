package suite

import (
	"fmt"
	"time"

	"github.com/proofmark/proofmark/miot"
)

func init() {
	register(
		// A remote change of a notify property SHALL be reported within 2 s with the
		// value that is read back.
		&Case{
			ID: "NOTIFY-01", Version: 1, Requirement: "NOTIFY-01", Title: "Remote changes are reported", Level: Mandatory,
			Hint: "Report every change whatever its cause: the app that made it is not the only one that looks.",
			Run:  notify01,
		},
		// A local change of a notify property SHALL be reported within 3 s.
		&Case{
			ID: "NOTIFY-02", Version: 1, Requirement: "NOTIFY-02", Title: "Local changes are reported", Level: Mandatory,
			Needs: Needs{Operator: true},
			Hint:  "Keys, knobs and sensors end in the same place as remote writes: where the report is made.",
			Run:   notify02,
		},
		// A property without notify SHALL NOT be reported, and every reported value
		// SHALL fit the document.
		&Case{
			ID: "NOTIFY-03", Version: 1, Requirement: "NOTIFY-03", Title: "Only notify properties are reported, with lawful values", Level: Mandatory,
			Hint:    "The gateway refuses such items on down/error and counts them as violations: round to the declared step, check the access list.",
			Monitor: notify03,
		},
		// Reports SHALL NOT chatter: at most 1 message a second on average and 10 in
		// any second, none equal to the one before within 1 s, and not more often than
		// declared.
		&Case{
			ID: "NOTIFY-04", Version: 1, Requirement: "NOTIFY-04", Title: "An idle device is quiet", Level: Mandatory,
			Hint: "Report changes, not samples; give noisy sensors a threshold; several properties fit one message.",
			Run:  notify04,
		},
		// After a reconnect every notify property SHALL be reported within 10 s.
		&Case{
			ID: "NOTIFY-05", Version: 1, Requirement: "NOTIFY-05", Title: "The full state follows a reconnect", Level: Mandatory,
			Needs: Needs{Hand: true},
			Hint:  "The gateway keeps no session: after each CONNACK report all notify properties, whether they changed or not.",
			Run:   notify05,
		},
		// The last report SHALL be the final state, within 3 s after the last change.
		&Case{
			ID: "NOTIFY-06", Version: 1, Requirement: "NOTIFY-06", Title: "A burst of changes ends in its last value", Level: Mandatory,
			Hint: "When reports are throttled, the last value must still go out: send it when the interval is over.",
			Run:  notify06,
		},
		// A refused write SHALL NOT be reported.
		&Case{
			ID: "NOTIFY-07", Version: 1, Requirement: "NOTIFY-07", Title: "Refused writes are not reported", Level: Mandatory,
			Hint:    "Mark a property for its report only after the value was checked and stored.",
			Monitor: notify07,
		},
	)
}

// rounds is how often NOTIFY-01 changes each property, wave how many it changes
// at a time: not more messages in a second than a device may send.
const (
	rounds = 5
	wave   = 5
)

// change is one remote change whose report is waited for.
type change struct {
	p      *miot.PropertyRule
	made   bool
	at     time.Duration // of the last one
	before int           // reports heard until then
	known  bool          // that it was a change: where it cannot be read the first may be none
}

func notify01(t *T) {
	t.Ready(ConnectLimit)
	found := t.settings()
	m := t.members()
	var live []*change
	for _, p := range t.Rules.Properties() {
		if !p.Notify || !p.Writable {
			continue
		}
		m.in(MemberName(p.SIID, p.PIID), func() {
			if t.Declaration.Unsafe(p.SIID, p.PIID) {
				t.NotApplicable("%s is declared unsafe: it is never written on a bench", label(p))
			}
			if len(t.someValues(p)) < 2 {
				t.NotApplicable("%s has a single value", label(p))
			}
			live = append(live, &change{p: p})
		})
	}
	if len(m.order) == 0 {
		t.NotApplicable("the spec has no property that is writable and notifies")
	}
	h := t.hear()
	defer h.stop()
	for round := range rounds {
		for from := 0; from < len(live); from += wave {
			now := live[from:min(from+wave, len(live))]
			for _, c := range now {
				m.in(MemberName(c.p.SIID, c.p.PIID), func() { t.makeChange(c, round, h) })
			}
			for _, c := range now {
				m.in(MemberName(c.p.SIID, c.p.PIID), func() { t.reported(c, h) })
			}
		}
	}
	m.close()
	t.restore(found)
}

// makeChange sets a property to another value than it has.
func (t *T) makeChange(c *change, round int, h *hearing) {
	last, _ := h.last(c.p)
	if last.Event != nil && last.At+t.rested() > t.now {
		t.Idle(last.At+t.rested()-t.now, nil)
	}
	_, now := t.present(c.p)
	raw, ok := t.another(c.p, now)
	if values := t.someValues(c.p); !c.p.Readable {
		raw, ok = values[round%len(values)], true
	}
	c.known = c.p.Readable || c.made
	c.made = ok
	if !ok {
		return
	}
	key := [2]int{c.p.SIID, c.p.PIID}
	t.admit(MemberName(c.p.SIID, c.p.PIID), false, raw)
	c.before, c.at = len(h.properties[key]), t.now
	c.made = t.accepts(c.p, raw)
}

// reported judges the report of a change: in time, and as the property reads.
func (t *T) reported(c *change, h *hearing) {
	if !c.made || !c.known {
		return
	}
	limit := t.reportWithin(ReportLimit)
	if t.deferred(c.p) {
		limit = max(limit, DeferredLimit)
	}
	key := [2]int{c.p.SIID, c.p.PIID}
	came := t.until(c.at+limit, func() bool { return len(h.properties[key]) > c.before })
	if !t.Check(came, fmt.Sprintf("a report of %s within %v of its change", label(c.p), limit), "none", t.last) || !c.p.Readable {
		return
	}
	t.tellsState(c.p, h) // another write of the wave may have moved it once more: then that is told too
}
