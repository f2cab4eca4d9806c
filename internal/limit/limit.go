// Package limit says who tried too often: a token bucket for each key.
//
// It refuses to remember for ever: two generations of keys bound its memory. And it
// is this process's own: N nodes allow N times as much.
package limit

import (
	"fmt"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Error says that somebody tried too often.
type Error struct {
	What  string
	After time.Duration // when to try again
}

// Error implements error.
func (e *Error) Error() string {
	return fmt.Sprintf("too many %s: try again in %d s", e.What, int(e.After.Seconds())+1)
}

// Limiter counts per key: Burst at once, then one Every so often.
type Limiter struct {
	What  string
	Every time.Duration
	Burst int

	mu         sync.Mutex
	now, older map[string]*rate.Limiter
}

// keys is how many a generation has.
const keys = 50_000

// Take spends one of the key's turns, or returns an [*Error]; giveBack returns it.
func (l *Limiter) Take(key string, now time.Time) (giveBack func(), err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	k := l.now[key]
	if k == nil {
		if k = l.older[key]; k == nil {
			k = rate.NewLimiter(rate.Every(l.Every), l.Burst)
		}
		if l.now == nil || len(l.now) >= keys {
			l.now, l.older = make(map[string]*rate.Limiter), l.now
		}
		l.now[key] = k
	}
	r := k.ReserveN(now, 1)
	if wait := r.DelayFrom(now); wait > 0 {
		r.CancelAt(now)
		return nil, &Error{What: l.What, After: wait}
	}
	return func() { r.CancelAt(now) }, nil
}

// Turn is one limiter and the key that it counts.
type Turn struct {
	Limiter *Limiter
	Key     string
}

// Spend takes a turn of each, in their order, up to the first that has none left;
// giveBack returns them all.
func Spend(now time.Time, turns ...Turn) (giveBack func(), err error) {
	var spent []func()
	for _, t := range turns {
		back, err := t.Limiter.Take(t.Key, now)
		if err != nil {
			return nil, err
		}
		spent = append(spent, back)
	}
	return func() {
		for _, back := range spent {
			back()
		}
	}, nil
}

// Network is what one client has: an IPv4 address, or the /64 that an IPv6 host
// takes its addresses from.
func Network(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	if a = a.Unmap().WithZone(""); a.Is6() {
		p, _ := a.Prefix(64) // 64 is never too long for an IPv6 address
		return p.String()
	}
	return a.String()
}
