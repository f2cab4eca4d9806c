package store

import (
	"context"
	"fmt"
	"time"

	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/jobs"
	"github.com/proofmark/proofmark/internal/store/dbgen"
	"github.com/proofmark/proofmark/internal/store/micros"
	"github.com/proofmark/proofmark/registry"
	"github.com/proofmark/proofmark/registry/claims"
)

// Claims is what claims keep.
func (db *DB) Claims() claims.Store { return claimStore{db} }

type claimStore struct{ *DB }

func (s claimStore) change(ctx context.Context, c claims.Change, fn func(q *dbgen.Queries) error) error {
	return s.settle(ctx, []audit.Entry{c.Entry}, c.Notices, c.Events, fn)
}

func (s claimStore) Code(ctx context.Context, did string) (claims.Code, error) {
	c, err := s.read.ClaimCode(ctx, did)
	return claims.Code{
		DID: c.DID, Salt: c.Salt, Hash: c.Hash, CreatedAt: c.CreatedAt.Time(), UsedAt: c.UsedAt.Time(), Wrong: c.Wrong, WrongAt: c.WrongAt.Time(),
	}, s.wrap(ctx, err, "claim code of device %s", did)
}

func (s claimStore) PutCode(ctx context.Context, c claims.Code, ch claims.Change) error {
	err := s.change(ctx, ch, func(q *dbgen.Queries) error { return putClaimCode(ctx, q, c) })
	return s.wrap(ctx, err, "claim code of device %s", c.DID)
}

func putClaimCode(ctx context.Context, q *dbgen.Queries, c claims.Code) error {
	return q.PutClaimCode(ctx, dbgen.PutClaimCodeParams{DID: c.DID, Salt: blob(c.Salt), Hash: blob(c.Hash), CreatedAt: micros.Of(c.CreatedAt)})
}

func (s claimStore) WrongCode(ctx context.Context, did string, at, since time.Time) error {
	err := s.writer.statement(ctx, func(q *dbgen.Queries) error {
		return q.WrongClaimCode(ctx, dbgen.WrongClaimCodeParams{DID: did, At: micros.Of(at), SinceAt: micros.Of(since)})
	})
	return s.wrap(ctx, err, "wrong claim code for device %s", did)
}

func (s claimStore) Made(ctx context.Context, did string) (batch string, imported bool, err error) {
	m, err := s.read.MadeIn(ctx, did)
	return m.Batch, m.State == "imported", s.wrap(ctx, err, "batch of device %s", did)
}

func (s claimStore) Claim(ctx context.Context, c claims.Claim, p claims.Placing, ch claims.Change) error {
	err := s.change(ctx, ch, func(q *dbgen.Queries) error {
		if err := still(q.OwnDevice(ctx, dbgen.OwnDeviceParams{DID: c.DID, Account: c.Account})); err != nil {
			return err
		}
		if err := still(q.UseClaimCode(ctx, dbgen.UseClaimCodeParams{DID: c.DID, At: micros.Of(c.CreatedAt)})); err != nil {
			return err
		}
		if err := place(ctx, q, p); err != nil {
			return err
		}
		if err := insertClaim(ctx, q, c); err != nil || !c.Arrived() {
			return err
		}
		_, err := enqueue(ctx, q, jobs.Job{Kind: claims.ArrivedJob, Key: c.ID, Payload: []byte(c.DID), DueAt: c.CreatedAt, CreatedAt: c.CreatedAt})
		return err
	})
	return s.wrap(ctx, err, "claim device %s for %s", c.DID, c.Account)
}

func insertClaim(ctx context.Context, q *dbgen.Queries, c claims.Claim) error {
	return q.InsertClaim(ctx, dbgen.InsertClaimParams{
		ID: c.ID, DID: c.DID, Account: c.Account, Home: c.Home, Basis: string(c.Basis), Reason: text(c.Reason), OrderID: c.Order,
		CreatedAt: micros.Of(c.CreatedAt),
	})
}

func (s claimStore) Live(ctx context.Context, did string) (claims.Claim, error) {
	c, err := s.read.LiveClaim(ctx, did)
	return claim(c), s.wrap(ctx, err, "claim of device %s", did)
}

func (s claimStore) Claims(ctx context.Context, did string) ([]claims.Claim, error) {
	rows, err := s.read.DeviceClaims(ctx, did)
	return list(rows, claim), s.wrap(ctx, err, "claims of device %s", did)
}

