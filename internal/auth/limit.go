package auth

import (
	"fmt"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// LimitError says that somebody tried too often.
type LimitError struct {
	What  string
	After time.Duration // when to try again
}

// Error implements error.
func (e *LimitError) Error() string {
	return fmt.Sprintf("too many %s: try again in %d s", e.What, int(e.After.Seconds())+1)
}

// limiter counts per key: burst at once, then one every so often. It is this
// process's own: N nodes allow N times as much.
type limiter struct {
	what  string
	every time.Duration
	burst int

	mu         sync.Mutex
	now, older map[string]*rate.Limiter // two generations bound the memory
}

// limitKeys is how many keys a generation has.
const limitKeys = 50_000

// take spends one of the key's turns; giveBack returns it.
func (l *limiter) take(key string, now time.Time) (giveBack func(), err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	k := l.now[key]
	if k == nil {
		if k = l.older[key]; k == nil {
			k = rate.NewLimiter(rate.Every(l.every), l.burst)
		}
		if l.now == nil || len(l.now) >= limitKeys {
			l.now, l.older = make(map[string]*rate.Limiter), l.now
		}
		l.now[key] = k
	}
	r := k.ReserveN(now, 1)
	if wait := r.DelayFrom(now); wait > 0 {
		r.CancelAt(now)
		return nil, &LimitError{What: l.what, After: wait}
	}
	return func() { r.CancelAt(now) }, nil
}

// limits are those of the service. Wrong attempts count three ways: the first
// stops somebody who guesses, the second many who guess at one account, the third
// somebody who tries one password on many accounts. The second is wide, so that a
// stranger cannot easily keep the owner out.
type limits struct {
	pair    limiter // wrong attempts, per account and address
	account limiter // per account, from wherever
	address limiter // per address, for whatever account
	mailTo  limiter // mails, per recipient
	mailBy  limiter // mails, per address that asked for them
}

func newLimits() *limits {
	return &limits{
		pair:    limiter{what: "wrong attempts for this account", every: time.Minute, burst: 10},
		account: limiter{what: "wrong attempts for this account", every: 30 * time.Second, burst: 100},
		address: limiter{what: "wrong attempts from this address", every: 5 * time.Second, burst: 30},
		mailTo:  limiter{what: "mails to this address", every: 10 * time.Minute, burst: 3},
		mailBy:  limiter{what: "requests for mails from this address", every: time.Minute, burst: 20},
	}
}

// network is what one client has: an IPv4 address, or the /64 that an IPv6 host
// takes its addresses from.
func network(address string) string {
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

// attempt spends a turn of the account and of the address; right gives it back,
// for an attempt that was good.
func (s *Service) attempt(account, address string) (right func(), err error) {
	now, from := s.now(), network(address)
	var spent []func()
	for _, t := range []struct {
		limiter *limiter
		key     string
	}{{&s.limits.address, from}, {&s.limits.pair, account + " " + from}, {&s.limits.account, account}} {
		giveBack, err := t.limiter.take(t.key, now)
		if err != nil {
			return nil, err
		}
		spent = append(spent, giveBack)
	}
	return func() {
		for _, giveBack := range spent {
			giveBack()
		}
	}, nil
}

// mayMail spends a turn for a mail, if mails can be sent at all.
func (s *Service) mayMail(to, address string) error {
	if s.mailer == nil {
		return fmt.Errorf("%w: no mail service is set up", ErrNoMail)
	}
	now := s.now()
	if _, err := s.limits.mailBy.take(network(address), now); err != nil {
		return err
	}
	_, err := s.limits.mailTo.take(to, now)
	return err
}
