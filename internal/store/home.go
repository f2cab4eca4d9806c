package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/notice"
	"github.com/proofmark/proofmark/internal/store/dbgen"
	"github.com/proofmark/proofmark/internal/store/micros"
	"github.com/proofmark/proofmark/registry"
	"github.com/proofmark/proofmark/registry/homes"
)

// Homes is what homes keep.
func (db *DB) Homes() homes.Store { return homeStore{db} }

type homeStore struct{ *DB }

// settle runs fn and stores what it decided and tells, in one transaction.
func (db *DB) settle(ctx context.Context, entries []audit.Entry, notices []notice.Notice, events []registry.HomeEvent, fn func(q *dbgen.Queries) error) error {
	err := db.transact(ctx, func(q *dbgen.Queries) error {
		if err := fn(q); err != nil {
			return err
		}
		if err := record(ctx, q, entries, notices); err != nil {
			return err
		}
		return tellHomes(ctx, q, entries[0].At, events)
	})
	if err == nil {
		db.told()
	}
	return err
}

// tellHomes puts the events into the outbox.
func tellHomes(ctx context.Context, q *dbgen.Queries, at time.Time, events []registry.HomeEvent) error {
	for _, e := range events {
		data, err := json.Marshal(e)
		if err != nil {
			return err
		}
		err = q.InsertEvent(ctx, dbgen.InsertEventParams{Subject: registry.HomeSubject(e.Home), Data: data, CreatedAt: micros.Of(at)})
		if err != nil {
			return fmt.Errorf("tell of home %s: %w", e.Home, err)
		}
	}
	return nil
}

func (s homeStore) change(ctx context.Context, c homes.Change, fn func(q *dbgen.Queries) error) error {
	return s.settle(ctx, []audit.Entry{c.Entry}, c.Notices, c.Events, fn)
}

// roomFor says whether there is place for one more.
func roomFor(n int64, err error, what string, most int) error {
	if err == nil && n >= int64(most) {
		return fmt.Errorf("%w: %d %s, at most %d", registry.ErrFull, n, what, most)
	}
	return err
}

func (s homeStore) CreateHome(ctx context.Context, h homes.Home, owner homes.Membership, most int, c homes.Change) error {
	err := s.change(ctx, c, func(q *dbgen.Queries) error {
		n, err := q.CountHomesOf(ctx, owner.Account)
		if err := roomFor(n, err, "homes of the account", most); err != nil {
			return err
		}
		err = q.InsertHome(ctx, dbgen.InsertHomeParams{ID: h.ID, Name: text(h.Name), Discovery: h.Discovery, CreatedAt: micros.Of(h.CreatedAt)})
		if err != nil {
			return err
		}
		return insertHomeMember(ctx, q, owner)
	})
	return s.wrap(ctx, err, "create home %s", h.ID)
}

func (s homeStore) Home(ctx context.Context, id string) (homes.Home, error) {
	h, err := s.read.Home(ctx, id)
	return home(h), s.wrap(ctx, err, "home %s", id)
}

func (s homeStore) HomesOf(ctx context.Context, account string, at time.Time) ([]homes.Place, error) {
	rows, err := s.read.HomesOf(ctx, dbgen.HomesOfParams{Account: account, At: micros.Of(at)})
	return list(rows, func(r dbgen.HomesOfRow) homes.Place {
			return homes.Place{Home: home(r.Home), Me: homeMember(r.HomeMember)}
		}),
		s.wrap(ctx, err, "homes of account %s", account)
}

func (s homeStore) ChangeHome(ctx context.Context, h homes.Home, c homes.Change) error {
	err := s.change(ctx, c, func(q *dbgen.Queries) error {
		return changed(q.ChangeHome(ctx, dbgen.ChangeHomeParams{ID: h.ID, Name: text(h.Name), Discovery: h.Discovery}))
	})
	return s.wrap(ctx, err, "change home %s", h.ID)
}

func (s homeStore) RemoveHome(ctx context.Context, id string, c homes.Change) error {
	err := s.change(ctx, c, func(q *dbgen.Queries) error {
		err := changed(q.DeleteHome(ctx, id))
		if err != nil && !errors.Is(err, sql.ErrNoRows) && kindOf(err) == registry.ErrNotFound { //nolint:errorlint // a foreign key: a device stands in it
			return fmt.Errorf("devices stand in it: %w (%w)", registry.ErrInUse, err)
		}
		return err
	})
	return s.wrap(ctx, err, "remove home %s", id)
}

func home(h dbgen.Home) homes.Home {
	return homes.Home{ID: h.ID, Name: h.Name, Discovery: h.Discovery, CreatedAt: h.CreatedAt.Time()}
}
