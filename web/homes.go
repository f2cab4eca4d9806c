package web

import (
	"context"
	"fmt"
	"html/template"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/bus"
	"github.com/proofmark/proofmark/registry"
	"github.com/proofmark/proofmark/registry/bridges"
	"github.com/proofmark/proofmark/registry/claims"
	"github.com/proofmark/proofmark/registry/homes"
)

// Homes are the pages of those who live with devices: their homes, who is in them,
// and how a device comes into one.
type Homes struct{ HomesOptions }

// HomesOptions are what the pages work with; all are needed but Ports and Now.
type HomesOptions struct {
	Homes   *homes.Service
	Claims  *claims.Service
	Auth    *auth.Service
	Desk    *campaigns.Desk
	Devices *Devices // draws them
	Bridges *bridges.Service
	Bus     bus.Bus
	URL     string // of this site, for links that are given away
	// Ports are those of MQTT and of MQTT over TLS, empty for one that is closed.
	Ports func() (mqtt, mqtts string)
	Now   func() time.Time
}

// NewHomes makes the section.
func NewHomes(o HomesOptions) *Homes {
	if o.Now == nil {
		o.Now = time.Now
	}
	o.URL = strings.TrimSuffix(o.URL, "/")
	return &Homes{o}
}

// Mount implements Section.
func (s *Homes) Mount(p *Pages) {
	p.Get("/homes", LoggedIn, func(v *Visit) error { return s.list(v, nil) })
	p.Post("/homes/new", LoggedIn, s.create)
	const at = "/homes/{home}"
	p.Get(at, LoggedIn, s.home)
	p.Get(at+"/live", LoggedIn, s.live)
	p.Get(at+"/campaigns", LoggedIn, s.campaigns)
	p.Get(at+"/people", LoggedIn, func(v *Visit) error { return s.people(v, nil, nil) })
	p.Post(at+"/people/links/new", LoggedIn, s.addLink)
	p.Post(at+"/people/links/{link}/revoke", LoggedIn, s.revokeLink)
	p.Post(at+"/people/{account}/role", LoggedIn, s.setMember)
	p.Post(at+"/people/{account}/remove", LoggedIn, s.removeMember)
	p.Get(at+"/settings", LoggedIn, func(v *Visit) error { return s.settings(v, nil) })
	p.Post(at+"/settings/{act}", LoggedIn, s.change)
	p.Get(at+"/hubs", LoggedIn, func(v *Visit) error { return s.hubs(v, nil, "") })
	p.Post(at+"/hubs/new", LoggedIn, s.addHub)
	p.Post(at+"/hubs/{token}/{act}", LoggedIn, s.changeHub)
	p.Post(at+"/settings/rooms/{room}/{act}", LoggedIn, s.changeRoom)
	p.Get("/join", LoggedIn, func(v *Visit) error { return s.joinPage(v, nil) })
	p.Post("/join", LoggedIn, s.join)
	p.Get("/claim", LoggedIn, s.claimPage)
	p.Post("/claim", LoggedIn, s.claim)
	p.Get("/claim/live", LoggedIn, s.claimLive)
	p.Get("/take", LoggedIn, func(v *Visit) error { return s.takePage(v, nil) })
	p.Post("/take", LoggedIn, s.take)
}

// HomesPage lists the homes of somebody.
type HomesPage struct {
	Page
	Rows  []HomeRow
	Forms *Forms
}

// HomeRow is a home in a list.
type HomeRow struct {
	homes.Place
	Devices, Online int
}

// HomeFrame is what the pages of a home have in common.
type HomeFrame struct {
	Page
	Home homes.Place
	Tab  string
}

// Arranges says whether the visitor may change rooms and names there.
func (p *HomeFrame) Arranges() bool { return p.Home.Me.May(homes.Arrange) }

// Decides says whether the visitor may decide who is in the home.
func (p *HomeFrame) Decides() bool { return p.Home.Me.May(homes.Decide) }

// Base is the address of the home.
func (p *HomeFrame) Base() string { return "/homes/" + p.Home.ID }

// Tabs are the pages of a home, for who looks at it.
func (p *HomeFrame) Tabs() []HomeTab {
	tabs := []HomeTab{{"devices", p.Base()}, {"people", p.Base() + "/people"}, {"campaigns", p.Base() + "/campaigns"}}
	if p.Arranges() {
		tabs = append(tabs, HomeTab{"settings", p.Base() + "/settings"})
	}
	return tabs
}

// HomeTab is a page of a home.
type HomeTab struct{ Name, Path string }

// HomePage shows a home: its rooms, and what stands in each.
type HomePage struct {
	HomeFrame
	Rooms []RoomView
}

