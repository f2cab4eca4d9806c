package store_test

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/proofmark/proofmark/certification/translog"
)

// logKey signs checkpoints in tests.
type logKey struct {
	id      string
	private ed25519.PrivateKey
}

func newLogKey(t testing.TB, id string) logKey {
	_, private := get2(ed25519.GenerateKey(nil))(t)
	return logKey{id, private}
}

func get2[A, B any](a A, b B, err error) func(testing.TB) (A, B) {
	return func(t testing.TB) (A, B) {
		t.Helper()
		must(t, err)
		return a, b
	}
}

func (k logKey) KeyID() string                    { return k.id }
func (k logKey) Public() ed25519.PublicKey        { return k.private.Public().(ed25519.PublicKey) }
func (k logKey) Sign(text []byte) ([]byte, error) { return ed25519.Sign(k.private, text), nil }

func events(n int) []translog.Event {
	out := make([]translog.Event, n)
	for i := range out {
		out[i] = translog.Event{Kind: translog.Suspended, Serial: fmt.Sprintf("PM-2026-%06d", i), At: translog.Instant(now), Reason: "a test"}
	}
	return out
}

// checkpointOf is a checkpoint of the log as it stands; its signature is of no
// interest to the store.
func (db *storeDB) checkpointOf(t testing.TB, key string) translog.Checkpoint {
	t.Helper()
	head := get(db.Log().Head(ctx))(t)
	c := translog.Checkpoint{Note: []byte(fmt.Sprintf("note %d by %s", head.Size, key)), KeyID: key, SignedAt: now}
	c.Size, c.Root = head.Size, get(head.Root())(t)
	return c
}

var logCases = []conformanceCase{
	{"the log begins empty, unsigned, and is named once", func(t *testing.T, db *storeDB) {
		same(t, get(db.Log().Head(ctx))(t), translog.Head{})
		same(t, get(db.Log().Checkpoint(ctx))(t), translog.Checkpoint{})
		same(t, get(db.Log().Origin(ctx, "first.example/log"))(t), "first.example/log")
		same(t, get(db.Log().Origin(ctx, "second.example/log"))(t), "first.example/log")
	}},
	{"leaves come back in order, and the hashes are those of the tree", func(t *testing.T, db *storeDB) {
		before := get(db.Log().Head(ctx))(t).Size
		all := events(300)
		same(t, get(db.AppendEvents(ctx, all...))(t), before)
		leaves := get(db.Log().Leaves(ctx, before, 300))(t)
		for i, leaf := range leaves {
			same(t, string(leaf), string(get(all[i].Leaf())(t)))
		}
		same(t, len(leaves), 300)
		hashes := get(db.Log().Hashes(ctx, 0, before+299, 1))(t)
		same(t, hashes, []tlog.Hash{tlog.RecordHash(leaves[299])})
		same(t, len(get(db.Log().Hashes(ctx, 1, 0, 300))(t)), int(before+300)/256)
		must(t, translog.Audit(ctx, db.Log()))
	}},
	{"an event that is no leaf takes no place", func(t *testing.T, db *storeDB) {
		before := get(db.Log().Head(ctx))(t)
		_, err := db.AppendEvents(ctx, events(1)[0], translog.Event{Kind: translog.Issued, Serial: "PM-2026-000001", At: "yesterday"})
		wantError(t, err, translog.ErrEvent)
		same(t, get(db.Log().Head(ctx))(t), before)
	}},
	{"16 who append at once take places without a gap, each its own", func(t *testing.T, db *storeDB) {
		before := get(db.Log().Head(ctx))(t).Size
		taken := make([][]int64, 16)
		for _, err := range together(16, func(i int) (err error) {
			for range 10 {
				at, err := db.AppendEvents(ctx, events(3)...)
				if err != nil {
					return err
				}
				taken[i] = append(taken[i], at, at+1, at+2)
			}
			return nil
		}) {
			must(t, err)
		}
		all := slices.Concat(taken...)
		slices.Sort(all)
		for i, index := range all {
			same(t, index, before+int64(i))
		}
		same(t, len(all), 480)
		must(t, translog.Audit(ctx, db.Log()))
	}},
	{"leaves, hashes and checkpoints cannot be changed", func(t *testing.T, db *storeDB) {
		get(db.AppendEvents(ctx, events(256)...))(t)
		must(t, db.Log().SaveCheckpoint(ctx, db.checkpointOf(t, "key")))
		for _, table := range []string{"log_leaf", "log_node", "log_checkpoint"} {
			for _, statement := range []string{"UPDATE " + table + " SET hash = hash", "DELETE FROM " + table} {
				if table == "log_checkpoint" && statement[0] == 'U' {
					statement = "UPDATE log_checkpoint SET note = note"
				}
				if err := db.Write(ctx, statement); err == nil {
					t.Errorf("%s: it was done", statement)
				}
			}
		}
	}},
	{"checkpoints only grow; a new key may sign the same size", func(t *testing.T, db *storeDB) {
		small := db.checkpointOf(t, "key1")
		get(db.AppendEvents(ctx, events(1)...))(t)
		large := db.checkpointOf(t, "key1")
		must(t, db.Log().SaveCheckpoint(ctx, large))
		wantError(t, db.Log().SaveCheckpoint(ctx, small), translog.ErrLate)
		same(t, get(db.Log().Checkpoint(ctx))(t), large)
		again := large
		again.KeyID, again.SignedAt, again.Note = "key2", now.Add(time.Second), []byte("by another")
		must(t, db.Log().SaveCheckpoint(ctx, again))
		same(t, get(db.Log().Checkpoint(ctx))(t), again)
	}},
	{"an append signals after the commit", func(t *testing.T, db *storeDB) {
		for empty := false; !empty; {
			select {
			case <-db.Log().Appended():
			default:
				empty = true
			}
		}
		get(db.AppendEvents(ctx, events(1)...))(t)
		<-db.Log().Appended()
	}},
}

