package store_test

import (
	"testing"
	"time"

	"github.com/proofmark/proofmark/internal/id"
)

var outboxCases = []conformanceCase{
	{"events come in the order of their commits, and go when published", func(t *testing.T, db *storeDB) {
		db.takeEvents(t)
		dids := db.devices(t, 3)
		for _, did := range dids {
			c := newCredential(did)
			must(t, db.Registry().AddCredential(ctx, c, false))
			must(t, db.Registry().RevokeCredential(ctx, did, c.ID, now))
		}
		events := get(db.Jobs().Events(ctx, 2))(t)
		same(t, len(events), 2)
		same(t, events[0].CreatedAt, now)
		must(t, db.Jobs().Published(ctx, events[1:]))
		left := get(db.Jobs().Events(ctx, 0))(t)
		same(t, len(left), 2)
		same(t, left[0], events[0])
		if left[1].ID <= events[1].ID {
			t.Errorf("event %d comes after event %d", left[1].ID, events[1].ID)
		}
		<-db.Jobs().Committed()
	}},
	{"a lease has one holder until it runs out or is given back", func(t *testing.T, db *storeDB) {
		name := id.New("lease")
		take := func(holder string, at time.Time) bool {
			return get(db.Jobs().TakeLease(ctx, name, holder, at, at.Add(time.Minute)))(t)
		}
		for _, step := range []struct {
			holder string
			after  time.Duration
			want   bool
		}{{"a", 0, true}, {"b", 0, false}, {"a", 30 * time.Second, true}, {"b", time.Minute, false}, {"b", 90 * time.Second, true}, {"a", 91 * time.Second, false}} {
			same(t, take(step.holder, now.Add(step.after)), step.want)
		}
		must(t, db.Jobs().DropLease(ctx, name, "a")) // not its
		same(t, take("a", now.Add(92*time.Second)), false)
		must(t, db.Jobs().DropLease(ctx, name, "b"))
		same(t, take("a", now.Add(93*time.Second)), true)
	}},
	{"of many who take a lease at once one gets it", func(t *testing.T, db *storeDB) {
		name := id.New("lease")
		got := make([]bool, 8)
		for _, err := range together(8, func(i int) (err error) {
			got[i], err = db.Jobs().TakeLease(ctx, name, id.New("run"), now, now.Add(time.Minute))
			return err
		}) {
			must(t, err)
		}
		n := 0
		for _, g := range got {
			if g {
				n++
			}
		}
		same(t, n, 1)
	}},
}
