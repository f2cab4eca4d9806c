package registry

import (
	"sync"
	"time"
)

// custody knows for which devices this process's memory of earlier reports is
// whole: it was loaded once, and since then every connection of the device was
// ours, which the epochs tell. A device that comes back to the same node then
// needs no look into the store.
type custody struct {
	mu   sync.Mutex
	held map[string]hold
}

// hold is the newest connection of a device here.
type hold struct {
	epoch      int64
	remembered bool      // what was reported over it and before it is in memory
	since      time.Time // from when arrivals are counted
	arrivals   int
	replaced   bool // the connection before this one was taken over
	ousted     bool // this one was, so that the next one comes contested
}

// counted notes a new connection. Another node's in between shows as a gap.
func (c *custody) counted(did string, epoch int64, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	h := c.held[did]
	next := hold{epoch: epoch, remembered: h.remembered && h.epoch == epoch-1, since: h.since, arrivals: h.arrivals + 1, replaced: h.ousted}
	if now.Sub(h.since) > CloneWindow {
		next.since, next.arrivals = now, 1
	}
	c.held[did] = next
}

// ousted notes that the connection was taken over.
func (c *custody) ousted(did string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if h, ok := c.held[did]; ok {
		h.ousted = true
		c.held[did] = h
	}
}

// often says whether the device connects so often that it is looked at, and
// whether it came after its last connection here had been taken over.
func (c *custody) often(did string) (contested, often bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	h := c.held[did]
	return h.replaced, h.arrivals >= cloneFromArrive
}

// whole says whether the memory serves that connection as it is.
func (c *custody) whole(did string, epoch int64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	h := c.held[did]
	return h.remembered && h.epoch == epoch
}

// loaded notes that the memory was filled from the store for that connection.
func (c *custody) loaded(did string, epoch int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if h := c.held[did]; h.epoch == epoch {
		h.remembered = true
		c.held[did] = h
	}
}

// keep forgets the devices that are not kept: they are looked up again when
// they come back.
func (c *custody) keep(kept func(did string) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for did := range c.held {
		if !kept(did) {
			delete(c.held, did)
		}
	}
}
