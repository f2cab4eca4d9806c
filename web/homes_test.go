package web

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/proofmark/proofmark/internal/bus"
	"github.com/proofmark/proofmark/miot"
	"github.com/proofmark/proofmark/registry"
	"github.com/proofmark/proofmark/registry/bridges"
	"github.com/proofmark/proofmark/registry/claims"
	"github.com/proofmark/proofmark/registry/homes"
)

// street is the pages of homes over a real store, registry and bus; its devices are
// registered and never switched on.
type street struct {
	*house
	registry *registry.Registry
	homes    *homes.Service
	claims   *claims.Service
	bridges  *bridges.Service
}

func openStreet(t *testing.T) *street {
	s := &street{}
	local := bus.NewLocal()
	t.Cleanup(func() { _ = local.Close() })
	s.house = openHouse(t, func(h *house) Section {
		s.homes = homes.New(homes.Options{Store: h.db.Homes(), Now: h.clock})
		s.registry = registry.New(registry.Options{Store: h.db.Registry(), Bus: local, Homes: s.homes})
		must(t, s.registry.Start(t.Context()))
		t.Cleanup(func() { _ = s.registry.Stop(t.Context()) })
		s.claims = claims.New(claims.Options{Store: h.db.Claims(), Devices: s.registry, Homes: s.homes, Now: h.clock})
		s.bridges = bridges.New(bridges.Options{Store: h.db.Bridges(), Devices: s.registry, Homes: s.homes, Tokens: h.auth})
		t.Cleanup(func() { _ = s.bridges.Stop(t.Context()) })
		devices := NewDevices(DevicesOptions{Registry: s.registry, Homes: s.homes, Claims: s.claims, Bus: local, URL: "https://proofmark.example"})
		return both{devices, NewHomes(HomesOptions{
			Homes: s.homes, Claims: s.claims, Auth: h.auth, Devices: devices, Bridges: s.bridges, Bus: local, URL: "https://proofmark.example", Now: h.clock,
			Ports: func() (string, string) { return "1883", "" },
		})}
	})
	return s
}

// both are two sections that know each other.
type both [2]Section

// Mount implements Section.
func (b both) Mount(p *Pages) { b[0].Mount(p); b[1].Mount(p) }

// device registers one, of that account in that home.
func (s *street) device(did, account, home string) {
	s.Helper()
	p, err := s.registry.ProductByModel(s.Context(), "aurora-pure1")
	if err != nil {
		p, _, err = s.registry.CreateProduct(s.Context(), "Aurora Pure", miot.Sample("air-purifier"))
	}
	must(s, err)
	_, _, err = s.registry.CreateDevice(s.Context(), registry.NewDevice{DID: did, ProductID: p.ID, Account: account, Name: did})
	must(s, err)
	if home != "" {
		_, err = s.claims.Move(s.Context(), account, did, home)
		must(s, err)
	}
}

func TestAHomeIsItsMembers(t *testing.T) {
	s := openStreet(t)
	ann := s.person("ann@example.com")
	s.person("bob@example.com")
	place, err := s.homes.Create(t.Context(), ann.ID, "Lake Road")
	must(t, err)
	s.device("sea-1", ann.ID, place.ID)
	at := "/homes/" + place.ID
	a, b := s.browser(), s.browser()
	a.logIn("ann@example.com")
	b.logIn("bob@example.com")
	a.get(at).says(t, http.StatusOK, "Lake Road", "sea-1", "offline")
	for _, path := range []string{at, at + "/people", at + "/settings", at + "/campaigns", at + "/live", "/devices/sea-1", "/devices/sea-1/settings"} {
		b.get(path).says(t, http.StatusNotFound)
	}
	for _, path := range []string{"/people/links/new", "/settings/name", "/settings/remove"} {
		b.send(at+path, "name", "Mine", "role", "member").says(t, http.StatusNotFound)
	}
	// A guest sees and uses, and arranges nothing.
	_, text, err := s.homes.Invite(t.Context(), ann.ID, place.ID, homes.Guest, s.clock().Add(24*time.Hour), 0)
	must(t, err)
	b.send("/join", "code", text).goes(t, at)
	page := b.get(at)
	page.says(t, http.StatusOK, "sea-1", "You are a guest here until")
	if strings.Contains(page.body, "/settings") || strings.Contains(page.body, `href="/claim"`) {
		t.Errorf("a guest is led to what guests may not do: %s", page.body)
	}
	b.get(at+"/settings").says(t, http.StatusForbidden)
	b.get("/devices/sea-1/settings").says(t, http.StatusNotFound)
	b.send(at+"/settings/room", "name", "Attic").says(t, http.StatusForbidden)
	b.send("/devices/sea-1/properties/2/1", "value", "true").goes(t, "/devices/sea-1") // kept until the device is there
	b.get("/devices/sea-1").says(t, http.StatusOK, "It is away. It gets this when it is back")
	s.later(25 * time.Hour)
	b.logIn("bob@example.com")
	b.get(at).says(t, http.StatusNotFound)
}

