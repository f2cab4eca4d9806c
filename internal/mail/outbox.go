package mail

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/internal/jobs"
)

// JobKind is the kind of the job that sends a message; its payload is the id.
const JobKind = "mail.send"

// attempts spread over about a day: seconds at first, an hour in the end.
const attempts = 36

// Store keeps messages. Every method is one transaction.
type Store interface {
	Choices

	// QueueMail stores a message and its job (JobFor); one whose key is there
	// already is dropped.
	QueueMail(ctx context.Context, m Message) error
	Message(ctx context.Context, id string) (Message, error)
	// Messages lists a mailbox, the newest first, before the given id; an empty
	// account lists all of them.
	Messages(ctx context.Context, account, before string, limit int) ([]Message, error)
	// SettleMail writes what became of a queued message; one that ended before stays as it is.
	SettleMail(ctx context.Context, m Message) error
	// ForgetMail empties the texts of messages that were made before then and have ended.
	ForgetMail(ctx context.Context, before time.Time) error
}

// Sender hands a message to a mail server. An error that wraps ErrPermanent says
// that trying again is of no use.
type Sender interface {
	Send(ctx context.Context, m Message) error
}

// ErrPermanent says that a mail server refused a message for good.
var ErrPermanent = errors.New("refused for good")

// Outbox sends messages.
type Outbox struct {
	Counters Counters
	Site     string // our address, as it stands in links; set before the first mail

	store  Store
	sender Sender
	now    func() time.Time
	log    *slog.Logger
}

// Counters count attempts since the start, by outcome.
type Counters struct{ Sent, Retried, Failed, Kept atomic.Int64 }

// NewOutbox makes an outbox; without a sender messages are kept in the mailbox.
// A nil clock means time.Now, a nil log slog.Default().
func NewOutbox(store Store, sender Sender, now func() time.Time, log *slog.Logger) *Outbox {
	if now == nil {
		now = time.Now
	}
	if log == nil {
		log = slog.Default()
	}
	return &Outbox{store: store, sender: sender, now: now, log: log}
}

// Send stores a message, which is sent soon after. ErrMessage if it cannot be one.
func (o *Outbox) Send(ctx context.Context, m Message) error {
	m, err := Ready(m, o.now())
	if err != nil {
		return err
	}
	return o.store.QueueMail(ctx, m)
}

// Ready completes and checks a message that is about to be stored.
func Ready(m Message, now time.Time) (Message, error) {
	if m.ID == "" {
		m.ID = id.New("msg")
	}
	if m.CreatedAt.IsZero() {
		m.CreatedAt = now
	}
	m.State = Queued
	return m, m.Check()
}

// JobFor is the job that sends a message.
func JobFor(m Message) jobs.Job {
	return jobs.Job{Kind: JobKind, Key: m.ID, Payload: []byte(m.ID), DueAt: m.CreatedAt, CreatedAt: m.CreatedAt, MaxAttempts: attempts}
}

// Handle is the handler of JobKind. What was handed over and not noted before a
// crash is handed over again, under the same Message-ID.
func (o *Outbox) Handle(ctx context.Context, j jobs.Job) error {
	m, err := o.store.Message(ctx, string(j.Payload))
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil || m.State != Queued {
		return err
	}
	m.Attempts++
	if o.sender == nil {
		m.State = Kept
		return o.settle(ctx, m, &o.Counters.Kept)
	}
	switch err = o.sender.Send(ctx, m); {
	case err == nil:
		m.State, m.SentAt, m.LastError = Sent, o.now(), ""
		return o.settle(ctx, m, &o.Counters.Sent)
	case ctx.Err() != nil: // we are being stopped
		return err
	case errors.Is(err, ErrPermanent), j.Attempt >= j.MaxAttempts:
		o.log.Warn("mail given up", "message", m.ID, "error", err)
		m.State, m.LastError = Failed, err.Error()
		return o.settle(ctx, m, &o.Counters.Failed)
	}
	m.LastError = err.Error()
	if noted := o.settle(ctx, m, &o.Counters.Retried); noted != nil {
		return noted
	}
	return fmt.Errorf("message %s: %w", m.ID, err)
}

func (o *Outbox) settle(ctx context.Context, m Message, counter *atomic.Int64) error {
	counter.Add(1)
	return o.store.SettleMail(context.WithoutCancel(ctx), m)
}

// Messages lists a mailbox, the newest first.
func (o *Outbox) Messages(ctx context.Context, account, before string, limit int) ([]Message, error) {
	return o.store.Messages(ctx, account, before, limit)
}

// Keeps says whether messages stay here, because no mail server is configured.
func (o *Outbox) Keeps() bool { return o.sender == nil }

// Forget empties the texts that are old enough.
func (o *Outbox) Forget(ctx context.Context, now time.Time) error {
	return o.store.ForgetMail(ctx, now.Add(-KeptFor))
}
