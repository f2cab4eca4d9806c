package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/notice"
	"github.com/proofmark/proofmark/internal/store/dbgen"
	"github.com/proofmark/proofmark/internal/store/micros"
	"github.com/proofmark/proofmark/registry"
	"github.com/proofmark/proofmark/registry/factory"
)

// Factory is what factories keep.
func (db *DB) Factory() factory.Store { return factoryStore{db} }

type factoryStore struct{ *DB }

func (s factoryStore) change(ctx context.Context, c factory.Change, fn func(q *dbgen.Queries) error) error {
	return s.settle(ctx, []audit.Entry{c.Entry}, []notice.Notice{c.Notice}, nil, fn)
}

func (s factoryStore) Grant(ctx context.Context, g factory.Grant, e audit.Entry) error {
	err := s.settle(ctx, []audit.Entry{e}, nil, nil, func(q *dbgen.Queries) error {
		if err := q.OpenQuota(ctx, g.ProductID); err != nil {
			return err
		}
		if err := still(q.AddGranted(ctx, dbgen.AddGrantedParams{ProductID: g.ProductID, Units: g.Units})); err != nil {
			return fmt.Errorf("fewer than that were granted: %w", err)
		}
		return q.InsertGrant(ctx, dbgen.InsertGrantParams{
			ID: g.ID, ProductID: g.ProductID, Units: g.Units, Reason: text(g.Reason), GrantedBy: g.GrantedBy, CreatedAt: micros.Of(g.CreatedAt),
		})
	})
	return s.wrap(ctx, err, "grant %d units of product %s", g.Units, g.ProductID)
}

func (s factoryStore) Grants(ctx context.Context, product string) ([]factory.Grant, error) {
	rows, err := s.read.Grants(ctx, product)
	return list(rows, func(g dbgen.FactoryGrant) factory.Grant {
		return factory.Grant{ID: g.ID, ProductID: g.ProductID, Units: g.Units, Reason: g.Reason, GrantedBy: g.GrantedBy, CreatedAt: g.CreatedAt.Time()}
	}), s.wrap(ctx, err, "grants of product %s", product)
}

func (s factoryStore) Quota(ctx context.Context, product string) (factory.Quota, error) {
	q, err := s.read.Quota(ctx, product)
	err = s.wrap(ctx, err, "quota of product %s", product)
	if errors.Is(err, registry.ErrNotFound) {
		return factory.Quota{}, nil
	}
	return factory.Quota{Granted: q.Granted, Made: q.Made}, err
}

func (s factoryStore) Make(ctx context.Context, b factory.Batch, units []factory.Unit, sealed []byte, funded int64, c factory.Change) error {
	err := s.change(ctx, c, func(q *dbgen.Queries) error {
		if err := q.OpenQuota(ctx, b.ProductID); err != nil {
			return err
		}
		n, err := q.TakeQuota(ctx, dbgen.TakeQuotaParams{ProductID: b.ProductID, Units: b.Units, Funded: funded})
		if err != nil {
			return err
		}
		if n == 0 {
			left, err := q.Quota(ctx, b.ProductID)
			if err != nil {
				return err
			}
			return fmt.Errorf("%w: %d units asked, %d of %d granted and %d funded are left", registry.ErrFull, b.Units, left.Granted+funded-left.Made, left.Granted, funded)
		}
		return insertBatch(ctx, q, b, units, sealed)
	})
	return s.wrap(ctx, err, "make batch %s of product %s", b.ID, b.ProductID)
}

func (s factoryStore) Import(ctx context.Context, b factory.Batch, units []factory.Unit, c factory.Change) error {
	err := s.change(ctx, c, func(q *dbgen.Queries) error { return insertBatch(ctx, q, b, units, nil) })
	return s.wrap(ctx, err, "import %d devices of product %s", len(units), b.ProductID)
}

