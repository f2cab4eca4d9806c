package suite

import (
	"time"

	"github.com/proofmark/proofmark/certification/suite/bench"
	"github.com/proofmark/proofmark/miot"
)

// Fault puts the bench into a state of misbehaviour, replacing the one before.
func (t *T) Fault(f bench.Fault) { t.Do(f) }

// Heal ends all faults.
func (t *T) Heal() { t.Do(bench.Fault{}) }

// Drop ends the device's connection.
func (t *T) Drop(how string) { t.Do(bench.Drop{How: how}) }

// AwaitReady waits until the device is connected and subscribed; false if it is not in time.
func (t *T) AwaitReady(within time.Duration) bool {
	for until := t.now + within; !t.Wire.Ready; {
		if t.next(until) == nil {
			return t.Wire.Ready
		}
	}
	return true
}

// Ready makes sure that the device can be asked: without it a case would only
// say that the device is not there. It fails the case and ends it.
func (t *T) Ready(within time.Duration) {
	if !t.AwaitReady(within) {
		t.Failf("the device is not connected and subscribed within %v", within)
		t.Stop()
	}
}

// Alive ends each negative case (AC): one get_properties answered with code 0
// within 4 s, and no new CONNECT since mark but for those allowed.
func (t *T) Alive(mark Wire, reconnects int) {
	if n := t.Wire.Connects - mark.Connects; !t.Check(n <= reconnects, plural(reconnects, "reconnect")+" at most", plural(n, "reconnect")) {
		return
	}
	if reconnects > 0 {
		t.Ready(RecoverLimit)
	}
	ref, ok := t.AliveProperty()
	if !ok {
		r := t.Ask(miot.MethodInfo, nil)
		t.Check(r.R != nil && r.R.Error == nil, "the device alive: an answer to miIO.info", r.describe(), r.Event)
		return
	}
	r := t.Ask(miot.MethodGetProperties, miot.GetProperties(0, []miot.PropertyRef{ref}).Params)
	code, ok := r.Code()
	t.Check(ok && code == miot.CodeDone, "the device alive: get_properties answered with code 0 within 4s", r.describe(), r.Event)
}

// AliveProperty is the first readable property, which is asked to see whether the device lives.
func (t *T) AliveProperty() (miot.PropertyRef, bool) {
	for _, p := range t.Rules.Properties() {
		if p.Readable && !t.Declaration.Unsafe(p.SIID, p.PIID) {
			return t.Ref(p.SIID, p.PIID), true
		}
	}
	return miot.PropertyRef{}, false
}
