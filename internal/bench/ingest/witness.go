package ingest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/proofmark/proofmark/internal/bench/device"
	"github.com/proofmark/proofmark/internal/bench/report"
	"github.com/proofmark/proofmark/internal/bench/wire"
)

// again is how long a device waits before it tries to connect once more.
const again = 50 * time.Millisecond

// witness is one device of Verify, over all its connections.
type witness struct {
	who     device.Identity
	n       int
	options *VerifyOptions
	writer  *report.Writer

	pending []report.Report // sent and not acknowledged, oldest first
	acked   []Stored
	lastTS  int64

	connections  int
	refused      int64
	firstRefusal string
}

func (w *witness) run(ctx context.Context) error {
	reached := time.Now()
	for {
		session, err := device.Open(ctx, w.options.Addr, w.who, w.n, readBuffer)
		if err == nil {
			w.connections++
			stop := context.AfterFunc(ctx, func() { session.Close() })
			before := len(w.acked)
			err = w.speak(session)
			stop()
			session.Close()
			w.refused += session.Refused
			if w.firstRefusal == "" {
				w.firstRefusal = session.FirstRefusal
			}
			if err == nil {
				return nil
			}
			if len(w.acked) > before {
				reached = time.Now()
			}
		}
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(err, wire.ErrRefused):
			return err
		case time.Since(reached) > w.options.Away:
			return fmt.Errorf("device %s: nothing acknowledged for %v: %w", w.who.DID, w.options.Away, err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(again):
		}
	}
}

// speak uses one connection until it ends, or everything is acknowledged after the stop: nil.
func (w *witness) speak(session *device.Session) error {
	line := line{Session: session, topic: report.Topic(w.who.DID), flight: map[uint16]int64{}}
	for _, r := range w.pending {
		if err := line.send(r.ID, w.writer.Payload(r)); err != nil {
			return err
		}
	}
	for {
		until := time.Now().Add(w.options.Away)
		if w.stopped() {
			if len(w.pending) == 0 {
				return nil
			}
		} else if len(w.pending) < w.options.Window {
			until = time.UnixMilli(w.lastTS).Add(time.Second / time.Duration(w.options.Rate))
			if now := time.Now(); !now.Before(until) {
				w.lastTS = max(w.lastTS+1, now.UnixMilli())
				next := w.writer.Next(w.lastTS)
				w.pending = append(w.pending, next)
				if err := line.send(next.ID, w.writer.Payload(next)); err != nil {
					return err
				}
				continue
			}
		}
		if err := w.hear(&line, until); err != nil {
			return err
		}
	}
}

// hear reads what comes by then, one packet at most.
func (w *witness) hear(l *line, until time.Time) error {
	if err := l.Flush(); err != nil {
		return err
	}
	there, err := l.Await(until)
	if err != nil {
		return err
	}
	if !there {
		if len(w.pending) == w.options.Window {
			return fmt.Errorf("device %s: %d reports unacknowledged for %v", w.who.DID, len(w.pending), w.options.Away)
		}
		return nil
	}
	packet, err := l.Next()
	if err != nil || packet == 0 {
		return err
	}
	id, known := l.flight[packet]
	if !known {
		return fmt.Errorf("device %s: PUBACK for packet id %d, which is not in flight", w.who.DID, packet)
	}
	delete(l.flight, packet)
	i := slices.IndexFunc(w.pending, func(r report.Report) bool { return r.ID == id })
	w.acked = append(w.acked, w.stored(w.pending[i]))
	w.pending = slices.Delete(w.pending, i, i+1)
	return nil
}

// line is one connection of a witness; packet ids count up on each, flight maps them to report ids.
type line struct {
	*device.Session
	topic  string
	flight map[uint16]int64
	last   uint16
}

func (l *line) send(report int64, payload []byte) error {
	l.last = l.last%0x7000 + 1
	l.flight[l.last] = report
	return l.Publish(l.last, l.topic, payload)
}

func (w *witness) stopped() bool {
	select {
	case <-w.options.Stop:
		return true
	default:
		return false
	}
}

func (w *witness) stored(r report.Report) Stored {
	return Stored{DID: w.who.DID, ID: r.ID, SIID: r.SIID, PIID: r.PIID, Value: r.Value, At: time.UnixMilli(r.TS).UTC()}
}
