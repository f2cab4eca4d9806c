package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/notice"
	"github.com/proofmark/proofmark/internal/store/dbgen"
	"github.com/proofmark/proofmark/internal/store/micros"
	"github.com/proofmark/proofmark/internal/webhook"
	"github.com/proofmark/proofmark/registry"
)

// Webhooks is what the webhook service keeps.
func (db *DB) Webhooks() webhook.Store { return webhookStore{db} }

type webhookStore struct{ *DB }

// wrap puts the engine's error into the words of package webhook.
func (s webhookStore) wrap(ctx context.Context, err error, format string, args ...any) error {
	if errors.Is(err, webhook.ErrNotFound) || errors.Is(err, webhook.ErrConflict) {
		return fmt.Errorf(format+": %w", append(args, err)...)
	}
	err = s.DB.wrap(ctx, err, format, args...)
	if errors.Is(err, registry.ErrNotFound) {
		return fmt.Errorf("%w: %w", webhook.ErrNotFound, err)
	}
	return err
}

func (s webhookStore) Notice(ctx context.Context, id string) (notice.Notice, error) {
	n, err := s.read.Notice(ctx, id)
	return notice.Notice{ID: n.ID, Kind: n.Kind, Org: n.Org, Subject: n.Subject, At: n.At.Time(), Data: raw(n.Data)}, s.wrap(ctx, err, "notice %s", id)
}

func (s webhookStore) CreateEndpoint(ctx context.Context, e webhook.Endpoint, entries ...audit.Entry) error {
	err := s.transact(ctx, func(q *dbgen.Queries) error {
		err := q.InsertEndpoint(ctx, dbgen.InsertEndpointParams{
			ID: e.ID, Org: e.Org, Url: text(e.URL), Kinds: strings.Join(e.Kinds, " "), Description: text(e.Description),
			State: string(e.State), Reason: text(e.Reason), CreatedBy: e.CreatedBy, CreatedAt: micros.Of(e.CreatedAt),
			Secret: blob(e.Secret), Former: blob(e.Former),
		})
		if err != nil {
			return err
		}
		return record(ctx, q, entries, nil)
	})
	return s.wrap(ctx, err, "create endpoint %s", e.ID)
}

func (s webhookStore) Endpoint(ctx context.Context, id string) (webhook.Endpoint, error) {
	e, err := s.read.Endpoint(ctx, id)
	return endpoint(e), s.wrap(ctx, err, "endpoint %s", id)
}

func (s webhookStore) Endpoints(ctx context.Context, org, after string, limit int) ([]webhook.Endpoint, error) {
	rows, err := s.read.Endpoints(ctx, dbgen.EndpointsParams{Org: org, After: after, Most: most(limit)})
	return list(rows, endpoint), s.wrap(ctx, err, "endpoints of %q after %q", org, after)
}

func (s webhookStore) Listeners(ctx context.Context, org string) ([]webhook.Endpoint, error) {
	rows, err := s.read.Listeners(ctx, org)
	return list(rows, endpoint), s.wrap(ctx, err, "endpoints that hear of %q", org)
}

func (s webhookStore) Change(ctx context.Context, e webhook.Endpoint, from webhook.State, entries ...audit.Entry) error {
	err := s.transact(ctx, func(q *dbgen.Queries) error {
		n, err := q.ChangeEndpoint(ctx, dbgen.ChangeEndpointParams{
			ID: e.ID, Was: string(from), Url: text(e.URL), Kinds: strings.Join(e.Kinds, " "), Description: text(e.Description),
			State: string(e.State), Reason: text(e.Reason), FailingAt: micros.Of(e.Failing),
			Secret: blob(e.Secret), Former: blob(e.Former), FormerEndsAt: micros.Of(e.Until),
		})
		if err = unchanged(ctx, q, e.ID, n, err); err != nil {
			return err
		}
		return record(ctx, q, entries, nil)
	})
	signal(s.webhooks) // it may be active again
	return s.wrap(ctx, err, "change endpoint %s from state %s", e.ID, from)
}

// unchanged tells an endpoint that is not there from one that changed meanwhile.
func unchanged(ctx context.Context, q *dbgen.Queries, id string, n int64, err error) error {
	if err == nil && n == 0 {
		if _, err = q.Endpoint(ctx, id); err == nil {
			err = webhook.ErrConflict
		}
	}
	return err
}

func (s webhookStore) Challenge(ctx context.Context, id, nonce string, at time.Time) error {
	err := s.transact(ctx, func(q *dbgen.Queries) error {
		n, err := q.ChallengeEndpoint(ctx, dbgen.ChallengeEndpointParams{ID: id, Nonce: nonce, IssuedAt: micros.Of(at)})
		return unchanged(ctx, q, id, n, err)
	})
	return s.wrap(ctx, err, "challenge endpoint %s", id)
}

