package store

import (
	"context"
	"time"

	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/store/dbgen"
	"github.com/proofmark/proofmark/internal/store/micros"
)

func (s authStore) Standing(ctx context.Context, id string) (auth.Standing, error) {
	a, err := s.read.Account(ctx, id)
	var roles []string
	if err == nil {
		roles, err = s.read.RolesOf(ctx, id)
	}
	var orgs []dbgen.MembershipsOfRow
	if err == nil {
		orgs, err = s.read.MembershipsOf(ctx, id)
	}
	return auth.Standing{
		Account: account(a),
		Roles:   list(roles, func(r string) auth.Role { return auth.Role(r) }),
		Orgs: list(orgs, func(m dbgen.MembershipsOfRow) auth.Membership {
			return auth.Membership{Org: m.Org, Role: auth.OrgRole(m.Role)}
		}),
	}, s.wrap(ctx, err, "standing of account %s", id)
}

func (s authStore) GrantRole(ctx context.Context, account string, r auth.Role, at time.Time, e audit.Entry) error {
	err := s.decide(ctx, e, func(q *dbgen.Queries) error {
		return won(q.GrantRole(ctx, dbgen.GrantRoleParams{Account: account, Role: string(r), GrantedAt: micros.Of(at)}))
	})
	return s.wrap(ctx, err, "grant %s to account %s", r, account)
}

func (s authStore) RevokeRole(ctx context.Context, account string, r auth.Role, e audit.Entry) error {
	err := s.ending(ctx, e, func(q *dbgen.Queries) (string, error) {
		if _, err := q.Account(ctx, account); err != nil {
			return "", err
		}
		return account, won(q.RevokeRole(ctx, dbgen.RevokeRoleParams{Account: account, Role: string(r)}))
	})
	return s.wrap(ctx, err, "revoke %s of account %s", r, account)
}

func (s authStore) BlockAccount(ctx context.Context, id string, at time.Time, e audit.Entry) error {
	err := s.ending(ctx, e, func(q *dbgen.Queries) (string, error) {
		if _, err := q.Account(ctx, id); err != nil {
			return "", err
		}
		if at.IsZero() {
			return id, won(q.UnblockAccount(ctx, id)) // nothing ends, but what is remembered is old
		}
		if err := won(q.BlockAccount(ctx, dbgen.BlockAccountParams{ID: id, At: micros.Of(at)})); err != nil {
			return "", err
		}
		_, err := endSessions(ctx, q, id, "")
		return id, err
	})
	return s.wrap(ctx, err, "block or unblock account %s", id)
}
