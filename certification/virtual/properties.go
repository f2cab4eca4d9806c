package virtual

import (
	"time"
	"unicode/utf8"

	"github.com/proofmark/proofmark/miot"
)

// getProperties answers every item, in order; reading changes nothing.
func (d *Device) getProperties(request miot.Request) []byte {
	refs, err := request.GetParams()
	if err != nil {
		return refuse(request.ID, miot.CodeInvalidParams, "%s", err)
	}
	if len(refs) > maxCommandItems {
		return refuse(request.ID, miot.CodeInvalidRequest, "%d items, at most %d are taken", len(refs), maxCommandItems)
	}
	results := make([]miot.ItemResult, len(refs))
	for i, ref := range refs {
		results[i] = d.get(ref)
	}
	return miot.AnswerItems(request.ID, results).Payload()
}

func (d *Device) get(ref miot.PropertyRef) miot.ItemResult {
	r := miot.ItemResult{DID: ref.DID, SIID: ref.SIID, PIID: ref.PIID}
	t := d.table(ref.DID)
	if t == nil {
		r.Code = miot.CodeWrongDID
		return r
	}
	if bad := t.plan.rules.CheckGet(ref.SIID, ref.PIID); bad != nil {
		r.Code = bad.Code
		return r
	}
	slot := t.plan.slot(ref.SIID, ref.PIID)
	r.Value = t.values[slot].Append(nil)
	if read := d.cfg.Behaviour.Read; read != nil {
		r.Value = read(t.plan.slots[slot].rule, r.Value)
	}
	if d.cfg.Behaviour.ReportReads {
		t.due(slot, true)
	}
	return r
}

// setProperties judges and applies item by item: the good are done, the bad refused without effect.
func (d *Device) setProperties(request miot.Request) []byte {
	values, err := request.SetParams()
	if err != nil {
		return refuse(request.ID, miot.CodeInvalidParams, "%s", err)
	}
	if len(values) > maxCommandItems {
		return refuse(request.ID, miot.CodeInvalidRequest, "%d items, at most %d are taken", len(values), maxCommandItems)
	}
	results := make([]miot.ItemResult, len(values))
	for i, v := range values {
		results[i] = miot.ItemResult{DID: v.DID, SIID: v.SIID, PIID: v.PIID, Code: d.set(v)}
	}
	return miot.AnswerItems(request.ID, results).Payload()
}

func (d *Device) set(item miot.PropertyValue) miot.Code {
	t := d.table(item.DID)
	if t == nil {
		return miot.CodeWrongDID
	}
	v, bad := t.plan.rules.CheckSet(item.SIID, item.PIID, item.Value)
	if rule, ok := t.plan.rules.Property(item.SIID, item.PIID); ok && d.cfg.Behaviour.Judge != nil {
		bad = d.cfg.Behaviour.Judge(rule, item.Value, bad)
	}
	if bad != nil {
		if slot := t.plan.slot(item.SIID, item.PIID); d.cfg.Behaviour.ReportRefused && slot >= 0 {
			t.due(slot, true)
		}
		return bad.Code
	}
	if d.barred(t, member(item.SIID, item.PIID), false, v) {
		return miot.CodeState
	}
	if text, ok := v.Text(); ok && utf8.RuneCountInString(text) > d.longest(t, member(item.SIID, item.PIID)) {
		return miot.CodeValue
	}
	slot := t.plan.slot(item.SIID, item.PIID)
	rule, _ := t.plan.rules.Property(item.SIID, item.PIID)
	if amend := d.cfg.Behaviour.Amend; amend != nil {
		if v = amend(rule, item.Value, v); v.IsZero() {
			return miot.CodeDone
		}
	}
	if v.IsZero() { // taken by a mutant only
		if v, _ = miot.DecodeValue(item.Value); v.IsZero() || slot < 0 {
			return miot.CodeInternal
		}
	}
	if d.later(t, slot, v) {
		return miot.CodeAccepted
	}
	b := &d.cfg.Behaviour
	if b.SilentSet != nil && b.SilentSet(rule) || b.Throttle && time.Since(t.told[slot].at) < d.interval() {
		t.values[slot], t.told[slot].value = v, v
		return miot.CodeDone
	}
	if t.put(slot, v) {
		d.wrote(t, slot)
	}
	if !rule.Readable {
		t.due(slot, true) // the report is the only way to see that it was taken
	}
	return miot.CodeDone
}