func (s webhookStore) Confirm(ctx context.Context, id, nonce string, at time.Time, entries ...audit.Entry) error {
	err := s.transact(ctx, func(q *dbgen.Queries) error {
		n, err := q.ConfirmEndpoint(ctx, dbgen.ConfirmEndpointParams{ID: id, Nonce: nonce, ConfirmedAt: micros.Of(at)})
		if err = unchanged(ctx, q, id, n, err); err != nil {
			return err
		}
		return record(ctx, q, entries, nil)
	})
	signal(s.webhooks)
	return s.wrap(ctx, err, "confirm endpoint %s", id)
}

func (s webhookStore) DeleteEndpoint(ctx context.Context, id string, entries ...audit.Entry) error {
	err := s.transact(ctx, func(q *dbgen.Queries) error {
		if err := changed(q.DeleteEndpoint(ctx, id)); err != nil {
			return err
		}
		return record(ctx, q, entries, nil)
	})
	return s.wrap(ctx, err, "delete endpoint %s", id)
}

func (s webhookStore) Queue(ctx context.Context, d webhook.Delivery, build func(int64) ([]byte, error)) (added bool, err error) {
	err = s.transact(ctx, func(q *dbgen.Queries) error {
		added = false
		n, err := q.LockEndpoint(ctx, d.Endpoint)
		if err != nil || n == 0 {
			return err
		}
		_, err = q.DeliveryOfNotice(ctx, dbgen.DeliveryOfNoticeParams{Endpoint: d.Endpoint, Notice: d.Notice})
		if !errors.Is(err, sql.ErrNoRows) { // there already
			return err
		}
		if d.Sequence, err = q.NextSequence(ctx, d.Endpoint); err != nil {
			return err
		}
		if d.Body, err = build(d.Sequence); err != nil {
			return err
		}
		added = true
		return q.InsertDelivery(ctx, dbgen.InsertDeliveryParams{
			ID: d.ID, Endpoint: d.Endpoint, Notice: d.Notice, Kind: d.Kind, Sequence: d.Sequence, Body: blob(d.Body),
			DueAt: micros.Of(d.DueAt), CreatedAt: micros.Of(d.CreatedAt),
		})
	})
	if added && err == nil {
		signal(s.webhooks)
	}
	return added && err == nil, s.wrap(ctx, err, "queue notice %s for endpoint %s", d.Notice, d.Endpoint)
}

func (s webhookStore) Due(ctx context.Context, now time.Time, limit int) ([]string, error) {
	ids, err := s.read.DueEndpoints(ctx, dbgen.DueEndpointsParams{At: micros.Of(now), Most: most(limit)})
	return ids, s.wrap(ctx, err, "endpoints with due deliveries")
}

func (s webhookStore) Claim(ctx context.Context, id, holder string, now, until time.Time) (e webhook.Endpoint, d webhook.Delivery, ok bool, err error) {
	err = s.transact(ctx, func(q *dbgen.Queries) error {
		ok = false
		rows, err := q.ClaimEndpoint(ctx, dbgen.ClaimEndpointParams{ID: id, Holder: holder, At: micros.Of(now), Until: micros.Of(until)})
		if err != nil || len(rows) == 0 {
			return err
		}
		row, err := q.DueDelivery(ctx, dbgen.DueDeliveryParams{Endpoint: id, At: micros.Of(now)})
		if errors.Is(err, sql.ErrNoRows) {
			_, err = q.ReleaseEndpoint(ctx, dbgen.ReleaseEndpointParams{ID: id, Holder: holder})
			return err
		}
		e, d, ok = endpoint(rows[0]), delivery(row), true
		return err
	})
	return e, d, ok && err == nil, s.wrap(ctx, err, "claim endpoint %s", id)
}

func (s webhookStore) Settle(ctx context.Context, of webhook.Settlement) error {
	d, a := of.Delivery, of.Attempt
	err := s.transact(ctx, func(q *dbgen.Queries) error {
		n, err := q.SettleEndpoint(ctx, dbgen.SettleEndpointParams{ID: d.Endpoint, Holder: of.Holder, FailingAt: micros.Of(of.Failing)})
		if err = unchanged(ctx, q, d.Endpoint, n, err); err != nil {
			return err
		}
		n, err = q.SettleDelivery(ctx, dbgen.SettleDeliveryParams{
			ID: d.ID, State: string(d.State), Attempts: d.Attempts, Tries: d.Tries, DueAt: micros.Of(d.DueAt), EndedAt: micros.Of(d.EndedAt),
		})
		if err == nil && n == 0 {
			err = webhook.ErrConflict
		}
		if err != nil {
			return err
		}
		if err := q.InsertAttempt(ctx, dbgen.InsertAttemptParams{
			Delivery: d.ID, Number: a.Number, At: micros.Of(a.At), Took: a.Duration.Microseconds(), Status: a.Status, Error: text(a.Error), Response: text(a.Response),
		}); err != nil || of.Disable == "" {
			return err
		}
		n, err = q.DisableEndpoint(ctx, dbgen.DisableEndpointParams{ID: d.Endpoint, Reason: text(of.Disable)})
		if err != nil || n == 0 { // its owner was first
			return err
		}
		return record(ctx, q, of.Entries, of.Notices)
	})
	if err == nil && len(of.Notices) > 0 {
		s.told()
	}
	return s.wrap(ctx, err, "settle delivery %s of endpoint %s", d.ID, d.Endpoint)
}

