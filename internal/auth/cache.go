package auth

import (
	"sync"
	"time"
)

// cacheSize bounds the cache; only tokens that were right get in.
const cacheSize = 10_000

// cache remembers tokens for Staleness; the zero value is ready.
type cache struct {
	mu      sync.Mutex
	entries map[string]entry
	forgets uint64 // so far
}

type entry struct {
	token Token
	at    time.Time
}

// get returns what is remembered, and the age to hand to put if nothing is.
func (c *cache) get(id string, now time.Time) (t Token, found bool, age uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.entries[id]
	if !ok || now.Sub(e.at) >= Staleness {
		return Token{}, false, c.forgets
	}
	return e.token, true, c.forgets
}

// put remembers a token, unless something was forgotten since get: it could be
// this one, read before it was revoked.
func (c *cache) put(t Token, now time.Time, age uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.forgets != age {
		return
	}
	if c.entries == nil || len(c.entries) >= cacheSize {
		c.entries = make(map[string]entry)
	}
	c.entries[t.ID] = entry{t, now}
}

func (c *cache) forget(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forgets++
	delete(c.entries, id)
}
