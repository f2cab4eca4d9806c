package broker

import "github.com/proofmark/proofmark/registry"

// Lag ends the connections of all apps that watch a device, because the bus could
// not hand over some of what it reported: an app that is told nothing would
// believe that it knows the present state.
func (b *Broker) Lag(did string) {
	b.watch.mu.Lock()
	d := b.watch.dids[did]
	b.watch.mu.Unlock()
	if d == nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, w := range d.watchers {
		w.client.stop(endingFor(registry.ReasonTooSlow))
	}
}
