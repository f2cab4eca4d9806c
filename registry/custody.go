package registry

import "sync"

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
	remembered bool // what was reported over it and before it is in memory
}

// counted notes a new connection. Another node's in between shows as a gap.
func (c *custody) counted(did string, epoch int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	h := c.held[did]
	c.held[did] = hold{epoch: epoch, remembered: h.remembered && h.epoch == epoch-1}
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
