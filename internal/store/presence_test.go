package store_test

import (
	"slices"
	"testing"
	"time"

	"github.com/proofmark/proofmark/registry"
)

var presenceCases = []conformanceCase{
	{"each connection has the next epoch, in the order of the call", func(t *testing.T, db *storeDB) {
		r, dids := db.Registry(), db.devices(t, 3)
		_, err := r.Presence(ctx, dids[0])
		wantError(t, err, registry.ErrNotFound)
		same(t, get(r.Connect(ctx, "nod_1", now, dids[:1]))(t), []int64{1})
		same(t, get(r.Connect(ctx, "nod_2", now.Add(time.Second), []string{dids[2], "gone", dids[0], dids[2]}))(t), []int64{1, 0, 2, 2})
		same(t, get(r.Presence(ctx, dids[0]))(t), registry.Presence{
			DID: dids[0], Online: true, Reason: registry.ReasonConnected, Node: "nod_2", Epoch: 2, Since: now.Add(time.Second),
		})
		same(t, get(r.Connect(ctx, "nod_1", now, nil))(t), []int64{})
	}},
	{"an old connection's end does not overwrite the new one", func(t *testing.T, db *storeDB) {
		r, dids := db.Registry(), db.devices(t, 3)
		get(r.Connect(ctx, "nod_1", now, dids))(t)
		get(r.Connect(ctx, "nod_2", now, dids[1:2]))(t) // taken over
		leave := func(did string, epoch int64) registry.Presence {
			return registry.Presence{DID: did, Epoch: epoch, Reason: registry.ReasonKeepAlive, Since: now.Add(time.Minute), Node: "nod_1"}
		}
		leaves := []registry.Presence{leave(dids[2], 1), leave(dids[1], 1), leave(dids[0], 1), leave("gone", 1)}
		same(t, get(r.Disconnect(ctx, leaves))(t), []string{dids[2], dids[0]})
		same(t, get(r.Disconnect(ctx, leaves))(t), []string{}) // they are offline now
		same(t, get(r.Presence(ctx, dids[0]))(t), registry.Presence{
			DID: dids[0], Reason: registry.ReasonKeepAlive, Node: "nod_1", Epoch: 1, Since: now.Add(time.Minute),
		})
		same(t, get(r.Presence(ctx, dids[1]))(t).Online, true)
	}},
	{"20 connections of one device at once have 20 epochs", func(t *testing.T, db *storeDB) {
		r, did := db.Registry(), db.device(t)
		epochs := make([]int64, 20)
		for _, err := range together(20, func(i int) error {
			got, err := r.Connect(ctx, "nod_1", now, []string{did})
			if err == nil {
				epochs[i] = got[0]
			}
			return err
		}) {
			must(t, err)
		}
		slices.Sort(epochs)
		for i, e := range epochs {
			same(t, e, int64(i+1))
		}
	}},
	{"thousands connect and leave in one call, from two nodes at once", func(t *testing.T, db *storeDB) {
		r, dids := db.Registry(), db.devices(t, 500)
		back := slices.Clone(dids)
		slices.Reverse(back)
		for _, err := range together(8, func(i int) error {
			got, err := r.Connect(ctx, "nod_1", now, [][]string{dids, back}[i%2])
			if err == nil {
				leaves := make([]registry.Presence, len(dids))
				for j, did := range [][]string{dids, back}[i%2] {
					leaves[j] = registry.Presence{DID: did, Epoch: got[j], Reason: registry.ReasonLost, Since: now}
				}
				_, err = r.Disconnect(ctx, leaves)
			}
			return err
		}) {
			must(t, err)
		}
		for _, did := range dids {
			p := get(r.Presence(ctx, did))(t)
			same(t, []any{p.Epoch, p.Online}, []any{int64(8), false})
		}
	}},
	{"a gateway's word on a sub-device counts unless an older connection said it", func(t *testing.T, db *storeDB) {
		r, did := db.Registry(), db.device(t)
		p := registry.Presence{DID: did, Online: true, Reason: registry.ReasonConnected, Node: "nod_1", Epoch: 5, Since: now}
		must(t, r.PutPresence(ctx, p))
		old := p
		old.Epoch, old.Online = 4, false
		must(t, r.PutPresence(ctx, old))
		same(t, get(r.Presence(ctx, did))(t), p)
		p.Online, p.Reason = false, registry.ReasonUnreachable
		must(t, r.PutPresence(ctx, p))
		same(t, get(r.Presence(ctx, did))(t), p)
		p.DID = "none"
		wantError(t, r.PutPresence(ctx, p), registry.ErrNotFound)
	}},
}
