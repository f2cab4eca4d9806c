package registry

import (
	"context"
	"sync"
	"time"
)

// presenceWriter writes arrivals and departures in groups, in their order: a
// thousand devices that come back at once are a few transactions, and no
// connection waits for one.
type presenceWriter struct {
	reg *Registry

	mu      sync.Mutex
	moves   []move
	closing bool
	wake    chan struct{}
	idle    chan struct{}
}

// move is one connection that came, or went with a reason, or what a gateway
// said of a sub-device.
type move struct {
	live   *Live
	gone   bool
	sub    *known // what is said of it; nil for the connection itself
	online bool   // sub is
	reason Reason
	at     time.Time
}

func newPresenceWriter(r *Registry) *presenceWriter {
	return &presenceWriter{reg: r, wake: make(chan struct{}, 1), idle: make(chan struct{})}
}

func (w *presenceWriter) join(l *Live) { w.put(move{live: l, at: l.since}) }

// rejoin is join for a connection that may be going this moment: behind its
// leave there must be no join.
func (w *presenceWriter) rejoin(l *Live) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.detached {
		w.join(l)
	}
}

func (w *presenceWriter) leave(l *Live, reason Reason) {
	w.put(move{live: l, gone: true, reason: reason, at: w.reg.now()})
}

func (w *presenceWriter) reach(l *Live, sub *known, online bool) {
	m := move{live: l, sub: sub, online: online, reason: ReasonConnected, at: w.reg.now()}
	if !online {
		m.reason = ReasonUnreachable
	}
	w.put(m)
}

func (w *presenceWriter) put(m move) {
	w.mu.Lock()
	w.moves = append(w.moves, m)
	w.mu.Unlock()
	w.signal()
}

func (w *presenceWriter) signal() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// presenceGroup bounds one transaction.
const presenceGroup = 1000

// group is what is written together: arrivals, then what was said of
// sub-devices, then departures.
type group struct{ joins, said, leaves []move }

func (g *group) size() int { return len(g.joins) + len(g.said) + len(g.leaves) }

// take returns the next group. It holds no more than keeps the order of the
// moves of each device: nothing of a connection that came after one that went.
func (w *presenceWriter) take() (g group, closing bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	left := make(map[string]bool)
	joined := make(map[string]bool)
	n := 0
	for ; n < len(w.moves) && n < presenceGroup; n++ {
		m := w.moves[n]
		did := m.live.did
		join := m.sub == nil && !m.gone
		if left[did] || (join && joined[did]) {
			break
		}
		switch {
		case m.sub != nil:
			g.said = append(g.said, m)
		case m.gone:
			left[did] = true
			g.leaves = append(g.leaves, m)
		default:
			joined[did] = true
			g.joins = append(g.joins, m)
		}
	}
	clear(w.moves[:n])
	if w.moves = w.moves[n:]; len(w.moves) == 0 {
		w.moves = nil
	}
	return g, w.closing
}

func (w *presenceWriter) run() {
	defer close(w.idle)
	for {
		g, closing := w.take()
		if g.size() == 0 {
			if closing {
				return
			}
			select {
			case <-w.wake:
			case <-w.reg.ctx.Done():
				return
			}
			continue
		}
		w.writeJoins(g.joins)
		w.writeSaid(g.said)
		w.writeLeaves(g.leaves)
	}
}

func (w *presenceWriter) drain(ctx context.Context) error {
	w.mu.Lock()
	w.closing = true
	w.mu.Unlock()
	w.signal()
	select {
	case <-w.idle:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (w *presenceWriter) writeJoins(joins []move) {
	if len(joins) == 0 {
		return
	}
	r := w.reg
	dids := make([]string, len(joins))
	for i, m := range joins {
		dids[i] = m.live.did
	}
	var epochs []int64
	err := retry(r.ctx, func() (err error) {
		epochs, err = r.store.Connect(r.ctx, r.node, r.now(), dids)
		return err
	})
	if err != nil {
		w.failed(err, len(dids))
		return
	}
	for i, m := range joins {
		m.live.counted(epochs[i])
	}
}

func (w *presenceWriter) failed(err error, devices int) {
	w.reg.log.Error("presence not written", "devices", devices, "err", err)
}

func (w *presenceWriter) writeSaid(said []move) {
	r := w.reg
	for _, m := range said {
		epoch := m.live.epoch.Load()
		if epoch == 0 {
			continue // the arrival of its gateway was never written
		}
		p := Presence{
			DID: m.sub.device.DID, Online: m.online, Reason: m.reason, Node: r.node, Epoch: epoch, Since: m.at,
		}
		if err := retry(r.ctx, func() error { return r.store.PutPresence(r.ctx, p) }); err != nil {
			w.failed(err, 1)
			continue
		}
		r.announce(p.DID, "presence", func() any { return presenceChanged(p, m.sub) })
	}
}

func (w *presenceWriter) writeLeaves(leaves []move) {
	r := w.reg
	gone := make([]Presence, 0, len(leaves))
	by := make(map[string]int, len(leaves)) // did → index into gone
	lives := make([]*Live, 0, len(leaves))
	for _, m := range leaves {
		epoch := m.live.epoch.Load()
		if epoch == 0 {
			continue // its arrival was never written
		}
		by[m.live.did] = len(gone)
		lives = append(lives, m.live)
		gone = append(gone, Presence{DID: m.live.did, Reason: m.reason, Node: r.node, Epoch: epoch, Since: m.at})
	}
	if len(gone) == 0 {
		return
	}
	var changed []string
	err := retry(r.ctx, func() (err error) {
		changed, err = r.store.Disconnect(r.ctx, gone)
		return err
	})
	if err != nil {
		w.failed(err, len(gone))
		return
	}
	for _, did := range changed {
		i := by[did]
		lives[i].announce(gone[i])
	}
}
