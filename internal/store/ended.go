package store

import (
	"context"
	"encoding/json"
	"time"

	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/store/dbgen"
	"github.com/proofmark/proofmark/internal/store/micros"
)

// ending is decide for what ends logins: fn says whose, and every node is told in
// the same transaction.
func (s authStore) ending(ctx context.Context, e audit.Entry, fn func(q *dbgen.Queries) (account string, err error)) error {
	return s.tellEnded(ctx, e.At, func(q *dbgen.Queries) (string, error) {
		account, err := fn(q)
		if err == nil {
			err = record(ctx, q, []audit.Entry{e}, nil)
		}
		return account, err
	})
}

// tellEnded is ending for what needs no entry; nobody's logins are no event.
func (s authStore) tellEnded(ctx context.Context, at time.Time, fn func(q *dbgen.Queries) (account string, err error)) error {
	told := false
	err := s.transact(ctx, func(q *dbgen.Queries) error {
		account, err := fn(q)
		if told = err == nil && account != ""; !told {
			return err
		}
		data, err := json.Marshal(auth.Ended{Account: account})
		if err != nil {
			return err
		}
		return q.InsertEvent(ctx, dbgen.InsertEventParams{Subject: auth.EndedSubject(account), Data: data, CreatedAt: micros.Of(at)})
	})
	if err == nil && told {
		s.committed()
	}
	return err
}

// endSessions ends the sessions of an account but one, and returns the account where
// there were any.
func endSessions(ctx context.Context, q *dbgen.Queries, account, but string) (string, error) {
	n, err := q.EndSessions(ctx, dbgen.EndSessionsParams{Account: account, But: but})
	if n == 0 {
		return "", err
	}
	return account, err
}
