// Package browsertest lets tests look at pages as people do: in a real headless
// Chromium, with an eye on its console and on accessibility (axe-core).
//
// Tests that use it carry the build tag e2e and are run by `make e2e`; where
// there is no Chromium they are skipped.
package browsertest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image/png"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// Page is a tab of a browser of its own: no cookie is shared with another test.
type Page struct {
	t   testing.TB
	ctx context.Context

	mu       sync.Mutex
	messages []string
}

// most bounds one test in the browser, so that a page that hangs ends; a test whose
// own time (go test -timeout) ends before that ends a little sooner, so that it can say
// what it waited for.
const (
	most   = 5 * time.Minute
	spared = 5 * time.Second
)

// deadline is when a test in the browser ends.
func deadline(t testing.TB) time.Time {
	end := time.Now().Add(most)
	if own, ok := t.(interface{ Deadline() (time.Time, bool) }); ok {
		if at, set := own.Deadline(); set && at.Add(-spared).Before(end) {
			end = at.Add(-spared)
		}
	}
	return end
}

// Open opens a tab. The test is skipped where there is no Chromium.
func Open(t testing.TB) *Page {
	t.Helper()
	exe, err := findChromium()
	if err != nil {
		t.Skip(err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(exe), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true), chromedp.Flag("no-first-run", true),
		chromedp.Flag("disable-dev-shm-usage", true), chromedp.WSURLReadTimeout(time.Minute))
	allocated, free := chromedp.NewExecAllocator(context.Background(), options...)
	bounded, end := context.WithDeadline(allocated, deadline(t))
	ctx, closeTab := chromedp.NewContext(bounded)
	p := &Page{t: t, ctx: ctx}
	var heard sync.WaitGroup
	messages := chromedp.Console(ctx)
	heard.Go(func() { p.hear(messages) })
	t.Cleanup(func() {
		_ = chromedp.Cancel(ctx) // waits until the browser has gone, so that its folder can be removed
		closeTab()
		end()
		free()
		heard.Wait()
	})
	return p
}

func findChromium() (string, error) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if exe, err := exec.LookPath(name); err == nil {
			return exe, nil
		}
	}
	return "", errors.New("no chromium on the PATH")
}

// hear keeps what the console says of errors, and what was thrown.
func (p *Page) hear(messages iter.Seq2[chromedp.ConsoleMessage, error]) {
	for m, err := range messages {
		if err != nil {
			return // the tab has gone
		}
		switch m.Type {
		case chromedp.ConsoleWarning, chromedp.ConsoleError, chromedp.ConsoleException:
			p.mu.Lock()
			p.messages = append(p.messages, strings.TrimSpace(m.Text+" "+m.URL))
			p.mu.Unlock()
		}
	}
}

// Do does something in the tab and ends the test where that fails.
func Do[T any](p *Page, a chromedp.Action[T]) T {
	p.t.Helper()
	v, err := chromedp.Run(p.ctx, a)
	if err != nil {
		p.t.Fatalf("in the browser: %v", err)
	}
	return v
}

// call sends a command of the protocol and ends the test where that fails.
func call[P, R any](p *Page, cmd cdp.Command[P, R], params P) R {
	p.t.Helper()
	r, err := chromedp.Call(p.ctx, cmd, params)
	if err != nil {
		p.t.Fatalf("in the browser: %v", err)
	}
	return r
}

// Visit opens an address and waits until it is there.
func (p *Page) Visit(url string) {
	p.t.Helper()
	Do(p, chromedp.Navigate(url))
}

// Text is the text of what the CSS selector finds first.
func (p *Page) Text(selector string) string {
	p.t.Helper()
	return Do(p, chromedp.Text(chromedp.CSS(selector)))
}

// Click clicks what the CSS selector finds first, once it is visible.
func (p *Page) Click(selector string) {
	p.t.Helper()
	Do(p, chromedp.Click(chromedp.CSS(selector)))
}

// Fill types into a field, in the place of what was there.
func (p *Page) Fill(selector, text string) {
	p.t.Helper()
	p.Wait(selector)
	Do(p, chromedp.Evaluate[string](fmt.Sprintf(`document.querySelector(%q).value = ""`, selector))) // chromedp.Clear knows no empty text area
	Do(p, chromedp.SendKeys(chromedp.CSS(selector), text))
}

// Wait waits until what the CSS selector finds is to be seen.
func (p *Page) Wait(selector string) {
	p.t.Helper()
	Do(p, chromedp.WaitVisible(chromedp.CSS(selector)))
}

// Press presses keys, as kb.Tab, wherever the focus is.
func (p *Page) Press(keys string) {
	p.t.Helper()
	Do(p, chromedp.KeyEvent(keys))
}

// TabTo presses Tab until what the CSS selector finds has the focus, as somebody
// without a mouse does, and fails where it is not reached.
func (p *Page) TabTo(selector string) {
	p.t.Helper()
	for range 80 {
		p.Press("\t")
		if Do(p, chromedp.Evaluate[bool](fmt.Sprintf("document.activeElement.matches(%q)", selector))) {
			return
		}
	}
	p.t.Fatalf("%s is not reached by Tab on %s", selector, p.Address())
}

// Address is where the tab is.
func (p *Page) Address() string {
	p.t.Helper()
	return Do(p, chromedp.Location())
}

// Count is how many things the CSS selector finds.
func (p *Page) Count(selector string) int {
	p.t.Helper()
	return Do(p, chromedp.Evaluate[int](fmt.Sprintf("document.querySelectorAll(%q).length", selector)))
}

