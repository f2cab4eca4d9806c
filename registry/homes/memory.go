package homes

import (
	"sync"
	"time"
)

// memoryMost bounds how many homes are remembered.
const memoryMost = 10_000

// memory remembers the members of homes for Staleness.
type memory struct {
	mu      sync.Mutex
	homes   map[string]remembered
	forgets uint64 // so far
}

type remembered struct {
	members []Membership
	at      time.Time
}

// get returns the members, or the age to hand to put.
func (m *memory) get(home string, now time.Time) (members []Membership, found bool, age uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.homes[home]
	if !ok || now.Sub(r.at) >= Staleness {
		return nil, false, m.forgets
	}
	return r.members, true, m.forgets
}

// put remembers, unless something was forgotten since get: it could be what was
// read before it changed.
func (m *memory) put(home string, members []Membership, now time.Time, age uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.forgets != age {
		return
	}
	if m.homes == nil || len(m.homes) >= memoryMost {
		m.homes = make(map[string]remembered)
	}
	m.homes[home] = remembered{members, now}
}

func (m *memory) forget(home string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.forgets++
	delete(m.homes, home)
}
