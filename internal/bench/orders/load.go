package orders

import (
	"fmt"
	"net/http"
	"strconv"
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
