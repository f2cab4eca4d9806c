package store_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/proofmark/proofmark/certification/translog"
	"github.com/proofmark/proofmark/internal/api"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/logtest"
	"github.com/proofmark/proofmark/internal/store"
)

// served is a log behind a real HTTP server, and somebody who checks it.
type served struct {
	*storeDB
	signer *translog.Signer
	key    logKey
	url    string
	*logtest.Auditor
}

func serveLog(t *testing.T, db *storeDB) *served {
	t.Helper()
	s := &served{storeDB: db, key: newLogKey(t, "key1")}
	s.signer = db.signer(t, t.TempDir(), s.key)
	s.restart(t)
	return s
}

// restart serves without anything in memory.
func (s *served) restart(t *testing.T) {
	t.Helper()
	server := httptest.NewServer(api.New(api.Config{Auth: auth.NewService(s.Auth(), nil), Transparency: translog.New(s.Log())}))
	t.Cleanup(server.Close)
	s.url = server.URL
	vkey := get(translog.VerifierKey(origin, s.key.Public()))(t)
	s.Auditor = get(logtest.New(server.URL+"/log", vkey))(t)
}

func (s *served) sign(t *testing.T) tlog.Tree {
	t.Helper()
	get(s.signer.Sign(ctx, now))(t)
	return get(s.Checkpoint())(t)
}

// edit changes a row behind the back of the triggers.
func (s *served) edit(t *testing.T, table, set, where string) {
	t.Helper()
	lift, restore := "DROP TRIGGER "+table+"_no_update", ""
	if s.Engine() == store.Postgres {
		lift, restore = "ALTER TABLE "+table+" DISABLE TRIGGER USER", "ALTER TABLE "+table+" ENABLE TRIGGER USER"
	} else {
		must(t, s.sql(t).QueryRowContext(ctx, "SELECT sql FROM sqlite_master WHERE name = '"+table+"_no_update'").Scan(&restore))
	}
	for _, statement := range []string{lift, "UPDATE " + table + " SET " + set + " WHERE " + where, restore} {
		must(t, s.Write(ctx, statement))
	}
}

func (s *served) status(t *testing.T, path string) (int, http.Header) {
	t.Helper()
	r := get(http.Get(s.url + path))(t)
	defer r.Body.Close()
	return r.StatusCode, r.Header
}

func TestAnIndependentAuditorAcceptsTheLog(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *storeDB) {
		s := serveLog(t, db)
		if status, _ := s.status(t, "/log/checkpoint"); status != http.StatusNotFound {
			t.Errorf("a log that was never signed: %d, want 404", status)
		}
		older := s.sign(t)
		for _, size := range []int{1, 1, 5, 249, 1, 255, 1, 300} { // to 1, 2, 7, 256, 257, 512, 513, 813
			get(db.AppendEvents(ctx, events(size)...))(t)
			newer := s.sign(t)
			must(t, s.Continues(newer, older))
			for _, index := range []int64{0, older.N, newer.N / 2, newer.N - 1} {
				leaf := get(s.Leaf(newer, index))(t)
				get(translog.ParseEvent(leaf))(t)
				must(t, s.Included(newer, index, leaf))
			}
			older = newer
		}
		get(db.AppendEvents(ctx, events(1)...))(t) // not signed: not served
		for path, want := range map[string]int{
			"/log/tile/0/000":             200,
			"/log/tile/0/003.p/45":        200,
			"/log/tile/0/003.p/46":        404,
			"/log/tile/1/000.p/3":         200,
			"/log/tile/1/000.p/4":         404,
			"/log/tile/1/000":             404,
			"/log/tile/entries/002":       200,
			"/log/tile/entries/003.p/45":  200,
			"/log/tile/entries/003.p/046": 404,
			"/log/tile/entries/003":       404,
			"/log/tile/data/000":          404,
			"/log/tile/8/0/000":           404,
			"/log/tile/64/000":            404,
			"/log/tile/0/x000/000":        404,
		} {
			status, header := s.status(t, path)
			if status != want {
				t.Errorf("%s: %d, want %d", path, status, want)
			}
			if immutable := strings.Contains(header.Get("Cache-Control"), "immutable"); immutable != (want == 200) {
				t.Errorf("%s: Cache-Control %q", path, header.Get("Cache-Control"))
			}
		}
		if _, header := s.status(t, "/log/checkpoint"); header.Get("Cache-Control") != "no-store" {
			t.Errorf("checkpoint: Cache-Control %q", header.Get("Cache-Control"))
		}
	})
}

