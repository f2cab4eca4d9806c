package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/internal/store/dbgen"
	"github.com/proofmark/proofmark/internal/store/micros"
)

// Payments is what payments and refunds keep.
func (db *DB) Payments() campaigns.PaymentStore { return campaignStore{db} }

var _ campaigns.PaymentStore = campaignStore{}

var (
	paymentsByProviderRef = newBulk("provider text, ref text",
		`SELECT p.* FROM v JOIN payment p ON p.provider = v.provider AND p.provider_ref = v.ref AND p.provider_ref <> ''`)
	// Ranks as campaigns.PaymentState.CanBecome has them: forward only.
	forwardPayments = newBulk("id text, state text, method text, hint text, failure text, at bigint",
		`UPDATE payment SET state = v.state, method = v.method, hint = v.hint, failure = v.failure, changed_at = v.at
FROM v WHERE payment.id = v.id AND (payment.state = 'created' AND v.state IN ('pending', 'authorized', 'failed')
    OR payment.state = 'pending' AND v.state IN ('authorized', 'failed') OR payment.state = 'authorized' AND v.state = 'failed')`)
	settleEvents = newBulk("id text, state text, attempts bigint, last_error text, wake_at bigint, applied_at bigint",
		`UPDATE payment_event SET state = v.state, attempts = v.attempts, last_error = v.last_error, wake_at = v.wake_at, applied_at = v.applied_at
FROM v WHERE payment_event.id = v.id AND payment_event.state <> 'applied'`)
)

func (s campaignStore) PaymentsOfOrder(ctx context.Context, order string) ([]campaigns.Payment, error) {
	rows, err := s.read.PaymentsOfOrder(ctx, order)
	return list(rows, payment), s.wrap(ctx, err, "payments of order %s", order)
}

func (s campaignStore) PaymentsByRef(ctx context.Context, refs []campaigns.ProviderPaymentRef) ([]campaigns.Payment, error) {
	providers, names := make([]string, len(refs)), make([]string, len(refs))
	for i, r := range refs {
		providers[i], names[i] = r.Provider, r.Ref
	}
	found, err := look[dbgen.Payment](ctx, s.DB, paymentsByProviderRef, providers, names)
	return list(found, payment), s.wrap(ctx, err, "%d payments by their providers' orders", len(refs))
}

// look is find beside the writer.
func look[Row any](ctx context.Context, db *DB, b *bulk, columns ...any) ([]Row, error) {
	if rows(columns).len() == 0 {
		return nil, nil
	}
	return find[Row](ctx, db.pool, db.engine, b, columns)
}

// writeAll runs a bulk that may change fewer rows than it is given.
func (s campaignStore) writeAll(ctx context.Context, b *bulk, columns ...any) error {
	if rows(columns).len() == 0 {
		return nil
	}
	return s.writer.within(ctx, func(tx dbgen.DBTX) error {
		_, err := b.exec(ctx, tx, s.engine, columns)
		return err
	})
}

func (s campaignStore) NamePayment(ctx context.Context, id, ref string, at time.Time) error {
	err := s.writer.statement(ctx, func(q *dbgen.Queries) error {
		return still(q.NamePayment(ctx, dbgen.NamePaymentParams{ID: id, ProviderRef: ref, At: micros.Of(at)}))
	})
	return s.wrap(ctx, err, "payment %s is order %s of its provider", id, ref)
}

func (s campaignStore) FailPayment(ctx context.Context, id, failure string, at, askAt time.Time) error {
	err := s.writer.statement(ctx, func(q *dbgen.Queries) error {
		return still(q.FailPayment(ctx, dbgen.FailPaymentParams{ID: id, Failure: text(failure), At: micros.Of(at), AskAt: micros.Of(askAt)}))
	})
	return s.wrap(ctx, err, "end payment %s", id)
}

