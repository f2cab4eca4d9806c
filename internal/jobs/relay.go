package jobs

import (
	"context"
	"log/slog"
	"time"

	"github.com/proofmark/proofmark/internal/id"
)

// Publisher is what the relay needs of the bus.
type Publisher interface {
	Publish(subject string, data []byte) error
}

const (
	relayLease = 10 * time.Second // how long a dead process holds up the outbox
	relayBatch = 500

	// relayPoll is how soon another process's events are seen. Among them is that
	// somebody's rights have ended, which is to hold everywhere within a second.
	relayPoll = 250 * time.Millisecond
)

// Relay publishes committed events. Any number of processes may run one: a lease
// lets one of them work at a time.
type Relay struct {
	outbox Outbox
	bus    Publisher
	log    *slog.Logger
	holder string
	ours   time.Time // until when the lease is ours
}

// NewRelay makes a relay; a nil log means slog.Default().
func NewRelay(outbox Outbox, bus Publisher, log *slog.Logger) *Relay {
	if log == nil {
		log = slog.Default()
	}
	return &Relay{outbox: outbox, bus: bus, log: log, holder: id.New("run")}
}

// Run publishes until ctx ends.
func (r *Relay) Run(ctx context.Context) {
	poll := time.NewTicker(relayPoll)
	defer poll.Stop()
	for {
		for more := true; more && ctx.Err() == nil; {
			var err error
			if more, err = r.publish(ctx); err != nil && ctx.Err() == nil {
				r.log.Warn("outbox not published, will be tried again", "error", err)
			}
		}
		select {
		case <-r.outbox.Committed():
		case <-poll.C:
		case <-ctx.Done():
			if time.Now().Before(r.ours) { // the next one need not wait for its end
				if err := r.outbox.DropLease(context.WithoutCancel(ctx), leaseName, r.holder); err != nil {
					r.log.Warn("lease of the outbox not given back", "error", err)
				}
			}
			return
		}
	}
}

const leaseName = "outbox"

// publish sends the oldest events and says whether there may be more. It writes
// nothing while the outbox is empty.
func (r *Relay) publish(ctx context.Context) (more bool, err error) {
	events, err := r.outbox.Events(ctx, relayBatch)
	if err != nil || len(events) == 0 {
		return false, err
	}
	if now := time.Now(); r.ours.Sub(now) < relayLease/2 {
		until := now.Add(relayLease)
		got, err := r.outbox.TakeLease(ctx, leaseName, r.holder, now, until)
		if err != nil || !got {
			return false, err
		}
		r.ours = until
		// The holder before us may have published what we read.
		if events, err = r.outbox.Events(ctx, relayBatch); err != nil {
			return false, err
		}
	}
	sent := 0
	for _, e := range events {
		if err = r.bus.Publish(e.Subject, e.Data); err != nil {
			break
		}
		sent++
	}
	if forget := r.outbox.Published(ctx, events[:sent]); err == nil {
		err = forget
	}
	return err == nil && len(events) == relayBatch, err
}