// signer signs with a fresh key under an anchor of its own.
func (db *storeDB) signer(t *testing.T, dir string, key translog.Key) *translog.Signer {
	t.Helper()
	return translog.NewSigner(signerOptions(db, dir, key))
}

func TestTheSignerSignsOnlyWhatContinuesWhatItSigned(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *storeDB) {
		key, dir := newLogKey(t, "key1"), t.TempDir()
		s := db.signer(t, dir, key)
		empty := get(s.Sign(ctx, now))(t)
		same(t, empty.Size, int64(0))
		get(db.AppendEvents(ctx, events(300)...))(t)
		first := get(s.Sign(ctx, now))(t)
		same(t, get(translog.ParseCheckpoint(first.Note, origin, key.Public()))(t), first.Tree)
		same(t, get(s.Sign(ctx, now.Add(time.Hour)))(t), first) // nothing new: nothing signed
		get(db.AppendEvents(ctx, events(1)...))(t)
		second := get(s.Sign(ctx, now))(t)
		same(t, second.Size, int64(301))

		// Another key signs the same tree.
		rotated := newLogKey(t, "key2")
		third := get(db.signer(t, dir, rotated).Sign(ctx, now.Add(time.Second)))(t)
		same(t, third.Tree, second.Tree)
		same(t, get(db.Log().Checkpoint(ctx))(t), third)

		// An edge that is not that of the tiles.
		edge := get(db.Log().Head(ctx))(t)
		edge.Edge[0][0] ^= 1
		must(t, db.Write(ctx, "UPDATE log_head SET edge = $1", edge.MarshalEdge()))
		_, err := s.Sign(ctx, now)
		wantError(t, err, translog.ErrCorrupt)
		wantError(t, translog.Audit(ctx, db.Log()), translog.ErrCorrupt)
	})
}

// A database that went back in time is found by the anchor: on a shorter log
// nothing is signed, and on one that grew again otherwise neither.
func TestARestoredBackupIsAFork(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *storeDB) {
		key, dir := newLogKey(t, "key1"), t.TempDir()
		// What a day wrote that the restored backup has not.
		lost := translog.Checkpoint{Note: []byte("x"), KeyID: "key1", SignedAt: now}
		var head translog.Head
		for _, e := range events(10) {
			head, _ = get2(head.Append(get(e.Leaf())(t)))(t)
		}
		lost.Size, lost.Root = head.Size, get(head.Root())(t)
		lost.Note = []byte(lost.Body(origin) + "\nsignatures")
		must(t, translog.FileAnchor{Dir: dir}.Remember(origin, lost))

		get(db.AppendEvents(ctx, events(9)...))(t)
		s := db.signer(t, dir, key)
		_, err := s.Sign(ctx, now)
		wantError(t, err, translog.ErrFork)
		other := events(3)[1:]
		get(db.AppendEvents(ctx, other...))(t)
		_, err = s.Sign(ctx, now)
		wantError(t, err, translog.ErrFork)
		same(t, get(db.Log().Checkpoint(ctx))(t), translog.Checkpoint{})
	})
}

// The same leaves again are the same log: nothing is wrong with that.
func TestAReplayedBackupIsNoFork(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *storeDB) {
		key, dir := newLogKey(t, "key1"), t.TempDir()
		get(db.AppendEvents(ctx, events(10)...))(t)
		get(db.signer(t, dir, key).Sign(ctx, now))(t)
		again := open(t, sibling(t, db))
		get(again.AppendEvents(ctx, events(10)...))(t)
		same(t, get(again.signer(t, dir, key).Sign(ctx, now))(t).Size, int64(10))
	})
}

func TestManySignersSignOneLog(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *storeDB) {
		key, dir := newLogKey(t, "key1"), t.TempDir()
		done := make(chan struct{})
		go func() {
			defer close(done)
			for range 40 {
				if _, err := db.AppendEvents(ctx, events(7)...); err != nil {
					t.Error(err)
				}
			}
		}()
		for _, err := range together(4, func(int) error {
			s := db.signer(t, dir, key)
			for {
				select {
				case <-done:
					return nil
				default:
				}
				if _, err := s.Sign(ctx, now); err != nil && !errors.Is(err, translog.ErrLate) {
					return err
				}
			}
		}) {
			must(t, err)
		}
		same(t, get(db.signer(t, dir, key).Sign(ctx, now))(t).Size, int64(280))
		must(t, translog.Audit(ctx, db.Log()))
	})
}
