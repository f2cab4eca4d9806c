package web

import (
	"bytes"
	"encoding/json"
	"html"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/rig"
	"github.com/proofmark/proofmark/certification/suite"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/blob"
	"github.com/proofmark/proofmark/internal/bus"
	"github.com/proofmark/proofmark/miot"
	"github.com/proofmark/proofmark/registry"
)

// yard is a house with the working pages, over the real parts.
type yard struct {
	*house
	programme *certification.Programme
	org       auth.Org
}

func openYard(t *testing.T) *yard {
	t.Helper()
	y := &yard{}
	y.house = openHouse(t, func(h *house) Section {
		store, local := h.db.Programme(), bus.NewLocal(bus.Options{})
		t.Cleanup(func() { _ = local.Close() })
		blobs, err := blob.OpenFolder(filepath.Join(t.TempDir(), "blobs"))
		must(t, err)
		keys, err := rig.OpenKeys(filepath.Join(t.TempDir(), "keys"), h.now)
		must(t, err)
		r := rig.New(rig.Options{Store: store, Blobs: blobs, Bus: local, Keys: keys, Dir: filepath.Join(t.TempDir(), "runs"), Now: h.clock})
		y.programme = certification.NewProgramme(certification.ProgrammeOptions{Store: store, Files: blobs, Now: h.clock})
		return NewStartups(StartupsOptions{
			Auth: h.auth, Registry: registry.New(registry.Options{Store: h.db.Registry(), Bus: local, Now: h.clock}), Programme: y.programme,
			Reviews: certification.NewReviews(store, r, h.clock), Rig: r, Life: certification.NewLife(store, h.clock, nil), Regulatory: certification.NewRegulatory(store, h.clock),
			Blobs: blobs, Bus: local, Holders: store, Audit: h.db.Audit(), URL: "https://proofmark.example",
		})
	})
	a := y.person("kiran@aurora.example")
	var err error
	y.org, err = y.auth.CreateOrg(t.Context(), auth.Actor{Account: a.ID, Scopes: []auth.Scope{auth.ScopeStartup}}, auth.Org{Name: `Aurora <b>Air</b>`, Country: "IN"})
	must(t, err)
	return y
}

