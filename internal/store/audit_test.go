package store_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/id"
)

// entriesOf are the audit entries about a thing.
func (db *storeDB) entriesOf(t *testing.T, subject string) []audit.Chained {
	t.Helper()
	return get(db.Audit().Entries(ctx, audit.Query{Subject: subject}))(t)
}

// decideAs stores an account with an audit entry of our choice.
func (db *storeDB) decideAs(t *testing.T, e audit.Entry) {
	t.Helper()
	a := db.account(t)
	must(t, db.Auth().RenameAccount(ctx, a.ID, "x", e))
}

// insertLate stores an entry in a transaction that stays open until commit.
func (db *storeDB) insertLate(t *testing.T, e audit.Entry) (commit func()) {
	t.Helper()
	if db.Engine() == "sqlite" { // one writer: nothing else is committed while one is open
		return func() { db.decideAs(t, e) }
	}
	tx, err := db.Pool().BeginTx(ctx, nil)
	must(t, err)
	_, err = tx.ExecContext(ctx, "INSERT INTO audit_entry (id, at, actor, action, subject, org, detail) VALUES ($1, $2, $3, $4, $5, $6, '')",
		e.ID, e.At.UnixMicro(), e.Actor, e.Action, e.Subject, e.Org)
	must(t, err)
	return func() { must(t, tx.Commit()) }
}

// chained are the ids of the chain, in its order; it must be good.
func (db *storeDB) chained(t *testing.T) (ids []string) {
	t.Helper()
	r := get(audit.Check(ctx, db.Audit()))(t)
	for _, l := range get(db.Audit().Chain(ctx, 0, 0))(t) {
		ids = append(ids, l.ID)
	}
	if int64(len(ids)) != r.Head.Seq {
		t.Fatalf("%d links, head %d", len(ids), r.Head.Seq)
	}
	same(t, get(db.Audit().Head(ctx))(t), r.Head)
	return ids
}