func (s campaignStore) ForwardPayments(ctx context.Context, moved []campaigns.Payment) error {
	n := len(moved)
	id, state, method, hint, failure, at := make([]string, n), make([]string, n), make([]string, n), make([]string, n), make([]string, n), make([]int64, n)
	for i, p := range moved {
		id[i], state[i], method[i], hint[i], failure[i], at[i] = p.ID, string(p.State), string(p.Method), text(p.Hint), text(p.Failure), int64(micros.Of(p.ChangedAt))
	}
	return s.wrap(ctx, s.writeAll(ctx, forwardPayments, id, state, method, hint, failure, at), "bring %d payments forward", n)
}

func (s campaignStore) FlagPayment(ctx context.Context, id, was, flag string) error {
	err := s.writer.statement(ctx, func(q *dbgen.Queries) error {
		return still(q.FlagPayment(ctx, dbgen.FlagPaymentParams{ID: id, Was: was, Flag: text(flag)}))
	})
	return s.wrap(ctx, err, "flag payment %s", id)
}

func (s campaignStore) AskPaymentAt(ctx context.Context, id string, at time.Time) error {
	err := s.writer.statement(ctx, func(q *dbgen.Queries) error {
		return q.AskPaymentAt(ctx, dbgen.AskPaymentAtParams{ID: id, AskAt: micros.Of(at)})
	})
	return s.wrap(ctx, err, "ask about payment %s later", id)
}

func (s campaignStore) DuePayments(ctx context.Context, at time.Time, limit int) ([]campaigns.DuePayment, error) {
	rows, err := s.read.DuePayments(ctx, dbgen.DuePaymentsParams{At: micros.Of(at), Most: most(limit)})
	return list(rows, func(r dbgen.DuePaymentsRow) campaigns.DuePayment {
		return campaigns.DuePayment{Payment: payment(r.Payment), OrderState: campaigns.OrderState(r.OrderState), PayUntil: r.PayUntilAt.Time()}
	}), s.wrap(ctx, err, "payments to be asked about at %s", at.Format(time.RFC3339))
}

func (s campaignStore) FlaggedPayments(ctx context.Context, after string, limit int) ([]campaigns.Payment, error) {
	rows, err := s.read.FlaggedPayments(ctx, dbgen.FlaggedPaymentsParams{After: after, Most: most(limit)})
	return list(rows, payment), s.wrap(ctx, err, "flagged payments")
}

func (s campaignStore) KeepEvent(ctx context.Context, e campaigns.InboxEvent) (kept bool, err error) {
	body, err := json.Marshal(e.Event)
	if err != nil {
		return false, fmt.Errorf("event %s of %s: %w", e.Event.ID, e.Provider, err)
	}
	err = s.writer.statement(ctx, func(q *dbgen.Queries) error {
		n, err := q.KeepPaymentEvent(ctx, dbgen.KeepPaymentEventParams{
			ID: e.ID, Provider: e.Provider, EventID: text(e.Event.ID), Name: text(e.Event.Name), Body: text(string(body)), ReceivedAt: micros.Of(e.ReceivedAt),
		})
		kept = n > 0
		return err
	})
	if kept {
		signal(s.inbox)
	}
	return kept, s.wrap(ctx, err, "keep event %s of %s", e.Event.ID, e.Provider)
}

func (s campaignStore) DueEvents(ctx context.Context, at time.Time, limit int) ([]campaigns.InboxEvent, error) {
	rows, err := s.read.DuePaymentEvents(ctx, dbgen.DuePaymentEventsParams{At: micros.Of(at), Most: most(limit)})
	if err != nil {
		return nil, s.wrap(ctx, err, "events to be applied")
	}
	return inboxEvents(rows)
}

func (s campaignStore) Events(ctx context.Context, state campaigns.InboxState, after string, limit int) ([]campaigns.InboxEvent, error) {
	rows, err := s.read.PaymentEvents(ctx, dbgen.PaymentEventsParams{State: string(state), After: after, Most: most(limit)})
	if err != nil {
		return nil, s.wrap(ctx, err, "events of payment providers")
	}
	return inboxEvents(rows)
}

