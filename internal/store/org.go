package store

import (
	"context"
	"time"

	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/store/dbgen"
	"github.com/proofmark/proofmark/internal/store/micros"
)

func (s authStore) CreateOrg(ctx context.Context, o auth.Org, owner string, e audit.Entry) error {
	err := s.decide(ctx, e, func(q *dbgen.Queries) error {
		err := q.InsertOrg(ctx, dbgen.InsertOrgParams{
			ID: o.ID, Name: text(o.Name), LegalName: text(o.LegalName), Country: o.Country, CreatedAt: micros.Of(o.CreatedAt),
		})
		if err != nil {
			return err
		}
		return insertMember(ctx, q, o.ID, owner, auth.OrgOwner, o.CreatedAt)
	})
	return s.wrap(ctx, err, "create organisation %s of account %s", o.ID, owner)
}

func (s authStore) Org(ctx context.Context, id string) (auth.Org, error) {
	o, err := s.read.Org(ctx, id)
	return org(o), s.wrap(ctx, err, "organisation %s", id)
}

func (s authStore) Orgs(ctx context.Context, after string, limit int) ([]auth.Org, error) {
	rows, err := s.read.Orgs(ctx, dbgen.OrgsParams{After: after, Most: most(limit)})
	return list(rows, org), s.wrap(ctx, err, "organisations after %q", after)
}

func (s authStore) OrgsOf(ctx context.Context, account, after string, limit int) ([]auth.Org, error) {
	rows, err := s.read.OrgsOf(ctx, dbgen.OrgsOfParams{Account: account, After: after, Most: most(limit)})
	return list(rows, org), s.wrap(ctx, err, "organisations of account %s after %q", account, after)
}

func (s authStore) ChangeOrg(ctx context.Context, o auth.Org, e audit.Entry) error {
	err := s.decide(ctx, e, func(q *dbgen.Queries) error {
		return changed(q.ChangeOrg(ctx, dbgen.ChangeOrgParams{ID: o.ID, Name: text(o.Name), LegalName: text(o.LegalName), Country: o.Country}))
	})
	return s.wrap(ctx, err, "change organisation %s", o.ID)
}

func (s authStore) BlockOrg(ctx context.Context, id string, at time.Time, e audit.Entry) error {
	err := s.decide(ctx, e, func(q *dbgen.Queries) error {
		if _, err := q.Org(ctx, id); err != nil {
			return err
		}
		if at.IsZero() {
			return won(q.UnblockOrg(ctx, id))
		}
		return won(q.BlockOrg(ctx, dbgen.BlockOrgParams{ID: id, At: micros.Of(at)}))
	})
	return s.wrap(ctx, err, "block or unblock organisation %s", id)
}

func org(o dbgen.Org) auth.Org {
	return auth.Org{
		ID: o.ID, Name: o.Name, LegalName: o.LegalName, Country: o.Country,
		CreatedAt: o.CreatedAt.Time(), BlockedAt: o.BlockedAt.Time(),
	}
}
