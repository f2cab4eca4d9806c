package web

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/miot"
	"github.com/proofmark/proofmark/registry"
	"github.com/proofmark/proofmark/registry/bridges"
	"github.com/proofmark/proofmark/registry/homes"
)

func sampleFrame(tab string, role homes.Role) HomeFrame {
	me := homes.Membership{Home: "hom_1", Account: "acc_1", Role: role}
	if role == homes.Guest {
		me.EndsAt = day(2026, 12, 24)
	}
	return HomeFrame{
		Page: Page{Title: "Lake Road", Path: "/homes/hom_1", Person: samplePerson, Wide: true}, Tab: tab,
		Home: homes.Place{Home: homes.Home{ID: "hom_1", Name: "Lake Road"}, Me: me},
	}
}

// sampleAppliance is a device of a home, drawn from a sample of the specs.
func sampleAppliance(sample, name string, online bool, values map[[2]int]json.RawMessage) HomeDevice {
	spec := must1(miot.Parse(miot.Sample(sample)))
	d := Drawing{
		Set:     func(int, int) string { return "#" },
		History: func(int, int) string { return "#" },
		Values:  values, Wishes: map[[2]int]registry.Desired{}, Prefix: idPrefix(name),
	}
	return HomeDevice{DID: "aurora.pure1." + sample, Name: name, Presence: PresenceView{ID: idPrefix(name) + "presence", Online: online}, Controls: Draw(name, spec, d).Card()}
}

func sampleWish(kind, value, shown string) *Wish {
	return &Wish{ControlView{Kind: kind, Value: value, Shown: shown, Known: true}, clock(sampleNow.Add(time.Hour))}
}

func sampleRooms() []RoomView {
	purifier := sampleAppliance("air-purifier", "Living room purifier", true, map[[2]int]json.RawMessage{
		{2, 1}: json.RawMessage("true"), {2, 2}: json.RawMessage("1"), {3, 1}: json.RawMessage("12"), {3, 2}: json.RawMessage("48"), {3, 3}: json.RawMessage("22.5"),
	})
	lamp := sampleAppliance("lamp", hostileText, false, nil)
	if len(lamp.Controls) > 0 {
		lamp.Controls[0].Wish = sampleWish("switch", "true", "true")
	}
	climate := sampleAppliance("climate-sensor", "Hall climate", true, map[[2]int]json.RawMessage{{2, 1}: json.RawMessage("21.4")})
	climate.Alerts = []Note{{"bad", "It is kept out since 29 Nov 2026, 10:00 UTC: a second device uses its key, so one of the two is a copy."}}
	return []RoomView{
		{"rom_1", "Living room", []HomeDevice{purifier}},
		{"rom_2", "Hall", []HomeDevice{lamp, climate}},
		{"rom_3", "Study", nil},
	}
}

