package orders

import (
	"fmt"
	"maps"
	"net/http"
	"sync"
	"time"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/internal/bench/wire"
)

// Told is what a client was last told of an order of its own.
type Told string

// What a client may have been told.
const (
	ToldReserved  Told = "reserved"
	ToldAsked     Told = "to be cancelled" // the answer has not come yet
	ToldCancelled Told = "cancelled"
)

func (t Told) fits(is campaigns.OrderState) bool {
	switch is {
	case campaigns.OrderReserved:
		return t != ToldCancelled
	case campaigns.OrderCancelled:
		return t != ToldReserved
	}
	return false
}

// Rush is load that goes on through every end of the server: what was not answered is asked again with the same key, as a good
// client does. Every fifth order is cancelled.
type Rush struct {
	at   wire.Addr
	shop *Shop
	stop chan struct{}
	all  sync.WaitGroup

	mu     sync.Mutex
	told   map[string]Told
	broken int           // connections that ended
	more   chan struct{} // closed when told has wanted orders
	wanted int
}

// NewRush begins to order over so many connections.
func NewRush(at wire.Addr, shop *Shop, connections int) *Rush {
	r := &Rush{at: at, shop: shop, stop: make(chan struct{}), told: make(map[string]Told)}
	for i := range connections {
		r.all.Go(func() { r.client(i) })
	}
	return r
}

// Told is what was acknowledged so far, by the orders' ids, and how many connections broke.
func (r *Rush) Told() (map[string]Told, int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.told), r.broken
}

// More is closed once n more orders were acknowledged than are now. There is one such wish at a time.
func (r *Rush) More(n int) <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.more, r.wanted = make(chan struct{}), len(r.told)+n
	return r.more
}

// Stop ends the load, and returns when every client has gone.
func (r *Rush) Stop() {
	close(r.stop)
	r.all.Wait()
}

func (r *Rush) tell(order string, t Told) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.told[order] = t
	if r.more != nil && len(r.told) >= r.wanted {
		close(r.more)
		r.more = nil
	}
}

func (r *Rush) client(i int) {
	var c *client
	defer func() {
		if c != nil {
			c.close()
		}
	}()
	for n := 0; ; n++ {
		key := fmt.Appendf(nil, "rush-%d-%d", i, n)
		var order string
		if !r.insist(i, &c, func() (int, error) {
			status, body, err := c.order(key)
			order = orderID(body)
			return status, err
		}) {
			return
		}
		r.tell(order, ToldReserved)
		if n%5 != 0 {
			continue
		}
		r.tell(order, ToldAsked)
		if !r.insist(i, &c, func() (int, error) {
			status, _, err := c.cancel(order, key)
			return status, err
		}) {
			return
		}
		r.tell(order, ToldCancelled)
	}
}

// pause is how long a client waits for a server that is gone or busy: Retry-After says a second, the test is in a hurry.
const pause = 20 * time.Millisecond

// insist asks until there is an answer; false when it was told to stop.
func (r *Rush) insist(i int, c **client, ask func() (status int, err error)) bool {
	for {
		select {
		case <-r.stop:
			return false
		default:
		}
		if *c == nil {
			made, err := dial(r.at, r.shop.Campaign, r.shop.Tokens[i%len(r.shop.Tokens)])
			if err != nil {
				time.Sleep(pause)
				continue
			}
			*c = made
		}
		status, err := ask()
		switch {
		case err != nil:
			(*c).close()
			*c = nil
			r.mu.Lock()
			r.broken++
			r.mu.Unlock()
		case status == http.StatusCreated || status == http.StatusOK:
			return true
		default:
			time.Sleep(pause)
		}
	}
}
