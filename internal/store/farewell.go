package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/store/dbgen"
	"github.com/proofmark/proofmark/internal/store/micros"
)

func (s authStore) DeletePerson(ctx context.Context, account, name string, at time.Time, e audit.Entry) error {
	err := s.ending(ctx, e, func(q *dbgen.Queries) (string, error) {
		orgs, err := q.OrgsOfMember(ctx, account)
		if err != nil {
			return "", err
		}
		for _, org := range orgs { // in the order of their ids: two who leave do not wait for each other
			if err := leave(ctx, q, org, account); err != nil {
				return "", err
			}
		}
		if err := won(q.EmptyAccount(ctx, dbgen.EmptyAccountParams{ID: account, Name: name, At: micros.Of(at)})); err != nil {
			return "", err
		}
		var errs []error
		for _, drop := range []func(context.Context, string) error{
			q.DropPassword, q.DropIdentities, q.DropRoles, q.DropTokens, q.DropAllCodes, q.DropMails, q.DropMailChoices, q.DropMailKey, q.DropAddresses,
		} {
			errs = append(errs, drop(ctx, account))
		}
		_, err = endSessions(ctx, q, account, "")
		return account, errors.Join(append(errs, err)...)
	})
	return s.wrap(ctx, err, "delete account %s", account)
}

// leave takes a member out of an organisation that keeps an owner.
func leave(ctx context.Context, q *dbgen.Queries, org, account string) error {
	if err := changed(q.LockOrg(ctx, org)); err != nil {
		return err
	}
	if _, err := q.DeleteMember(ctx, dbgen.DeleteMemberParams{Org: org, Account: account}); err != nil {
		return err
	}
	owners, err := q.Owners(ctx, org)
	if err == nil && owners == 0 {
		err = fmt.Errorf("%w: organisation %s would have none", auth.ErrLastOwner, org)
	}
	return err
}
