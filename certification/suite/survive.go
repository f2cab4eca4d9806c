package suite

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/proofmark/proofmark/miot"
)

// before is what a case that may hurt the device knows of it beforehand.
type before struct {
	wire  Wire
	life  time.Duration // its uptime
	known bool
	at    time.Duration
}

// before takes note of the connection and the uptime.
func (t *T) before() before {
	b := before{wire: t.Wire, at: t.now}
	b.life, b.known = t.life()
	return b
}

// life is the device's uptime: the declared property, or what miIO.info says.
func (t *T) life() (time.Duration, bool) {
	if p, ok := t.member(t.Declaration.Uptime); ok && p.Readable {
		r := t.Ask(miot.MethodGetProperties, miot.GetProperties(0, []miot.PropertyRef{t.Ref(p.SIID, p.PIID)}).Params)
		if r.R == nil || len(r.R.Results) != 1 {
			return 0, false
		}
		v, err := miot.DecodeValue(r.R.Results[0].Value)
		s, ok := v.Float64()
		return time.Duration(s * float64(time.Second)), err == nil && ok
	}
	info := t.info()
	if info == nil || info.Life == nil {
		return 0, false
	}
	return time.Duration(*info.Life * float64(time.Second)), true
}

// survived is the alive check after something that may take the device a while: it
// is connected and answers within the time, made no more connections than allowed,
// and did not start anew.
func (t *T) survived(b before, reconnects int, within time.Duration, what string) bool {
	until := t.now + within
	alive := false
	for !alive && t.now < until {
		if !t.AwaitReady(until - t.now) {
			break
		}
		// A request into a connection that is just being lost has no answer.
		alive = t.answers(min(AnswerLimit, until-t.now))
	}
	if !t.Check(alive, fmt.Sprintf("the device to answer within %v after %s", within, what), "no answer") {
		return false
	}
	if n := t.Wire.Connects - b.wire.Connects; !t.Check(n <= reconnects, "at most "+plural(reconnects, "reconnect")+" after "+what, plural(n, "reconnect")) {
		return false
	}
	return t.notRebooted(b, what)
}

// Calm is Ready for what measures how soon the device is back: failures before this
// case may have made it slow, and it may forget them only in a stable session.
func (t *T) Calm() {
	t.Ready(returnLimit)
	if t.Wire.Connects > 1 {
		t.Stable()
	}
}

// dropped drops the connection and waits for the next one, or ends the case.
func (t *T) dropped(how string) {
	mark := t.Wire
	t.Drop(how)
	if !t.AwaitReturn(mark, returnLimit) {
		t.Check(false, fmt.Sprintf("the device connected and subscribed again within %v of a drop", returnLimit), t.absence(mark))
		t.Stop()
	}
}

// answers asks for the property that is asked to see whether the device lives.
func (t *T) answers(within time.Duration) bool {
	method, params := miot.MethodInfo, json.RawMessage(nil)
	ref, ok := t.AliveProperty()
	if ok {
		method, params = miot.MethodGetProperties, miot.GetProperties(0, []miot.PropertyRef{ref}).Params
	}
	e := t.Await(within, Answer(t.Request(method, params)))
	if e == nil || e.Response.Error != nil {
		return false
	}
	return !ok || len(e.Response.Results) == 1 && e.Response.Results[0].Code == miot.CodeDone
}

// lifeSlack is how much an uptime may lag behind: it is told in whole seconds, by a
// clock of its own.
const lifeSlack = 5 * time.Second

// notRebooted checks the uptime against what it must be by now: after an early reboot
// it may be more again than it was. A device that tells none is judged by its
// connections alone.
func (t *T) notRebooted(b before, what string) bool {
	if !b.known {
		return true
	}
	life, ok := t.life()
	if !t.Check(ok, "an uptime (life) in the answer to miIO.info", "none", t.last) {
		return false
	}
	least := b.life + t.now - b.at
	least -= lifeSlack + least/100
	return t.Check(life >= least, fmt.Sprintf("no reboot by %s: an uptime of %v or more", what, least.Round(time.Second)), life.String(), t.last)
}