func TestARefusalStandsBesideItsField(t *testing.T) {
	s := openStreet(t)
	ann := s.person("ann@example.com")
	a := s.browser()
	a.logIn("ann@example.com")
	a.send("/homes/new", "name", strings.Repeat("x", 61)).says(t, http.StatusUnprocessableEntity, `id="new-name-error"`, "61 characters, want 1 to 60")
	place, err := s.homes.Create(t.Context(), ann.ID, "Lake Road")
	must(t, err)
	s.device("sea-1", ann.ID, place.ID)
	at := "/homes/" + place.ID
	a.send(at+"/settings/room", "name", "Hall").goes(t, at+"/settings")
	a.send(at+"/settings/room", "name", "Hall").says(t, http.StatusUnprocessableEntity, `id="room-name-error"`)
	a.send(at+"/settings/remove").says(t, http.StatusUnprocessableEntity, "devices stand in it")
	a.send(at+"/people/links/new", "role", "guest").says(t, http.StatusUnprocessableEntity, `id="links-new-until-error"`, "366 days")
	a.send(at+"/people/links/new", "role", "guest", "until", "soon").says(t, http.StatusUnprocessableEntity, `id="links-new-until-error"`)
	made := a.send(at+"/people/links/new", "role", "member", "form-key", "k1")
	made.says(t, http.StatusOK, "https://proofmark.example/join?code=", "<svg")
	a.send(at+"/people/links/new", "role", "member", "form-key", "k1").goes(t, at+"/people") // sent twice
	a.send(at+"/people/"+ann.ID+"/remove").says(t, http.StatusUnprocessableEntity, "its owner cannot leave")
	a.send("/devices/sea-1/settings/place", "name", " ", "room", "").says(t, http.StatusUnprocessableEntity, `id="place-name-error"`)
	a.send("/devices/sea-1/settings/release").says(t, http.StatusUnprocessableEntity, `id="release-sure-error"`)
	a.send("/devices/sea-1/settings/release", "sure", "yes").says(t, http.StatusUnprocessableEntity, "not there to forget its settings")
	a.send("/devices/sea-1/settings/export").says(t, http.StatusUnprocessableEntity, "has to be connected")
	a.send("/devices/sea-1/settings/keep").says(t, http.StatusUnprocessableEntity, "There is no open link")
}

func TestALabelLeadsToItsClaim(t *testing.T) {
	s := openStreet(t)
	s.person("ann@example.com")
	s.device("box-1", "", "")
	code, err := s.claims.Renew(t.Context(), "acc_operator", "box-1")
	must(t, err)
	a := s.browser()
	label := "/claim?code=" + code + "&did=box-1"
	if got := claims.LabelURL("", "box-1", code); got != label {
		t.Fatalf("a label says %s", got)
	}
	a.get(label).goes(t, "/log-in?next=%2Fclaim%3Fcode%3D"+code+"%26did%3Dbox-1")
	a.logIn("ann@example.com")
	page := a.get(label)
	page.says(t, http.StatusOK, `value="box-1"`, `value="`+code+`"`, `name="home-name"`)
	if page.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("a page with a code may be kept: %s", page.Header.Get("Cache-Control"))
	}
	a.send("/claim", "did", "box-1", "code", "0000-0000-0000-0000", "home-name", "Lake Road").says(t, http.StatusUnprocessableEntity, `id="code-error"`)
	if places, err := s.homes.Places(t.Context(), s.account("ann@example.com")); err != nil || len(places) > 0 {
		t.Errorf("a wrong code made a home: %v, %v", places, err)
	}
	a.send("/claim", "did", "box-1", "code", code, "home-name", "Lake Road").says(t, http.StatusOK, "Aurora Pure", "Switch the device on now", "sse-connect")
	a.get("/claim/live?did=box-1&code=0000-0000-0000-0000").says(t, http.StatusBadRequest)
	must(t, s.registry.Quarantine(t.Context(), "acc_operator", "box-1", "a copy"))
	a.send("/claim", "did", "box-1", "code", code).says(t, http.StatusUnprocessableEntity, "quarantined")
	for range 12 {
		a.send("/claim", "did", "box-9", "code", "0000-0000-0000-0000")
	}
	a.send("/claim", "did", "box-1", "code", code).says(t, http.StatusUnprocessableEntity, "wrong claim codes by this account")
}

