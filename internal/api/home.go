package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/proofmark/proofmark/registry/homes"
)

const homesTag = "Homes"

// Home is a home as one of its members sees it.
type Home struct {
	ID        string     `json:"id" doc:"hom_…"`
	Name      string     `json:"name"`
	Role      homes.Role `json:"role" enum:"owner,member,guest" doc:"What the caller is in it."`
	EndsAt    *time.Time `json:"ends_at,omitempty" doc:"When the caller's stay as a guest ends."`
	Discovery bool       `json:"discovery" doc:"Whether its hubs are shown how to show its devices (docs/homes.md)."`
	CreatedAt time.Time  `json:"created_at"`
}

func homeOf(p homes.Place) Home {
	return Home{
		ID: p.ID, Name: p.Name, Role: p.Me.Role, EndsAt: someday(p.Me.EndsAt), Discovery: p.Discovery, CreatedAt: instant(p.Home.CreatedAt),
	}
}

type homeList struct {
	Homes []Home `json:"homes"`
}

// Room is a room of a home.
type Room struct {
	ID        string    `json:"id" doc:"rom_…"`
	Name      string    `json:"name"`
	CreatedAt time.Time `json:"created_at"`
}

func roomOf(r homes.Room) Room { return Room{r.ID, r.Name, instant(r.CreatedAt)} }

type roomList struct {
	Rooms []Room `json:"rooms"`
}

// OfHome is the path of what is about one home.
type OfHome struct {
	Home string `path:"home" maxLength:"100" doc:"hom_…"`
}

// OfRoom is the path of one room.
type OfRoom struct {
	OfHome
	Room string `path:"room" maxLength:"100" doc:"rom_…"`
}

// Named is the body of what only has a name.
type Named struct {
	Name string `json:"name" minLength:"1" maxLength:"240" doc:"1 to 60 characters that show."`
}

func (a *API) mountHomes() {
	member(a, huma.Operation{
		OperationID: "list-homes", Method: http.MethodGet, Path: "/homes", Tags: []string{homesTag},
		Summary: "List the homes that I live in or am a guest of",
	}, func(ctx context.Context, _ *struct{}) (*reply[homeList], error) {
		found, err := a.homes.Places(ctx, actorOf(ctx).Account)
		return answer(homeList{each(found, homeOf)}, err)
	})
	member(a, huma.Operation{
		OperationID: "create-home", Method: http.MethodPost, Path: "/homes", Tags: []string{homesTag},
		Summary: "Make a home", DefaultStatus: http.StatusCreated, Description: "The caller is its owner. An account is in at most 20 homes.",
	}, func(ctx context.Context, in *struct{ Body Named }) (*reply[Home], error) {
		p, err := a.homes.Create(ctx, actorOf(ctx).Account, in.Body.Name)
		return answer(homeOf(p), err)
	})
	member(a, huma.Operation{
		OperationID: "get-home", Method: http.MethodGet, Path: "/homes/{home}", Tags: []string{homesTag}, Summary: "Read a home",
	}, func(ctx context.Context, in *OfHome) (*reply[Home], error) {
		p, err := a.homes.Place(ctx, actorOf(ctx).Account, in.Home)
		return answer(homeOf(p), err)
	})
	member(a, huma.Operation{
		OperationID: "change-home", Method: http.MethodPatch, Path: "/homes/{home}", Tags: []string{homesTag},
		Summary: "Change a home", Description: "Its owner only. Members that are absent stay as they are.",
	}, func(ctx context.Context, in *struct {
		OfHome
		Body struct {
			Name      *string `json:"name,omitempty" minLength:"1" maxLength:"240"`
			Discovery *bool   `json:"discovery,omitempty" doc:"Whether hubs are shown its devices; what they have is cleared when it is switched off."`
		}
	},
	) (*reply[Home], error) {
		p, err := a.homes.Update(ctx, actorOf(ctx).Account, in.Home, in.Body.Name, in.Body.Discovery)
		return answer(homeOf(p), err)
	})
	member(a, huma.Operation{
		OperationID: "remove-home", Method: http.MethodDelete, Path: "/homes/{home}", Tags: []string{homesTag},
		Summary: "Remove a home", Description: "Its owner only, once no device stands in it.",
	}, func(ctx context.Context, in *OfHome) (*nothing, error) {
		return nil, a.homes.Remove(ctx, actorOf(ctx).Account, in.Home)
	})
	a.mountRooms()
	a.mountHomeMembers()
	a.mountHomeLinks()
	a.mountBridges()
}

func (a *API) mountRooms() {
	member(a, huma.Operation{
		OperationID: "list-rooms", Method: http.MethodGet, Path: "/homes/{home}/rooms", Tags: []string{homesTag}, Summary: "List the rooms of a home",
	}, func(ctx context.Context, in *OfHome) (*reply[roomList], error) {
		found, err := a.homes.Rooms(ctx, actorOf(ctx).Account, in.Home)
		return answer(roomList{each(found, roomOf)}, err)
	})
	member(a, huma.Operation{
		OperationID: "add-room", Method: http.MethodPost, Path: "/homes/{home}/rooms", Tags: []string{homesTag},
		Summary: "Add a room", DefaultStatus: http.StatusCreated, Description: "Members and the owner; names are unique in the home.",
	}, func(ctx context.Context, in *struct {
		OfHome
		Body Named
	},
	) (*reply[Room], error) {
		r, err := a.homes.AddRoom(ctx, actorOf(ctx).Account, in.Home, in.Body.Name)
		return answer(roomOf(r), err)
	})
	member(a, huma.Operation{
		OperationID: "rename-room", Method: http.MethodPatch, Path: "/homes/{home}/rooms/{room}", Tags: []string{homesTag}, Summary: "Rename a room",
	}, func(ctx context.Context, in *struct {
		OfRoom
		Body Named
	},
	) (*nothing, error) {
		return nil, a.homes.RenameRoom(ctx, actorOf(ctx).Account, in.Home, in.Room, in.Body.Name)
	})
	member(a, huma.Operation{
		OperationID: "remove-room", Method: http.MethodDelete, Path: "/homes/{home}/rooms/{room}", Tags: []string{homesTag},
		Summary: "Remove a room", Description: "Its devices stay in the home, in no room.",
	}, func(ctx context.Context, in *OfRoom) (*nothing, error) {
		return nil, a.homes.RemoveRoom(ctx, actorOf(ctx).Account, in.Home, in.Room)
	})
}
