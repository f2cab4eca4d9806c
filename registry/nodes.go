package registry

import (
	"context"
	"maps"
	"slices"
	"time"
)

// KeepLease renews this node's word for its devices.
func (r *Registry) KeepLease(ctx context.Context) error {
	return r.store.KeepNode(ctx, Node{ID: r.node, StartedAt: r.started, LeaseUntil: r.now().Add(r.lease)})
}

// keepLease renews the lease three times within its length, so that one late
// renewal costs nothing. Nothing here may take long, or the lease runs out.
func (r *Registry) keepLease() {
	t := time.NewTicker(r.lease / 3)
	defer t.Stop()
	renewed := r.now() // the beginning of the last renewal: the lease counts from there
	for {
		select {
		case <-t.C:
		case <-r.ctx.Done():
			return
		}
		now := r.now()
		if err := r.KeepLease(r.ctx); err != nil {
			r.log.Warn("lease of this node not renewed", "node", r.node, "err", err)
			continue
		}
		if now.Sub(renewed) > r.lease {
			r.background(r.reassert)
		}
		renewed = now
		if r.losing.CompareAndSwap(false, true) {
			r.background(func() {
				defer r.losing.Store(false)
				if err := r.LoseNodes(r.ctx); err != nil && r.ctx.Err() == nil {
					r.log.Warn("lost nodes not looked for", "err", err)
				}
			})
		}
	}
}

// reassert says again who is connected here, after this node could not renew its
// lease in time and others may have taken its devices for lost. A device that has
// come to another node meanwhile stays there.
func (r *Registry) reassert() {
	r.mu.RLock()
	lives := slices.Collect(maps.Values(r.live))
	r.mu.RUnlock()
	for _, l := range lives {
		mine := l.epoch.Load()
		if mine == 0 {
			continue // its arrival is yet to be written
		}
		var p Presence
		err := retry(r.ctx, func() (err error) {
			p, err = r.store.Presence(r.ctx, l.did)
			return err
		})
		switch {
		case err != nil:
			r.log.Warn("presence not said again", "did", l.did, "err", err)
		case p.Epoch > mine:
			l.link.Close(ReasonReplaced)
		case !p.Online:
			r.presence.rejoin(l)
		}
	}
}

// LoseNodes takes the devices of nodes whose lease ran out offline. Every node
// does it; the store lets one of them win.
func (r *Registry) LoseNodes(ctx context.Context) error {
	lost, err := r.store.LoseNodes(ctx, r.now())
	if err != nil {
		return err
	}
	if len(lost) > 0 {
		r.log.Warn("gateway nodes lost", "devices", len(lost))
	}
	for _, p := range lost {
		if !r.bus.Wanted(subjectOf(p.DID, "presence")) {
			continue
		}
		k, err := r.roster.get(ctx, p.DID)
		if err != nil {
			r.log.Warn("device of a lost node not announced", "did", p.DID, "err", err)
			continue
		}
		r.announcePresence(p, k)
	}
	return nil
}

// Expire ends wishes and queued commands whose time is over.
func (r *Registry) Expire(ctx context.Context, now time.Time) error {
	if _, err := r.store.ExpireDesired(ctx, now); err != nil {
		return err
	}
	_, err := r.store.ExpireCommands(ctx, now)
	return err
}