func TestAStartupGoesFromItsProductToASubmission(t *testing.T) {
	y := openYard(t)
	b := y.browser()
	b.logIn("kiran@aurora.example")
	b.get("/startup").goes(t, "/orgs/"+y.org.ID)
	b.get("/orgs/"+y.org.ID).says(t, http.StatusOK, html.EscapeString(y.org.Name), y.say("startup.step.product"))
	for _, page := range []string{"/products", "/submissions", "/certificates", "/papers", "/team"} {
		b.get("/orgs/"+y.org.ID+page).says(t, http.StatusOK, html.EscapeString(y.org.Name))
	}

	// A document that is wrong is refused beside its field, with what was typed.
	editor := "/orgs/" + y.org.ID + "/products/new"
	hostile := `<script>alert(1)</script>`
	b.get(editor+"?template=lamp").says(t, http.StatusOK, y.say("spec.document"))
	b.send(editor, "name", hostile, "spec", `{"type":"x"}`).says(t, http.StatusUnprocessableEntity, html.EscapeString(hostile), `aria-invalid="true"`, html.EscapeString(`{"type":"x"}`))
	b.send("/spec/lint", "spec", strings.Replace(string(miot.Sample("lamp")), `"bool"`, `"boole"`, 1)).says(t, http.StatusOK, "boole", "line ")

	// The same form twice is one product.
	form := []string{"name", hostile, "spec", string(miot.Sample("lamp")), "form-key", b.get(editor).hidden(t, "form-key")}
	first := b.send(editor, form...)
	at := first.Header.Get("Location")
	first.goes(t, at)
	b.send(editor, form...).goes(t, at)
	b.get(at).says(t, http.StatusOK, html.EscapeString(hostile))
	b.send(editor, "name", "Another", "spec", string(miot.Sample("lamp"))).says(t, http.StatusUnprocessableEntity, `id="spec-error"`)

	// A submission, and a change by somebody who saw an earlier one.
	sub := b.send(at + "/submissions").Header.Get("Location")
	page := b.get(sub)
	page.says(t, http.StatusOK, y.say("submission.next.draft"), html.EscapeString(hostile))
	rev := page.hidden(t, "form-rev")
	b.send(sub+"/facts", "form-rev", rev, "product", "Glow", "version", "1.0.0", "hardware", "R1", "regions", "IN").goes(t, sub)
	b.send(sub+"/facts", "form-rev", rev, "product", "Glimmer", "version", "1.0.1").says(t, http.StatusUnprocessableEntity, html.EscapeString(y.say("work.changed")), "Glimmer")
	b.send(sub+"/submit", "form-rev", b.get(sub).hidden(t, "form-rev")).says(t, http.StatusUnprocessableEntity, "lacks declaration")
	b.send(sub+"/declaration", "form-rev", b.get(sub).hidden(t, "form-rev"), "declaration", "nothing: else").says(t, http.StatusUnprocessableEntity, `id="declaration-declaration-error"`, `href="#declaration-declaration"`, "nothing: else")

	// To others nothing of it is there.
	y.person("stranger@example.com")
	s := y.browser()
	s.logIn("stranger@example.com")
	for _, path := range []string{sub, at, "/orgs/" + y.org.ID} {
		if w := s.get(path); w.StatusCode != http.StatusForbidden && w.StatusCode != http.StatusNotFound {
			t.Errorf("a stranger gets %d for %s", w.StatusCode, path)
		}
	}
	other := y.person("other@maker.example")
	_, err := y.auth.CreateOrg(t.Context(), auth.Actor{Account: other.ID, Scopes: []auth.Scope{auth.ScopeStartup}}, auth.Org{Name: "Other", Country: "IN"})
	must(t, err)
	o := y.browser()
	o.logIn("other@maker.example")
	for _, path := range []string{sub, at} {
		o.get(path).says(t, http.StatusNotFound)
	}
	o.send(sub+"/withdraw", "form-rev", rev).says(t, http.StatusNotFound)
}

func TestADeviceIsDrawnFromItsSpec(t *testing.T) {
	for _, name := range miot.SampleNames() {
		spec, err := miot.Parse(miot.Sample(name))
		must(t, err)
		seen := map[string]bool{}
		for _, s := range Draw("d", spec, Drawing{Set: func(int, int) string { return "/set" }}).Services {
			for _, c := range s.Controls {
				if seen[c.ID] {
					t.Errorf("%s: two controls are %s", name, c.ID)
				}
				seen[c.ID] = true
				if (c.Action != "") != c.Writable {
					t.Errorf("%s: %s is writable: %v, and is sent to %q", name, c.Name, c.Writable, c.Action)
				}
			}
		}
	}
	spec, err := miot.Parse([]byte(`{"type":"urn:miot-spec-v2:device:fan:0000A005:x-y:1","description":"Fan","services":[{"iid":2,"type":"urn:miot-spec-v2:service:fan:00007808:x-y:1","description":"Fan","properties":[
		{"iid":1,"type":"urn:miot-spec-v2:property:on:00000006:x-y:1","description":"Power","format":"bool","access":["read","write","notify"]},
		{"iid":2,"type":"urn:miot-spec-v2:property:level:00000016:x-y:1","description":"Level","format":"uint8","access":["read","write"],"value-list":[{"value":1,"description":"Low"},{"value":2,"description":"High"}]},
		{"iid":3,"type":"urn:miot-spec-v2:property:temperature:00000020:x-y:1","description":"Warmth","format":"float","access":["read"],"unit":"celsius","value-range":[0,40,0.5]},
		{"iid":4,"type":"urn:miot-spec-v2:property:offset:00000099:x-y:1","description":"Offset","format":"int32","access":["write"],"value-range":[0,1000000,1]}]}]}`))
	must(t, err)
	got := Draw("d", spec, Drawing{Values: map[[2]int]json.RawMessage{{2, 1}: json.RawMessage("true"), {2, 2}: json.RawMessage("2"), {2, 3}: json.RawMessage("21.5")}}).Services[0].Controls
	var kinds, shown []string
	for _, c := range got {
		kinds, shown = append(kinds, c.Kind), append(shown, c.Shown)
	}
	if d := cmp.Diff([]string{"switch", "list", "range", "number"}, kinds); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"true", "High", "21.5 °C", ""}, shown); d != "" {
		t.Error(d)
	}
	level, _ := spec.Property(2, 2)
	for text, want := range map[string]string{"2": "2", "-1e3": "-1e3", "NaN": `"NaN"`, "": `""`, `"`: `"\""`, "0x10": `"0x10"`, "0x1p-2": `"0x1p-2"`, "+5": `"+5"`, ".5": `".5"`, "null": `"null"`} {
		if got := typedValue(level, text); !json.Valid(got) || !bytes.Equal(got, []byte(want)) {
			t.Errorf("%q is sent as %s, want %s", text, got, want)
		}
	}
}

