package api_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestTheOpenAPIDocumentIsAsAgreed(t *testing.T) {
	h := build(t)
	const golden = "testdata/openapi.json"
	got := h.call("GET", "/api/openapi.json", nil, "Authorization", "")
	if got.StatusCode != http.StatusOK || got.Header.Get("Content-Type") != "application/json" {
		t.Fatalf("%s, %q", got.Status, got.Header.Get("Content-Type"))
	}
	if *update {
		if err := os.WriteFile(golden, got.body, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	agreed, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.body, agreed) {
		t.Errorf("the interface differs from %s; if it is meant to, run with -update and look at the difference", golden)
	}
	var doc struct {
		OpenAPI string
		Paths   map[string]any
	}
	if err := json.Unmarshal(got.body, &doc); err != nil || !strings.HasPrefix(doc.OpenAPI, "3.1") || len(doc.Paths) < 25 {
		t.Errorf("%q with %d paths: %v", doc.OpenAPI, len(doc.Paths), err)
	}
	if yaml := h.call("GET", "/api/openapi.yaml", nil, "Authorization", ""); !strings.Contains(string(yaml.body), "openapi: 3.1") {
		t.Errorf("%.100s", yaml.body)
	}
}

func TestTheReferencePageNeedsNobodyElse(t *testing.T) {
	h := build(t)
	r := h.call("GET", "/api/docs", nil, "Authorization", "")
	page := string(r.body)
	policy := r.Header.Get("Content-Security-Policy")
	if r.StatusCode != http.StatusOK || strings.Contains(policy, "unsafe") || !strings.Contains(policy, "default-src 'none'") {
		t.Errorf("%s, policy %q", r.Status, policy)
	}
	for _, foreign := range []string{"<script", "style=", "src=", "//unpkg", "@import"} {
		if strings.Contains(page, foreign) {
			t.Errorf("the page has %q", foreign)
		}
	}
	for _, m := range regexp.MustCompile(`href="([^"#]*)"`).FindAllStringSubmatch(page, -1) {
		if m[1] == "" {
			continue
		}
		if got := h.call("GET", m[1], nil, "Authorization", ""); got.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", m[1], got.Status)
		}
	}
	for _, m := range regexp.MustCompile(`href="#([^"]*)"`).FindAllStringSubmatch(page, -1) {
		if !strings.Contains(page, `id="`+m[1]+`"`) {
			t.Errorf("a link to #%s leads nowhere", m[1])
		}
	}
	for _, part := range []string{"/api/v1/devices/{did}/history", "/app/v2/miotspec/prop/get", `id="problem-offline"`, "items[].siid", "prefers-color-scheme"} {
		css := string(h.call("GET", "/api/docs.css", nil, "Authorization", "").body)
		if !strings.Contains(page+css, part) {
			t.Errorf("the page lacks %s", part)
		}
	}
	if again := h.call("GET", "/api/docs", nil, "If-None-Match", r.Header.Get("ETag")); again.StatusCode != http.StatusNotModified {
		t.Errorf("%s, want 304", again.Status)
	}
}

// docs/api.md must not fall behind the code.
func TestTheGuideNamesEveryProblemAndEveryPath(t *testing.T) {
	h := build(t)
	b, err := os.ReadFile("../../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	guide := string(b)
	page := string(h.call("GET", "/api/docs", nil).body)
	for _, m := range regexp.MustCompile(`id="problem-([a-z-]+)"`).FindAllStringSubmatch(page, -1) {
		if !strings.Contains(guide, "| `"+m[1]+"` |") {
			t.Errorf("docs/api.md lacks problem %s", m[1])
		}
	}
	var doc struct{ Paths map[string]any }
	if err := json.Unmarshal(h.call("GET", "/api/openapi.json", nil).body, &doc); err != nil {
		t.Fatal(err)
	}
	for path := range doc.Paths {
		if !strings.Contains(guide, "`"+strings.TrimPrefix(path, "/api/v1")+"`") {
			t.Errorf("docs/api.md lacks %s", path)
		}
	}
}
