package orders

import (
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/proofmark/proofmark/internal/bench"
	"github.com/proofmark/proofmark/internal/bench/wire"
)

// backer orders over one connection, one order after the other.
type backer struct {
	*client
	key          []byte // of its orders, up to their number
	latency      bench.Latency
	counted      int64 // within the span
	acknowledged int64
}

type load []*backer

// connect opens the connections, each with the token of another backer, as far as they go.
func connect(at wire.Addr, shop *Shop, connections, run int) (load, error) {
	all := make(load, 0, connections)
	for i := range connections {
		c, err := dial(at, shop.Campaign, shop.Tokens[(run*connections+i)%len(shop.Tokens)])
		if err != nil {
			all.close()
			return nil, fmt.Errorf("connection %d of %d: %w", i+1, connections, err)
		}
		all = append(all, &backer{client: c, key: fmt.Appendf(nil, "bench-%d-%d-", run, i)})
	}
	return all, nil
}

func (l load) close() {
	for _, b := range l {
		b.close()
	}
}

// run orders until the end of the span, and waits for the last answer.
func (b *backer) run(begin, end time.Time) error {
	for n := uint64(0); ; n++ {
		asked := time.Now()
		if !asked.Before(end) {
			return nil
		}
		status, body, err := b.order(strconv.AppendUint(b.key, n, 10))
		if err != nil {
			return err
		}
		if status != http.StatusCreated {
			return fmt.Errorf("order %s%d: answer %d: %.300s", b.key, n, status, body)
		}
		b.acknowledged++
		if now := time.Now(); !asked.Before(begin) && now.Before(end) {
			b.counted++
			b.latency.Add(now.Sub(asked))
		}
	}
}

// Ledger is what a Rush was told.
type Ledger struct {
	mu           sync.Mutex
	Acknowledged map[string]bool // orders by their ids
	Broken       int             // connections that ended
	Unavailable  int             // answers 503
}

// Rush orders over so many connections until stop is closed, through every end of the server: what was not answered is asked
// again with the same key, as a good client does. It returns what was acknowledged.
func Rush(at wire.Addr, shop *Shop, connections int, stop <-chan struct{}) *Ledger {
	l := &Ledger{Acknowledged: make(map[string]bool)}
	var all sync.WaitGroup
	for i := range connections {
		all.Go(func() { l.shop(at, shop, i, stop) })
	}
	all.Wait()
	return l
}

func (l *Ledger) shop(at wire.Addr, shop *Shop, i int, stop <-chan struct{}) {
	var c *client
	for n := 0; ; n++ {
		key := fmt.Appendf(nil, "rush-%d-%d", i, n)
		for {
			select {
			case <-stop:
				if c != nil {
					c.close()
				}
				return
			default:
			}
			if c == nil {
				var err error
				if c, err = dial(at, shop.Campaign, shop.Tokens[i%len(shop.Tokens)]); err != nil {
					c = nil
					time.Sleep(20 * time.Millisecond) // the server is starting
					continue
				}
			}
			status, body, err := c.order(key)
			if err != nil {
				c.close()
				c = nil
				l.count(func() { l.Broken++ })
				continue
			}
			if status == http.StatusCreated || status == http.StatusOK {
				order := orderID(body)
				l.count(func() { l.Acknowledged[order] = true })
				break
			}
			l.count(func() { l.Unavailable++ })
			time.Sleep(20 * time.Millisecond) // Retry-After says a second; the test is in a hurry
		}
	}
}

func (l *Ledger) count(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f()
}
