package api

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/proofmark/proofmark/miot"
	"github.com/proofmark/proofmark/registry"
	"github.com/proofmark/proofmark/registry/homes"
)

// The bounds of a page.
const (
	appHomes   = 20  // also all that an account may be in
	appDevList = 200 // devices
)

// appHome is a home as gethome has it.
type appHome struct {
	ID       string     `json:"id"`
	Name     string     `json:"name"`
	UID      string     `json:"uid" doc:"The owner's account."`
	Role     homes.Role `json:"role"`
	EndsAt   int64      `json:"end_time,omitempty" doc:"Unix seconds: when a guest's stay ends."`
	DIDs     []string   `json:"dids" doc:"Those in no room."`
	RoomList []appRoom  `json:"roomlist"`
}

type appRoom struct {
	ID   string   `json:"id"`
	Name string   `json:"name"`
	DIDs []string `json:"dids"`
}

// appHomeList is a page of homes: those of one's own, and those where one is let in.
type appHomeList struct {
	Own     []appHome `json:"homelist"`
	Shared  []appHome `json:"share_home_list"`
	HasMore bool      `json:"has_more"`
	MaxID   string    `json:"max_id,omitempty" doc:"Give it as start_id to read on."`
}

// appGetHome lists homes with their rooms and what stands in them.
func (a *API) appGetHome(ctx context.Context, account string, body []byte) (any, error) {
	call := struct {
		Limit  int    `json:"limit"`
		Start  string `json:"start_id"`
		Shared *bool  `json:"fetch_share"`
	}{Limit: appHomes}
	if err := json.Unmarshal(body, &call); err != nil {
		return nil, &badCall{`the body is no {"limit","start_id","fetch_share"}: ` + err.Error()}
	}
	places, err := a.homes.Places(ctx, account)
	if err != nil {
		return nil, err
	}
	places = slices.DeleteFunc(places, func(p homes.Place) bool {
		return p.ID <= call.Start || call.Shared != nil && !*call.Shared && p.Me.Role != homes.Owner
	})
	list := appHomeList{Own: []appHome{}, Shared: []appHome{}}
	if most := min(max(call.Limit, 1), appHomes); len(places) > most {
		places, list.HasMore, list.MaxID = places[:most], true, places[most-1].ID
	}
	for _, p := range places {
		h, err := a.appHome(ctx, account, p)
		switch {
		case err != nil:
			return nil, err
		case p.Me.Role == homes.Owner:
			list.Own = append(list.Own, h)
		default:
			list.Shared = append(list.Shared, h)
		}
	}
	return list, nil
}

func (a *API) appHome(ctx context.Context, account string, p homes.Place) (appHome, error) {
	h := appHome{ID: p.ID, Name: p.Name, Role: p.Me.Role, DIDs: []string{}, RoomList: []appRoom{}}
	if !p.Me.EndsAt.IsZero() {
		h.EndsAt = p.Me.EndsAt.Unix()
	}
	var err error
	if h.UID, err = a.homes.OwnerOf(ctx, p.ID); err != nil {
		return h, err
	}
	rooms, err := a.homes.Rooms(ctx, account, p.ID)
	if err != nil {
		return h, err
	}
	at := make(map[string]int, len(rooms))
	for i, r := range rooms {
		at[r.ID] = i
		h.RoomList = append(h.RoomList, appRoom{ID: r.ID, Name: r.Name, DIDs: []string{}})
	}
	devices, err := a.registry.InHome(ctx, p.ID, "", 0)
	for _, d := range devices {
		if i, ok := at[d.Room]; ok {
			h.RoomList[i].DIDs = append(h.RoomList[i].DIDs, d.DID)
		} else {
			h.DIDs = append(h.DIDs, d.DID)
		}
	}
	return h, err
}

// appDevice is a device as device_list_page has it.
type appDevice struct {
	DID       string `json:"did"`
	UID       string `json:"uid" doc:"Whose it is."`
	Name      string `json:"name"`
	Model     string `json:"model"`
	SpecType  string `json:"spec_type" doc:"The URN of its spec."`
	Parent    string `json:"parent_id,omitempty"`
	Online    bool   `json:"isOnline"`
	Firmware  string `json:"fw_version,omitempty"`
	Home      string `json:"home_id,omitempty"`
	Room      string `json:"room_id,omitempty"`
	UpdatedAt int64  `json:"last_update,omitempty" doc:"Unix seconds: since when it is online or offline."`
}

type appDeviceList struct {
	List    []appDevice `json:"list"`
	HasMore bool        `json:"has_more"`
	Next    string      `json:"next_start_did,omitempty" doc:"Give it as start_did to read on."`
}

// appDevices lists what the account may watch, or of that what is named.
func (a *API) appDeviceList(ctx context.Context, account string, body []byte) (any, error) {
	call := struct {
		Limit int      `json:"limit"`
		Start string   `json:"start_did"`
		DIDs  []string `json:"dids"`
	}{Limit: appDevList}
	if err := json.Unmarshal(body, &call); err != nil {
		return nil, &badCall{`the body is no {"limit","start_did","dids"}: ` + err.Error()}
	}
	if len(call.DIDs) > appDevList {
		return nil, &badCall{"dids has more than 200"}
	}
	most := min(max(call.Limit, 1), appDevList)
	var found []registry.Device
	var err error
	if len(call.DIDs) > 0 {
		found, err = a.visible(ctx, account, call.DIDs)
	} else {
		found, err = a.registry.SeenBy(ctx, account, call.Start, most+1)
	}
	if err != nil {
		return nil, err
	}
	list := appDeviceList{List: []appDevice{}}
	if len(call.DIDs) == 0 && len(found) > most {
		found, list.HasMore, list.Next = found[:most], true, found[most-1].DID
	}
	specs := make(map[string]registry.SpecVersion) // a home has few products
	for _, d := range found {
		s, err := a.appDevice(ctx, d, specs)
		if err != nil {
			return nil, err
		}
		list.List = append(list.List, s)
	}
	return list, nil
}

// visible are those of the dids that the account may watch; nothing is said of others.
func (a *API) visible(ctx context.Context, account string, dids []string) ([]registry.Device, error) {
	var found []registry.Device
	for _, did := range dids {
		if miot.ValidDID(did) != nil {
			continue
		}
		ok, err := a.registry.MayWatch(ctx, account, did)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		d, err := a.registry.Device(ctx, did)
		if err != nil {
			return nil, err
		}
		found = append(found, d)
	}
	return found, nil
}

func (a *API) appDevice(ctx context.Context, d registry.Device, specs map[string]registry.SpecVersion) (appDevice, error) {
	spec, ok := specs[d.SpecID]
	if !ok {
		var err error
		if spec, err = a.registry.Spec(ctx, d.SpecID); err != nil {
			return appDevice{}, err
		}
		specs[d.SpecID] = spec
	}
	state, err := a.registry.State(ctx, d.DID)
	return appDevice{
		DID: d.DID, UID: d.Account, Name: d.Name, Model: state.Model, SpecType: spec.URN, Parent: d.Parent, Online: state.Online,
		Firmware: d.Info.Firmware, Home: d.Home, Room: d.Room, UpdatedAt: time.UnixMilli(state.At).Unix(),
	}, err
}
