package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/jobs"
	"github.com/proofmark/proofmark/internal/store/dbgen"
	"github.com/proofmark/proofmark/internal/store/micros"
	"github.com/proofmark/proofmark/registry/homes"
)

func (s homeStore) Members(ctx context.Context, home string) ([]homes.Membership, error) {
	rows, err := s.read.HomeMembers(ctx, home)
	return list(rows, homeMember), s.wrap(ctx, err, "members of home %s", home)
}

// insertHomeMember also brings the job that ends a guest's stay.
func insertHomeMember(ctx context.Context, q *dbgen.Queries, m homes.Membership) error {
	err := q.InsertHomeMember(ctx, dbgen.InsertHomeMemberParams{
		Home: m.Home, Account: m.Account, Role: string(m.Role), EndsAt: micros.Of(m.EndsAt), CreatedAt: micros.Of(m.CreatedAt),
	})
	if err != nil {
		return err
	}
	return endLater(ctx, q, m, m.CreatedAt)
}

// endLater enqueues the end of a guest's stay, one job for each end date.
func endLater(ctx context.Context, q *dbgen.Queries, m homes.Membership, at time.Time) error {
	if m.EndsAt.IsZero() {
		return nil
	}
	payload, err := json.Marshal(homes.Stay{Home: m.Home, Account: m.Account})
	if err != nil {
		return err
	}
	_, err = enqueue(ctx, q, jobs.Job{
		Kind: homes.GuestEndJob, Key: fmt.Sprintf("%s %s %d", m.Home, m.Account, m.EndsAt.UnixMicro()), Payload: payload, DueAt: m.EndsAt, CreatedAt: at,
	})
	return err
}

func (s homeStore) ChangeMember(ctx context.Context, was homes.Role, m homes.Membership, c homes.Change) error {
	err := s.change(ctx, c, func(q *dbgen.Queries) error {
		if err := changeMember(ctx, q, was, m); err != nil {
			return err
		}
		return endLater(ctx, q, m, c.Entry.At)
	})
	return s.wrap(ctx, err, "make %s a %s of home %s", m.Account, m.Role, m.Home)
}

func changeMember(ctx context.Context, q *dbgen.Queries, was homes.Role, m homes.Membership) error {
	return still(q.ChangeHomeMember(ctx, dbgen.ChangeHomeMemberParams{
		Home: m.Home, Account: m.Account, Was: string(was), Role: string(m.Role), EndsAt: micros.Of(m.EndsAt),
	}))
}

func (s homeStore) GiveHome(ctx context.Context, home, from, to string, was homes.Role, c homes.Change) error {
	err := s.change(ctx, c, func(q *dbgen.Queries) error {
		// In this order: there is never more than one owner.
		if err := changeMember(ctx, q, homes.Owner, homes.Membership{Home: home, Account: from, Role: homes.Member}); err != nil {
			return err
		}
		return changeMember(ctx, q, was, homes.Membership{Home: home, Account: to, Role: homes.Owner})
	})
	return s.wrap(ctx, err, "give home %s to %s", home, to)
}

func (s homeStore) RemoveMember(ctx context.Context, m homes.Membership, c homes.Change) error {
	err := s.change(ctx, c, func(q *dbgen.Queries) error {
		err := q.TakeDevicesOut(ctx, dbgen.TakeDevicesOutParams{Home: optional(m.Home), Account: m.Account})
		if err != nil {
			return err
		}
		return still(q.DeleteHomeMember(ctx, dbgen.DeleteHomeMemberParams{Home: m.Home, Account: m.Account, Was: string(m.Role)}))
	})
	return s.wrap(ctx, err, "remove %s from home %s", m.Account, m.Home)
}

// EndGuest tells nobody of a stay that goes on or is over already.
func (s homeStore) EndGuest(ctx context.Context, home, account string, at time.Time, c homes.Change) error {
	ended := false
	err := s.transact(ctx, func(q *dbgen.Queries) error {
		n, err := q.EndGuest(ctx, dbgen.EndGuestParams{Home: home, Account: account, At: micros.Of(at)})
		if ended = n > 0; err != nil || !ended {
			return err
		}
		if err := q.TakeDevicesOut(ctx, dbgen.TakeDevicesOutParams{Home: optional(home), Account: account}); err != nil {
			return err
		}
		if err := record(ctx, q, []audit.Entry{c.Entry}, c.Notices); err != nil {
			return err
		}
		return tellHomes(ctx, q, c.Entry.At, c.Events)
	})
	if err == nil && ended {
		s.told()
	}
	return s.wrap(ctx, err, "end the stay of %s in home %s", account, home)
}

func homeMember(m dbgen.HomeMember) homes.Membership {
	return homes.Membership{
		Home: m.Home, Account: m.Account, Role: homes.Role(m.Role), EndsAt: m.EndsAt.Time(), CreatedAt: m.CreatedAt.Time(),
	}
}
