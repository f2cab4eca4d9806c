package store_test

import (
	"slices"
	"testing"
	"time"

	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/registry"
)

var nodeCases = []conformanceCase{
	{"a node's devices go offline when its lease runs out, once", func(t *testing.T, db *storeDB) {
		r, dids := db.Registry(), db.devices(t, 3)
		dead, alive := id.New("nod"), id.New("nod")
		must(t, r.KeepNode(ctx, registry.Node{ID: dead, StartedAt: now, LeaseUntil: now.Add(15 * time.Second)}))
		must(t, r.KeepNode(ctx, registry.Node{ID: alive, StartedAt: now, LeaseUntil: now.Add(15 * time.Second)}))
		get(r.Connect(ctx, dead, now, dids[:2]))(t)
		get(r.Connect(ctx, alive, now, dids[1:]))(t) // one was taken over
		must(t, r.KeepNode(ctx, registry.Node{ID: alive, StartedAt: now, LeaseUntil: now.Add(30 * time.Second)}))

		same(t, get(r.LoseNodes(ctx, now.Add(14*time.Second)))(t), []registry.Presence{})
		lost := make([][]registry.Presence, 4)
		at := now.Add(15 * time.Second)
		for _, err := range together(4, func(i int) (err error) { lost[i], err = r.LoseNodes(ctx, at); return err }) {
			must(t, err)
		}
		want := registry.Presence{DID: dids[0], Reason: registry.ReasonNodeLost, Node: dead, Epoch: 1, Since: at}
		same(t, slices.Concat(lost...), []registry.Presence{want})
		same(t, get(r.Presence(ctx, dids[0]))(t), want)
		for _, did := range dids[1:] {
			same(t, get(r.Presence(ctx, did))(t).Online, true)
		}
	}},
	{"a late renewal does not shorten a lease", func(t *testing.T, db *storeDB) {
		r, node := db.Registry(), id.New("nod")
		must(t, r.KeepNode(ctx, registry.Node{ID: node, StartedAt: now, LeaseUntil: now.Add(time.Hour)}))
		must(t, r.KeepNode(ctx, registry.Node{ID: node, StartedAt: now, LeaseUntil: now}))
		did := db.device(t)
		get(r.Connect(ctx, node, now, []string{did}))(t)
		get(r.LoseNodes(ctx, now.Add(time.Minute)))(t)
		same(t, get(r.Presence(ctx, did))(t).Online, true)
	}},
	{"8 nodes reserve numbers that never overlap", func(t *testing.T, db *storeDB) {
		r, name := db.Registry(), "request:"+id.New("nod")
		const each, n = 25, 10
		firsts := make([]int64, 8*each)
		for _, err := range together(8, func(i int) error {
			for k := range each {
				first, err := r.ReserveIDs(ctx, name, n)
				if err != nil {
					return err
				}
				firsts[i*each+k] = first
			}
			return nil
		}) {
			must(t, err)
		}
		slices.Sort(firsts)
		for i, first := range firsts {
			same(t, first, int64(1+i*n))
		}
		same(t, get(r.ReserveIDs(ctx, name+"'", 1))(t), int64(1)) // another sequence
		if _, err := r.ReserveIDs(ctx, name, 0); err == nil {
			t.Error("no numbers were reserved without an error")
		}
	}},
}
