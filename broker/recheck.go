package broker

import "context"

// Recheck asks the Backend again about what is watched, after rights changed: who
// may no longer see a device gets nothing of it from now on. The app is not told:
// MQTT has no packet for it, and the connection may be of use for all the rest. An
// empty account or did means all of them.
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

// RecheckLogins asks the Backend again about the logins of apps and bridges, after
// tokens or memberships ended: those that no longer hold are shown out. An empty
// account means all of them.
func (b *Broker) RecheckLogins(ctx context.Context, account string) {
	b.loginRechecks.Add(1)
	for v, clients := range b.viewers(account) {
		if ctx.Err() != nil {
			return
		}
		within, cancel := context.WithTimeout(ctx, b.options.LoginTimeout)
		ok, err := b.config.Backend.Holds(within, v)
		cancel()
		switch {
		case err != nil: // what it sees is asked about by itself, and it is asked about again
			b.log.Warn("a login cannot be checked again", "account", v.Account, "token", v.Token, "error", err)
		case !ok:
			for _, c := range clients {
				c.stop(tokenEnded)
			}
		}
	}
}

// LeftHome ends the connections of an account's apps after it lost a home, so that
// they know. A bridge is another home's, or loses its login.
func (b *Broker) LeftHome(account string) {
	for v, clients := range b.viewers(account) {
		for _, c := range clients {
			if v.Home == "" {
				c.stop(homeLeft)
			}
		}
	}
}

// viewers are the connections of apps and bridges, by whose eyes they are.
func (b *Broker) viewers(account string) map[Viewer][]*client {
	found := make(map[Viewer][]*client)
	b.mu.Lock()
	defer b.mu.Unlock()
	for c := range b.clients {
		if a := c.app.Load(); a != nil && (account == "" || a.viewer.Account == account) {
			found[a.viewer] = append(found[a.viewer], c)
		}
	}
	return found
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