func TestTheWayIsShownAsFarAsItWent(t *testing.T) {
	sub := func(state certification.SubmissionState) []certification.Submission {
		return []certification.Submission{{ID: "sub_1", State: state}}
	}
	product := []registry.Product{{ID: "prd_1"}}
	for _, c := range []struct {
		name     string
		products []registry.Product
		subs     []certification.Submission
		now      string
	}{
		{"nothing yet", nil, nil, "product"},
		{"a product", product, nil, "draft"},
		{"a draft", product, sub(certification.Draft), "submit"},
		{"in testing", product, sub(certification.Testing), "run"},
		{"in review", product, sub(certification.InReview), "review"},
		{"approved", product, sub(certification.Approved), "certificate"},
		{"only a rejected one", product, sub(certification.Rejected), "draft"},
	} {
		for _, s := range onboarding("org_1", c.products, c.subs, nil, nil) {
			if (s.State == "now") != (s.Name == c.now) {
				t.Errorf("%s: step %s is %s, want now at %s", c.name, s.Name, s.State, c.now)
			}
		}
	}
}

func TestTheCasesOfARunAreThoseOfItsPlan(t *testing.T) {
	run := certification.Run{ID: "run_1", Plan: suite.Full, Cases: []string{"READ", "WRITE-04"}, State: certification.RunRunning}
	groups := groupsOf(run, rig.RunProgress{Case: "WRITE-04", Ended: map[string]suite.Verdict{"READ-01": suite.Pass}}, nil)
	if len(groups) != 2 || groups[0].Name != "READ" || groups[0].Open || !groups[1].Open || !groups[1].Cases[0].Current || groups[0].Counts[suite.Pass] != 1 {
		t.Errorf("%+v", groups)
	}
	failed := &suite.Result{Case: "WRITE-04", Member: "2.1", Verdict: suite.Fail, Segment: 1, Findings: []suite.Finding{{Verdict: suite.Fail, Message: "it clamps"}}}
	groups = groupsOf(run, rig.RunProgress{}, suite.Conclude([]*suite.Result{failed}))
	step := groups[len(groups)-1].Cases[0]
	if step.ID != "WRITE-04[2.1]" || step.Message != "it clamps" || step.Link != "/runs/run_1/transcripts/2?case=WRITE-04" {
		t.Errorf("%+v", step)
	}
}

func TestSpansAreSaidInTheirTwoLargestUnits(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0 s", -time.Hour: "0 s", 1200 * time.Millisecond: "1 s", 61 * time.Second: "1 min 1 s", time.Hour: "1 h", 27 * time.Hour: "1 d 3 h", 24*time.Hour + time.Second: "1 d",
	} {
		if got := span(d); got != want {
			t.Errorf("%v is %q, want %q", d, got, want)
		}
	}
}