func insertBatch(ctx context.Context, q *dbgen.Queries, b factory.Batch, units []factory.Unit, sealed []byte) error {
	err := q.InsertBatch(ctx, dbgen.InsertBatchParams{
		ID: b.ID, ProductID: b.ProductID, Certificate: b.Certificate, Units: b.Units, Recipient: text(b.Recipient), State: string(b.State),
		Sealed: blob(sealed), SHA256: b.SHA256, Reason: text(b.Reason), CreatedBy: b.CreatedBy, CreatedAt: micros.Of(b.CreatedAt),
	})
	if err != nil {
		return err
	}
	for _, u := range units {
		if err := insertDevice(ctx, q, u.Device); err != nil {
			return fmt.Errorf("device %s: %w", u.Device.DID, err)
		}
		if err := insertCredential(ctx, q, u.Key); err != nil {
			return fmt.Errorf("credential of %s: %w", u.Device.DID, err)
		}
		if u.Code != nil {
			if err := putClaimCode(ctx, q, *u.Code); err != nil {
				return fmt.Errorf("claim code of %s: %w", u.Device.DID, err)
			}
		}
		if err := q.InsertUnit(ctx, dbgen.InsertUnitParams{DID: u.Device.DID, Batch: b.ID}); err != nil {
			return fmt.Errorf("unit %s: %w", u.Device.DID, err)
		}
	}
	return nil
}

func (s factoryStore) Batch(ctx context.Context, id string) (factory.Batch, error) {
	b, err := s.read.Batch(ctx, id)
	return factoryBatch(b), s.wrap(ctx, err, "batch %s", id)
}

func (s factoryStore) Batches(ctx context.Context, product string) ([]factory.Batch, error) {
	rows, err := s.read.Batches(ctx, product)
	return list(rows, func(b dbgen.BatchesRow) factory.Batch { return factoryBatch(dbgen.BatchRow(b)) }), s.wrap(ctx, err, "batches of product %s", product)
}

func (s factoryStore) Deliver(ctx context.Context, id string, at time.Time, c factory.Change) (sealed []byte, err error) {
	err = s.change(ctx, c, func(q *dbgen.Queries) error {
		if sealed, err = q.SealedManifest(ctx, id); err != nil {
			if errors.Is(err, sql.ErrNoRows) {
				err = fmt.Errorf("it was delivered or revoked: %w", registry.ErrConflict)
			}
			return err
		}
		return still(q.DeliverBatch(ctx, dbgen.DeliverBatchParams{ID: id, At: micros.Of(at), Nothing: []byte{}}))
	})
	return sealed, s.wrap(ctx, err, "deliver batch %s", id)
}

func (s factoryStore) Refuse(ctx context.Context, c factory.Change) error {
	err := s.change(ctx, c, func(*dbgen.Queries) error { return nil })
	return s.wrap(ctx, err, "record %s of %s", c.Entry.Action, c.Entry.Subject)
}

func (s factoryStore) Revoke(ctx context.Context, id, reason string, at time.Time, c factory.Change) error {
	err := s.change(ctx, c, func(q *dbgen.Queries) error {
		b, err := q.Batch(ctx, id)
		if err != nil {
			return err
		}
		if err := still(q.RevokeBatch(ctx, dbgen.RevokeBatchParams{ID: id, At: micros.Of(at), Reason: text(reason), Nothing: []byte{}})); err != nil {
			return err
		}
		if n, err := q.OwnedInBatch(ctx, id); err != nil {
			return err
		} else if n > 0 {
			return fmt.Errorf("%d of its devices belong to somebody: revoke their credentials one by one: %w", n, registry.ErrInUse)
		}
		dids, err := q.UnitsOfBatch(ctx, id)
		if err != nil {
			return err
		}
		for _, did := range dids {
			if err := changed(q.DeleteDevice(ctx, did)); err != nil {
				return fmt.Errorf("device %s: %w", did, err)
			}
			if err := q.DeleteReports(ctx, did); err != nil {
				return err
			}
			if err := insertCredentialEvent(ctx, q, did, "", at); err != nil {
				return err
			}
		}
		if b.State == string(factory.Imported) {
			return nil
		}
		return still(q.GiveQuotaBack(ctx, dbgen.GiveQuotaBackParams{ProductID: b.ProductID, Units: b.Units}))
	})
	return s.wrap(ctx, err, "revoke batch %s", id)
}

func factoryBatch(b dbgen.BatchRow) factory.Batch {
	return factory.Batch{
		ID: b.ID, ProductID: b.ProductID, Certificate: b.Certificate, Units: b.Units, Recipient: b.Recipient, State: factory.State(b.State),
		SHA256: b.SHA256, Reason: b.Reason, CreatedBy: b.CreatedBy, CreatedAt: b.CreatedAt.Time(),
		DeliveredAt: b.DeliveredAt.Time(), RevokedAt: b.RevokedAt.Time(),
	}
}