// account is the id of who has the address.
func (s *street) account(email string) string {
	s.Helper()
	a, err := s.auth.AccountByEmail(s.Context(), email)
	must(s, err)
	return a.ID
}

func TestAHubsTokenIsShownOnceAndRevoked(t *testing.T) {
	s := openStreet(t)
	ann := s.person("ann@example.com")
	s.person("bob@example.com")
	place, err := s.homes.Create(t.Context(), ann.ID, "Lake Road")
	must(t, err)
	at := "/homes/" + place.ID + "/hubs"
	a, b := s.browser(), s.browser()
	a.logIn("ann@example.com")
	b.logIn("bob@example.com")
	b.get(at).says(t, http.StatusNotFound)
	b.send(at+"/new", "name", "Mine", "wait", "0").says(t, http.StatusNotFound)
	a.get(at).says(t, http.StatusOK, "You have no hub in this home", "proofmark.example", "1883", "home/"+place.ID+"/ha", "app."+ann.ID+".home-assistant")
	a.send(at+"/new", "name", "", "wait", "0").says(t, http.StatusUnprocessableEntity, "Say what it is for")
	a.send(at+"/new", "name", "Hub", "wait", "7").says(t, http.StatusUnprocessableEntity, "Choose one of the times", `value="Hub"`)
	made := a.send(at+"/new", "name", "Home <b>Assistant", "wait", "600")
	made.says(t, http.StatusOK, "pmk_tok_", "Home &lt;b&gt;Assistant")
	tokens, err := s.auth.List(t.Context(), ann.ID)
	must(t, err)
	if len(tokens) != 1 || tokens[0].Home != place.ID {
		t.Fatalf("tokens %+v", tokens)
	}
	token := tokens[0].ID
	if set, err := s.bridges.Setting(t.Context(), token); err != nil || set.Queue != 10*time.Minute {
		t.Errorf("%+v, %v", set, err)
	}
	if again := a.get(at); strings.Contains(again.body, "pmk_tok_") {
		t.Error("the token is shown again")
	}
	b.send(at+"/"+token+"/revoke").says(t, http.StatusNotFound)
	bob, err := s.auth.AccountByEmail(t.Context(), "bob@example.com")
	must(t, err)
	own, err := s.homes.Create(t.Context(), bob.ID, "Hill Road")
	must(t, err)
	for _, act := range []string{"/wait", "/revoke"} { // nor by way of a home of his own
		b.send("/homes/"+own.ID+"/hubs/"+token+act, "wait", "86400").says(t, http.StatusNotFound)
	}
	if set, err := s.bridges.Setting(t.Context(), token); err != nil || set.Queue != 10*time.Minute {
		t.Errorf("a stranger made it %+v, %v", set, err)
	}
	a.send(at+"/"+token+"/wait", "wait", "7").says(t, http.StatusUnprocessableEntity, "Choose one of the times")
	a.send(at+"/"+token+"/wait", "wait", "86400").goes(t, at)
	if set, err := s.bridges.Setting(t.Context(), token); err != nil || set.Queue != 24*time.Hour {
		t.Errorf("%+v, %v", set, err)
	}
	a.send(at+"/"+token+"/revoke").goes(t, at)
	a.get(at).says(t, http.StatusOK, "You have no hub in this home")
}