// Requests are how many files the page asked for, and how many bytes came over
// the wire for them and for itself.
func (p *Page) Requests() (n, bytes int) {
	p.t.Helper()
	of := func(what string) int {
		return Do(p, chromedp.Evaluate[int](`[...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]`+what))
	}
	return of(".length"), of(".reduce((sum, e) => sum + e.transferSize, 0)")
}

// Set puts a value into a field or a list, at once: for what is too long to be typed.
func (p *Page) Set(selector, value string) {
	p.t.Helper()
	Do(p, chromedp.SetValue(chromedp.CSS(selector), value))
}

// Upload chooses a file for a field.
func (p *Page) Upload(selector, file string) {
	p.t.Helper()
	Do(p, chromedp.SetUploadFiles(chromedp.CSS(selector), []string{file}))
}

// Go clicks what leads to another page, or to this one anew, and waits until it is
// there.
func (p *Page) Go(selector string) {
	p.t.Helper()
	Do(p, chromedp.Evaluate[bool](`window.left = true`))
	p.Click(selector)
	p.Until(`!window.left && document.readyState === "complete"`)
}

// Until waits until an expression is true, over changes of the page, as long as the
// test may last.
func (p *Page) Until(expression string) {
	p.t.Helper()
	began, address := time.Now(), "a page that did not say its address"
	again := time.NewTicker(untilEvery)
	defer again.Stop()
	for {
		seen, err := chromedp.Run(p.ctx, chromedp.Evaluate[look](`({true: !!(`+expression+`), at: location.href})`))
		if err == nil {
			if seen.True {
				return
			}
			address = seen.At
		}
		select {
		case <-again.C:
		case <-p.ctx.Done():
			p.t.Fatalf("in the browser: waited %v on %s for %s, which did not come true (%v; last answer: %v)",
				time.Since(began).Round(time.Second), address, expression, context.Cause(p.ctx), err)
		}
	}
}

// look is what Until sees.
type look struct {
	True bool   `json:"true"`
	At   string `json:"at"`
}

// untilEvery is how often Until looks: sooner than a person would notice, and seldom
// enough to leave the page its share of the machine.
const untilEvery = 20 * time.Millisecond

// Value is what an expression gives.
func Value[T any](p *Page, expression string) T {
	p.t.Helper()
	return Do(p, chromedp.Evaluate[T](expression))
}

// Errors are what the console complained of so far, and forgets it.
func (p *Page) Errors() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := p.messages
	p.messages = nil
	return out
}

// View is how a page is looked at.
type View struct {
	Name  string
	Width int64
	Dark  bool
}

// Views are the three in which every page must be right.
var Views = []View{{"light", 1280, false}, {"dark", 1280, true}, {"phone", 360, false}}

// Use makes the page look so from now on.
func (p *Page) Use(v View) {
	p.t.Helper()
	scheme := "light"
	if v.Dark {
		scheme = "dark"
	}
	call(p, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: v.Width, Height: 900, DeviceScaleFactor: 1, Mobile: v.Width < 600,
	})
	call(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
}

// Overflow is by how many pixels the page is wider than its window.
func (p *Page) Overflow() int {
	p.t.Helper()
	return Do(p, chromedp.Evaluate[int](`document.documentElement.scrollWidth - document.documentElement.clientWidth`))
}

// Violation is a rule of axe-core that a page breaks.
type Violation struct {
	ID    string `json:"id"`
	Help  string `json:"help"`
	Nodes []struct {
		HTML    string `json:"html"`
		Summary string `json:"failureSummary"`
	} `json:"nodes"`
}

// Axe runs axe-core on the page, with all of its rules for WCAG 2.2 A and AA and
// its best practices. The test is skipped where axe-core was not installed.
func (p *Page) Axe() []Violation {
	p.t.Helper()
	source, err := os.ReadFile(filepath.Join(root(p.t), "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		p.t.Skip("no axe-core: npm ci installs it")
	}
	Do(p, chromedp.Evaluate[int](string(source)+";0"))
	out := Do(p, chromedp.Evaluate[string](`axe.run(document, {resultTypes: ["violations"]}).then(r => JSON.stringify(r.violations))`, chromedp.EvalAwaitPromise))
	var found []Violation
	if err := json.Unmarshal([]byte(out), &found); err != nil {
		p.t.Fatalf("axe-core said %q: %v", out, err)
	}
	return found
}

// Picture writes what is to be seen, the whole page, as a PNG.
func (p *Page) Picture(file string) {
	p.t.Helper()
	p.write(file, Do(p, chromedp.FullScreenshot(100)))
}

// Glance writes what is to be seen without scrolling, as a PNG of few colours: for
// documents.
func (p *Page) Glance(file string) {
	p.t.Helper()
	Do(p, chromedp.Evaluate[bool](`scrollTo(0, 0), true`))
	seen, err := png.Decode(bytes.NewReader(Do(p, chromedp.CaptureScreenshot())))
	if err != nil {
		p.t.Fatal(err)
	}
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&b, fewColours(seen)); err != nil {
		p.t.Fatal(err)
	}
	p.write(file, b.Bytes())
}

func (p *Page) write(file string, png []byte) {
	p.t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(file, png, 0o644); err != nil {
		p.t.Fatal(err)
	}
}

// root is the folder of go.mod.
func root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			t.Fatal("no go.mod above this folder")
		}
		dir = up
	}
}