var auditCases = []conformanceCase{
	{"an empty chain is good", func(t *testing.T, db *storeDB) {
		same(t, get(db.Audit().Head(ctx))(t), audit.Head{})
		must(t, audit.NewSequencer(db.Audit()).Run(ctx, now))
		same(t, len(db.chained(t)), 0)
	}},
	{"an entry comes back as it was given, and is found by what it is about", func(t *testing.T, db *storeDB) {
		e := audit.Entry{
			ID: id.New("aud"), At: now, Actor: "acc_1", Action: "waiver.approved", Subject: "wav_1", Org: "org_1",
			Detail: json.RawMessage(`{"reason":"\u0000 ₹ <b>"}`),
		}
		other := decision("wav_2")
		db.decideAs(t, e)
		db.decideAs(t, other)
		for _, q := range []audit.Query{
			{Subject: "wav_1"},
			{Actor: "acc_1"},
			{Org: "org_1"},
			{Subject: "wav_1", Actor: "acc_1", Org: "org_1"},
			{Actor: "acc_1", Org: "org_1", After: "aud_0"},
		} {
			same(t, get(db.Audit().Entries(ctx, q))(t), []audit.Chained{{Entry: e}})
		}
		for _, q := range []audit.Query{
			{Subject: "wav_1", Org: "org_2"}, {Subject: "wav_1", Actor: "acc_2"}, {Actor: "acc_1", Org: "org_2"}, {Org: "org_1", After: e.ID},
		} {
			same(t, len(get(db.Audit().Entries(ctx, q))(t)), 0)
		}
		all := get(db.Audit().Entries(ctx, audit.Query{After: e.ID}))(t)
		same(t, all[slices.IndexFunc(all, func(c audit.Chained) bool { return c.Subject == "wav_2" })].Entry, other)
		must(t, audit.NewSequencer(db.Audit()).Run(ctx, now))
		chained := db.entriesOf(t, "wav_1")[0]
		links := get(db.Audit().Chain(ctx, chained.Seq-1, 1))(t)
		same(t, links, []audit.Chained{chained})
	}},
	{"an entry that is committed late is chained too, once, behind younger ones", func(t *testing.T, db *storeDB) {
		s := audit.NewSequencer(db.Audit())
		clock := time.Now() // ids carry the true time
		must(t, s.Run(ctx, clock))
		late, early := decision("late"), decision("early")
		commit := db.insertLate(t, late)
		db.decideAs(t, early)
		must(t, s.Run(ctx, clock))
		same(t, slices.Contains(db.chained(t), late.ID), false)
		commit()
		must(t, s.Run(ctx, clock.Add(time.Second)))
		must(t, s.Run(ctx, clock.Add(2*time.Second)))
		chain := db.chained(t)
		if slices.Index(chain, late.ID) <= slices.Index(chain, early.ID) {
			t.Errorf("the late entry is not behind the early one: %v", chain)
		}
	}},
	{"an entry that is very late is found by the daily look", func(t *testing.T, db *storeDB) {
		s := audit.NewSequencer(db.Audit())
		clock := time.Now()
		must(t, s.Run(ctx, clock))
		old := decision("old")
		old.ID = strings.Replace(id.Floor("aud", clock.Add(-48*time.Hour)), "-7000-8000-000000000000", "-7000-8000-000000000001", 1)
		db.decideAs(t, old)
		must(t, s.Run(ctx, clock.Add(time.Minute)))
		same(t, slices.Contains(db.chained(t), old.ID), false)
		must(t, s.Run(ctx, clock.Add(24*time.Hour)))
		same(t, slices.Contains(db.chained(t), old.ID), true)
	}},
	{"two nodes chain each entry once", func(t *testing.T, db *storeDB) {
		for range 3 {
			a := db.account(t)
			var writers [4]audit.Entry
			for i := range writers {
				writers[i] = decision("two nodes")
			}
			for _, err := range together(8, func(i int) error {
				if i < 4 {
					return db.Auth().RenameAccount(ctx, a.ID, "x", writers[i])
				}
				return audit.NewSequencer(db.Audit()).Run(ctx, time.Now())
			}) {
				must(t, err)
			}
			must(t, audit.NewSequencer(db.Audit()).Run(ctx, time.Now()))
			chain := db.chained(t)
			for _, e := range writers {
				if n := len(slices.DeleteFunc(slices.Clone(chain), func(x string) bool { return x != e.ID })); n != 1 {
					t.Errorf("%s stands %d times in the chain", e.ID, n)
				}
			}
		}
	}},
	{"more entries than fit a page are chained", func(t *testing.T, db *storeDB) {
		before := len(db.chained(t))
		const many = 1203
		must(t, db.Write(ctx, "INSERT INTO audit_entry (id, at, actor, action, subject, org, detail) "+
			"SELECT 'aud_' || CAST(n AS TEXT), 5, 'system', 'a', 's', '', '' FROM (WITH RECURSIVE c(n) AS (SELECT 1000 UNION ALL SELECT n + 1 FROM c WHERE n < 2202) SELECT n FROM c) AS numbers"))
		must(t, audit.NewSequencer(db.Audit()).Run(ctx, time.Now()))
		same(t, len(db.chained(t)), before+many)
	}},
	{"nobody changes or removes what was decided", func(t *testing.T, db *storeDB) {
		e := decision("for ever")
		db.decideAs(t, e)
		must(t, audit.NewSequencer(db.Audit()).Run(ctx, time.Now()))
		before := db.chained(t)
		statements := []string{
			"UPDATE audit_entry SET actor = 'acc_other'", "UPDATE audit_entry SET detail = '' WHERE subject = 'for ever'", "DELETE FROM audit_entry",
			"UPDATE audit_link SET hash = hash", "DELETE FROM audit_link WHERE seq = 1", "DELETE FROM audit_link",
		}
		if db.Engine() == "postgres" {
			statements = append(statements, "TRUNCATE audit_link", "TRUNCATE audit_entry CASCADE")
		} else { // which replaces by deleting
			statements = append(statements, "INSERT OR REPLACE INTO audit_link SELECT seq, entry, x'00' FROM audit_link",
				"INSERT OR REPLACE INTO audit_entry SELECT id, at, 'acc_other', action, subject, org, detail FROM audit_entry")
		}
		for _, s := range statements {
			if err := db.Write(ctx, s); err == nil || !strings.Contains(err.Error(), "append-only") {
				t.Errorf("%s: error is %v, want append-only", s, err)
			}
		}
		same(t, db.chained(t), before)
	}},
	{"who takes the triggers away is found out", func(t *testing.T, db *storeDB) {
		e := decision("to be forged")
		db.decideAs(t, e)
		db.decideAs(t, decision("after it"))
		must(t, audit.NewSequencer(db.Audit()).Run(ctx, time.Now()))
		db.chained(t)
		drop := []string{"DROP TRIGGER audit_entry_no_update"}
		if db.Engine() == "postgres" {
			drop = []string{"DROP TRIGGER audit_entry_append_only ON audit_entry"}
		}
		for _, s := range append(drop, "UPDATE audit_entry SET actor = 'acc_other' WHERE subject = 'to be forged'") {
			must(t, db.Write(ctx, s))
		}
		_, err := audit.Check(ctx, db.Audit())
		wantError(t, err, audit.ErrBroken)
		if !strings.Contains(err.Error(), e.ID) {
			t.Errorf("%v does not name %s", err, e.ID)
		}
	}},
}
