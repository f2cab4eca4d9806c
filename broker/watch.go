package broker

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/proofmark/proofmark/internal/bus"
)

// watchIndex knows who watches which device. It is a map by did and not a trie of
// filters: wildcards are only allowed behind the did. The first watcher of a did
// subscribes to it on the bus, the last one takes that back.
type watchIndex struct {
	broker *Broker
	mu     sync.Mutex
	dids   map[string]*watched

	rechecks atomic.Uint64 // so far: whoever was let in meanwhile asks again
}

// watched is one device and those who watch it.
type watched struct {
	did      string
	mu       sync.Mutex
	watchers []*watcher
	subs     [2]bus.Subscription
	gone     bool // taken out of the index: look again
}

// watcher is one app's interest in one device.
type watcher struct {
	client  *client
	filters []filter
	listed  bool  // among those who are told; not after Unwatch
	changes int   // that it was told of: what was read before the last one is old
	sent    State // the last one sent: only At and Online
}

func (x *watchIndex) open(b *Broker) { x.broker, x.dids = b, make(map[string]*watched) }

// add adds or replaces a filter, and tells whether it is new.
func (x *watchIndex) add(c *client, f filter) (added bool, code packets.Code) {
	a := c.app.Load()
	w := a.watches[f.did]
	at := -1
	if w != nil {
		at = w.index(f.text)
	}
	if at < 0 && a.filters >= x.broker.options.MaxFilters {
		return false, packets.ErrQuotaExceeded
	}
	d, err := x.hold(f.did)
	if err != nil {
		x.broker.log.Error("bus subscription failed", "did", f.did, "error", err)
		return false, packets.ErrUnspecifiedError
	}
	defer d.mu.Unlock()
	if w == nil {
		w = &watcher{client: c}
		if a.watches == nil {
			a.watches = make(map[string]*watcher)
		}
		a.watches[f.did] = w
	}
	if !w.listed {
		w.listed = true
		d.watchers = append(d.watchers, w)
	}
	if at >= 0 {
		w.filters[at] = f
		return false, packets.CodeSuccess
	}
	w.filters = append(w.filters, f)
	a.filters++
	return true, packets.CodeSuccess
}

// hold finds or makes the entry of a did and locks it.
func (x *watchIndex) hold(did string) (*watched, error) {
	for {
		x.mu.Lock()
		d := x.dids[did]
		if d == nil {
			d = &watched{did: did}
			x.dids[did] = d
			x.broker.stats.watched.Add(1)
		}
		x.mu.Unlock()
		d.mu.Lock()
		if d.gone {
			d.mu.Unlock()
			continue
		}
		if d.subs[0] != nil {
			return d, nil
		}
		if err := x.subscribe(d); err != nil {
			d.mu.Unlock()
			x.tidy(did)
			return nil, err
		}
		return d, nil
	}
}

func (x *watchIndex) subscribe(d *watched) error {
	token := bus.Token(d.did)
	changed, err := x.broker.config.Bus.Subscribe("device."+token+".changed", func(m bus.Message) { x.onChanged(d, m.Data) })
	if err != nil {
		return err
	}
	presence, err := x.broker.config.Bus.Subscribe("device."+token+".presence", func(m bus.Message) { x.onPresence(d, m.Data) })
	if err != nil {
		_ = changed.Unsubscribe()
		return err
	}
	d.subs = [2]bus.Subscription{changed, presence}
	return nil
}

// remove takes one filter out; false if there was none.
func (x *watchIndex) remove(c *client, f filter) bool {
	a := c.app.Load()
	w := a.watches[f.did]
	if w == nil {
		return false
	}
	at := w.index(f.text)
	if at < 0 {
		return false
	}
	d, err := x.hold(f.did)
	if err != nil {
		return false
	}
	w.filters = slices.Delete(w.filters, at, at+1)
	a.filters--
	empty := len(w.filters) == 0
	if empty {
		delete(a.watches, f.did)
		d.watchers = slices.DeleteFunc(d.watchers, func(o *watcher) bool { return o == w })
	}
	d.mu.Unlock()
	if empty {
		x.tidy(f.did)
	}
	return true
}

// forget takes a client out of everything.
func (x *watchIndex) forget(c *client) {
	for did, w := range c.app.Load().watches {
		x.mu.Lock()
		d := x.dids[did]
		x.mu.Unlock()
		if d != nil {
			d.mu.Lock()
			d.watchers = slices.DeleteFunc(d.watchers, func(o *watcher) bool { return o == w })
			d.mu.Unlock()
			x.tidy(did)
		}
	}
}

// drop stops the deliveries of one device to one viewer. The filters stay with
// their clients, telling nobody, until the client subscribes to one again.
func (x *watchIndex) drop(v Viewer, did string) {
	x.mu.Lock()
	d := x.dids[did]
	x.mu.Unlock()
	if d == nil {
		return
	}
	d.mu.Lock()
	d.watchers = slices.DeleteFunc(d.watchers, func(w *watcher) bool {
		w.listed = w.client.app.Load().viewer != v
		return !w.listed
	})
	d.mu.Unlock()
	x.tidy(did)
}

// tidy removes the entry of a did that nobody watches any more.
func (x *watchIndex) tidy(did string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	d := x.dids[did]
	if d == nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.watchers) > 0 {
		return
	}
	d.gone = true
	delete(x.dids, did)
	x.broker.stats.watched.Add(-1)
	for _, s := range d.subs {
		if s != nil {
			_ = s.Unsubscribe()
		}
	}
}

func (w *watcher) index(text string) int {
	return slices.IndexFunc(w.filters, func(f filter) bool { return f.text == text })
}
