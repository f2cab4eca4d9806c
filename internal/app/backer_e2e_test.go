//go:build e2e

package app_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/proofmark/proofmark/internal/app"
	"github.com/proofmark/proofmark/internal/browsertest"
)

// wire is what lies between browser and service: it can be cut.
type wire struct {
	ln net.Listener
	to func() string

	mu    sync.Mutex
	down  bool
	conns []net.Conn
}

func newWire(t *testing.T, to func() string) *wire {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{ln: ln, to: to}
	go w.run()
	t.Cleanup(func() {
		_ = ln.Close()
		w.cut()
	})
	return w
}

func (w *wire) run() {
	for {
		in, err := w.ln.Accept()
		if err != nil {
			return
		}
		out, err := net.Dial("tcp", w.to())
		w.mu.Lock()
		if err != nil || w.down {
			_ = in.Close()
			if err == nil {
				_ = out.Close()
			}
			w.mu.Unlock()
			continue
		}
		w.conns = append(w.conns, in, out)
		w.mu.Unlock()
		for _, way := range [][2]net.Conn{{in, out}, {out, in}} {
			go func() {
				_, _ = io.Copy(way[0], way[1])
				_ = way[0].Close()
				_ = way[1].Close()
			}()
		}
	}
}

func (w *wire) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.down = true
	for _, c := range w.conns {
		_ = c.Close()
	}
	w.conns = nil
}

func (w *wire) mend() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.down = false
}

// demonstration starts what `make run` starts, and waits until its world is whole.
func demonstration(t *testing.T) (url string, w *wire) {
	t.Helper()
	a, _, w := begun(t)
	<-a.Grown()
	return w.url(), w
}

// url is where the browser finds the service.
func (w *wire) url() string { return "http://" + w.ln.Addr().String() }

// begun starts it, with the homes and their devices; campaigns and certificates come later.
func begun(t *testing.T) (a *app.App, data string, w *wire) {
	t.Helper()
	data = t.TempDir()
	a, _, w = served(t, app.Config{Data: data, Bench: "off"})
	if err := a.StartDemo(t.Context(), io.Discard); err != nil {
		t.Fatal(err)
	}
	return a, data, w
}

// served starts a service that is a demonstration, behind a wire, with nothing in it.
// What is wrong with its world ends the test.
func served(t *testing.T, c app.Config) (a *app.App, url string, w *wire) {
	t.Helper()
	w = newWire(t, func() string { return a.Addresses().HTTP }) // its address stands in links, so it must be known before
	c.PublicURL = w.url()
	var log *logBuffer
	a, log = sample(t, c)
	t.Cleanup(func() {
		if strings.Contains(log.String(), "not whole") {
			t.Error(log.String())
		}
	})
	return a, w.url(), w
}

// be logs in with one click, as the demonstration lets everybody.
func be(p *browsertest.Page, url, name string) {
	p.Visit(url + "/log-in")
	p.Click(`form[data-person="` + name + `"] button`)
	p.Wait("form[action='/log-out']")
}

