package store

import (
	"context"
	"fmt"
	"time"

	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/store/dbgen"
	"github.com/proofmark/proofmark/internal/store/micros"
)

func insertMember(ctx context.Context, q *dbgen.Queries, org, account string, r auth.OrgRole, since time.Time) error {
	return q.InsertMember(ctx, dbgen.InsertMemberParams{Org: org, Account: account, Role: string(r), Since: micros.Of(since)})
}

func (s authStore) Members(ctx context.Context, org string) ([]auth.Member, error) {
	rows, err := s.read.Members(ctx, org)
	return list(rows, func(r dbgen.MembersRow) auth.Member {
		return auth.Member{
			Org: r.Member.Org, Account: r.Member.Account, Name: r.Name, Email: r.Email,
			Role: auth.OrgRole(r.Member.Role), Since: r.Member.Since.Time(),
		}
	}), s.wrap(ctx, err, "members of organisation %s", org)
}

func (s authStore) RemoveMember(ctx context.Context, org, account string, e audit.Entry) error {
	err := s.changeMember(ctx, org, e, func(q *dbgen.Queries) error {
		return changed(q.DeleteMember(ctx, dbgen.DeleteMemberParams{Org: org, Account: account}))
	})
	return s.wrap(ctx, err, "take account %s out of organisation %s", account, org)
}

func (s authStore) SetMemberRole(ctx context.Context, org, account string, r auth.OrgRole, e audit.Entry) error {
	err := s.changeMember(ctx, org, e, func(q *dbgen.Queries) error {
		if _, err := q.Member(ctx, dbgen.MemberParams{Org: org, Account: account}); err != nil {
			return err
		}
		return won(q.SetMemberRole(ctx, dbgen.SetMemberRoleParams{Org: org, Account: account, Role: string(r)}))
	})
	return s.wrap(ctx, err, "make account %s %s of organisation %s", account, r, org)
}

// changeMember changes the members of an organisation, one transaction after the
// other, and takes the change back if no owner is left.
func (s authStore) changeMember(ctx context.Context, org string, e audit.Entry, fn func(q *dbgen.Queries) error) error {
	return s.decide(ctx, e, func(q *dbgen.Queries) error {
		if err := changed(q.LockOrg(ctx, org)); err != nil {
			return err
		}
		if err := fn(q); err != nil {
			return err
		}
		owners, err := q.Owners(ctx, org)
		if err == nil && owners == 0 {
			err = fmt.Errorf("%w: organisation %s would have none", auth.ErrLastOwner, org)
		}
		return err
	})
}
