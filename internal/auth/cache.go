package auth

import (
	"maps"
	"sync"
	"time"
)

// cacheSize bounds a cache; only what was there gets in.
const cacheSize = 10_000

// cache remembers what the store said for Staleness; the zero value is ready.
type cache[V any] struct {
	mu      sync.Mutex
	entries map[string]entry[V]
	forgets uint64 // so far
}

type entry[V any] struct {
	value V
	at    time.Time
}

// get returns what is remembered, and the age to hand to put if nothing is.
func (c *cache[V]) get(key string, now time.Time) (v V, found bool, age uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.entries[key]
	if !ok || now.Sub(e.at) >= Staleness {
		return v, false, c.forgets
	}
	return e.value, true, c.forgets
}

// put remembers a value, unless something was forgotten since get: it could be
// this one, read before it was changed.
func (c *cache[V]) put(key string, v V, now time.Time, age uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.forgets != age {
		return
	}
	if c.entries == nil || len(c.entries) >= cacheSize {
		c.entries = make(map[string]entry[V])
	}
	c.entries[key] = entry[V]{v, now}
}

func (c *cache[V]) forget(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forgets++
	delete(c.entries, key)
}

// drop forgets what is so.
func (c *cache[V]) drop(so func(V) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forgets++
	maps.DeleteFunc(c.entries, func(_ string, e entry[V]) bool { return so(e.value) })
}

// clear forgets everything: for changes that touch many keys and are rare.
func (c *cache[V]) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forgets++
	c.entries = nil
}