// Bare are the names of the rooms in which nothing stands.
func (p *HomePage) Bare() (names []string) {
	for _, r := range p.Rooms {
		if len(r.Devices) == 0 {
			names = append(names, r.Name)
		}
	}
	return names
}

// Any says whether a device stands in the home.
func (p *HomePage) Any() bool {
	return slices.ContainsFunc(p.Rooms, func(r RoomView) bool { return len(r.Devices) > 0 })
}

// RoomView is a room, or what stands in none.
type RoomView struct {
	ID, Name string // empty: in no room
	Devices  []HomeDevice
}

// HomeDevice is a device on the page of its home.
type HomeDevice struct {
	DID, Name string
	Presence  PresenceView
	Controls  []ControlView
	Alerts    []Note
}

// HomeCampaigns are the open campaigns, as a tab of the home.
type HomeCampaigns struct {
	HomeFrame
	Cards []CampaignCard
}

// frame is the home that the address names, as its visitor sees it.
func (s *Homes) frame(v *Visit, tab string, right homes.Right) (HomeFrame, error) {
	_, err := s.Homes.Membership(v.Context(), v.Actor.Account, v.Param("home"), right)
	if err != nil {
		return HomeFrame{}, err
	}
	place, err := s.Homes.Place(v.Context(), v.Actor.Account, v.Param("home"))
	return HomeFrame{Page: Page{Title: place.Name, Wide: true, Quiet: true}, Home: place, Tab: tab}, err
}

func (s *Homes) list(v *Visit, sent *Form) error {
	places, err := s.Homes.Places(v.Context(), v.Actor.Account)
	if err != nil {
		return err
	}
	p := &HomesPage{Page: Page{Title: v.Say("homes.title"), Quiet: true}, Forms: newForms("/homes").with(sent)}
	for _, place := range places {
		row := HomeRow{Place: place}
		devices, err := s.Devices.Registry.InHome(v.Context(), place.ID, "", 0)
		if err != nil {
			return err
		}
		row.Devices = len(devices)
		for _, d := range devices {
			state, err := s.Devices.Registry.Presence(v.Context(), d.DID)
			if err != nil {
				return err
			}
			if state.Online {
				row.Online++
			}
		}
		p.Rows = append(p.Rows, row)
	}
	if sent != nil {
		return v.Again("homes", p)
	}
	return v.Show("homes", p)
}

func (s *Homes) create(v *Visit) error {
	return v.act(func(f *Form) error { return s.list(v, f) }, func(f *Form) (string, error) {
		return v.Once(f, func() (string, error) {
			place, err := s.Homes.Create(v.Context(), v.Actor.Account, f.Get("name"))
			return "/homes/" + place.ID, err
		})
	}, namePlaces...)
}

// namePlaces are where the refusals of a name belong.
var namePlaces = []Place{{registry.ErrBadRequest, "name"}, {registry.ErrExists, "name"}, {registry.ErrFull, ""}}

func (s *Homes) home(v *Visit) error {
	frame, err := s.frame(v, "devices", homes.See)
	if err != nil {
		return err
	}
	frame.Live = true
	p := &HomePage{HomeFrame: frame}
	if p.Rooms, err = s.rooms(v, frame.Home.ID); err != nil {
		return err
	}
	return v.Show("home", p)
}

// rooms are those of a home with what stands in them, the oldest first; what stands
// in none comes last.
func (s *Homes) rooms(v *Visit, home string) ([]RoomView, error) {
	ctx := v.Context()
	found, err := s.Homes.Rooms(ctx, v.Actor.Account, home)
	if err != nil {
		return nil, err
	}
	views := make([]RoomView, 0, len(found)+1)
	at := map[string]int{}
	for i, r := range found {
		views = append(views, RoomView{ID: r.ID, Name: r.Name})
		at[r.ID] = i
	}
	views = append(views, RoomView{})
	devices, err := s.Devices.Registry.InHome(ctx, home, "", 0)
	if err != nil {
		return nil, err
	}
	for _, d := range devices {
		shown, err := s.device(v, d)
		if err != nil {
			return nil, err
		}
		i, ok := at[d.Room]
		if !ok {
			i = len(views) - 1
		}
		views[i].Devices = append(views[i].Devices, shown)
	}
	if len(views[len(views)-1].Devices) == 0 {
		views = views[:len(views)-1]
	}
	return views, nil
}

func (s *Homes) device(v *Visit, d registry.Device) (HomeDevice, error) {
	spec, err := s.Devices.specOf(v.Context(), d)
	if err != nil {
		return HomeDevice{}, err
	}
	twin, err := s.Devices.Registry.Twin(v.Context(), d.DID)
	if err != nil {
		return HomeDevice{}, err
	}
	state, err := s.Devices.Registry.Presence(v.Context(), d.DID)
	return HomeDevice{
		DID: d.DID, Name: d.Name, Alerts: alertsOf(v, d), Presence: PresenceView{ID: idPrefix(d.DID) + "presence", Online: state.Online},
		Controls: Draw(d.DID, spec, s.Devices.drawing(d.DID, twin)).Card(),
	}, err
}

