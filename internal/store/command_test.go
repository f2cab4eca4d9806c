package store_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/registry"
)

func newCommand(did string) registry.Command {
	return registry.Command{
		ID: id.New("cmd"), DID: did, Account: "acc_1", Method: "set_properties", Params: json.RawMessage(`[{"did":"d","siid":2,"piid":1,"value":1.0}]`),
		State: registry.CommandQueued, CreatedAt: now, ExpiresAt: now.Add(time.Hour),
	}
}

var commandCases = []conformanceCase{
	{"commands are queued oldest first and move once", func(t *testing.T, db *storeDB) {
		r, did := db.Registry(), db.device(t)
		second, first := newCommand(did), newCommand(did)
		first.CreatedAt = now.Add(-time.Second)
		must(t, r.QueueCommand(ctx, second))
		must(t, r.QueueCommand(ctx, first))
		same(t, get(r.QueuedCommands(ctx, did))(t), []registry.Command{first, second})

		must(t, r.MoveCommand(ctx, first.ID, registry.CommandQueued, registry.CommandSent, nil, now))
		wantError(t, r.MoveCommand(ctx, first.ID, registry.CommandQueued, registry.CommandSent, nil, now), registry.ErrConflict)
		same(t, get(r.QueuedCommands(ctx, did))(t), []registry.Command{second})
		first.State = registry.CommandSent
		same(t, get(r.Command(ctx, first.ID))(t), first)

		first.State, first.EndedAt, first.Result = registry.CommandDone, now.Add(time.Second), json.RawMessage(`{"id":1,"result":[ 1.0 ]}`)
		must(t, r.MoveCommand(ctx, first.ID, registry.CommandSent, registry.CommandDone, first.Result, first.EndedAt))
		same(t, get(r.Command(ctx, first.ID))(t), first)
	}},
	{"commands expire whether they were sent or not", func(t *testing.T, db *storeDB) {
		r, did := db.Registry(), db.device(t)
		queued, sent, done, later := newCommand(did), newCommand(did), newCommand(did), newCommand(did)
		later.ExpiresAt = now.Add(2 * time.Hour)
		for _, c := range []registry.Command{queued, sent, done, later} {
			must(t, r.QueueCommand(ctx, c))
		}
		must(t, r.MoveCommand(ctx, sent.ID, registry.CommandQueued, registry.CommandSent, nil, now))
		must(t, r.MoveCommand(ctx, done.ID, registry.CommandQueued, registry.CommandDone, nil, now))
		get(r.ExpireCommands(ctx, now.Add(time.Hour)))(t)
		for id, want := range map[string]registry.CommandState{
			queued.ID: registry.CommandExpired, sent.ID: registry.CommandExpired, done.ID: registry.CommandDone, later.ID: registry.CommandQueued,
		} {
			same(t, get(r.Command(ctx, id))(t).State, want)
		}
		same(t, get(r.Command(ctx, queued.ID))(t).EndedAt, now.Add(time.Hour))
	}},
	{"a command needs its device and an id of its own", func(t *testing.T, db *storeDB) {
		r := db.Registry()
		c := newCommand(db.device(t))
		must(t, r.QueueCommand(ctx, c))
		wantError(t, r.QueueCommand(ctx, c), registry.ErrExists)
		wantError(t, r.QueueCommand(ctx, newCommand("none")), registry.ErrNotFound)
		_, err := r.Command(ctx, "cmd_none")
		wantError(t, err, registry.ErrNotFound)
		wantError(t, r.MoveCommand(ctx, "cmd_none", registry.CommandQueued, registry.CommandSent, nil, now), registry.ErrNotFound)
	}},
}
