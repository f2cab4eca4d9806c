package store

import (
	"context"

	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/store/dbgen"
	"github.com/proofmark/proofmark/internal/store/micros"
)

func (s authStore) AccountByIdentity(ctx context.Context, issuer, subject string) (auth.Account, error) {
	a, err := s.read.AccountByIdentity(ctx, dbgen.AccountByIdentityParams{Issuer: issuer, Subject: subject})
	return account(a), s.wrap(ctx, err, "account of %s's %q", issuer, subject)
}

func (s authStore) LinkIdentity(ctx context.Context, i auth.Identity, e audit.Entry) error {
	err := s.decide(ctx, e, func(q *dbgen.Queries) error {
		n, err := q.ConfirmAccount(ctx, dbgen.ConfirmAccountParams{ID: i.Account, At: micros.Of(i.CreatedAt)})
		if err != nil {
			return err
		}
		if n > 0 { // whoever chose its password did not prove the address
			if err := q.DropPassword(ctx, i.Account); err != nil {
				return err
			}
		}
		return insertIdentity(ctx, q, i)
	})
	return s.wrap(ctx, err, "link account %s to %s's %q", i.Account, i.Issuer, i.Subject)
}

func insertIdentity(ctx context.Context, q *dbgen.Queries, i auth.Identity) error {
	return q.InsertIdentity(ctx, dbgen.InsertIdentityParams{
		Issuer: i.Issuer, Subject: i.Subject, Account: i.Account, CreatedAt: micros.Of(i.CreatedAt),
	})
}
