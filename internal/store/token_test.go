package store_test

import (
	"bytes"
	"slices"
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
	{"every node is told of the account whose logins ended, and once", func(t *testing.T, db *storeDB) {
		a := db.person(t)
		must(t, db.Auth().GrantRole(ctx, a.ID, auth.RoleReviewer, now, decision(a.ID)))
		key := newToken(a.ID)
		must(t, db.Auth().CreateToken(ctx, key, decision(key.ID)))
		var sessions [6]auth.Session
		for i := range sessions {
			sessions[i] = newSession(a.ID)
			must(t, db.Auth().CreateSession(ctx, sessions[i]))
		}
		nobodys := newSession("")
		nobodys.ID = ""
		must(t, db.Auth().CreateSession(ctx, nobodys))
		db.takeEvents(t)
		ends := func(what string, told bool, err error) {
			t.Helper()
			must(t, err)
			want := []string{}
			if told {
				want = append(want, auth.EndedSubject(a.ID))
			}
			if got := db.takeEvents(t); !slices.Equal(got, want) {
				t.Errorf("%s: told %v, want %v", what, got, want)
			}
		}
		ends("a token", true, db.Auth().RevokeToken(ctx, key.ID, now, decision(key.ID)))
		ends("a token again", false, db.Auth().RevokeToken(ctx, key.ID, now, decision(key.ID)))
		ends("a logout", true, db.Auth().DeleteSession(ctx, sessions[0].Key, now))
		ends("a logout again", false, db.Auth().DeleteSession(ctx, sessions[0].Key, now))
		ends("nobody's session", false, db.Auth().DeleteSession(ctx, nobodys.Key, now))
		ends("one session", true, db.Auth().EndSession(ctx, a.ID, sessions[1].ID, now))
		ends("all sessions but two", true, db.Auth().SetPassword(ctx, a.ID, "x", sessions[2].ID, now, decision(a.ID)))
		ends("all sessions but that", false, db.Auth().SetPassword(ctx, a.ID, "x", sessions[2].ID, now, decision(a.ID)))
		ends("all sessions", true, db.Auth().EndSessions(ctx, a.ID, "", now))
		ends("a role", true, db.Auth().RevokeRole(ctx, a.ID, auth.RoleReviewer, decision(a.ID)))
		ends("a block", true, db.Auth().BlockAccount(ctx, a.ID, now, decision(a.ID)))
		ends("its end", true, db.Auth().BlockAccount(ctx, a.ID, time.Time{}, decision(a.ID)))
		ends("the account", true, db.Auth().DeletePerson(ctx, a.ID, auth.DeletedName, now, decision(a.ID)))
	}},
}
