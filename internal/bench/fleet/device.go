package fleet

import (
	"context"
	"fmt"
	"time"

	"github.com/proofmark/proofmark/internal/bench"
	"github.com/proofmark/proofmark/internal/bench/device"
	"github.com/proofmark/proofmark/internal/bench/report"
	"github.com/proofmark/proofmark/internal/bench/target"
)

// patience is how long an acknowledgement may take.
const patience = 10 * time.Second

// span is the measured time; the devices' reports are spread over each interval of it.
type span struct {
	begin, end time.Time
	every      time.Duration
	fleet      int
}

// live reports at the member's own moments of the span, and waits for each acknowledgement.
func (m *member) live(ctx context.Context, s *device.Session, at span, latency *bench.Latency) error {
	stop := context.AfterFunc(ctx, func() { s.Deadline(time.Unix(1, 0)) })
	defer stop()
	next := at.begin.Add(at.every / time.Duration(at.fleet) * time.Duration(m.n))
	for ; next.Before(at.end); next = next.Add(at.every) {
		if err := m.idle(s, next); err != nil {
			return err
		}
		r := m.writer.Next(0)
		m.sent = append(m.sent, r)
		began := time.Now()
		id := uint16(len(m.sent)%0x7000 + 1)
		if err := s.Publish(id, report.Topic(m.DID), m.writer.Payload(r)); err != nil {
			return fmt.Errorf("device %s: %w", m.DID, err)
		}
		if err := m.acknowledged(s, id, began.Add(patience)); err != nil {
			return err
		}
		latency.Add(time.Since(began))
	}
	return m.idle(s, at.end)
}

// idle answers what the device is asked until then.
func (m *member) idle(s *device.Session, until time.Time) error {
	for {
		if err := s.Flush(); err != nil {
			return fmt.Errorf("device %s: %w", m.DID, err)
		}
		there, err := s.Await(until)
		if err == nil && there {
			_, err = s.Next()
		}
		if err != nil {
			return fmt.Errorf("device %s: %w", m.DID, err)
		}
		if !there {
			return nil
		}
	}
}

func (m *member) acknowledged(s *device.Session, id uint16, until time.Time) error {
	for {
		if err := s.Flush(); err != nil {
			return fmt.Errorf("device %s: %w", m.DID, err)
		}
		there, err := s.Await(until)
		if err != nil {
			return fmt.Errorf("device %s: %w", m.DID, err)
		}
		if !there {
			return fmt.Errorf("device %s: report %d was not acknowledged within %v", m.DID, len(m.sent), patience)
		}
		acked, err := s.Next()
		if err != nil {
			return fmt.Errorf("device %s: %w", m.DID, err)
		}
		if m.refused = s.FirstRefusal; m.refused != "" {
			return fmt.Errorf("device %s: report refused: %s", m.DID, m.refused)
		}
		if acked == id {
			return nil
		}
	}
}

// connect opens a device's session.
func (m *member) connect(ctx context.Context, t *target.Target) (*device.Session, error) {
	return device.Open(ctx, t.Addr, m.Identity, m.n, 512)
}