// A backer's whole way, by clicks: from the front page to a receipt, and the money
// back. Then again without a mouse.
func TestE2EBacker(t *testing.T) {
	url, wire := demonstration(t)

	// The first view of every public page, as a browser with nothing kept opens it.
	t.Run("within their budget", func(t *testing.T) {
		p := browsertest.Open(t)
		p.Visit(url + "/")
		public := []string{"/", "/campaigns", "/campaigns?shelf=live", "/campaigns?shelf=past", "/certificates", "/certificates/verify", "/sign-up", "/log-in", "/reset", "/no-such-page"}
		for _, found := range []string{".offer h3 a", "a.id[href^='/certificates/']"} {
			public = append(public, browsertest.Value[[]string](p, fmt.Sprintf(`[...new Set([...document.querySelectorAll(%q)].map(a => a.getAttribute("href")))]`, found))...)
		}
		for _, page := range public {
			fresh := browsertest.Open(t)
			fresh.Visit(url + page)
			// What stands near the view is loaded late, and the stream of events is counted once it ends.
			fresh.Until(`[...document.images].every(i => i.complete || !i.getClientRects().length || i.getBoundingClientRect().top > innerHeight + 1000)`)
			n, bytes := fresh.Requests()
			n += fresh.Count("[data-stream]")
			t.Logf("%s: %d requests, %d bytes", page, n, bytes)
			if n > 5 || bytes > 100_000 {
				t.Errorf("%s takes %d requests and %d bytes; want at most 5 and 100,000", page, n, bytes)
			}
		}
	})

	t.Run("by clicks", func(t *testing.T) {
		p := browsertest.Open(t)
		p.Visit(url + "/")
		p.Click("#shelf-live ~ ul .offer h3 a")
		p.Wait("button.big")
		campaign := p.Address()
		before := p.Text("[data-show=backers]")
		p.Click("button.big") // not logged in: to the log-in page, and back
		p.Wait("form[action='/demo/log-in']")
		p.Click(`form[data-person="Chand Verma"] button`)
		p.Wait("button.big")
		if p.Address() != campaign {
			t.Fatalf("after the log-in the browser is at %s, not %s", p.Address(), campaign)
		}
		p.Fill("#units", "1000")
		p.Click("button.big")
		p.Wait("[role=alert]")
		p.Fill("#units", "1")
		p.Click("button.big")
		p.Wait("#pay")
		order := p.Address()
		p.Click(".pay button")
		p.Wait("#vpa")
		p.Fill("#vpa", "success@test")
		p.Click("#vpa ~ button")
		p.Wait("#vouchers, .button[href*='/return']")
		if !strings.HasPrefix(p.Address(), url+"/orders/") {
			p.Click(".button[href*='/return']")
			p.Wait("#vouchers")
		}
		if p.Address() != order {
			t.Errorf("the browser came back to %s, not to %s", p.Address(), order)
		}
		p.Click("#vouchers ~ ul a")
		p.Wait(".receipt")
		if text := p.Text(".receipt"); !strings.Contains(text, "Chand Verma") || !strings.Contains(text, "₹") {
			t.Errorf("the receipt says %s", text)
		}
		p.Visit(campaign)
		if after := p.Text("[data-show=backers]"); after == before {
			t.Errorf("%s backers before and after", after)
		}
		p.Visit(order)
		p.Click("#cancel ~ details summary")
		p.Click("button.danger")
		p.Wait("#refunds")
		p.Visit(url + "/orders")
		p.Wait(".lines")
		for _, said := range p.Errors() {
			if !strings.Contains(said, "422") { // the refused form is one, by intent
				t.Errorf("the console says %s", said)
			}
		}
	})

	t.Run("without a mouse", func(t *testing.T) {
		p := browsertest.Open(t)
		be(p, url, "Bela Shah")
		p.Visit(url + "/")
		p.TabTo("#shelf-live ~ ul .offer h3 a")
		p.Press("\r")
		p.Wait("button.big")
		p.TabTo("#units")
		p.TabTo("button.big")
		p.Press("\r")
		p.Wait("#pay")
		p.TabTo(".pay button")
		p.Press("\r")
		p.Wait("#vpa")
		p.TabTo("#vpa")
		p.Press("success@test\r")
		p.Wait("#vouchers, .button[href*='/return']")
		if !strings.HasPrefix(p.Address(), url+"/orders/") {
			p.TabTo(".button[href*='/return']")
			p.Press("\r")
			p.Wait("#vouchers")
		}
	})

	t.Run("over a connection that is lost", func(t *testing.T) {
		p := browsertest.Open(t)
		p.Visit(url + first(t, url)[0])
		heard := func(wanted bool) { // until the page says so, or no longer does
			browsertest.Do(p, chromedp.Evaluate[bool](fmt.Sprintf(`new Promise(done => {
				const line = document.querySelector(".lost-line"), look = () => line.hidden === %v ? done(true) : setTimeout(look, 50);
				look();
			})`, wanted), chromedp.EvalAwaitPromise))
		}
		heard(true)
		wire.cut()
		heard(false)
		wire.mend()
		heard(true)
	})

	t.Run("on a phone, and in the dark", func(t *testing.T) {
		p := browsertest.Open(t)
		be(p, url, "Chand Verma")
		for _, view := range browsertest.Views {
			p.Use(view)
			for _, path := range append([]string{"/", "/orders", "/account"}, first(t, url)...) {
				p.Visit(url + path)
				for _, v := range p.Axe() {
					t.Errorf("%s, %s: %s: %s", path, view.Name, v.ID, v.Help)
				}
				if wide := p.Overflow(); wide > 0 {
					t.Errorf("%s, %s: %d pixels too wide", path, view.Name, wide)
				}
			}
		}
		for _, said := range p.Errors() {
			t.Errorf("the console says %s", said)
		}
	})
}

// first is the address of the first campaign on the front page.
func first(t *testing.T, url string) []string {
	t.Helper()
	r, err := http.Get(url + "/")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	var b bytes.Buffer
	if _, err := b.ReadFrom(r.Body); err != nil {
		t.Fatal(err)
	}
	return []string{regexp.MustCompile(`href="(/campaigns/cmp_[^"/]+)"`).FindStringSubmatch(b.String())[1]}
}
