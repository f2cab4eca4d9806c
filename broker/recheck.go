package broker

import "context"

// Recheck asks the Backend again about what is watched, after rights changed: who
// may no longer see a device gets nothing of it from now on. The app is not told;
// MQTT has no packet for it. An empty account or did means all of them.
func (b *Broker) Recheck(ctx context.Context, account, did string) {
	b.watch.rechecks.Add(1)
	for _, w := range b.watch.views(account, did) {
		if ctx.Err() != nil {
			return
		}
		within, cancel := context.WithTimeout(ctx, b.options.LoginTimeout)
		ok, err := b.config.Backend.MayWatch(within, w.viewer, w.did)
		cancel()
		switch {
		case err != nil: // who cannot be told yes is told no: it may subscribe again
			b.log.Warn("rights cannot be checked again: watching ends", "account", w.viewer.Account, "did", w.did, "error", err)
			fallthrough
		case !ok:
			b.watch.drop(w.viewer, w.did)
		}
	}
}

// view is that somebody watches a device.
type view struct {
	viewer Viewer
	did    string
}

// views are those that match, each once.
func (x *watchIndex) views(account, did string) []view {
	x.mu.Lock()
	var all []*watched
	if did != "" {
		if d := x.dids[did]; d != nil {
			all = append(all, d)
		}
	} else {
		for _, d := range x.dids {
			all = append(all, d)
		}
	}
	x.mu.Unlock()
	var found []view
	for _, d := range all {
		seen := make(map[Viewer]bool)
		d.mu.Lock()
		for _, w := range d.watchers {
			v := w.client.app.Load().viewer
			if (account == "" || v.Account == account) && !seen[v] {
				seen[v] = true
				found = append(found, view{v, d.did})
			}
		}
		d.mu.Unlock()
	}
	return found
}
