package jobs

import (
	"context"
	"log/slog"
	"time"

	"github.com/proofmark/proofmark/internal/id"
)

// Lead is work that is its own queue, done by one process at a time: rows that
// say themselves when something is to be done about them. A kill holds it up for
// as long as the lease lasts.
type Lead struct {
	Name   string
	Leases Outbox
	// Due says whether there is work. It is asked first, so that nothing is written
	// while there is none.
	Due func(ctx context.Context) (bool, error)
	// Work does a round and says how much there was to do; 0: nothing is due. It must
	// be safe to have been cut off anywhere.
	Work func(ctx context.Context) (int, error)
	Wake <-chan struct{} // signalled when there may be work; nil: only the poll
	Log  *slog.Logger    // slog.Default() when nil
}

const (
	leadLease = 5 * time.Second
	leadPoll  = time.Second
)

// Run works until ctx ends.
func (l Lead) Run(ctx context.Context) {
	if l.Log == nil {
		l.Log = slog.Default()
	}
	holder := id.New("run")
	var ours time.Time // until when the lease is ours
	defer func() {
		if time.Now().Before(ours) { // the next one need not wait for its end
			if err := l.Leases.DropLease(context.WithoutCancel(ctx), l.Name, holder); err != nil {
				l.Log.Warn("lease not given back", "lease", l.Name, "error", err)
			}
		}
	}()
	poll := time.NewTicker(leadPoll)
	defer poll.Stop()
	for {
		more, err := l.round(ctx, holder, &ours)
		if err != nil && ctx.Err() == nil {
			l.Log.Warn("a round failed, there will be another", "lease", l.Name, "error", err)
		}
		if more && err == nil && ctx.Err() == nil {
			continue
		}
		select {
		case <-l.Wake:
		case <-poll.C:
		case <-ctx.Done():
			return
		}
	}
}

// round works once if the lease is or becomes ours. A round that outlasts the
// lease is cut off: somebody else may have begun.
func (l Lead) round(ctx context.Context, holder string, ours *time.Time) (more bool, err error) {
	if due, err := l.Due(ctx); err != nil || !due {
		return false, err
	}
	if now := time.Now(); ours.Sub(now) < leadLease/2 {
		until := now.Add(leadLease)
		got, err := l.Leases.TakeLease(ctx, l.Name, holder, now, until)
		if err != nil || !got {
			return false, err
		}
		*ours = until
	}
	working, cancel := context.WithCancel(ctx)
	defer cancel()
	kept := make(chan struct{})
	go func() {
		defer close(kept)
		tick := time.NewTicker(leadLease / 3)
		defer tick.Stop()
		for {
			select {
			case <-working.Done():
				return
			case now := <-tick.C:
				until := now.Add(leadLease)
				got, err := l.Leases.TakeLease(working, l.Name, holder, now, until)
				if err == nil && got {
					*ours = until
				} else if err == nil || now.After(*ours) {
					cancel()
					return
				}
			}
		}
	}()
	n, err := l.Work(working)
	cancel()
	<-kept
	return n > 0, err
}
