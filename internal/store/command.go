package store

import (
	"context"
	"fmt"
	"time"

	"github.com/proofmark/proofmark/internal/store/dbgen"
	"github.com/proofmark/proofmark/internal/store/micros"
	"github.com/proofmark/proofmark/registry"
)

func (s registryStore) QueueCommand(ctx context.Context, c registry.Command) error {
	err := s.writer.statement(ctx, func(q *dbgen.Queries) error {
		return q.InsertCommand(ctx, dbgen.InsertCommandParams{
			ID: c.ID, DID: c.DID, Method: text(c.Method), Params: text(string(c.Params)), State: string(c.State),
			Result: text(string(c.Result)), CreatedAt: micros.Of(c.CreatedAt), ExpiresAt: micros.Of(c.ExpiresAt), EndedAt: micros.Of(c.EndedAt), Account: c.Account,
		})
	})
	return s.wrap(ctx, err, "queue command %s for device %s", c.ID, c.DID)
}

func (s registryStore) Command(ctx context.Context, id string) (registry.Command, error) {
	c, err := s.read.Command(ctx, id)
	return command(c), s.wrap(ctx, err, "command %s", id)
}

func (s registryStore) QueuedCommands(ctx context.Context, did string) ([]registry.Command, error) {
	rows, err := s.read.QueuedCommands(ctx, did)
	return list(rows, command), s.wrap(ctx, err, "queued commands of device %s", did)
}

func (s registryStore) MoveCommand(ctx context.Context, id string, from, to registry.CommandState, result []byte, at time.Time) error {
	if to == registry.CommandQueued || to == registry.CommandSent {
		at = time.Time{} // not an end
	}
	err := s.transact(ctx, func(q *dbgen.Queries) error {
		n, err := q.MoveCommand(ctx, dbgen.MoveCommandParams{
			ID: id, Was: string(from), State: string(to), Result: text(string(result)), EndedAt: micros.Of(at),
		})
		if err != nil || n > 0 {
			return err
		}
		c, err := q.Command(ctx, id)
		if err != nil {
			return err
		}
		return fmt.Errorf("it is %s: %w", c.State, registry.ErrConflict)
	})
	return s.wrap(ctx, err, "move command %s from %s to %s", id, from, to)
}

func (s registryStore) ExpireCommands(ctx context.Context, now time.Time) (n int64, err error) {
	err = s.writer.statement(ctx, func(q *dbgen.Queries) error {
		n, err = q.ExpireCommands(ctx, micros.Of(now))
		return err
	})
	return n, s.wrap(ctx, err, "expire commands")
}

func command(c dbgen.Command) registry.Command {
	return registry.Command{
		ID: c.ID, Account: c.Account, DID: c.DID, Method: c.Method, Params: raw(c.Params), State: registry.CommandState(c.State),
		Result: raw(c.Result), CreatedAt: c.CreatedAt.Time(), ExpiresAt: c.ExpiresAt.Time(), EndedAt: c.EndedAt.Time(),
	}
}