func (s webhookStore) Release(ctx context.Context, id, holder string) error {
	err := s.writer.statement(ctx, func(q *dbgen.Queries) error {
		_, err := q.ReleaseEndpoint(ctx, dbgen.ReleaseEndpointParams{ID: id, Holder: holder})
		return err
	})
	return s.wrap(ctx, err, "release endpoint %s", id)
}

func (s webhookStore) Queued() <-chan struct{} { return s.webhooks }

func (s webhookStore) Delivery(ctx context.Context, id string) (webhook.Delivery, error) {
	d, err := s.read.Delivery(ctx, id)
	return delivery(d), s.wrap(ctx, err, "delivery %s", id)
}

func (s webhookStore) Deliveries(ctx context.Context, id string, before int64, limit int) ([]webhook.Delivery, error) {
	if before <= 0 {
		before = math.MaxInt64
	}
	rows, err := s.read.Deliveries(ctx, dbgen.DeliveriesParams{Endpoint: id, Before: before, Most: most(limit)})
	return list(rows, delivery), s.wrap(ctx, err, "deliveries of endpoint %s", id)
}

func (s webhookStore) Attempts(ctx context.Context, id string) ([]webhook.Attempt, error) {
	rows, err := s.read.Attempts(ctx, id)
	return list(rows, func(a dbgen.WebhookAttempt) webhook.Attempt {
		return webhook.Attempt{
			Number: a.Number, At: a.At.Time(), Duration: time.Duration(a.Took) * time.Microsecond,
			Status: a.Status, Error: a.Error, Response: a.Response,
		}
	}), s.wrap(ctx, err, "attempts of delivery %s", id)
}

func (s webhookStore) Redeliver(ctx context.Context, id string, at time.Time, entries ...audit.Entry) error {
	err := s.transact(ctx, func(q *dbgen.Queries) error {
		n, err := q.Redeliver(ctx, dbgen.RedeliverParams{ID: id, At: micros.Of(at)})
		if err == nil && n == 0 {
			if _, err = q.Delivery(ctx, id); err == nil {
				err = webhook.ErrConflict
			}
		}
		if err != nil {
			return err
		}
		return record(ctx, q, entries, nil)
	})
	signal(s.webhooks)
	return s.wrap(ctx, err, "redeliver %s", id)
}

func (s webhookStore) Forget(ctx context.Context, before time.Time) (n int64, err error) {
	err = s.writer.statement(ctx, func(q *dbgen.Queries) error {
		n, err = q.ForgetDeliveries(ctx, micros.Of(before))
		return err
	})
	return n, s.wrap(ctx, err, "forget deliveries before %s", before)
}

func endpoint(e dbgen.WebhookEndpoint) webhook.Endpoint {
	return webhook.Endpoint{
		ID: e.ID, Org: e.Org, URL: e.Url, Kinds: strings.Fields(e.Kinds), Description: e.Description,
		State: webhook.State(e.State), Reason: e.Reason, CreatedBy: e.CreatedBy, CreatedAt: e.CreatedAt.Time(), ConfirmedAt: e.ConfirmedAt.Time(),
		Secret: e.Secret, Former: e.Former, Until: e.FormerEndsAt.Time(),
		Nonce: e.Nonce, Earlier: e.Earlier, Issued: e.IssuedAt.Time(), Sequence: e.Sequence, Failing: e.FailingAt.Time(),
	}
}

func delivery(d dbgen.WebhookDelivery) webhook.Delivery {
	return webhook.Delivery{
		ID: d.ID, Endpoint: d.Endpoint, Notice: d.Notice, Kind: d.Kind, Sequence: d.Sequence, Body: d.Body,
		State: webhook.DeliveryState(d.State), Attempts: d.Attempts, Tries: d.Tries,
		DueAt: d.DueAt.Time(), CreatedAt: d.CreatedAt.Time(), EndedAt: d.EndedAt.Time(),
	}
}
