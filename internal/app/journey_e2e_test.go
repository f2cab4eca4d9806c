//go:build e2e

package app_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/proofmark/proofmark/internal/app"
	"github.com/proofmark/proofmark/internal/browsertest"
	"github.com/proofmark/proofmark/internal/demo"
	"github.com/proofmark/proofmark/miot"
)

// TestE2EFromProductToCertificate goes the whole way of a firmware by clicks, over the
// real service with SQLite: its maker submits and runs it, two reviewers look at it
// and approve, and the operator sees who did what. The runs are the recorded ones of
// the sample world, which are judged like any other.
func TestE2EFromProductToCertificate(t *testing.T) {
	j := setOut(t)
	t.Run("the maker submits", j.submit)
	t.Run("the maker runs the device", j.runs)
	t.Run("the first reviewer", j.firstReviewer)
	t.Run("the second reviewer", j.secondReviewer)
	t.Run("the maker has the certificate", j.certified)
	t.Run("the operator", j.operator)
}

// journey is what its parts hand on.
type journey struct {
	url, dir   string
	submission string // address of its page
}

func setOut(t *testing.T) *journey {
	j := &journey{dir: t.TempDir()}
	a, _ := sample(t, app.Config{})
	if err := a.StartDemo(t.Context(), &logBuffer{}); err != nil {
		t.Fatal(err)
	}
	<-a.Grown()
	j.url = "http://" + a.Addresses().HTTP
	return j
}

// as opens a browser and logs in as one of the sample world's people.
func (j *journey) as(t *testing.T, who demo.Person, next string) *browsertest.Page {
	t.Helper()
	p := browsertest.Open(t)
	p.Use(browsertest.Views[0])
	p.Visit(j.url + "/log-in?next=" + next)
	for i, person := range demo.People {
		if person.Email == who.Email {
			p.Go(fmt.Sprintf(".people li:nth-child(%d) button", i+1))
		}
	}
	return p
}

// sound holds the page that is open to the rules of accessibility and to a silent
// console.
func sound(t *testing.T, p *browsertest.Page) {
	t.Helper()
	at := browsertest.Value[string](p, "location.pathname")
	for _, v := range p.Axe() {
		t.Errorf("%s: %s: %s", at, v.ID, v.Help)
		for _, n := range v.Nodes {
			t.Logf("  %s\n  %s", n.HTML, n.Summary)
		}
	}
	for _, said := range p.Errors() {
		if strings.Contains(said, "status of 422") {
			continue // a form that was refused on purpose
		}
		t.Errorf("%s: the console says %s", at, said)
	}
	if dir := os.Getenv("PROOFMARK_PICTURES"); dir != "" {
		p.Picture(filepath.Join(dir, "journey"+strings.ReplaceAll(at, "/", "-")+".png"))
	}
}

func (j *journey) submit(t *testing.T) {
	p := j.as(t, demo.Maya, "/startup")
	p.Until(`document.querySelector(".steps")`)
	sound(t, p)
	p.Go(`aside a[href^="/products/"]`)
	sound(t, p)
	p.Go(`form[action$="/submissions"] button`)
	j.submission = browsertest.Value[string](p, "location.pathname")

	edit, papers, err := demo.Draft(demo.Product, miot.Sample("air-purifier"))
	if err != nil {
		t.Fatal(err)
	}
	// What is not whole is refused, with what it lacks.
	p.Go(`form[action$="/submit"] button`)
	if said := p.Text(".faults"); !strings.Contains(said, "lacks") {
		t.Errorf("a bare submission is refused with %q", said)
	}
	p.Fill("#facts-version", edit.Firmware.Version)
	p.Set("#facts-sha256", edit.Firmware.SHA256)
	p.Fill("#facts-hardware", strings.Join(*edit.Hardware, ", "))
	p.Fill("#facts-regions", "in")
	p.Go(`form[action$="/facts"] button`)
	if said := p.Text(".faults"); !strings.Contains(said, "egions[0]") {
		t.Errorf("a wrong region is refused with %q", said)
	}
	if kept := browsertest.Value[string](p, `document.querySelector("#facts-version").value`); kept != edit.Firmware.Version {
		t.Errorf("after the refusal the version is %q", kept)
	}
	p.Fill("#facts-regions", strings.Join(*edit.Regions, ", "))
	p.Fill("#facts-module", edit.Platform.Module)
	p.Fill("#facts-platform", edit.Platform.Firmware)
	p.Go(`form[action$="/facts"] button`)
	var declaration map[string]any
	if err := json.Unmarshal(edit.Declaration, &declaration); err != nil {
		t.Fatal(err)
	}
	p.Set("#declaration-declaration", string(edit.Declaration))
	p.Go(`form[action$="/declaration"] button`)
	for _, paper := range papers {
		file := filepath.Join(j.dir, paper.Name)
		if err := os.WriteFile(file, []byte(paper.Text), 0o600); err != nil {
			t.Fatal(err)
		}
		p.Set("#documents-kind", paper.Kind)
		p.Upload("#documents-file", file)
		p.Go(`form[action$="/documents"] button`)
	}
	sound(t, p)
	p.Go(`form[action$="/submit"] button`)
	j.reach(p, "Testing")
}

// reach looks at the submission's page until it says the state.
func (j *journey) reach(p *browsertest.Page, state string) {
	for {
		p.Visit(j.url + j.submission)
		if p.Text(".row .badge") == state {
			return
		}
	}
}

