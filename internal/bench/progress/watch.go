package progress

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/internal/bench"
)

// seen is what a watcher read: so many units were reserved.
type seen struct {
	reserved int64
	at       time.Time
}

// fanOut connects the watchers, makes changes, and waits each time until every watcher has it. A change begins when the order
// is sent to be stored.
func (o Options) fanOut(ctx context.Context, s *stand, figures bench.Figures) error {
	server, addr, err := serve(s.handler)
	if err != nil {
		return err
	}
	defer server.Close()
	conns := make([]net.Conn, 0, o.Watchers)
	var readers sync.WaitGroup
	defer readers.Wait()
	defer func() {
		for _, c := range conns {
			_ = c.Close()
		}
	}()
	events, failures := make(chan seen, o.Watchers), make(chan error, o.Watchers)
	for range o.Watchers {
		c, err := watch(addr, s.path+"/stream")
		if err != nil {
			return err
		}
		conns = append(conns, c)
		readers.Go(func() {
			if err := follow(c, events); err != nil {
				failures <- err
			}
		})
	}
	wait := func(reserved int64, took func(time.Time)) error {
		limit := time.NewTimer(20 * time.Second)
		defer limit.Stop()
		for n := 0; n < o.Watchers; {
			select {
			case e := <-events:
				if e.reserved == reserved {
					took(e.at)
					n++
				}
			case err := <-failures:
				return err
			case <-limit.C:
				return fmt.Errorf("%d of %d watchers heard of %d units", n, o.Watchers, reserved)
			}
		}
		return nil
	}
	if err := wait(s.sold, func(time.Time) {}); err != nil { // all have the present state
		return err
	}
	var latency bench.Latency
	var slowest time.Duration
	for range o.Changes {
		time.Sleep(campaigns.BoardPause + 100*time.Millisecond) // otherwise the change would wait for the pause between two events
		began, reserved, err := s.sell(ctx)
		if err != nil {
			return err
		}
		if err := wait(reserved, func(at time.Time) {
			took := at.Sub(began)
			latency.Add(took)
			slowest = max(slowest, took)
		}); err != nil {
			return err
		}
	}
	ms := func(d time.Duration) float64 { return bench.Round(d.Seconds()*1000, 1) }
	figures["fanout_p50_ms"], figures["fanout_p99_ms"], figures["fanout_max_ms"] = ms(latency.Percentile(0.5)), ms(latency.Percentile(0.99)), ms(slowest)
	return nil
}

// watch opens one stream.
func watch(addr, path string) (net.Conn, error) {
	c, err := net.DialTimeout("tcp", addr, 10*time.Second)
	if err != nil {
		return nil, err
	}
	if _, err := c.Write([]byte("GET " + path + " HTTP/1.1\r\nHost: " + addr + "\r\n\r\n")); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

var (
	dataLine     = []byte("data: ")
	reservedName = []byte(`"reserved":`)
)

// follow reads events until the connection ends.
func follow(c net.Conn, events chan<- seen) error {
	r := bufio.NewReaderSize(c, 2048)
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return nil
			}
			return err
		}
		if !bytes.HasPrefix(line, dataLine) {
			continue
		}
		at := time.Now()
		_, rest, ok := bytes.Cut(line, reservedName)
		end := bytes.IndexAny(rest, ",}")
		if !ok || end < 0 {
			return fmt.Errorf("event %.200q tells of no units", line)
		}
		reserved, err := strconv.ParseInt(string(rest[:end]), 10, 64)
		if err != nil {
			return err
		}
		events <- seen{reserved, at}
	}
}
