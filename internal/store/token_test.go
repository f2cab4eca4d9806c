package store_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/id"
)

func newToken(account string) auth.Token {
	return auth.Token{
		ID: id.New("tok"), Account: account, Name: "bridge", Scopes: []auth.Scope{auth.ScopeApp, auth.ScopeOperator},
		Hash: bytes.Repeat([]byte{0xfe}, 32), CreatedAt: now, ExpiresAt: now.Add(time.Hour),
	}
}

// decision is the audit entry of something that a test decides.
func decision(subject string) audit.Entry {
	return audit.Entry{ID: id.New("aud"), At: now, Actor: audit.System, Action: "test.decided", Subject: subject}
}

func (db *storeDB) account(t *testing.T) auth.Account {
	t.Helper()
	a := auth.Account{ID: id.New("acc"), Name: "Aurora 🌬", CreatedAt: now}
	must(t, db.Auth().CreateAccount(ctx, a, decision(a.ID)))
	return a
}

var tokenCases = []conformanceCase{
	{"accounts come back as they were given, by id", func(t *testing.T, db *storeDB) {
		first, second := db.account(t), db.account(t)
		same(t, get(db.Auth().Account(ctx, first.ID))(t), first)
		same(t, get(db.Auth().Accounts(ctx, first.ID, 1))(t), []auth.Standing{{Account: second}})
		wantError(t, db.Auth().CreateAccount(ctx, first, decision(first.ID)), auth.ErrExists)
		_, err := db.Auth().Account(ctx, "acc_none")
		wantError(t, err, auth.ErrNotFound)
	}},
	{"tokens come back as they were given, by id", func(t *testing.T, db *storeDB) {
		a := db.account(t)
		first, second := newToken(a.ID), newToken(a.ID)
		second.Scopes = nil
		must(t, db.Auth().CreateToken(ctx, second, decision(second.ID)))
		must(t, db.Auth().CreateToken(ctx, first, decision(first.ID)))
		same(t, get(db.Auth().Token(ctx, first.ID))(t), first)
		same(t, get(db.Auth().Tokens(ctx, a.ID))(t), []auth.Token{first, second})
		wantError(t, db.Auth().CreateToken(ctx, first, decision(first.ID)), auth.ErrExists)
		wantError(t, db.Auth().CreateToken(ctx, newToken("acc_none"), decision("tok_x")), auth.ErrNotFound)
		_, err := db.Auth().Token(ctx, "tok_none")
		wantError(t, err, auth.ErrNotFound)
	}},
	{"a revocation keeps its first time, use moves forward", func(t *testing.T, db *storeDB) {
		k := newToken(db.account(t).ID)
		must(t, db.Auth().CreateToken(ctx, k, decision(k.ID)))
		for _, after := range []time.Duration{time.Minute, 0, time.Hour} {
			must(t, db.Auth().UseTokens(ctx, []auth.Use{{Key: "tok_none", At: now}, {Key: k.ID, At: now.Add(after)}}))
			must(t, db.Auth().RevokeToken(ctx, k.ID, now.Add(time.Second+after), decision(k.ID)))
		}
		k.UsedAt, k.RevokedAt = now.Add(time.Hour), now.Add(time.Minute+time.Second)
		same(t, get(db.Auth().Token(ctx, k.ID))(t), k)
		wantError(t, db.Auth().RevokeToken(ctx, "tok_none", now, decision("tok_none")), auth.ErrNotFound)
	}},
}
