package store

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/health"
	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/internal/store/dbgen"
	"github.com/proofmark/proofmark/internal/store/micros"
	"github.com/proofmark/proofmark/registry"
)

// CountField implements registry.FieldStore. The marks are written in the order of
// their devices, then their cells in theirs, so that nodes do not wait for each
// other in a circle.
func (s registryStore) CountField(ctx context.Context, marks []registry.FieldMark) error {
	marks = slices.Clone(marks)
	slices.SortStableFunc(marks, func(a, b registry.FieldMark) int {
		return cmp.Or(cmp.Compare(a.DID, b.DID), cmp.Compare(a.Rule, b.Rule), a.LastAt.Compare(b.LastAt))
	})
	err := s.transact(ctx, func(q *dbgen.Queries) error {
		cells := map[health.Cell]*dbgen.CountFieldParams{}
		for i := range marks {
			if err := markField(ctx, q, &marks[i], cells); err != nil {
				return fmt.Errorf("device %s: %w", marks[i].DID, err)
			}
		}
		sorted := make([]*dbgen.CountFieldParams, 0, len(cells))
		for _, c := range cells {
			sorted = append(sorted, c)
		}
		slices.SortFunc(sorted, func(a, b *dbgen.CountFieldParams) int {
			return cmp.Or(cmp.Compare(a.Product, b.Product), cmp.Compare(a.Day, b.Day), cmp.Compare(a.Firmware, b.Firmware), cmp.Compare(a.Rule, b.Rule))
		})
		for _, c := range sorted {
			if err := q.CountField(ctx, *c); err != nil {
				return err
			}
		}
		return nil
	})
	return s.wrap(ctx, err, "count %d marks of field health", len(marks))
}

// markField writes one mark and adds it to its cell.
func markField(ctx context.Context, q *dbgen.Queries, m *registry.FieldMark, cells map[health.Cell]*dbgen.CountFieldParams) error {
	firmware, rule, last := text(m.Firmware), text(m.Rule), blob([]byte(m.Last))
	first, err := q.MarkField(ctx, dbgen.MarkFieldParams{
		DID: m.DID, Rule: rule, Product: m.ProductID, Firmware: firmware, Day: micros.Of(m.Day),
		SIID: m.SIID, IID: m.IID, Count: m.Count, LastAt: micros.Of(m.LastAt), Last: last,
	})
	if err != nil {
		return err
	}
	if first == 0 { // counted today already, or gone
		n, err := q.MarkFieldAgain(ctx, dbgen.MarkFieldAgainParams{
			DID: m.DID, Rule: rule, Day: micros.Of(m.Day), SIID: m.SIID, IID: m.IID, Count: m.Count, LastAt: micros.Of(m.LastAt), Last: last,
		})
		if err != nil || n == 0 {
			return err
		}
	}
	key := health.Cell{Product: m.ProductID, Firmware: firmware, Rule: rule, Day: m.Day.UTC()}
	c := cells[key]
	if c == nil {
		c = &dbgen.CountFieldParams{Product: m.ProductID, Firmware: firmware, Rule: rule, Day: micros.Of(m.Day)}
		cells[key] = c
	}
	c.Devices += first
	c.Events += m.Count
	return nil
}

// Health is what field health keeps.
func (db *DB) Health() health.Store { return healthStore{db.Programme(), registryStore{db}} }

type healthStore struct {
	Programme
	products registryStore
}

var _ health.Store = healthStore{}

func (s healthStore) Product(ctx context.Context, id string) (registry.Product, error) {
	return s.products.Product(ctx, id)
}

func (s healthStore) FieldProducts(ctx context.Context, since time.Time) ([]string, error) {
	found, err := s.read.FieldProducts(ctx, micros.Of(since))
	return found, s.wrap(ctx, err, "products with devices in the field since %s", since.Format(time.DateOnly))
}

func (s healthStore) FieldCells(ctx context.Context, product string, since time.Time) ([]health.Cell, error) {
	rows, err := s.read.FieldCells(ctx, dbgen.FieldCellsParams{Product: product, Since: micros.Of(since)})
	return list(rows, func(c dbgen.FieldCount) health.Cell {
		return health.Cell{Product: c.Product, Firmware: c.Firmware, Rule: c.Rule, Day: c.Day.Time(), Devices: c.Devices, Events: c.Events}
	}), s.wrap(ctx, err, "field health of product %s", product)
}

func (s healthStore) Offenders(ctx context.Context, c health.Cell, limit int) ([]health.Evidence, error) {
	rows, err := s.read.FieldOffenders(ctx, dbgen.FieldOffendersParams{
		Product: c.Product, Firmware: c.Firmware, Rule: c.Rule, Since: micros.Of(c.Day), Most: most(limit),
	})
	return list(rows, func(d dbgen.FieldDevice) health.Evidence {
		return health.Evidence{Device: d.DID, SIID: d.SIID, IID: d.IID, Count: d.Count, At: d.LastAt.Time(), Last: string(d.Last)}
	}), s.wrap(ctx, err, "devices of product %s that broke %q", c.Product, c.Rule)
}

