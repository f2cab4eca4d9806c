//go:build e2e

package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/proofmark/proofmark/certification/virtual"
	"github.com/proofmark/proofmark/internal/browsertest"
	"github.com/proofmark/proofmark/miot"
)

// house is the sample home with its devices moving.
type house struct {
	url, data, mqtt string
	wire            *wire
}

// secretOf is the secret of a sample device that the test moves itself.
func (h *house) secretOf(t *testing.T, did string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(h.data, "demo.json"))
	if err != nil {
		t.Fatal(err)
	}
	var s struct{ Secrets map[string]string }
	if err := json.Unmarshal(b, &s); err != nil {
		t.Fatal(err)
	}
	return s.Secrets[did]
}

// turnOn runs a device until the test ends.
func (h *house) turnOn(t *testing.T, sample, did, secret string) {
	t.Helper()
	spec, err := miot.Parse(miot.Sample(sample))
	if err != nil {
		t.Fatal(err)
	}
	d, err := virtual.New(virtual.Config{Spec: spec, DID: did, Secret: secret, Broker: "tcp://" + h.mqtt, Sample: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = d.Run(ctx) // ends with ctx
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
}

// ask sends a request of an operator.
func (h *house) ask(t *testing.T, path string, body, into any) {
	t.Helper()
	token, err := os.ReadFile(filepath.Join(h.data, "operator.token"))
	if err != nil {
		t.Fatal(err)
	}
	method, content := http.MethodGet, []byte(nil)
	if body != nil {
		method = http.MethodPost
		if content, err = json.Marshal(body); err != nil {
			t.Fatal(err)
		}
	}
	r, err := http.NewRequest(method, h.url+path, bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	r.Header.Set("Content-Type", "application/json")
	w, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Body.Close()
	if w.StatusCode >= 300 {
		t.Fatalf("%s: %s", path, w.Status)
	}
	if err := json.NewDecoder(w.Body).Decode(into); err != nil {
		t.Fatal(err)
	}
}

// boxed is a new device with its label, not switched on.
func (h *house) boxed(t *testing.T, did string) (secret, code string) {
	t.Helper()
	var like struct {
		Product string `json:"product_id"`
	}
	h.ask(t, "/api/v1/devices/purifier-1", nil, &like)
	var made struct {
		Secret string `json:"secret"`
	}
	h.ask(t, "/api/v1/devices", map[string]string{"did": did, "product_id": like.Product}, &made)
	var label struct {
		Code string `json:"code"`
	}
	h.ask(t, "/api/v1/devices/"+did+"/claim-code", map[string]string{}, &label)
	return made.Secret, label.Code
}

// card is a device on the page of its home.
func card(did string) string { return `.appliance:has(a[href="/devices/` + did + `"])` }

// looked takes a picture, and holds the page to the rules, on a phone too.
func looked(t *testing.T, p *browsertest.Page, name string) {
	t.Helper()
	for _, view := range []browsertest.View{browsertest.Views[2], browsertest.Views[0]} {
		p.Use(view)
		if wide := p.Overflow(); wide > 0 {
			t.Errorf("%s, %s: %d pixels too wide", name, view.Name, wide)
		}
		for _, v := range p.Axe() {
			t.Errorf("%s, %s: %s: %s", name, view.Name, v.ID, v.Help)
			for _, n := range v.Nodes {
				t.Logf("  %s\n  %s", n.HTML, n.Summary)
			}
		}
		if dir := os.Getenv("PROOFMARK_PICTURES"); dir != "" {
			p.Picture(filepath.Join(dir, name+"-"+view.Name+".png"))
		}
	}
}

// Homes by clicks, with devices that are really there: over MQTT, moved by themselves.
func TestE2EHome(t *testing.T) {
	a, data, wire := begun(t)
	h := &house{url: wire.url(), data: data, mqtt: a.Addresses().MQTT, wire: wire}
	t.Run("a home is live", h.live)
	t.Run("a device by its label", h.claim)
	t.Run("a home is shared", h.share)
	t.Run("a device is given away", h.give)
}

// enter opens the sample home.
func (h *house) enter(t *testing.T, name string) *browsertest.Page {
	t.Helper()
	p := browsertest.Open(t)
	p.Use(browsertest.Views[2])
	be(p, h.url, name)
	p.Visit(h.url + "/homes")
	p.Go(`a[href^="/homes/hom_"]`)
	return p
}

func (h *house) live(t *testing.T) {
	p := h.enter(t, "Bela Shah")
	looked(t, p, "home")
	// A command is done, and stays so.
	lamp := card("lamp-1")
	was := browsertest.Value[bool](p, `document.querySelector('`+lamp+` .switch').checked`)
	p.Click(lamp + " .switch")
	p.Until(`document.querySelector('` + lamp + ` .said.good')`)
	p.Visit(p.Address())
	if now := browsertest.Value[bool](p, `document.querySelector('`+lamp+` .switch').checked`); now == was {
		t.Errorf("the lamp's switch is %v before and after", now)
	}
	// What is measured moves.
	p.Until(`document.querySelector('` + card("purifier-1") + ` .value .num').textContent.trim() !== "–"`)
	// A device that is away is told when it is back.
	away := card("purifier-2")
	p.Click(away + " .switch")
	p.Until(`document.querySelector('` + away + ` .said.wish')`)
	looked(t, p, "home-queued")
	h.turnOn(t, "air-purifier", "purifier-2", h.secretOf(t, "purifier-2"))
	p.Until(`document.querySelector('` + away + ` .badge.good') && document.querySelector('` + away + ` .said.good')`)
	// A lost connection says so, and comes back.
	lost := func(wanted bool) {
		p.Until(`document.querySelector(".lost-line").hidden === ` + map[bool]string{true: "false", false: "true"}[wanted])
	}
	lost(false)
	h.wire.cut()
	lost(true)
	h.wire.mend()
	lost(false)
	p.Errors() // the console says what the cut was
	// The whole device, and what it measured.
	p.Go(card("purifier-1") + ` a[href="/devices/purifier-1"]`)
	looked(t, p, "device")
	p.Go(`.control .value a[href*="plot=3.1"]`)
	for p.Count(".plot canvas") == 0 { // until there are two reports to draw a line between
		p.Visit(h.url + "/devices/purifier-1?plot=3.1") // without the #, which would not read it again
		p.Until(`document.querySelector(".plot canvas") || document.readyState === "complete"`)
	}
	looked(t, p, "history")
	// Another room, another name.
	p.Go(`a[href="/devices/purifier-1/settings"]`)
	looked(t, p, "device-settings")
	p.Fill("#place-name", "Purifier by the window")
	p.Set("#place-room", browsertest.Value[string](p, `[...document.querySelectorAll("#place-room option")].find(o => o.textContent === "Bedroom").value`))
	p.Go(`form[action$="/place"] button`)
	if name := p.Text("h1"); name != "Purifier by the window" {
		t.Errorf("the device is called %q", name)
	}
	for _, said := range p.Errors() {
		t.Errorf("the console says %s", said)
	}
}

func (h *house) claim(t *testing.T) {
	secret, code := h.boxed(t, "label-1")
	p := browsertest.Open(t)
	p.Use(browsertest.Views[2])
	p.Visit(h.url + "/claim?did=label-1&code=" + code) // as the QR code leads, not logged in
	p.Go(`form[data-person="Bela Shah"] button`)
	p.Until(`document.querySelector("#code").value`)
	looked(t, p, "claim")
	p.Fill("#code", "0000-0000-0000-0000")
	p.Go("form button.big")
	if said := p.Text("#code-error"); !strings.Contains(said, "label") {
		t.Errorf("a wrong code is refused with %q", said)
	}
	p.Fill("#code", code)
	p.Go("form button.big")
	p.Wait(".steps .now")
	looked(t, p, "claim-waits")
	p.Errors() // one form was refused on purpose
	h.turnOn(t, "air-purifier", "label-1", secret)
	p.Until(`location.pathname === "/devices/label-1" && document.readyState === "complete"`)
	looked(t, p, "claimed")
	p.Visit(h.url + "/claim?did=label-1&code=" + code)
	p.Go("form button.big")
	if said := p.Text("#code-error"); !strings.Contains(said, "used") {
		t.Errorf("a used code is refused with %q", said)
	}
	p.Errors()

	// The whole way, from the press of the button to a value of the device that is seen.
	secret, code = h.boxed(t, "label-2")
	h.turnOn(t, "air-purifier", "label-2", secret)
	p.Visit(h.url + "/claim?did=label-2&code=" + code)
	var state struct {
		Online bool `json:"online"`
	}
	for !state.Online {
		h.ask(t, "/api/v1/devices/label-2/presence", nil, &state)
	}
	began := time.Now()
	p.Go("form button.big")
	p.Until(`[...document.querySelectorAll(".control .value .num")].some(e => /[0-9]/.test(e.textContent))`)
	t.Logf("claim to first live value on screen: %v", time.Since(began).Round(time.Millisecond))
	if at := p.Address(); !strings.HasSuffix(at, "/devices/label-2") {
		t.Errorf("the claim led to %s", at)
	}
	for _, said := range p.Errors() {
		t.Errorf("the console says %s", said)
	}
}

func (h *house) share(t *testing.T) {
	p := h.enter(t, "Bela Shah")
	p.Go(`a[href$="/people"]`)
	p.Go(`form[action$="/links/new"] button`) // a guest without an end
	if said := p.Text("#links-new-until-error"); !strings.Contains(said, "366 days") {
		t.Errorf("a guest without an end is refused with %q", said)
	}
	p.Set("#links-new-until", time.Now().AddDate(0, 0, 3).Format("2006-01-02"))
	p.Go(`form[action$="/links/new"] button`)
	looked(t, p, "people")
	link := browsertest.Value[string](p, `document.querySelector('a[href*="/join?code="]').href`)
	home := strings.TrimSuffix(p.Address(), "/people/links/new")

	guest := browsertest.Open(t)
	be(guest, h.url, "Asha Nair")
	guest.Visit(link)
	looked(t, guest, "join")
	guest.Go("main form button")
	if at := guest.Address(); at != home {
		t.Errorf("the guest comes to %s, not %s", at, home)
	}
	looked(t, guest, "home-of-guest")
	if n := guest.Count(`a[href$="/settings"]`); n != 0 {
		t.Error("a guest is led to the settings")
	}
	guest.Click(card("lamp-1") + " .switch")
	guest.Until(`document.querySelector('` + card("lamp-1") + ` .said.good')`)
	guest.Visit(link) // once
	guest.Go("main form button")
	if said := guest.Text("#code-error"); !strings.Contains(said, "used") {
		t.Errorf("a used link is refused with %q", said)
	}

	p.Visit(home + "/people")
	p.Click(`.lines li:has(form[action$="/remove"]):last-child details summary`)
	p.Go(`.lines li:last-child form[action$="/remove"] button`)
	guest.Visit(home)
	if title := guest.Text("h1"); strings.Contains(title, "Lake Road") {
		t.Errorf("who was put out still sees %q", title)
	}
	p.Visit(home + "/settings")
	looked(t, p, "home-settings")
	p.Go(`form[action$="/settings/remove"] button`)
	if said := p.Text(".faults"); !strings.Contains(said, "devices stand in it") {
		t.Errorf("the end of a home with devices is refused with %q", said)
	}
	p.Visit(home + "/campaigns")
	looked(t, p, "home-campaigns")
}

func (h *house) give(t *testing.T) {
	p := browsertest.Open(t)
	be(p, h.url, "Bela Shah")
	p.Visit(h.url + "/devices/vacuum-1/settings")
	p.Go(`form[action$="/give"] button`)
	looked(t, p, "give")
	link := browsertest.Value[string](p, `document.querySelector('a[href*="/take?code="]').href`)
	taker := browsertest.Open(t)
	be(taker, h.url, "Dev Rao")
	taker.Visit(link)
	looked(t, taker, "take")
	taker.Fill("#home-name", "Lake View")
	taker.Go("main form button")
	if at := taker.Address(); at != h.url+"/devices/vacuum-1" {
		t.Errorf("the taker comes to %s", at)
	}
	p.Visit(h.url + "/devices/vacuum-1")
	if title := p.Text("h1"); title == "Vacuum" {
		t.Error("who gave the device away still sees it")
	}
}
