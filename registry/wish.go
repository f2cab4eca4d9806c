package registry

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/proofmark/proofmark/miot"
)

// wish is an open desired value as its device's session knows it.
type wish struct {
	Desired
	// granted is when the device took it over this connection; zero until then.
	// Only later reports can override it: the state that a device reports when it
	// comes back says nothing about a wish that it has not heard of.
	granted time.Time
}

// grantWishes reads the open wishes of one device and sends those that it has
// not taken over this connection.
func (l *Live) grantWishes(ctx context.Context, k *known) {
	did := k.device.DID
	fresh, err := l.readWishes(ctx, did)
	if err != nil {
		l.reg.log.Warn("desired values not read", "did", did, "err", err)
		return
	}
	fresh, err = l.mayStill(ctx, fresh)
	if err != nil {
		l.reg.log.Info("desired values wait for the next connect", "did", did, "err", err)
		return
	}
	if len(fresh) == 0 {
		return
	}
	items := make([]miot.PropertyValue, len(fresh))
	for i, d := range fresh {
		items[i] = miot.PropertyValue{DID: did, SIID: d.SIID, PIID: d.PIID, Value: d.Value}
	}
	results, err := setOver(ctx, l.askResults, items)
	var refused *miot.CallError
	switch {
	case errors.As(err, &refused): // all of them, in one word
		for _, d := range fresh {
			l.endWish(ctx, DesiredEnd{ID: d.ID, State: DesiredRefused, Reason: refused.Code.String(), At: l.reg.now()})
		}
		return
	case err != nil:
		l.reg.log.Info("desired values wait for the next connect", "did", did, "err", err)
		return
	}
	l.reg.field.tookAll(k, items, results)
	reported := l.reported(ctx, did)
	for i, res := range results {
		l.afterWish(ctx, k, fresh[i], res.Code, reported)
	}
}

// mayStill leaves out, and ends, the wishes of those who may not command the device
// any more.
func (l *Live) mayStill(ctx context.Context, wishes []Desired) (kept []Desired, err error) {
	for _, d := range wishes {
		may, err := l.reg.stillMay(ctx, d.Account, d.DID)
		if err != nil {
			return nil, err
		}
		if may {
			kept = append(kept, d)
			continue
		}
		l.endWish(ctx, DesiredEnd{ID: d.ID, State: DesiredRefused, Reason: noLonger, At: l.reg.now()})
	}
	return kept, nil
}

// readWishes reads the open wishes of did and returns those that the device has
// yet to take.
func (l *Live) readWishes(ctx context.Context, did string) ([]Desired, error) {
	for {
		l.mu.Lock()
		endings := l.endings
		l.mu.Unlock()
		open, err := l.reg.store.OpenDesired(ctx, did)
		if err != nil {
			return nil, err
		}
		now := l.reg.now()
		open = slices.DeleteFunc(open, func(d Desired) bool { return !now.Before(d.ExpiresAt) })
		if fresh, ok := l.noteWishes(did, open, endings); ok {
			return fresh, nil
		}
	}
}

// noteWishes replaces what the session knows of did's open wishes, unless one
// ended since they were read: it would come to life again, and turn back a knob
// that somebody has just turned.
func (l *Live) noteWishes(did string, open []Desired, endings int) (fresh []Desired, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.endings != endings {
		return nil, false
	}
	granted := make(map[string]time.Time)
	var kept []wish
	for _, w := range l.wishes {
		if w.DID == did {
			granted[w.ID] = w.granted
		} else {
			kept = append(kept, w)
		}
	}
	for _, d := range open {
		at := granted[d.ID]
		kept = append(kept, wish{d, at})
		if at.IsZero() {
			fresh = append(fresh, d)
		}
	}
	l.wishes = kept
	return fresh, true
}

// reported are the last reported values of did, those among them that were on their
// way to the store before the session knew of the wishes: of them none is told that
// it met a wish, and a device that has the value already reports it no second time.
func (l *Live) reported(ctx context.Context, did string) map[member]json.RawMessage {
	l.reg.ingest.settle(ctx)
	values, err := l.reg.store.TwinValues(ctx, did)
	if err != nil {
		l.reg.log.Warn("twin not read; a desired value may stay open", "did", did, "err", err)
		return nil
	}
	last := make(map[member]json.RawMessage, len(values))
	for _, v := range values {
		last[member{did, v.SIID, v.PIID}] = v.Value
	}
	return last
}

// afterWish ends a wish that the device refused, and one that is done where no
// report is to follow: the property is never reported, or had that value already.
// Any other ends by a report.
func (l *Live) afterWish(ctx context.Context, k *known, d Desired, code miot.Code, reported map[member]json.RawMessage) {
	now := l.reg.now()
	if code != miot.CodeDone && code != miot.CodeAccepted {
		l.endWish(ctx, DesiredEnd{ID: d.ID, State: DesiredRefused, Reason: code.String(), At: now})
		return
	}
	rule, ok := k.validator.Property(d.SIID, d.PIID)
	silent := ok && !rule.Notify
	if code == miot.CodeDone && (silent || sameValue(d.Value, reported[member{d.DID, d.SIID, d.PIID}])) {
		l.endWish(ctx, DesiredEnd{ID: d.ID, State: DesiredMet, At: now})
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range l.wishes {
		if l.wishes[i].ID == d.ID {
			l.wishes[i].granted = now
		}
	}
}

func (l *Live) endWish(ctx context.Context, e DesiredEnd) {
	err := l.reg.store.EndDesired(ctx, e)
	if err != nil && !errors.Is(err, ErrConflict) && !errors.Is(err, ErrNotFound) {
		l.reg.log.Warn("desired value not ended", "did", l.did, "wish", e.ID, "err", err)
		return
	}
	l.forgetWishes(map[string]bool{e.ID: true})
}

// clockSlack is how wrong a device's clock may be for its reports to count as
// later than a wish.
const clockSlack = 5 * time.Minute

// endsWish says whether a reported value ends an open wish: met when equal,
// overridden by another value that came after the device took the wish and is
// not older than the wish itself (a device that was away tells of its past).
func (l *Live) endsWish(v *TwinValue, now time.Time) (DesiredEnd, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range l.wishes {
		w := &l.wishes[i]
		if w.SIID != v.SIID || w.PIID != v.PIID || w.DID != v.DID {
			continue
		}
		switch {
		case sameValue(w.Value, v.Value):
			return DesiredEnd{ID: w.ID, State: DesiredMet, At: now}, true
		case !w.granted.IsZero() && v.ReceivedAt.After(w.granted) && !v.At.Before(w.CreatedAt.Add(-clockSlack)):
			return DesiredEnd{ID: w.ID, State: DesiredOverridden, Reason: "reported " + clip(v.Value, 64), At: now}, true
		}
	}
	return DesiredEnd{}, false
}

func (l *Live) forgetWishes(ended map[string]bool) {
	if len(ended) == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.endings++
	l.wishes = slices.DeleteFunc(l.wishes, func(w wish) bool { return ended[w.ID] })
}

func sameValue(a, b json.RawMessage) bool {
	if len(a) == 0 || len(b) == 0 {
		return false
	}
	x, errX := miot.DecodeValue(a)
	y, errY := miot.DecodeValue(b)
	return errX == nil && errY == nil && x.Equal(y)
}
