package store

import (
	"context"

	"github.com/proofmark/proofmark/internal/store/dbgen"
	"github.com/proofmark/proofmark/internal/store/micros"
	"github.com/proofmark/proofmark/registry/homes"
)

func (s homeStore) Rooms(ctx context.Context, home string) ([]homes.Room, error) {
	rows, err := s.read.Rooms(ctx, home)
	return list(rows, room), s.wrap(ctx, err, "rooms of home %s", home)
}

func (s homeStore) AddRoom(ctx context.Context, r homes.Room, most int, c homes.Change) error {
	err := s.change(ctx, c, func(q *dbgen.Queries) error {
		if err := changed(q.LockHome(ctx, r.Home)); err != nil {
			return err
		}
		rooms, err := q.Rooms(ctx, r.Home)
		if err := roomFor(int64(len(rooms)), err, "rooms of the home", most); err != nil {
			return err
		}
		return q.InsertRoom(ctx, dbgen.InsertRoomParams{ID: r.ID, Home: r.Home, Name: text(r.Name), CreatedAt: micros.Of(r.CreatedAt)})
	})
	return s.wrap(ctx, err, "add room %q to home %s", r.Name, r.Home)
}

func (s homeStore) RenameRoom(ctx context.Context, r homes.Room, c homes.Change) error {
	err := s.change(ctx, c, func(q *dbgen.Queries) error {
		return changed(q.RenameRoom(ctx, dbgen.RenameRoomParams{ID: r.ID, Home: r.Home, Name: text(r.Name)}))
	})
	return s.wrap(ctx, err, "rename room %s of home %s to %q", r.ID, r.Home, r.Name)
}

func (s homeStore) RemoveRoom(ctx context.Context, home, room string, c homes.Change) error {
	err := s.change(ctx, c, func(q *dbgen.Queries) error {
		return changed(q.DeleteRoom(ctx, dbgen.DeleteRoomParams{ID: room, Home: home}))
	})
	return s.wrap(ctx, err, "remove room %s of home %s", room, home)
}

func room(r dbgen.Room) homes.Room {
	return homes.Room{ID: r.ID, Home: r.Home, Name: r.Name, CreatedAt: r.CreatedAt.Time()}
}
