package web

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
)

func newSite(t testing.TB) *Site {
	t.Helper()
	s, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestEveryStoryRenders(t *testing.T) {
	s := newSite(t)
	for _, story := range Stories() {
		b, err := s.Bytes(story.Page, story.Data())
		if err != nil {
			t.Errorf("%s: %v", story.Name, err)
			continue
		}
		if n := strings.Count(string(b), "<h1"); n != 1 {
			t.Errorf("%s has %d first headings, needs 1", story.Name, n)
		}
		for _, bad := range []string{" style=", "<style", " onclick=", "javascript:", "ZgotmplZ", "%!"} {
			if strings.Contains(string(b), bad) {
				t.Errorf("%s holds %q", story.Name, bad)
			}
		}
	}
}

func TestStoriesAreNamedOnceAndReachable(t *testing.T) {
	s := newSite(t)
	seen := map[string]bool{}
	for _, story := range Stories() {
		if seen[story.Name] {
			t.Errorf("two stories are named %s", story.Name)
		}
		seen[story.Name] = true
		w := httptest.NewRecorder()
		s.StoryBook().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/stories/"+story.Name, nil))
		if w.Code != http.StatusOK || w.Header().Get("Content-Security-Policy") != policy {
			t.Errorf("%s: status %d, policy %q", story.Name, w.Code, w.Header().Get("Content-Security-Policy"))
		}
	}
	w := httptest.NewRecorder()
	s.StoryBook().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/stories/none", nil))
	if w.Code != http.StatusNotFound {
		t.Errorf("a story that is not there: status %d", w.Code)
	}
}

// Each word that a template or handler asks for is there, and each that is there
// is asked for.
func TestWordsAreWhole(t *testing.T) {
	s := newSite(t)
	used := map[string]bool{}
	key := regexp.MustCompile(`(?:\{\{-?\s*|\(|\| ?)t "([a-z0-9.-]+)"|[sS]ay\("([a-z0-9.-]+)"|word:"([a-z0-9.-]+)"|/\* word \*/ "([a-z0-9.-]+)"`)
	prefix := regexp.MustCompile(`(?:t \(printf|Sprintf\() ?"([a-z0-9.-]+\.)%`)
	var prefixes []string
	scan := func(text string) {
		for _, m := range key.FindAllStringSubmatch(text, -1) {
			used[m[1]+m[2]+m[3]+m[4]] = true
		}
		for _, m := range prefix.FindAllStringSubmatch(text, -1) {
			prefixes = append(prefixes, m[1])
		}
	}
	walk := func(files fs.FS, want string) {
		err := fs.WalkDir(files, ".", func(file string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(file, want) || strings.HasSuffix(file, "_test.go") {
				return err
			}
			b, err := fs.ReadFile(files, file)
			scan(string(b))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	walk(templateFiles, ".html")
	walk(os.DirFS("."), ".go") // this package's own files
	for k := range used {
		if _, ok := s.words[k]; !ok {
			t.Errorf("words/en lacks %q", k)
		}
	}
	for k, text := range s.words {
		known := used[k]
		for _, p := range prefixes {
			known = known || strings.HasPrefix(k, p)
		}
		if !known {
			t.Errorf("words/en holds %q, and nothing says it", k)
		}
		if strings.TrimSpace(text) == "" {
			t.Errorf("%q is empty", k)
		}
	}
}

func TestAssetsAreServedForEver(t *testing.T) {
	s := newSite(t)
	url, err := s.assets.url("site.css")
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodGet, url, nil)
	r.Header.Set("Accept-Encoding", "gzip")
	w := httptest.NewRecorder()
	s.Assets().ServeHTTP(w, r)
	if w.Code != http.StatusOK || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") || w.Header().Get("Content-Encoding") != "gzip" {
		t.Errorf("status %d, headers %v", w.Code, w.Header())
	}
	if !strings.HasPrefix(w.Header().Get("Content-Type"), "text/css") {
		t.Errorf("media type %q", w.Header().Get("Content-Type"))
	}
	w = httptest.NewRecorder()
	s.Assets().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/static/site.css", nil))
	if w.Code != http.StatusNotFound {
		t.Errorf("an asset without its hash: status %d", w.Code)
	}
}

func TestErrorsHavePages(t *testing.T) {
	s := newSite(t)
	w := httptest.NewRecorder()
	s.Fail(w, httptest.NewRequest(http.MethodGet, "/x", nil), http.StatusNotFound, `no <script>alert(1)</script>`)
	body := w.Body.String()
	if w.Code != http.StatusNotFound || strings.Contains(body, "<script>") || !strings.Contains(body, "&lt;script&gt;") {
		t.Errorf("status %d, body %s", w.Code, body)
	}
}

func TestNumbersAreGroupedAsInIndia(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0", 999: "999", 1000: "1,000", 99999: "99,999", 100000: "1,00,000", 12345678: "1,23,45,678", -4500: "−4,500",
	} {
		if got := number(n); got != want {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
	}
}

func TestABadgeSaysItsStateInWords(t *testing.T) {
	b := string(Badge("Proofmark", "<suspended>", "suspended"))
	for _, want := range []string{`aria-label="Proofmark: &lt;suspended&gt;"`, "<title>", `fill="#744d00"`} {
		if !strings.Contains(b, want) {
			t.Errorf("the badge lacks %s: %s", want, b)
		}
	}
}
