package store

import (
	"context"
	"time"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/internal/store/dbgen"
	"github.com/proofmark/proofmark/internal/store/micros"
)

var (
	refundsByRef = newBulk("ref text",
		`SELECT r.* FROM v JOIN refund r ON r.provider_ref = v.ref AND r.provider_ref <> ''`)
	putOffRefunds = newBulk("id text, was text, attempts bigint, last_error text, wake_at bigint",
		`UPDATE refund SET attempts = v.attempts, last_error = v.last_error, wake_at = v.wake_at FROM v WHERE refund.id = v.id AND refund.state = v.was`)
)

func (s campaignStore) RefundsByID(ctx context.Context, ids []string) ([]campaigns.Refund, error) {
	found, err := look[dbgen.Refund](ctx, s.DB, refundsByID, ids)
	return list(found, refund), s.wrap(ctx, err, "%d refunds by id", len(ids))
}

func (s campaignStore) RefundsByRef(ctx context.Context, refs []string) ([]campaigns.Refund, error) {
	found, err := look[dbgen.Refund](ctx, s.DB, refundsByRef, refs)
	return list(found, refund), s.wrap(ctx, err, "%d refunds by their providers' names", len(refs))
}

func (s campaignStore) RefundsOfOrder(ctx context.Context, order string) ([]campaigns.Refund, error) {
	rows, err := s.read.RefundsOfOrder(ctx, order)
	return list(rows, refund), s.wrap(ctx, err, "refunds of order %s", order)
}

func (s campaignStore) RefundsInState(ctx context.Context, state campaigns.RefundState, after string, limit int) ([]campaigns.Refund, error) {
	rows, err := s.read.RefundsInState(ctx, dbgen.RefundsInStateParams{State: string(state), After: after, Most: most(limit)})
	return list(rows, refund), s.wrap(ctx, err, "refunds that are %s", state)
}

func (s campaignStore) DueRefunds(ctx context.Context, at time.Time, limit int) ([]campaigns.DueRefund, error) {
	rows, err := s.read.DueRefunds(ctx, dbgen.DueRefundsParams{At: micros.Of(at), Most: most(limit)})
	return list(rows, func(r dbgen.DueRefundsRow) campaigns.DueRefund {
		return campaigns.DueRefund{Refund: refund(r.Refund), Provider: r.Provider, PaymentRef: r.PaymentRef}
	}), s.wrap(ctx, err, "refunds that are due")
}

func (s campaignStore) PutOffRefunds(ctx context.Context, refunds []campaigns.Refund) error {
	n := len(refunds)
	id, was, fault, attempts, wake := make([]string, n), make([]string, n), make([]string, n), make([]int64, n), make([]int64, n)
	for i, r := range refunds {
		id[i], was[i], fault[i], attempts[i], wake[i] = r.ID, string(r.State), text(r.LastError), int64(r.Attempts), int64(micros.Of(r.WakeAt))
	}
	return s.wrap(ctx, s.writeAll(ctx, putOffRefunds, id, was, attempts, fault, wake), "put off %d refunds", n)
}

func (s campaignStore) BeginRefundRun(ctx context.Context, r campaigns.RefundRun) error {
	err := s.writer.statement(ctx, func(q *dbgen.Queries) error {
		_, err := q.BeginRefundRun(ctx, dbgen.BeginRefundRunParams{Campaign: r.Campaign, Reason: text(r.Reason), StartedAt: micros.Of(r.StartedAt)})
		return err
	})
	return s.wrap(ctx, err, "refund campaign %s", r.Campaign)
}

func (s campaignStore) RefundRun(ctx context.Context, campaign string) (campaigns.RefundRun, error) {
	r, err := s.read.RefundRun(ctx, campaign)
	return campaigns.RefundRun{Campaign: r.Campaign, Reason: r.Reason, StartedAt: r.StartedAt.Time(), QueuedAt: r.QueuedAt.Time()},
		s.wrap(ctx, err, "refund run of campaign %s", campaign)
}

func (s campaignStore) EndRefundRun(ctx context.Context, campaign string, at time.Time) error {
	err := s.writer.statement(ctx, func(q *dbgen.Queries) error {
		return q.EndRefundRun(ctx, dbgen.EndRefundRunParams{Campaign: campaign, At: micros.Of(at)})
	})
	return s.wrap(ctx, err, "every refund of campaign %s is queued", campaign)
}

func (s campaignStore) PaidToCancel(ctx context.Context, campaign string, after campaigns.Order, limit int) ([]campaigns.Order, error) {
	rows, err := s.read.PaidToCancel(ctx, dbgen.PaidToCancelParams{Campaign: campaign, AfterAt: micros.Of(after.PaidAt), After: after.ID, Most: most(limit)})
	return list(rows, func(r dbgen.PaidToCancelRow) campaigns.Order {
		return campaigns.Order{ID: r.ID, Campaign: campaign, PaidAt: r.PaidAt.Time()}
	}), s.wrap(ctx, err, "paid orders of campaign %s", campaign)
}

func (s campaignStore) ReservedToCancel(ctx context.Context, campaign string, limit int) ([]string, error) {
	ids, err := s.read.ReservedToCancel(ctx, dbgen.ReservedToCancelParams{Campaign: campaign, Most: most(limit)})
	return ids, s.wrap(ctx, err, "reserved orders of campaign %s", campaign)
}

func (s campaignStore) RefundSums(ctx context.Context, campaign string) (sums []campaigns.RefundsIn, open campaigns.RefundsIn, err error) {
	rows, err := s.read.SumRefundsOfCampaign(ctx, campaign)
	if err != nil {
		return nil, open, s.wrap(ctx, err, "sums of the refunds of campaign %s", campaign)
	}
	sums = list(rows, func(r dbgen.SumRefundsOfCampaignRow) campaigns.RefundsIn {
		return campaigns.RefundsIn{
			State: campaigns.RefundState(r.State), Count: r.Refunds, Amount: r.Amount, Oldest: micros.Time(r.OldestAt).Time(), Troubled: r.Troubled,
		}
	})
	paid, err := s.read.SumToCancel(ctx, campaign)
	open.Count, open.Amount = paid.Orders, paid.Amount
	return sums, open, s.wrap(ctx, err, "paid orders of campaign %s", campaign)
}