func TestAnIndependentAuditorRejectsAForgery(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *storeDB) {
		s := serveLog(t, db)
		get(db.AppendEvents(ctx, events(600)...))(t)
		tree := s.sign(t)
		leaf := get(s.Leaf(tree, 77))(t)
		if err := s.Included(tree, 77, append([]byte(nil), strings.Replace(string(leaf), "test", "jest", 1)...)); err == nil {
			t.Error("an edited record was accepted")
		}
		forged := tlog.Tree{N: tree.N, Hash: tlog.RecordHash(nil)}
		if err := s.Continues(forged, tree); err == nil {
			t.Error("a forked tree of the same size was accepted")
		}
		text := get(db.Log().Checkpoint(ctx))(t).Note
		if _, err := s.Open([]byte(strings.Replace(string(text), "600", "601", 1))); err == nil {
			t.Error("a checkpoint with another size was accepted")
		}

		t.Run("edited record", func(t *testing.T) {
			s.edit(t, "log_leaf", "data = "+db.blobOf(strings.Replace(string(leaf), "test", "jest", 1)), "idx = 77")
			s.restart(t)
			if _, err := s.Leaf(tree, 77); err == nil {
				t.Error("accepted")
			}
			_, err := translog.New(db.Log()).Prove(ctx, 77)
			wantError(t, err, translog.ErrCorrupt)
			wantError(t, translog.Audit(ctx, db.Log()), translog.ErrCorrupt)
			s.edit(t, "log_leaf", "data = "+db.blobOf(string(leaf)), "idx = 77")
			must(t, translog.Audit(ctx, db.Log()))
		})
		t.Run("edited tile", func(t *testing.T) {
			hash := tlog.RecordHash([]byte("forged"))
			s.edit(t, "log_leaf", "hash = "+db.blobOf(string(hash[:])), "idx = 300")
			s.restart(t)
			if _, err := s.Leaf(tree, 300); err == nil {
				t.Error("accepted")
			}
			_, err := translog.New(db.Log()).Prove(ctx, 301) // the hash is its sibling
			wantError(t, err, translog.ErrCorrupt)
			wantError(t, translog.Audit(ctx, db.Log()), translog.ErrCorrupt)
		})
	})
}

// blobOf is a literal of the engine.
func (db *storeDB) blobOf(s string) string {
	if db.Engine() == store.Postgres {
		return fmt.Sprintf(`'\x%x'::bytea`, s)
	}
	return fmt.Sprintf("x'%x'", s)
}

// The number of the specification: a log of 100,000 leaves serves and verifies.
func TestALogOf100000LeavesServesAndVerifies(t *testing.T) {
	if testing.Short() {
		t.Skip("long: it appends 100,000 leaves one by one")
	}
	eachEngine(t, func(t *testing.T, db *storeDB) {
		s := serveLog(t, db)
		began := time.Now()
		const leaves, batch = 100_000, 5_000
		for range leaves / batch {
			get(db.AppendEvents(ctx, events(batch)...))(t)
		}
		appended := time.Since(began)
		tree := s.sign(t)
		same(t, tree.N, int64(leaves))
		began = time.Now()
		must(t, translog.Audit(ctx, db.Log()))
		audited := time.Since(began)
		began = time.Now()
		for index := int64(0); index < leaves; index += 9_973 {
			get(s.Leaf(tree, index))(t)
		}
		older := tree
		get(db.AppendEvents(ctx, events(1)...))(t)
		must(t, s.Continues(s.sign(t), older))
		t.Logf("appended in %s, audited in %s, 11 leaves checked over HTTP in %s", appended, audited, time.Since(began))
	})
}
