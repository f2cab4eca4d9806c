package suite

import (
	"time"

	"github.com/proofmark/proofmark/miot"
)

// told is one item of a report.
type told struct {
	*Event
	Value     miot.Value // of a property
	Raw       []byte
	Arguments []miot.Argument // of an event
}

// hearing is what the device itself (not a sub-device) reported since it was
// begun, in the order of arrival.
type hearing struct {
	properties map[[2]int][]told
	events     []*Event // each holds one event in its Report
	stop       func()
}

// hear begins to listen; what comes while the case waits for something else is
// heard too. Its stop ends it.
func (t *T) hear() *hearing {
	h := &hearing{properties: make(map[[2]int][]told)}
	h.stop = t.Observe(func(e *Event) { h.take(e, t.Header.DID) })
	return h
}

func (h *hearing) take(e *Event, did string) {
	switch {
	case e.Report == nil:
	case e.Report.Method == miot.MethodEventOccured:
		if e.Report.Items[0].DID == did {
			h.events = append(h.events, e)
		}
	default:
		for _, it := range e.Report.Items {
			if it.DID != did || it.Fault != "" {
				continue
			}
			v, _ := miot.DecodeValue(it.Value) // zero where it is none, which equals nothing
			key := [2]int{it.SIID, it.IID}
			h.properties[key] = append(h.properties[key], told{Event: e, Value: v, Raw: it.Value})
		}
	}
}

// last is the newest report of a property.
func (h *hearing) last(p *miot.PropertyRule) (told, bool) {
	all := h.properties[[2]int{p.SIID, p.PIID}]
	if len(all) == 0 {
		return told{}, false
	}
	return all[len(all)-1], true
}

// of are the events of one kind.
func (h *hearing) of(siid, eiid int) []*Event {
	var out []*Event
	seen := make(map[int64]bool)
	for _, e := range h.events {
		if it := e.Report.Items[0]; it.SIID == siid && it.IID == eiid && !seen[e.Report.ID] {
			seen[e.Report.ID] = true // a redelivery is no second event
			out = append(out, e)
		}
	}
	return out
}

// until lets time pass until something holds, at most to a moment of the run.
func (t *T) until(latest time.Duration, holds func() bool) bool {
	for !holds() {
		if t.next(latest) == nil {
			return holds()
		}
	}
	return true
}

// reportWithin is a limit for a report of a property. The device may keep the
// interval that it has declared between two reports of one property.
func (t *T) reportWithin(limit time.Duration) time.Duration {
	return max(limit, time.Duration(t.Declaration.MinReport)+time.Second)
}

// rested is how long a property is left alone before it is changed again, so that
// the interval between two reports never delays what is measured.
func (t *T) rested() time.Duration {
	return time.Duration(t.Declaration.MinReport) + 100*time.Millisecond
}
