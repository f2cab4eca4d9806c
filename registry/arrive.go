package registry

import "context"

// parking holds the reports that came before the memory of this did's earlier
// reports was loaded. Under Live.mu.
type parking struct {
	parked     []*arrived
	remembered bool          // loaded: nothing is parked any more
	loaded     chan struct{} // closed then; made for those who wait for it
	numbered   chan struct{} // closed when the connection is counted, or at its end; likewise
}

// parkLimit bounds what one session may park.
const parkLimit = 256

// Report implements [Session].
func (l *Live) Report(ctx context.Context, a Arrival, done func(Outcome)) error {
	k, err := l.current(ctx)
	if err != nil {
		return err
	}
	in := &arrived{live: l, known: k, done: done, at: l.reg.now()}
	in.judge(a)
	if parked, err := l.park(ctx, in, a.Droppable); parked || err != nil {
		return err
	}
	return l.reg.ingest.put(ctx, in, a.Droppable)
}

// park keeps the report if it cannot be queued yet.
func (l *Live) park(ctx context.Context, in *arrived, droppable bool) (bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for !l.remembered {
		if l.detached {
			return false, ErrOffline
		}
		if len(l.parked) < parkLimit {
			l.parked = append(l.parked, in)
			if len(l.parked) == 1 && !l.reg.background(l.remember) {
				l.parked = nil
				return false, ErrStopped
			}
			return true, nil
		}
		if droppable {
			l.reg.Counters.Busy.Add(1)
			return false, ErrBusy
		}
		if l.loaded == nil {
			l.loaded = make(chan struct{})
		}
		loaded := l.loaded
		l.mu.Unlock()
		select {
		case <-loaded:
		case <-ctx.Done():
		}
		l.mu.Lock()
		if err := ctx.Err(); err != nil {
			return false, err
		}
	}
	return false, nil
}

// remember lets the parked reports through, in their order, once this process
// knows what the did reported within the repeat window, on whichever node.
func (l *Live) remember() {
	ctx := l.reg.ctx
	epoch := l.awaitCounted(ctx)
	var seen []Seen
	whole := l.reg.custody.whole(l.did, epoch)
	if !whole {
		err := retry(ctx, func() (err error) {
			if l.isDetached() { // nobody waits for an acknowledgement any more
				return ErrOffline
			}
			seen, err = l.reg.store.Fingerprints(ctx, l.did, l.reg.now().Add(-repeatWindow))
			return err
		})
		whole = err == nil
		if err != nil && ctx.Err() == nil && !l.isDetached() {
			l.reg.log.Error("earlier reports cannot be read; repeats may be stored twice", "did", l.did, "err", err)
		}
	}
	// New reports wait at l.mu until the parked ones stand in the queue before them.
	l.mu.Lock()
	defer l.mu.Unlock()
	if ctx.Err() != nil {
		return
	}
	for i, in := range l.parked {
		if i == 0 {
			in.seen = seen // into memory, with this report
		}
		l.reg.ingest.push(in)
	}
	if whole && len(l.parked) > 0 {
		l.reg.custody.loaded(l.did, epoch)
	}
	l.parked, l.remembered = nil, true
	if l.loaded != nil {
		close(l.loaded)
		l.loaded = nil
	}
}

// awaitCounted returns the epoch of this connection once the store has counted
// it; 0 when the session ended before.
func (l *Live) awaitCounted(ctx context.Context) int64 {
	l.mu.Lock()
	if l.epoch.Load() != 0 || l.detached {
		l.mu.Unlock()
		return l.epoch.Load()
	}
	if l.numbered == nil {
		l.numbered = make(chan struct{})
	}
	numbered := l.numbered
	l.mu.Unlock()
	select {
	case <-numbered:
	case <-ctx.Done():
	}
	return l.epoch.Load()
}

// wakeNumbered ends the waits of awaitCounted.
func (l *Live) wakeNumbered() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.numbered != nil {
		close(l.numbered)
		l.numbered = nil
	}
}
