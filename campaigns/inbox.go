package campaigns

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/registry"
)

// InboxState is what became of an event.
type InboxState string

// States of an event in the inbox.
const (
	InboxReceived InboxState = "received" // to be applied
	InboxApplied  InboxState = "applied"
	InboxStuck    InboxState = "stuck" // a person must look at it
)

// InboxEvent is an event of a provider whose signature was right, as it is kept:
// what it says, not its body, which may hold more about a buyer than we need.
type InboxEvent struct {
	ID         string // pev_…
	Provider   string
	Event      ProviderEvent
	State      InboxState
	Attempts   int
	LastError  string
	ReceivedAt time.Time
	WakeAt     time.Time // when it is to be applied; zero: no more
	AppliedAt  time.Time
}

// Take checks the signature of an event over its raw body and puts it into the
// inbox. After nil the provider may forget it: it is stored, and is applied later.
// A repeated one is nothing new. ErrBadSignature and ErrBadEvent: it is counted and not stored.
func (p *Payments) Take(ctx context.Context, provider string, headers map[string][]string, body []byte) error {
	from, err := p.provider(provider)
	if err != nil {
		return err
	}
	e, err := from.ParseEvent(headers, body)
	switch {
	case errors.Is(err, ErrBadSignature):
		p.Counters.Forged.Add(1)
		return err
	case err != nil:
		p.Counters.Unreadable.Add(1)
		p.log.Error("a rightly signed event cannot be read", "provider", provider, "err", err)
		return err
	}
	kept, err := p.store.KeepEvent(ctx, InboxEvent{ID: id.New("pev"), Provider: provider, Event: e, ReceivedAt: p.now()})
	if err != nil {
		return err
	}
	p.Counters.Events.Add(1)
	if !kept {
		p.Counters.Repeated.Add(1)
	}
	return nil
}

// Limits of the inbox.
const (
	eventsAtOnce  = 512
	eventAttempts = 20                  // before it is stuck
	forgetEvents  = 30 * 24 * time.Hour // after they came
)

// InboxDue says whether WorkInbox has something to do.
func (p *Payments) InboxDue(ctx context.Context) (bool, error) {
	due, err := p.store.DueEvents(ctx, p.now(), 1)
	return len(due) > 0, err
}

// WorkInbox applies events that are due, and says how many there were.
func (p *Payments) WorkInbox(ctx context.Context) (int, error) {
	now := p.now()
	events, err := p.store.DueEvents(ctx, now, eventsAtOnce)
	if err != nil || len(events) == 0 {
		return 0, err
	}
	errs := p.applyEvents(ctx, events)
	if ctx.Err() != nil {
		return 0, ctx.Err()
	}
	for i := range events {
		e := &events[i]
		e.Attempts++
		e.LastError, e.WakeAt = "", time.Time{}
		switch err := errs[i]; {
		case err == nil:
			e.State, e.AppliedAt = InboxApplied, now
			p.Counters.Applied.Add(1)
		case errors.Is(err, ErrStuck), e.Attempts >= eventAttempts:
			e.State, e.LastError = InboxStuck, line(err.Error(), 500)
			p.Counters.Stuck.Add(1)
			p.log.Error("an event of a payment provider is stuck", "event", e.ID, "provider", e.Provider, "name", e.Event.Name, "err", err)
		default:
			e.LastError, e.WakeAt = line(err.Error(), 500), now.Add(backoff(time.Second, e.Attempts, time.Hour))
		}
	}
	return len(events), p.store.SettleEvents(ctx, events)
}

// backoff is a wait that doubles with each attempt.
func backoff(first time.Duration, attempts int, most time.Duration) time.Duration {
	for range attempts - 1 {
		if first *= 2; first >= most {
			return most
		}
	}
	return min(first, most)
}

// applyEvents applies what events say; those that only say that something
// happened have their provider asked first.
func (p *Payments) applyEvents(ctx context.Context, events []InboxEvent) []error {
	said := make([][]Heard, len(events))
	errs := make([]error, len(events))
	var ask []int
	for i := range events {
		switch e := &events[i].Event; {
		case e.Kind == EventPayment && e.Payment != nil, e.Kind == EventRefund && e.Refund != nil:
			w := Heard{Provider: events[i].Provider, OrderRef: e.OrderRef, OrderID: e.OrderID, Payment: e.Payment}
			if e.Kind == EventRefund {
				w.Payment, w.Refund = nil, e.Refund
			}
			said[i] = []Heard{w}
		case e.Kind == EventOrder && e.OrderRef != "":
			ask = append(ask, i)
		}
	}
	eachAtOnce(len(ask), p.parallel, func(j int) {
		i := ask[j]
		said[i], errs[i] = p.fetchWords(ctx, events[i].Provider, events[i].Event.OrderRef)
	})
	var words []Heard
	var of []int
	for i := range said {
		for _, w := range said[i] {
			words, of = append(words, w), append(of, i)
		}
	}
	for j, err := range p.Apply(ctx, words) {
		errs[of[j]] = errors.Join(errs[of[j]], err)
	}
	return errs
}

func (p *Payments) fetchWords(ctx context.Context, provider, ref string) ([]Heard, error) {
	from, err := p.provider(provider)
	if err != nil {
		return nil, err
	}
	told, err := from.Fetch(ctx, ref)
	return heardOf(provider, told), p.answered(err)
}

// Events reads the inbox, for operators; an empty state is any.
func (p *Payments) Events(ctx context.Context, state InboxState, after string, limit int) ([]InboxEvent, error) {
	return p.store.Events(ctx, state, after, limit)
}

// RetryEvent has a stuck event applied once more.
func (p *Payments) RetryEvent(ctx context.Context, event string) error {
	err := p.store.RetryEvent(ctx, event, p.now())
	if errors.Is(err, registry.ErrNotFound) {
		return fmt.Errorf("event %s is not stuck: %w", event, err)
	}
	return err
}

// Forget empties the inbox of what was applied and is old.
func (p *Payments) Forget(ctx context.Context, now time.Time) error {
	return p.store.ForgetEvents(ctx, now.Add(-forgetEvents))
}
