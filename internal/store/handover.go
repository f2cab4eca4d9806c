package store

import (
	"context"
	"fmt"
	"time"

	"github.com/proofmark/proofmark/internal/store/dbgen"
	"github.com/proofmark/proofmark/internal/store/micros"
	"github.com/proofmark/proofmark/registry"
	"github.com/proofmark/proofmark/registry/claims"
)

func (s claimStore) AddHandover(ctx context.Context, h claims.Handover, ch claims.Change) error {
	err := s.change(ctx, ch, func(q *dbgen.Queries) error {
		if _, err := q.RevokeHandovers(ctx, dbgen.RevokeHandoversParams{DID: h.DID, Giver: h.Giver, At: micros.Of(h.CreatedAt)}); err != nil {
			return err
		}
		return q.InsertHandover(ctx, dbgen.InsertHandoverParams{
			ID: h.ID, DID: h.DID, Giver: h.Giver, Hash: blob(h.Hash), CreatedAt: micros.Of(h.CreatedAt), ExpiresAt: micros.Of(h.ExpiresAt),
		})
	})
	return s.wrap(ctx, err, "hand over device %s", h.DID)
}

func (s claimStore) Handover(ctx context.Context, id string) (claims.Handover, error) {
	h, err := s.read.Handover(ctx, id)
	return claims.Handover{
		ID: h.ID, DID: h.DID, Giver: h.Giver, Hash: h.Hash, CreatedAt: h.CreatedAt.Time(), ExpiresAt: h.ExpiresAt.Time(),
		UsedAt: h.UsedAt.Time(), UsedBy: h.UsedBy, RevokedAt: h.RevokedAt.Time(),
	}, s.wrap(ctx, err, "handover %s", id)
}

func (s claimStore) RevokeHandovers(ctx context.Context, did, giver string, at time.Time, ch claims.Change) error {
	err := s.change(ctx, ch, func(q *dbgen.Queries) error {
		return still(q.RevokeHandovers(ctx, dbgen.RevokeHandoversParams{DID: did, Giver: giver, At: micros.Of(at)}))
	})
	return s.wrap(ctx, err, "take back the handover of device %s", did)
}

func (s claimStore) Given(ctx context.Context, did, giver, account string) (bool, error) {
	n, err := s.read.Given(ctx, dbgen.GivenParams{DID: did, Giver: giver, Account: account})
	return n > 0, s.wrap(ctx, err, "handovers of device %s", did)
}

func useHandover(ctx context.Context, q *dbgen.Queries, h claims.Handover, account string, at time.Time) error {
	n, err := q.UseHandover(ctx, dbgen.UseHandoverParams{ID: h.ID, Account: account, At: micros.Of(at)})
	if err == nil && n == 0 {
		return fmt.Errorf("handover %s: it was used, taken back, or is over: %w", h.ID, registry.ErrConflict)
	}
	return err
}

func (s claimStore) Accept(ctx context.Context, h claims.Handover, account string, at time.Time, ch claims.Change) error {
	err := s.change(ctx, ch, func(q *dbgen.Queries) error { return useHandover(ctx, q, h, account, at) })
	return s.wrap(ctx, err, "accept device %s", h.DID)
}

func (s claimStore) Take(ctx context.Context, h claims.Handover, c claims.Claim, p claims.Placing, ch claims.Change) error {
	err := s.change(ctx, ch, func(q *dbgen.Queries) error {
		if err := useHandover(ctx, q, h, c.Account, c.CreatedAt); err != nil {
			return err
		}
		if err := still(q.OwnDevice(ctx, dbgen.OwnDeviceParams{DID: c.DID, Was: h.Giver, Account: c.Account})); err != nil {
			return err
		}
		if _, err := q.EndClaim(ctx, dbgen.EndClaimParams{DID: c.DID, At: micros.Of(c.CreatedAt), Ended: "handed over"}); err != nil {
			return err
		}
		if err := forgetLife(ctx, q, c.DID); err != nil {
			return err
		}
		if err := place(ctx, q, p); err != nil {
			return err
		}
		return insertClaim(ctx, q, c)
	})
	return s.wrap(ctx, err, "take device %s", c.DID)
}
