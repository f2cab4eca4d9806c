package virtual

import (
	"slices"
	"strings"
	"time"

	"github.com/proofmark/proofmark/miot"
)

// invoke runs an action: the arguments are checked, it takes effect, and the answer holds the out values of its declaration.
func (d *Device) invoke(request miot.Request, now time.Time) []byte {
	call, err := request.ActionParams()
	if err != nil {
		return refuse(request.ID, miot.CodeInvalidParams, "%s", err)
	}
	result := miot.ActionResult{DID: call.DID, SIID: call.SIID, AIID: call.AIID}
	t := d.table(call.DID)
	if t == nil {
		result.Code = miot.CodeWrongDID
		return miot.AnswerAction(request.ID, result).Payload()
	}
	in, bad := t.plan.rules.CheckAction(call.SIID, call.AIID, call.In)
	rule, _ := t.plan.rules.Action(call.SIID, call.AIID)
	if judge := d.cfg.Behaviour.JudgeAction; judge != nil && bad != nil {
		if bad = judge(rule, bad); bad == nil {
			return miot.AnswerAction(request.ID, result).Payload() // it says that it did
		}
	}
	if bad != nil {
		result.Code = bad.Code
		return miot.AnswerAction(request.ID, result).Payload()
	}
	if d.barred(t, member(call.SIID, call.AIID), true, miot.Value{}) {
		result.Code = miot.CodeState
		return miot.AnswerAction(request.ID, result).Payload()
	}
	d.perform(t, rule, in, now)
	result.Out = t.arguments(call.SIID, rule.Action.Out, call.In)
	return miot.AnswerAction(request.ID, result).Payload()
}

// perform lets an action show: what it was given becomes the state, its name does what the word says, and an event that tells of
// the same thing happens.
func (d *Device) perform(t *table, rule *miot.ActionRule, in []miot.Value, now time.Time) {
	for i, piid := range rule.Action.In {
		if slot := t.plan.slot(rule.SIID, piid); slot >= 0 {
			t.put(slot, in[i])
		}
	}
	words := strings.Split(rule.Name, "-")
	switch {
	case slices.Contains(words, "toggle"):
		t.toggle(rule.SIID, words)
	case slices.Contains(words, "loop"):
		t.turn(t.find(rule.SIID, words[len(words)-1], "fan-level", "mode"))
	case words[0] == "reset":
		t.renew(rule.SIID, words)
	case slices.Contains(words, "start") || words[0] == "play":
		t.run(rule.SIID, true)
	case words[0] == "stop" || words[0] == "pause" || words[0] == "cancel":
		t.run(rule.SIID, false)
	}
	for _, e := range t.plan.events {
		called := t == d.tables[0] && d.cfg.Recipes[member(e.SIID, e.EIID)].Call == member(rule.SIID, rule.AIID)
		if called || e.SIID == rule.SIID && tells(e.Name, words) {
			d.fire(t, e, t.arguments(e.SIID, e.Event.Arguments, nil), now)
		}
	}
}

// endings are what events are called that follow an action of that name.
var endings = map[string][]string{
	"start":  {"start", "started"},
	"stop":   {"end", "finish", "finished", "complete", "completed"},
	"cancel": {"cancel", "canceled", "finish", "finished"},
	"reset":  {"reset"},
}

// tells: clean-end tells of stop-clean, filter-reset of reset-filter-life.
func tells(event string, action []string) bool {
	said := strings.Split(event, "-")
	if len(said) != 2 {
		return false
	}
	for _, verb := range action {
		for _, ending := range endings[verb] {
			if said[1] == ending && slices.ContainsFunc(action, func(w string) bool { return w != verb && strings.HasPrefix(said[0], w) }) {
				return true
			}
		}
	}
	return false
}