func (s claimStore) Grey(ctx context.Context, after string, limit int) ([]claims.Claim, error) {
	rows, err := s.read.GreyClaims(ctx, dbgen.GreyClaimsParams{After: after, Most: most(limit)})
	return list(rows, claim), s.wrap(ctx, err, "grey claims after %q", after)
}

// Release leaves the violations: they are the model's, and name nobody.
func (s claimStore) Release(ctx context.Context, d registry.Device, ended string, ch claims.Change) error {
	at := micros.Of(ch.Entry.At)
	err := s.change(ctx, ch, func(q *dbgen.Queries) error {
		if err := still(q.DisownDevice(ctx, dbgen.DisownDeviceParams{DID: d.DID, Was: d.Account})); err != nil {
			return err
		}
		if err := q.PlaceChildren(ctx, dbgen.PlaceChildrenParams{DID: optional(d.DID)}); err != nil {
			return err
		}
		if _, err := q.EndClaim(ctx, dbgen.EndClaimParams{DID: d.DID, At: at, Ended: text(ended)}); err != nil {
			return err
		}
		if err := q.ReviveClaimCode(ctx, d.DID); err != nil {
			return err
		}
		if err := forgetLife(ctx, q, d.DID); err != nil {
			return err
		}
		if err := q.RevokeAllCredentials(ctx, dbgen.RevokeAllCredentialsParams{DID: d.DID, At: at}); err != nil {
			return err
		}
		if err := q.ReviveFactoryCredential(ctx, d.DID); err != nil {
			return err
		}
		return insertCredentialEvent(ctx, q, d.DID, "", ch.Entry.At)
	})
	return s.wrap(ctx, err, "release device %s", d.DID)
}

// forgetLife forgets what a device tells of those who lived with it.
func forgetLife(ctx context.Context, q *dbgen.Queries, did string) error {
	for _, forget := range []func(context.Context, string) error{q.DeleteReports, q.ForgetTwin, q.ForgetAllBuckets, q.ForgetDesired, q.ForgetCommands} {
		if err := forget(ctx, did); err != nil {
			return err
		}
	}
	return nil
}

func (s claimStore) Place(ctx context.Context, p claims.Placing, ch claims.Change) error {
	err := s.change(ctx, ch, func(q *dbgen.Queries) error { return place(ctx, q, p) })
	return s.wrap(ctx, err, "place device %s in home %q, room %q", p.DID, p.Home, p.Room)
}

// place moves a device, and what stands behind it, within its home or to another.
func place(ctx context.Context, q *dbgen.Queries, p claims.Placing) error {
	if p.Room != "" {
		if _, err := q.RoomOfHome(ctx, dbgen.RoomOfHomeParams{ID: p.Room, Home: p.Home}); err != nil {
			return fmt.Errorf("room %s: %w", p.Room, err)
		}
	}
	if p.Home == p.Was && p.Home != "" {
		return still(q.ArrangeDevice(ctx, dbgen.ArrangeDeviceParams{DID: p.DID, Home: optional(p.Home), Room: optional(p.Room), Name: text(p.Name)}))
	}
	if p.Home != "" {
		if err := changed(q.LockHome(ctx, p.Home)); err != nil {
			return err
		}
		n, err := q.CountDevicesOfHome(ctx, optional(p.Home))
		if err := roomFor(n, err, "devices in the home", p.Most); err != nil {
			return err
		}
	}
	err := still(q.PlaceDevice(ctx, dbgen.PlaceDeviceParams{DID: p.DID, Was: optional(p.Was), Home: optional(p.Home), Room: optional(p.Room), Name: text(p.Name)}))
	if err != nil {
		return err
	}
	return q.PlaceChildren(ctx, dbgen.PlaceChildrenParams{DID: optional(p.DID), Home: optional(p.Home)})
}

func claim(c dbgen.Claim) claims.Claim {
	return claims.Claim{
		ID: c.ID, DID: c.DID, Account: c.Account, Home: c.Home, Basis: claims.Basis(c.Basis), Reason: c.Reason, Order: c.OrderID,
		CreatedAt: c.CreatedAt.Time(), EndedAt: c.EndedAt.Time(), Ended: c.Ended,
	}
}

func (s claimStore) Note(ctx context.Context, ch claims.Change) error {
	err := s.change(ctx, ch, func(*dbgen.Queries) error { return nil })
	return s.wrap(ctx, err, "record %s of device %s", ch.Entry.Action, ch.Entry.Subject)
}
