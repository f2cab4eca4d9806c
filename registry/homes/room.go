package homes

import (
	"context"

	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/registry"
)

// Rooms lists the rooms of a home.
func (s *Service) Rooms(ctx context.Context, by, home string) ([]Room, error) {
	if _, err := s.Membership(ctx, by, home, See); err != nil {
		return nil, err
	}
	return s.store.Rooms(ctx, home)
}

// AddRoom makes a room.
func (s *Service) AddRoom(ctx context.Context, by, home, name string) (Room, error) {
	r := Room{ID: id.New("rom"), Home: home, CreatedAt: s.now()}
	c, err := s.roomChange(ctx, by, "room.added", &r, name)
	if err == nil {
		err = s.store.AddRoom(ctx, r, MostRooms, c)
	}
	return r, err
}

// RenameRoom gives a room another name.
func (s *Service) RenameRoom(ctx context.Context, by, home, room, name string) error {
	r := Room{ID: room, Home: home}
	c, err := s.roomChange(ctx, by, "room.renamed", &r, name)
	if err == nil {
		err = s.store.RenameRoom(ctx, r, c)
	}
	return err
}

func (s *Service) roomChange(ctx context.Context, by, action string, r *Room, name string) (Change, error) {
	_, err := s.Membership(ctx, by, r.Home, Arrange)
	if err == nil {
		r.Name, err = registry.CleanName("a room", name)
	}
	if err != nil {
		return Change{}, err
	}
	return s.change(by, action, r.ID, map[string]any{"home": r.Home}, registry.HomeEvent{Home: r.Home, What: registry.HomeRooms})
}

// RemoveRoom takes a room away; its devices stay in the home, in no room.
func (s *Service) RemoveRoom(ctx context.Context, by, home, room string) error {
	if _, err := s.Membership(ctx, by, home, Arrange); err != nil {
		return err
	}
	c, err := s.change(by, "room.removed", room, map[string]any{"home": home}, registry.HomeEvent{Home: home, What: registry.HomeRooms})
	if err == nil {
		err = s.store.RemoveRoom(ctx, home, room, c)
	}
	return err
}
