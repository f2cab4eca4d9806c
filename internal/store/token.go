package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/store/dbgen"
	"github.com/proofmark/proofmark/internal/store/micros"
)

func (s authStore) CreateToken(ctx context.Context, t auth.Token, e audit.Entry) error {
	scopes := make([]string, len(t.Scopes))
	for i, scope := range t.Scopes {
		scopes[i] = string(scope)
	}
	err := s.decide(ctx, e, func(q *dbgen.Queries) error {
		return q.InsertToken(ctx, dbgen.InsertTokenParams{
			ID: t.ID, Account: t.Account, Name: text(t.Name), Scopes: strings.Join(scopes, " "), Hash: blob(t.Hash),
			CreatedAt: micros.Of(t.CreatedAt), ExpiresAt: micros.Of(t.ExpiresAt),
			RevokedAt: micros.Of(t.RevokedAt), UsedAt: micros.Of(t.UsedAt), Home: t.Home,
		})
	})
	return s.wrap(ctx, err, "create token %s of account %s", t.ID, t.Account)
}

func (s authStore) Token(ctx context.Context, id string) (auth.Token, error) {
	t, err := s.read.Token(ctx, id)
	return token(t), s.wrap(ctx, err, "token %s", id)
}

func (s authStore) Tokens(ctx context.Context, account string) ([]auth.Token, error) {
	rows, err := s.read.Tokens(ctx, account)
	return list(rows, token), s.wrap(ctx, err, "tokens of account %s", account)
}

func (s authStore) LiveTokens(ctx context.Context, account string, at time.Time) (int, error) {
	n, err := s.read.LiveTokens(ctx, dbgen.LiveTokensParams{Account: account, At: micros.Of(at)})
	return int(n), s.wrap(ctx, err, "live tokens of account %s", account)
}

func (s authStore) RevokeToken(ctx context.Context, id string, at time.Time, e audit.Entry) error {
	err := s.ending(ctx, e, func(q *dbgen.Queries) (string, error) {
		return q.RevokeToken(ctx, dbgen.RevokeTokenParams{ID: id, At: micros.Of(at)})
	})
	if errors.Is(err, sql.ErrNoRows) { // revoked before, or not there
		_, err = s.read.Token(ctx, id)
	}
	return s.wrap(ctx, err, "revoke token %s", id)
}

var useTokens = newBulk("id text, at bigint", `UPDATE token SET used_at = v.at FROM v WHERE token.id = v.id AND token.used_at < v.at`)

func (s authStore) UseTokens(ctx context.Context, used []auth.Use) error {
	return s.wrap(ctx, s.noted(ctx, useTokens, used), "use %d tokens", len(used))
}

// noted writes uses in one transaction.
func (s authStore) noted(ctx context.Context, b *bulk, uses []auth.Use) error {
	keys, at := make([]string, len(uses)), make([]int64, len(uses))
	for i, u := range uses {
		keys[i], at[i] = u.Key, int64(micros.Of(u.At))
	}
	return s.writer.within(ctx, func(tx dbgen.DBTX) error {
		_, err := b.exec(ctx, tx, s.engine, rows{keys, at})
		return err
	})
}

func token(t dbgen.Token) auth.Token {
	value := auth.Token{
		ID: t.ID, Account: t.Account, Name: t.Name, Home: t.Home, Hash: t.Hash,
		CreatedAt: t.CreatedAt.Time(), ExpiresAt: t.ExpiresAt.Time(), RevokedAt: t.RevokedAt.Time(), UsedAt: t.UsedAt.Time(),
	}
	for scope := range strings.FieldsSeq(t.Scopes) {
		value.Scopes = append(value.Scopes, auth.Scope(scope))
	}
	return value
}