func init() {
	story("homes", "homes", func() Pager {
		row := func(name string, role homes.Role, n, online int, ends time.Time) HomeRow {
			return HomeRow{homes.Place{Home: homes.Home{ID: "hom_" + name, Name: name}, Me: homes.Membership{Role: role, EndsAt: ends}}, n, online}
		}
		return &HomesPage{Page: Page{Title: "My homes", Path: "/homes", Person: samplePerson}, Forms: newForms("#"), Rows: []HomeRow{
			row("Lake Road", homes.Owner, 3, 2, time.Time{}), row(hostileText, homes.Guest, 1, 1, day(2026, 12, 24)),
		}}
	})
	hubs := func(text string, all ...Hub) *HomeHubs {
		p := &HomeHubs{
			HomeFrame: sampleFrame("settings", homes.Owner), Forms: newForms("#"), Text: text, Login: "acc_1", Hubs: all,
			Broker: Broker{"proofmark.example", "1883", "8883"}, Waits: []Option{{"0", "is refused"}, {"600", "is kept for 10 minutes"}},
		}
		p.Home.Discovery = text != ""
		return p
	}
	story("home-hubs", "home-hubs", func() Pager {
		return hubs("pmk_tok_01890000-0000-7000-8000-000000000000_"+strings.Repeat("x", 43),
			Hub{auth.Token{ID: "tok_1", Name: "Home Assistant", CreatedAt: sampleNow, UsedAt: sampleNow}, bridges.Setting{Queue: 10 * time.Minute}},
			Hub{auth.Token{ID: "tok_2", Name: hostileText, CreatedAt: sampleNow}, bridges.Setting{Refused: 3, LastAt: sampleNow, Last: bridges.Outcome{End: bridges.Refused, Text: hostileText}}})
	})
	story("home-hubs-none", "home-hubs", func() Pager { return hubs("") })
	story("homes-none", "homes", func() Pager {
		f := newForm("#/new", nil)
		f.Values = pairsOf([]string{"name", ""})
		f.Refuse("name", "The name of a home has 0 characters, want 1 to 60.")
		return &HomesPage{Page: Page{Title: "My homes", Path: "/homes", Person: samplePerson}, Forms: newForms("#").with(f)}
	})
	story("home", "home", func() Pager { return &HomePage{HomeFrame: sampleFrame("devices", homes.Owner), Rooms: sampleRooms()} })
	story("home-guest", "home", func() Pager {
		return &HomePage{HomeFrame: sampleFrame("devices", homes.Guest), Rooms: sampleRooms()[:1]}
	})
	story("home-empty", "home", func() Pager { return &HomePage{HomeFrame: sampleFrame("devices", homes.Owner)} })
	story("home-campaigns", "home-campaigns", func() Pager { return &HomeCampaigns{HomeFrame: sampleFrame("campaigns", homes.Member)} })
	people := func(role homes.Role) *HomePeople {
		return &HomePeople{
			HomeFrame: sampleFrame("people", role), Forms: newForms("#"), Least: "2026-11-29", Most: "2027-11-29",
			Roles: []Option{{"guest", "Guest"}, {"member", "Member"}},
			Members: []MemberView{
				{homes.Membership{Account: "acc_1", Role: role}, "Bela Shah", "", true},
				{homes.Membership{Account: "acc_2", Role: homes.Member}, hostileText, "", false},
				{homes.Membership{Account: "acc_3", Role: homes.Guest, EndsAt: day(2026, 12, 24)}, "Farid Ali", "2026-12-23", false},
			},
			Links: []LinkView{
				{homes.Link{ID: "hml_2", Role: homes.Guest, ExpiresAt: day(2026, 12, 6), CreatedAt: day(2026, 11, 29)}, "open", ""},
				{homes.Link{ID: "hml_1", Role: homes.Member, CreatedAt: day(2026, 11, 2)}, "used", "Farid Ali"},
			},
		}
	}
	story("home-people", "home-people", func() Pager {
		p := people(homes.Owner)
		p.Made = &SecretLink{"https://proofmark.example/join?code=pmk_hml_0198f6a2b7_00000000000000000000000000000000000000000000", day(2026, 12, 6)}
		return p
	})
	story("home-people-refused", "home-people", func() Pager {
		p := people(homes.Owner)
		f := newForm("#/links/new", pairsOf([]string{"role", "guest", "until", ""}))
		f.Refuse("until", "A guest's stay ends between now and in 366 days; 0001-01-01T00:00:00Z is not.")
		p.Forms.with(f)
		return p
	})
	story("home-people-guest", "home-people", func() Pager {
		p := people(homes.Guest)
		p.Members, p.Links = p.Members[:1], nil
		return p
	})
	story("home-settings", "home-settings", func() Pager {
		f := newForm("#/remove", pairsOf(nil))
		f.Refuse("", "Remove home hom_1: devices stand in it: still in use.")
		return &HomeSettings{HomeFrame: sampleFrame("settings", homes.Owner), Forms: newForms("#").with(f), Rooms: []homes.Room{{ID: "rom_1", Name: "Living room"}, {ID: "rom_2", Name: hostileText}}}
	})
	story("home-settings-member", "home-settings", func() Pager {
		return &HomeSettings{HomeFrame: sampleFrame("settings", homes.Member), Forms: newForms("#")}
	})
	story("join", "join", func() Pager {
		f := newForm("#", pairsOf([]string{"code", "pmk_x"}))
		f.Refuse("code", "Code refused: the link is unknown, used, taken back or over; ask for a new one.")
		return &JoinPage{Page: Page{Title: "Come into a home", Person: samplePerson}, Form: f}
	})
	claim := func(pairs ...string) *ClaimPage {
		return &ClaimPage{Page: Page{Title: "Claim a device", Path: "/claim", Person: samplePerson}, Form: newForm("#", pairsOf(pairs)), Wheres: []Option{{"hom_1/rom_1", "Lake Road, Living room"}, {"hom_1/", "Lake Road, in no room yet"}}}
	}
	story("claim", "claim", func() Pager {
		return claim("did", "aurora.pure1.7b2k9qv0x1m4t8az", "code", "7B2K-9QV0-X1M4-T8AZ")
	})
	story("claim-first", "claim", func() Pager {
		p := claim("did", hostileText, "code", "1111-2222-3333-4444")
		p.Wheres = nil
		p.Form.Refuse("code", "Code refused: the device or its code is not the one on the label (16 characters in four groups), or the code was used; a used one is good again once the owner has released the device.")
		return p
	})
	story("claim-waits", "claim", func() Pager {
		p := claim("did", "aurora.pure1.7b2k9qv0x1m4t8az", "code", "7B2K-9QV0-X1M4-T8AZ")
		p.Found, p.Offline = &ClaimFound{"aurora.pure1.7b2k9qv0x1m4t8az", "Aurora Pure 1"}, true
		return p
	})
	story("take", "take", func() Pager {
		return &TakePage{Page: Page{Title: "A device for you", Person: samplePerson}, Form: newForm("#", pairsOf([]string{"code", "pmk_x"})), Name: hostileText, Claimed: true, Wheres: []Option{{"hom_1/", "Lake Road"}}}
	})
	story("take-over", "take", func() Pager {
		f := newForm("#", pairsOf([]string{"code", "pmk_x"}))
		f.Refuse("code", "Code refused: the handover is unknown, used, taken back or over; ask for a new one.")
		return &TakePage{Page: Page{Title: "A device for you", Person: samplePerson}, Form: f}
	})
	story("device-settings", "device-settings", func() Pager {
		return &DeviceSettings{
			Page: Page{Title: "Settings of the purifier", Person: samplePerson}, Device: registry.Device{DID: "aurora.pure1.7b2k", Name: hostileText, Home: "hom_1"},
			Home: &HomeRef{"hom_1", "Lake Road"}, Owner: true, Rooms: []Option{{"", "In no room"}, {"rom_1", "Living room"}}, Homes: []Option{{"hom_1", "Lake Road"}, {"", "In no home"}},
			Made: &SecretLink{"https://proofmark.example/take?code=pmk_hnd_0198f6a2b7_0000000000", day(2026, 12, 29)}, Forms: newForms("#"),
		}
	})
	story("device-settings-of-another", "device-settings", func() Pager {
		return &DeviceSettings{
			Page: Page{Title: "Settings of the purifier", Person: samplePerson}, Device: registry.Device{DID: "aurora.pure1.7b2k", Name: "Purifier", Home: "hom_1"},
			Home: &HomeRef{"hom_1", "Lake Road"}, TakesOut: true, Rooms: []Option{{"", "In no room"}}, Forms: newForms("#"),
		}
	})
}