func (s healthStore) CountOffenders(ctx context.Context, c health.Cell) (int64, error) {
	n, err := s.read.CountOffenders(ctx, dbgen.CountOffendersParams{Product: c.Product, Firmware: c.Firmware, Rule: c.Rule, Since: micros.Of(c.Day)})
	return n, s.wrap(ctx, err, "number of devices of product %s that broke %q", c.Product, c.Rule)
}

func (s healthStore) Alias(ctx context.Context, did string) (string, error) {
	err := s.writer.statement(ctx, func(q *dbgen.Queries) error {
		return q.KeepFieldAlias(ctx, dbgen.KeepFieldAliasParams{DID: did, Alias: id.New("fld")})
	})
	var alias string
	if err == nil {
		alias, err = s.read.FieldAlias(ctx, did)
	}
	return alias, s.wrap(ctx, err, "alias of device %s", did)
}

func (s healthStore) Consent(ctx context.Context, did string) (time.Time, error) {
	at, err := s.read.FieldConsent(ctx, did)
	return at.Time(), s.wrap(ctx, err, "consent of the owner of device %s", did)
}

func (s healthStore) GiveConsent(ctx context.Context, did, account string, at time.Time) error {
	err := s.exec(ctx, func(q *dbgen.Queries) (int64, error) {
		return q.GiveFieldConsent(ctx, dbgen.GiveFieldConsentParams{DID: did, Account: account, At: micros.Of(at)})
	})
	return s.wrap(ctx, err, "device %s of account %s", did, account)
}

func (s healthStore) TakeConsent(ctx context.Context, did string) error {
	err := s.writer.statement(ctx, func(q *dbgen.Queries) error { return q.TakeFieldConsent(ctx, did) })
	return s.wrap(ctx, err, "take the consent for device %s back", did)
}

func (s healthStore) ForgetField(ctx context.Context, before time.Time) error {
	err := s.transact(ctx, func(q *dbgen.Queries) error {
		if err := q.ForgetFieldCounts(ctx, micros.Of(before)); err != nil {
			return err
		}
		return q.ForgetFieldDevices(ctx, micros.Of(before))
	})
	return s.wrap(ctx, err, "forget field health before %s", before.Format(time.DateOnly))
}

func (s healthStore) RaiseFlag(ctx context.Context, f health.Flag, rec certification.Record) error {
	body, err := json.Marshal(f)
	if err != nil {
		return fmt.Errorf("flag %s: %w", f.ID, err)
	}
	return s.recorded(ctx, rec.Entries, rec.Notices, func(q *dbgen.Queries) error {
		return q.InsertFlag(ctx, dbgen.InsertFlagParams{
			ID: f.ID, Product: f.Product, Model: f.Model, Firmware: f.Firmware, Rule: f.Rule, Org: f.Org,
			State: string(f.State), Rev: f.Rev, Body: text(string(body)),
		})
	}, "flag %s on firmware %s of %s", f.Rule, f.Firmware, f.Product)
}

func (s healthStore) SaveFlag(ctx context.Context, was health.State, f health.Flag, rec certification.Record) error {
	saw := f.Rev
	f.Rev++
	body, err := json.Marshal(f)
	if err != nil {
		return fmt.Errorf("flag %s: %w", f.ID, err)
	}
	return s.recorded(ctx, rec.Entries, rec.Notices, func(q *dbgen.Queries) error {
		return still(q.UpdateFlag(ctx, dbgen.UpdateFlagParams{ID: f.ID, Was: string(was), Saw: saw, State: string(f.State), Body: text(string(body))}))
	}, "flag %s", f.ID)
}

func (s healthStore) Flag(ctx context.Context, id string) (health.Flag, error) {
	body, err := s.read.Flag(ctx, text(id))
	var f health.Flag
	if err == nil {
		err = json.Unmarshal([]byte(body), &f)
	}
	return f, s.wrap(ctx, err, "flag %s", id)
}

func (s healthStore) FlagsOf(ctx context.Context, product string, limit int) ([]health.Flag, error) {
	found, err := unmarshalled[health.Flag](s.read.FlagsOfProduct(ctx, dbgen.FlagsOfProductParams{Product: product, Most: most(limit)}))
	return found, s.wrap(ctx, err, "flags of product %s", product)
}

func (s healthStore) Flags(ctx context.Context, state health.State, after string, limit int) ([]health.Flag, error) {
	found, err := unmarshalled[health.Flag](s.read.FlagsIn(ctx, dbgen.FlagsInParams{State: string(state), After: after, Most: most(limit)}))
	return found, s.wrap(ctx, err, "%s flags after %q", state, after)
}
