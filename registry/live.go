package registry

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/proofmark/proofmark/internal/bus"
)

// Live is a device connected to this node: the registry's end of its session.
type Live struct {
	reg        *Registry
	did        string
	link       Link
	since      time.Time
	credential string // by which it logged in; empty where that is not known
	origin     string // the network it came from; empty where that is not known
	changed    string // the subject device.<did>.changed

	known      atomic.Pointer[known]
	changes    atomic.Int64 // of the record, as far as they were heard of
	refreshing atomic.Bool
	greeting   atomic.Bool
	epoch      atomic.Int64 // 0 until the store has counted this connection
	newer      atomic.Int64 // the highest epoch announced for this did by another node

	askSub bus.Subscription

	attention  attention
	unanswered atomic.Int64 // requests, since something came from the device

	mu          sync.Mutex
	detached    bool
	missed      map[int64]bool        // requests that it did not answer in time
	pending     map[int64]chan []byte // open requests by id
	wishes      []wish                // open desired values of it and its sub-devices
	endings     int                   // of wishes, while the store may have been read
	unreachable map[string]bool       // sub-devices that it said it cannot reach
	due         map[string]bool       // dids for which something waits in the store
	delivering  bool

	parking
}

var _ Session = (*Live)(nil)

// Attach begins a session for a device that has just logged in. It asks the
// store nothing; what the connection needs from there follows in the background.
func (r *Registry) Attach(did string, link Link) *Live {
	l := &Live{reg: r, did: did, link: link, since: r.now(), changed: subjectOf(did, "changed")}
	if o, ok := link.(Origin); ok {
		l.origin = o.Origin()
	}
	r.mu.Lock()
	l.credential = r.logins[did]
	delete(r.logins, did)
	before := r.live[did]
	r.live[did] = l
	r.mu.Unlock()
	if before != nil {
		before.link.Close(ReasonReplaced)
	}
	// Only now: of a change until here the roster knows, of a later one we are told.
	seen := l.changes.Load()
	if k := r.roster.peek(did); k != nil && l.admitted(k) && k.device.QuarantinedAt.IsZero() {
		l.learn(k, seen)
	} else {
		r.background(func() { _, _ = l.reload(r.ctx) })
	}
	sub, err := r.bus.Subscribe(subjectOf(did, "ask"), l.onAsk)
	if err != nil {
		r.log.Error("device cannot be asked from other nodes", "did", did, "err", err)
	}
	l.askSub = sub
	r.presence.join(l)
	return l
}

// Detach implements [Session].
func (l *Live) Detach(reason Reason) {
	r := l.reg
	l.mu.Lock()
	l.detached = true
	for id, ch := range l.pending {
		close(ch) // a request in flight ends as offline, not as time-out
		delete(l.pending, id)
	}
	l.parked = nil
	l.mu.Unlock()
	l.wakeNumbered()
	r.mu.Lock()
	if r.live[l.did] == l {
		delete(r.live, l.did)
	}
	r.mu.Unlock()
	if l.askSub != nil {
		_ = l.askSub.Unsubscribe() // a closed bus has none left
	}
	if reason == ReasonReplaced {
		r.custody.ousted(l.did)
	}
	r.presence.leave(l, reason)
}

func (l *Live) isDetached() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.detached
}

// Ready implements [Session].
func (l *Live) Ready() {
	if l.greeting.CompareAndSwap(false, true) {
		l.reg.greeter.add(l)
	}
}

// current is the device's record, loaded anew after it changed. One that grew
// old is used while it is looked at again: the news of a change may be lost.
func (l *Live) current(ctx context.Context) (*known, error) {
	k := l.known.Load()
	if k == nil {
		return l.reload(ctx)
	}
	if l.reg.now().Sub(k.loaded) > rosterAge && l.refreshing.CompareAndSwap(false, true) {
		l.reg.background(func() {
			defer l.refreshing.Store(false)
			_, _ = l.reload(l.reg.ctx)
		})
	}
	return k, nil
}

// reload reads the record, and ends a session that it no longer allows.
func (l *Live) reload(ctx context.Context) (*known, error) {
	seen := l.changes.Load()
	k, err := l.reg.roster.get(ctx, l.did)
	switch {
	case errors.Is(err, ErrNotFound):
		l.link.Close(ReasonRemoved)
		return nil, err
	case err != nil:
		return nil, err
	case !k.device.QuarantinedAt.IsZero():
		l.link.Close(ReasonQuarantine)
		return nil, quarantined(k.device)
	case !l.admitted(k):
		l.link.Close(ReasonRevoked)
		return nil, fmt.Errorf("%s: credential %s: %w", l.did, l.credential, ErrBadLogin)
	}
	l.learn(k, seen)
	return k, nil
}

func (l *Live) learn(k *known, seen int64) {
	l.known.Store(k)
	if l.changes.Load() != seen { // it changed while it was read
		l.known.Store(nil)
	}
}

// outdated makes the next user of the record load it.
func (l *Live) outdated() {
	l.changes.Add(1)
	l.known.Store(nil)
}

// admitted says whether the record still has the credential of this session.
func (l *Live) admitted(k *known) bool {
	return l.credential == "" || k.hasDoor(l.credential)
}

// retry runs f until it succeeds, fails for good, or ctx ends.
func retry(ctx context.Context, f func() error) error {
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		err := f()
		if err == nil || !isUnavailable(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", ctx.Err(), err)
		case <-time.After(wait):
		}
	}
}
