package pages

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
)

func TestACrawlFindsEveryKindOfPageOnce(t *testing.T) {
	const a, b = "cmp_01890000-0000-7000-8000-000000000001", "cmp_01890000-0000-7000-8000-000000000002"
	site := map[string]string{
		"/":                            `<a class="x" href="/campaigns/` + a + `">A</a> <a href="/campaigns/` + b + `#story">B</a> <a href="/file.csv?x=1">f</a> <a href="//elsewhere/">no</a> <a href="/api/docs">no</a>`,
		"/campaigns/" + a:              `<a href="/">back</a> <a href="/certificates/PM-2026-000001">c</a>`,
		"/campaigns/" + b:              `<a href="/gone">gone</a>`,
		"/certificates/PM-2026-000001": `whole`,
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, ok := site[r.URL.Path]
		switch {
		case r.URL.Path == "/file.csv":
			w.Header().Set("Content-Type", "text/csv")
		case ok:
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
		default:
			http.NotFound(w, r)
			return
		}
		_, _ = fmt.Fprint(w, body)
	}))
	defer server.Close()
	found, err := newBrowser(server.URL).crawl(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got, want := slices.Sorted(maps.Keys(found)), []string{"/", "/campaigns/{id}", "/certificates/{serial}"}; !slices.Equal(got, want) {
		t.Errorf("found %v, want %v", got, want)
	}
}

func TestAPageThatFailsEndsTheCrawl(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }))
	defer server.Close()
	if found, err := newBrowser(server.URL).crawl(t.Context()); err == nil {
		t.Errorf("found %v", found)
	}
}

func TestWhatIsNoLoadIsRefused(t *testing.T) {
	for _, o := range []Options{{Users: -1}, {Users: maxUsers + 1}, {Span: 1}, {Span: 2 * maxSpan}, {Every: 1}} {
		if _, err := Run(t.Context(), o); err == nil {
			t.Errorf("%+v was run", o)
		}
	}
}
