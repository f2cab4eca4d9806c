//go:build e2e

package web

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/proofmark/proofmark/internal/browsertest"
)

// Every story, in each view: nothing in the console, no rule of accessibility
// broken, no wider than the window.
func TestE2EStories(t *testing.T) {
	s, err := New(Options{Demo: true}) // with the line that says so
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/static/", s.Assets())
	mux.Handle("/stories/", s.StoryBook())
	server := httptest.NewServer(mux)
	defer server.Close()
	for _, view := range browsertest.Views {
		t.Run(view.Name, func(t *testing.T) {
			for some := range slices.Chunk(append([]string{""}, names()...), storiesAtOnce) {
				lookAtStories(t, server.URL, view, some)
			}
		})
	}
}

// storiesAtOnce is how many stories one browser looks at: a test in it has its time.
const storiesAtOnce = 30

// lookAtStories looks at stories in one view. Those of one part only, and their
// pictures: PROOFMARK_STORIES=log-in PROOFMARK_PICTURES=/tmp/pictures make e2e PKGS=./web
func lookAtStories(t *testing.T, url string, view browsertest.View, some []string) {
	some = slices.DeleteFunc(some, func(name string) bool { return !strings.HasPrefix(name, os.Getenv("PROOFMARK_STORIES")) })
	if len(some) == 0 {
		return
	}
	page := browsertest.Open(t)
	page.Use(view)
	for _, name := range some {
		page.Visit(url + "/stories/" + name)
		for _, v := range page.Axe() {
			t.Errorf("%s: %s: %s", name, v.ID, v.Help)
			for _, n := range v.Nodes {
				t.Logf("  %s\n  %s", n.HTML, n.Summary)
			}
		}
		if wide := page.Overflow(); wide > 0 {
			t.Errorf("%s: %d pixels wider than the window", name, wide)
		}
		for _, said := range page.Errors() {
			t.Errorf("%s: the console says %s", name, said)
		}
		if dir := os.Getenv("PROOFMARK_PICTURES"); dir != "" {
			page.Picture(filepath.Join(dir, name+"-"+view.Name+".png"))
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
