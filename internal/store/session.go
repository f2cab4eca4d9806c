package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/store/dbgen"
	"github.com/proofmark/proofmark/internal/store/micros"
)

func (s authStore) Session(ctx context.Context, key string) (auth.Session, error) {
	row, err := s.read.Session(ctx, key)
	return session(row), s.wrap(ctx, err, "session")
}

func (s authStore) Sessions(ctx context.Context, account string) ([]auth.Session, error) {
	rows, err := s.read.Sessions(ctx, account)
	return list(rows, session), s.wrap(ctx, err, "sessions of account %s", account)
}

func (s authStore) CreateSession(ctx context.Context, x auth.Session) error {
	err := s.writer.statement(ctx, func(q *dbgen.Queries) error {
		return q.InsertSession(ctx, dbgen.InsertSessionParams{
			Key: x.Key, ID: x.ID, Account: x.Account, Data: blob(x.Data), Address: text(x.Address), Agent: text(x.Agent),
			CreatedAt: micros.Of(x.CreatedAt), SeenAt: micros.Of(x.SeenAt), ExpiresAt: micros.Of(x.ExpiresAt),
		})
	})
	return s.wrap(ctx, err, "create session %s of account %s", x.ID, x.Account)
}

func (s authStore) SaveSession(ctx context.Context, key string, data []byte, now, expires time.Time) error {
	err := s.writer.statement(ctx, func(q *dbgen.Queries) error {
		return q.SaveSession(ctx, dbgen.SaveSessionParams{Key: key, Data: blob(data), At: micros.Of(now), ExpiresAt: micros.Of(expires)})
	})
	return s.wrap(ctx, err, "save session")
}

var seeSessions = newBulk("key text, at bigint", `UPDATE session SET seen_at = v.at FROM v WHERE session.key = v.key AND session.seen_at < v.at`)

func (s authStore) SeeSessions(ctx context.Context, seen []auth.Use) error {
	return s.wrap(ctx, s.noted(ctx, seeSessions, seen), "see %d sessions", len(seen))
}

func (s authStore) DeleteSession(ctx context.Context, key string, at time.Time) error {
	err := s.tellEnded(ctx, at, func(q *dbgen.Queries) (string, error) {
		account, err := q.DeleteSession(ctx, key)
		if errors.Is(err, sql.ErrNoRows) { // it has ended already
			return "", nil
		}
		return account, err
	})
	return s.wrap(ctx, err, "delete session")
}

func (s authStore) EndSession(ctx context.Context, account, id string, at time.Time) error {
	err := s.tellEnded(ctx, at, func(q *dbgen.Queries) (string, error) {
		return account, changed(q.EndSession(ctx, dbgen.EndSessionParams{Account: account, ID: id}))
	})
	return s.wrap(ctx, err, "end session %s of account %s", id, account)
}

func (s authStore) EndSessions(ctx context.Context, account, but string, at time.Time) error {
	err := s.tellEnded(ctx, at, func(q *dbgen.Queries) (string, error) { return endSessions(ctx, q, account, but) })
	return s.wrap(ctx, err, "end the sessions of account %s", account)
}

func session(r dbgen.Session) auth.Session {
	return auth.Session{
		Key: r.Key, ID: r.ID, Account: r.Account, Data: r.Data, Address: r.Address, Agent: r.Agent,
		CreatedAt: r.CreatedAt.Time(), SeenAt: r.SeenAt.Time(), ExpiresAt: r.ExpiresAt.Time(),
	}
}
