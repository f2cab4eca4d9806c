package suite

import (
	"fmt"
	"time"

	"github.com/proofmark/proofmark/certification/suite/transcript"
	"github.com/proofmark/proofmark/miot"
)

// reportedOf are the items of a properties_changed of the device itself.
// What a gateway product says of its sub-devices, another document judges.
func (e *Event) reportedOf(did string) []miot.Item {
	if e.Report == nil || e.Report.Method != miot.MethodPropertiesChanged {
		return nil
	}
	var own []miot.Item
	for _, it := range e.Report.Items {
		if it.DID == did {
			own = append(own, it)
		}
	}
	return own
}

// connected says whether the run saw the device at all.
func (w *Watch) connected() bool {
	for _, e := range w.Events {
		if e.Is(transcript.Out, "CONNACK") && e.P.Reason == 0 {
			return true
		}
	}
	return false
}

func notify03(w *Watch) {
	if !w.connected() {
		w.NotApplicable("the device was not connected in this run")
		return
	}
	w.Check(true, nil, "", "") // a device that reports nothing reports nothing wrong
	for _, e := range w.Events {
		for _, it := range e.reportedOf(w.Header.DID) {
			bad := it.Violation()
			if bad == nil {
				_, bad = w.Rules.CheckReport(it.SIID, it.IID, it.Value)
			}
			w.Check(bad == nil, e, fmt.Sprintf("%s to be a notify property with a lawful value", MemberName(it.SIID, it.IID)), violation(bad))
		}
	}
}

// refusals follows which writes were refused, and what else may be the reason of
// a report.
type refusals struct {
	w       *Watch
	asked   map[int64][]miot.PropertyValue
	refused map[[2]int]*Event
	excuse  time.Duration // the last thing that calls for reports
	within  time.Duration // how long after its cause a report may come
	seen    int
}

func notify07(w *Watch) {
	r := &refusals{
		w: w, asked: make(map[int64][]miot.PropertyValue), refused: make(map[[2]int]*Event),
		within: max(ReportLimit, time.Duration(w.Declaration.MinReport)+time.Second),
	}
	if len(w.Declaration.Deferred) > 0 {
		r.within = max(r.within, DeferredLimit)
	}
	for _, e := range w.Events {
		r.look(e)
	}
	if r.seen == 0 {
		w.find(Skipped, nil, "writes that were refused", "none in this run: select WRITE-03 to WRITE-08 with it")
	}
}

func (r *refusals) look(e *Event) {
	switch {
	case e.Is(transcript.Out, "CONNACK"), e.Is(transcript.In, "SUBSCRIBE"), e.Kind == transcript.KindAnswer:
		r.excuse = e.At
	case e.Is(transcript.Out, "PUBLISH") && e.P.Topic == r.w.topics.request:
		r.request(e)
	case e.Response != nil:
		r.answer(e)
	case e.Report != nil:
		r.report(e)
	}
}

func (r *refusals) request(e *Event) {
	q, err := miot.ParseRequest(e.P.Bytes())
	if err != nil {
		return
	}
	switch q.Method {
	case miot.MethodSetProperties:
		if values, err := q.SetParams(); err == nil {
			r.asked[q.ID] = values
		}
	case miot.MethodGetProperties, miot.MethodInfo:
	default:
		r.excuse = e.At
	}
}

func (r *refusals) answer(e *Event) {
	if e.took() {
		r.excuse = e.At
	}
	values, ok := r.asked[e.Response.ID]
	if !ok {
		return
	}
	for i, v := range values {
		if i < len(e.Response.Results) && e.Response.Results[i].Code.OK() || v.DID != r.w.Header.DID {
			continue
		}
		p, ok := r.w.Rules.Property(v.SIID, v.PIID)
		if !ok || r.w.Declaration.Volatile(p) {
			continue // nothing there, or it may be reported at any time
		}
		r.refused[[2]int{v.SIID, v.PIID}] = e
		r.w.Check(true, e, "", "")
		r.seen++
	}
}

func (r *refusals) report(e *Event) {
	if e.At-r.excuse < r.within && r.excuse > 0 {
		return
	}
	for _, it := range e.reportedOf(r.w.Header.DID) {
		by := r.refused[[2]int{it.SIID, it.IID}]
		if by == nil || e.At-by.At > r.within {
			continue
		}
		p, _ := r.w.Rules.Property(it.SIID, it.IID)
		r.w.Check(false, e, "no report of "+label(p)+" after its write was refused",
			fmt.Sprintf("a report of %s %v after the refusal", shown(it.Value), (e.At-by.At).Round(time.Millisecond)))
	}
}

// took says whether an answer is to a write or an action that was taken.
func (e *Event) took() bool {
	if e.Response == nil {
		return false
	}
	if a := e.Response.Action; a != nil {
		return a.Code.OK()
	}
	for _, res := range e.Response.Results {
		if res.Code.OK() && len(res.Value) == 0 {
			return true
		}
	}
	return false
}

// quiet lets the reports come that the last write or connect has caused, so that
// none of them is taken for one of what follows.
func (t *T) quiet() {
	since := max(t.Wire.TookAt, t.Wire.ReadyAt)
	if rest := since + t.reportWithin(ReportLimit) - t.now; rest > 0 {
		t.Idle(rest, nil)
	}
}
