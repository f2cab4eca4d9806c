package store_test

import (
	"testing"
	"time"

	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/registry"
	"github.com/proofmark/proofmark/registry/bridges"
)

// hubToken is a kept token.
func (db *storeDB) hubToken(t *testing.T) auth.Token {
	t.Helper()
	k := newToken(db.account(t).ID)
	must(t, db.Auth().CreateToken(ctx, k, decision(k.ID)))
	return k
}

var bridgeCases = []conformanceCase{
	{"a bridge of which nothing is kept has the zero setting", func(t *testing.T, db *storeDB) {
		same(t, get(db.Bridges().Bridge(ctx, "tok_none"))(t), bridges.Setting{Token: "tok_none"})
		wantError(t, db.Bridges().PutBridge(ctx, "tok_none", time.Hour), registry.ErrNotFound)
	}},
	{"refusals add up, the last one is kept, and the queue stays", func(t *testing.T, db *storeDB) {
		a, b := db.hubToken(t), db.hubToken(t)
		must(t, db.Bridges().PutBridge(ctx, a.ID, time.Hour))
		offline := bridges.Outcome{End: bridges.Offline, Text: "p1 is offline 🌬\x00"}
		value := bridges.Outcome{End: bridges.Value, Text: "9 is above 4"}
		must(t, db.Bridges().NoteRefused(ctx, []bridges.Note{
			{Token: a.ID, Refused: 2, Last: offline, At: now},
			{Token: "tok_gone", Refused: 1, Last: offline, At: now},
			{Token: b.ID, Refused: 1, Last: offline, At: now},
		}))
		must(t, db.Bridges().NoteRefused(ctx, []bridges.Note{{Token: a.ID, Refused: 3, Last: value, At: now.Add(time.Second)}}))
		same(t, get(db.Bridges().Bridge(ctx, a.ID))(t),
			bridges.Setting{Token: a.ID, Queue: time.Hour, Refused: 5, Last: value, LastAt: now.Add(time.Second)})
		must(t, db.Bridges().PutBridge(ctx, a.ID, 0))
		same(t, get(db.Bridges().Bridge(ctx, a.ID))(t).Refused, int64(5))
		kept := get(db.Bridges().Bridge(ctx, b.ID))(t)
		if kept.Refused != 1 || kept.Last.End != bridges.Offline || kept.Queue != 0 {
			t.Errorf("%+v", kept)
		}
	}},
}
