package ingest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/proofmark/proofmark/internal/bench"
	"github.com/proofmark/proofmark/internal/bench/device"
	"github.com/proofmark/proofmark/internal/bench/report"
	"github.com/proofmark/proofmark/internal/bench/target"
)

const (
	readBuffer = 4096            // of a device's connection
	dialers    = 32              // devices that connect at a time
	patience   = 5 * time.Second // for acknowledgements after the span
)

// span is when to publish, and which acknowledgements count.
type span struct{ begin, end time.Time }

// load is one device that keeps its window full.
type load struct {
	*device.Session
	topic  string
	writer *report.Writer
	free   []uint16    // packet ids not in flight
	sent   []time.Time // by packet id
	window int

	counted int64 // acknowledged within the span
	acked   int64 // acknowledged at all
	latency bench.Latency
}

// fleet connects every device of the target.
func fleet(ctx context.Context, t *target.Target, window int) ([]*load, error) {
	loads := make([]*load, len(t.Devices))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(dialers)
	for i, who := range t.Devices {
		group.Go(func() error {
			session, err := device.Open(ctx, t.Addr, who, i, readBuffer)
			if err != nil {
				return err
			}
			loads[i] = &load{
				Session: session, topic: report.Topic(who.DID), writer: report.NewWriter(who.DID, t.Properties),
				sent: make([]time.Time, window+1), window: window,
			}
			for id := window; id >= 1; id-- {
				loads[i].free = append(loads[i].free, uint16(id))
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		closeFleet(loads)
		return nil, err
	}
	return loads, nil
}

func closeFleet(loads []*load) {
	for _, l := range loads {
		if l != nil {
			l.Close()
		}
	}
}

// run publishes until the span ends and waits for what is in flight. What stays unacknowledged is no error: it is counted.
func (l *load) run(s span) error {
	l.Deadline(s.end.Add(patience))
	if err := l.fill(); err != nil {
		return err
	}
	for {
		id, err := l.Next()
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("device %s after %d acknowledged reports: %w", l.DID, l.acked, err)
		}
		now := time.Now()
		if id != 0 {
			if err := l.acknowledged(id, now, s); err != nil {
				return err
			}
		}
		if l.Buffered() {
			continue
		}
		if now.Before(s.end) {
			err = l.fill()
		} else if len(l.free) == l.window {
			return l.Flush()
		} else {
			err = l.Flush()
		}
		if err != nil {
			return fmt.Errorf("device %s: %w", l.DID, err)
		}
	}
}

func (l *load) acknowledged(id uint16, now time.Time, s span) error {
	if int(id) > l.window || l.sent[id].IsZero() {
		return fmt.Errorf("device %s: PUBACK for packet id %d, which is not in flight", l.DID, id)
	}
	l.acked++
	if !now.Before(s.begin) && now.Before(s.end) {
		l.counted++
		l.latency.Add(now.Sub(l.sent[id]))
	}
	l.sent[id] = time.Time{}
	l.free = append(l.free, id)
	return nil
}

// fill publishes what the window allows, in one write.
func (l *load) fill() error {
	now := time.Now()
	for len(l.free) > 0 {
		id := l.free[len(l.free)-1]
		l.free = l.free[:len(l.free)-1]
		if err := l.Publish(id, l.topic, l.writer.Payload(l.writer.Next(0))); err != nil {
			return err
		}
		l.sent[id] = now
	}
	return l.Flush()
}