// looksAgain is how many devices of a home are looked at without a message each time.
const looksAgain = 20

// live sends what the devices of a home report to its open page.
func (s *Homes) live(v *Visit) error {
	frame, err := s.frame(v, "devices", homes.See)
	if err != nil {
		return err
	}
	home := frame.Home.ID
	devices, err := s.Devices.Registry.InHome(v.Context(), home, "", 0)
	if err != nil {
		return err
	}
	subjects := []string{registry.HomeSubject(home)}
	of := map[string]*lookout{}
	all := make([]*lookout, 0, len(devices))
	for _, d := range devices {
		l, err := s.Devices.lookout(v, d, DeviceView.Card)
		if err != nil {
			return err
		}
		for _, subject := range l.subjects() {
			of[subject] = l
			subjects = append(subjects, subject)
		}
		all = append(all, l)
	}
	next, first := 0, true
	return v.follow(s.Bus, subjects, func(m bus.Message, send func(event, page, part string, data any) error) (bool, error) {
		if m.Subject == registry.HomeSubject(home) {
			s.Homes.OnEvent(m) // subscribers are told in no order
		}
		if _, err := s.Homes.Membership(v.Context(), v.Actor.Account, home, homes.See); err != nil {
			return true, send("home", "home", "home-changed", nil) // the page asks again, and hears why
		}
		if l := of[m.Subject]; l != nil {
			return false, l.hear(v, m, send)
		}
		if m.Subject != "" { // of the home: who else is in it says nothing here
			return true, send("home", "home", "home-changed", nil)
		}
		n := min(looksAgain, len(all))
		if first {
			n, first = len(all), false
		}
		for range n {
			if err := all[next].look(v, send); err != nil {
				return false, err
			}
			next = (next + 1) % len(all)
		}
		return false, nil
	})
}

func (s *Homes) campaigns(v *Visit) error {
	frame, err := s.frame(v, "campaigns", homes.See)
	if err != nil {
		return err
	}
	p := &HomeCampaigns{HomeFrame: frame}
	found, err := s.Desk.Shelf(v.Context(), campaigns.ShelfQuery{Shelf: campaigns.ShelfLive, Limit: cardsPerPage})
	for _, x := range found {
		p.Cards = append(p.Cards, cardOf(x))
	}
	if err != nil {
		return err
	}
	return v.Show("home-campaigns", p)
}

// nameOf is somebody's name, for those who live with them.
func (s *Homes) nameOf(ctx context.Context, account string) (string, error) {
	a, err := s.Auth.Known(ctx, account)
	return a.Name, err
}

// wheres are the places where the visitor may put a device: each home of theirs, and
// each room of it. The value of one is home/room.
func (s *Homes) wheres(v *Visit) ([]Option, error) {
	places, err := s.Homes.Places(v.Context(), v.Actor.Account)
	if err != nil {
		return nil, err
	}
	var out []Option
	for _, p := range places {
		if !p.Me.May(homes.Arrange) {
			continue
		}
		rooms, err := s.Homes.Rooms(v.Context(), v.Actor.Account, p.ID)
		if err != nil {
			return nil, err
		}
		for _, r := range rooms {
			out = append(out, Option{p.ID + "/" + r.ID, v.Say("homes.room-of", p.Name, r.Name)})
		}
		out = append(out, Option{p.ID + "/", v.Say("homes.no-room-of", p.Name)})
	}
	return out, nil
}

// where is the home and room that a form names; a home that is to be made is made
// first.
func (s *Homes) where(v *Visit, f *Form) (home, room string, err error) {
	if name := f.Get("home-name"); name != "" {
		place, err := s.Homes.Create(v.Context(), v.Actor.Account, name)
		if f.Took(err, Place{registry.ErrBadRequest, "home-name"}, Place{registry.ErrFull, "home-name"}) || err != nil {
			return "", "", err
		}
		f.Values.Set("where", place.ID+"/")
		f.Values.Del("home-name")
	}
	home, room, ok := strings.Cut(f.Get("where"), "/")
	if !ok {
		f.Refuse("where", v.Say("claim.where-refused"))
	}
	return home, room, nil
}

// SecretLink lets whoever has it do something, once.
type SecretLink struct {
	Address string
	Until   time.Time
}

// Code is the link as a QR code.
func (l *SecretLink) Code() template.HTML { return qrCode(l.Address) }

func secretLink(site, path, code string, until time.Time) *SecretLink {
	return &SecretLink{fmt.Sprintf("%s%s?code=%s", site, path, url.QueryEscape(code)), until}
}
