package registry

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/proofmark/proofmark/miot"
)

// pendingSet is a write that the device took, until the report that it must cause
// is due.
type pendingSet struct {
	live       *Live
	known      *known
	siid, piid int
	value      json.RawMessage
	at         time.Time
}

// mostSets bounds the writes whose reports are waited for: who commands a large
// fleet is judged by a part of it.
const mostSets = 10_000

// took notes a write that was answered with code 0. Of several of a property only
// the last has to be reported.
func (f *field) took(k *known, siid, piid int, value json.RawMessage) {
	rule, ok := k.validator.Property(siid, piid)
	if !ok || !rule.Notify {
		return
	}
	l, here := f.reg.find(k.speaker())
	if !here {
		return // another node has the connection, and cannot be asked whether it held
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	s := pendingSet{l, k, siid, piid, value, f.reg.now()}
	for i := range f.sets {
		if old := &f.sets[i]; old.known.device.DID == k.device.DID && old.siid == siid && old.piid == piid {
			*old = s
			return
		}
	}
	if len(f.sets) < mostSets {
		f.sets = append(f.sets, s)
	}
}

// judgeSets looks at the writes whose reports are overdue. Nothing is watched
// meanwhile: the twin says when the property was last reported, and whether there
// was a change to report at all.
func (f *field) judgeSets(ctx context.Context) {
	now := f.reg.now()
	f.mu.Lock()
	var due []pendingSet
	f.sets = slices.DeleteFunc(f.sets, func(s pendingSet) bool {
		over := now.Sub(s.at) >= FieldReportIn
		if over {
			due = append(due, s)
		}
		return over
	})
	f.mu.Unlock()
	for _, s := range due {
		if s.live.isDetached() {
			continue // the report may have been lost with the connection; the next full state tells
		}
		did := s.known.device.DID
		values, err := f.reg.store.TwinValues(ctx, did)
		if err != nil {
			continue
		}
		if k := s.live.known.Load(); k != nil && unreported(s, values) {
			f.mark(k, FieldMark{
				Rule: FieldUnreported, SIID: s.siid, IID: s.piid, LastAt: now, Last: clip(s.value, lastOffence),
			})
		}
	}
}

// unreported says whether a write changed what the device had last reported, and
// no report followed. Where the twin has nothing, or what was read since, it
// cannot be told.
func unreported(s pendingSet, values []TwinValue) bool {
	for _, v := range values {
		if v.SIID == s.siid && v.PIID == s.piid {
			return v.Quality != QualityRead && v.ReceivedAt.Before(s.at) && !sameValue(v.Value, s.value)
		}
	}
	return false
}

// tookAll is took for what was sent in one request, by the results of its items.
func (f *field) tookAll(k *known, sent []miot.PropertyValue, results []miot.ItemResult) {
	for i, res := range results {
		if res.Code == miot.CodeDone {
			f.took(k, sent[i].SIID, sent[i].PIID, sent[i].Value)
		}
	}
}
