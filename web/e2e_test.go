//go:build e2e

package web

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/proofmark/proofmark/internal/browsertest"
)

// Every story, in each view: nothing in the console, no rule of accessibility
// broken, no wider than the window.
func TestE2EStories(t *testing.T) {
	s := newSite(t)
	mux := http.NewServeMux()
	mux.Handle("/static/", s.Assets())
	mux.Handle("/stories/", s.StoryBook())
	server := httptest.NewServer(mux)
	defer server.Close()
	page := browsertest.Open(t)
	for _, view := range browsertest.Views {
		page.Use(view)
		for _, name := range append([]string{""}, names()...) {
			page.Visit(server.URL + "/stories/" + name)
			for _, v := range page.Axe() {
				t.Errorf("%s, %s: %s: %s", name, view.Name, v.ID, v.Help)
				for _, n := range v.Nodes {
					t.Logf("  %s\n  %s", n.HTML, n.Summary)
				}
			}
			if wide := page.Overflow(); wide > 0 {
				t.Errorf("%s, %s: %d pixels wider than the window", name, view.Name, wide)
			}
			for _, said := range page.Errors() {
				t.Errorf("%s, %s: the console says %s", name, view.Name, said)
			}
			// For a person: PROOFMARK_PICTURES=/tmp/pictures make e2e PKGS=./web
			if dir := os.Getenv("PROOFMARK_PICTURES"); dir != "" {
				page.Picture(filepath.Join(dir, name+"-"+view.Name+".png"))
			}
		}
	}
}

func names() []string {
	var out []string
	for _, s := range Stories() {
		out = append(out, s.Name)
	}
	return out
}