func inboxEvents(rows []dbgen.PaymentEvent) ([]campaigns.InboxEvent, error) {
	events := make([]campaigns.InboxEvent, len(rows))
	for i, r := range rows {
		e := campaigns.InboxEvent{
			ID: r.ID, Provider: r.Provider, State: campaigns.InboxState(r.State), Attempts: r.Attempts, LastError: r.LastError,
			ReceivedAt: r.ReceivedAt.Time(), WakeAt: r.WakeAt.Time(), AppliedAt: r.AppliedAt.Time(),
		}
		if err := json.Unmarshal([]byte(r.Body), &e.Event); err != nil {
			return nil, fmt.Errorf("event %s as it was stored: %w", r.ID, err)
		}
		events[i] = e
	}
	return events, nil
}

func (s campaignStore) SettleEvents(ctx context.Context, events []campaigns.InboxEvent) error {
	n := len(events)
	id, state, fault := make([]string, n), make([]string, n), make([]string, n)
	attempts, wake, applied := make([]int64, n), make([]int64, n), make([]int64, n)
	for i, e := range events {
		id[i], state[i], fault[i] = e.ID, string(e.State), text(e.LastError)
		attempts[i], wake[i], applied[i] = int64(e.Attempts), int64(micros.Of(e.WakeAt)), int64(micros.Of(e.AppliedAt))
	}
	return s.wrap(ctx, s.writeAll(ctx, settleEvents, id, state, attempts, fault, wake, applied), "settle %d events", n)
}

func (s campaignStore) RetryEvent(ctx context.Context, id string, at time.Time) error {
	err := s.exec(ctx, func(q *dbgen.Queries) (int64, error) {
		return q.RetryPaymentEvent(ctx, dbgen.RetryPaymentEventParams{ID: id, At: micros.Of(at)})
	})
	if err == nil {
		signal(s.inbox)
	}
	return s.wrap(ctx, err, "apply event %s again", id)
}

func (s campaignStore) ForgetEvents(ctx context.Context, before time.Time) error {
	err := s.writer.statement(ctx, func(q *dbgen.Queries) error { return q.ForgetPaymentEvents(ctx, micros.Of(before)) })
	return s.wrap(ctx, err, "forget events of before %s", before.Format(time.RFC3339))
}

func (s campaignStore) MoneySums(ctx context.Context) (campaigns.MoneySums, error) {
	sums := campaigns.MoneySums{Payments: make(map[campaigns.PaymentState]int64)}
	payments, err := s.read.CountPayments(ctx)
	if err != nil {
		return sums, s.wrap(ctx, err, "count payments")
	}
	for _, p := range payments {
		sums.Payments[campaigns.PaymentState(p.State)] = p.Payments
	}
	refunds, err := s.read.CountRefunds(ctx)
	if err != nil {
		return sums, s.wrap(ctx, err, "count refunds")
	}
	sums.Refunds = list(refunds, func(r dbgen.CountRefundsRow) campaigns.RefundsIn {
		return campaigns.RefundsIn{State: campaigns.RefundState(r.State), Count: r.Refunds, Amount: r.Amount, Oldest: micros.Time(r.OldestAt).Time()}
	})
	inbox, err := s.read.CountWaitingEvents(ctx)
	sums.Events, sums.OldestEvents = inbox.Events, micros.Time(inbox.OldestAt).Time()
	return sums, s.wrap(ctx, err, "count events")
}

// Inbox is signalled after this process kept an event of a provider.
func (s campaignStore) Inbox() <-chan struct{} { return s.inbox }

// Refunding is signalled after this process queued a refund.
func (s campaignStore) Refunding() <-chan struct{} { return s.refunds }
