package store

import (
	"context"
	"time"

	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/store/dbgen"
	"github.com/proofmark/proofmark/internal/store/micros"
)

func (s authStore) Standing(ctx context.Context, id string) (auth.Standing, error) {
	var st auth.Standing
	a, err := s.read.Account(ctx, id)
	if err == nil {
		st.Account = account(a)
		st.Roles, err = rolesOf(ctx, s.read, id)
	}
	var orgs []dbgen.MembershipsOfRow
	if err == nil {
		orgs, err = s.read.MembershipsOf(ctx, id)
	}
	st.Orgs = list(orgs, func(m dbgen.MembershipsOfRow) auth.Membership {
		return auth.Membership{Org: m.Org, Role: auth.OrgRole(m.Role)}
	})
	return st, s.wrap(ctx, err, "standing of account %s", id)
}

func rolesOf(ctx context.Context, q *dbgen.Queries, account string) ([]auth.Role, error) {
	found, err := q.RolesOf(ctx, account)
	return list(found, func(r string) auth.Role { return auth.Role(r) }), err
}

func (s authStore) GrantRole(ctx context.Context, account string, r auth.Role, at time.Time) error {
	err := s.writer.statement(ctx, func(q *dbgen.Queries) error {
		_, err := q.GrantRole(ctx, dbgen.GrantRoleParams{Account: account, Role: string(r), GrantedAt: micros.Of(at)})
		return err
	})
	return s.wrap(ctx, err, "grant %s to account %s", r, account)
}