func (j *journey) runs(t *testing.T) {
	p := j.as(t, demo.Maya, j.submission)
	for i, plan := range []string{"full", "soak"} {
		if i > 0 {
			p.Click(`details.grow > summary`)
		}
		p.Set("#runs-plan", plan)
		p.Go(`form[action$="/runs"] button`)
		// The page follows the run to its end by itself.
		p.Until(`document.querySelector('a[href$="/report"]')`)
		sound(t, p)
		if i == 0 {
			p.Go(`a[href*="/transcripts/1"]`)
			p.Set("#kind", "packet")
			p.Go(`main form button`)
			if n := browsertest.Value[int](p, `document.querySelectorAll(".record.k-packet").length`); n == 0 {
				t.Error("the transcript shows no packet")
			}
			sound(t, p)
		}
		p.Visit(j.url + j.submission)
	}
	sound(t, p)
	p.Go(`form[action$="/request-review"] button`)
	if state := p.Text(".row .badge"); state != "In review" {
		t.Errorf("the submission is %q", state)
	}
}

// review is the address of the submission for reviewers.
func (j *journey) review() string { return "/review" + j.submission }

func (j *journey) firstReviewer(t *testing.T) {
	p := j.as(t, demo.Ravi, "/review")
	sound(t, p)
	glance(p, "review-queue", browsertest.Views[0])
	p.Go(`a[href="` + j.review() + `"]`)
	sound(t, p)
	p.Go(`form[action$="/claim"] button`)
	// An approval before everything is settled is refused, and says what is open.
	p.Go(`form[action$="/approve"] button`)
	if said := p.Text(".faults"); said == "" {
		t.Error("an approval of what is open was not refused")
	}
	for _, path := range browsertest.Value[[]string](p, `[...document.querySelectorAll("#cases ~ *, section tr")].filter(r => r.matches("tr[id]") && r.querySelector(".badge")?.textContent === "REVIEW").map(r => r.querySelector("a").getAttribute("href"))`) {
		p.Visit(j.url + path)
		glance(p, "evidence", browsertest.Views[0])
		p.Set("#accept-note", "Looked at the packets, and as stated.")
		p.Go(`form[action$="/accept"] button`)
	}
	sound(t, p)
	p.Visit(j.url + j.review())
	for _, item := range browsertest.Value[[]string](p, `[...document.querySelectorAll("li[id^=item-]")].map(i => i.id.slice(5))`) {
		p.Click("#item-" + item + " summary")
		p.Set("#item-"+item+` [name="note"]`, "Read, and all right.")
		p.Go("#item-" + item + ` button[value="yes"]`)
	}
	p.Set("#comments-text", "Nothing to add <b>from me</b>.")
	p.Go(`form[action$="/comments"] button`)
	if said := p.Text(".comments"); !strings.Contains(said, "<b>from me</b>") {
		t.Errorf("the comment reads %q", said)
	}
	p.Go(`form[action$="/approve"] button`)
	if state := p.Text(".row .badge"); state != "In review" {
		t.Errorf("after one approval the submission is %q", state)
	}
	sound(t, p)
}

func (j *journey) secondReviewer(t *testing.T) {
	p := j.as(t, demo.Lina, j.review())
	j.allCases(t, p)
	p.Visit(j.url + j.review())
	p.Go(`form[action$="/approve"] button`)
	if said := p.Text(".note"); !strings.Contains(said, "approved") {
		t.Errorf("the second approval says %q", said)
	}
	sound(t, p)
}

// allCases reads through the pages of all cases.
func (j *journey) allCases(t *testing.T, p *browsertest.Page) {
	p.Go(`a[href="` + j.review() + `/cases"]`)
	sound(t, p)
	listed := map[string]bool{}
	for {
		for _, id := range browsertest.Value[[]string](p, `[...document.querySelectorAll("th .id")].map(a => a.textContent)`) {
			listed[id] = true
		}
		if p.Count("a[rel=next]") == 0 {
			break
		}
		p.Go("a[rel=next]")
	}
	if said := p.Text("h1 .soft"); said != strconv.Itoa(len(listed)) || len(listed) < 100 {
		t.Errorf("the pages list %d cases of %s", len(listed), said)
	}
	for _, from := range []string{"0", "1000000", "two"} {
		p.Visit(j.url + j.review() + "/cases?from=" + from)
		if said := p.Text("main"); !strings.Contains(said, `from is "`+from+`"`) {
			t.Errorf("from=%s is answered with %q", from, said)
		}
	}
	p.Errors() // the console says that these were refused
}

func (j *journey) certified(t *testing.T) {
	p := j.as(t, demo.Maya, j.submission)
	j.reach(p, "Certified")
	sound(t, p)
	p.Go(`.next a[href^="/certificates/"]`)
	if state := p.Text(".row .badge"); state != "Active" {
		t.Errorf("the certificate is %q", state)
	}
}

func (j *journey) operator(t *testing.T) {
	p := j.as(t, demo.Omar, "/operator")
	for _, place := range []string{"", "/people", "/organisations", "/devices", "/jobs", "/webhooks", "/audit", "/keys"} {
		p.Visit(j.url + "/operator" + place)
		sound(t, p)
	}
	p.Visit(j.url + "/operator/audit?subject=" + filepath.Base(j.submission))
	if said := p.Text("table"); !strings.Contains(said, "submission.approved") {
		t.Errorf("the audit log of the submission says %q", said)
	}
}
