package suite

import (
	"bytes"
	_ "embed"
	"flag"
	"os"
	"strings"
	"testing"
	"text/template"

	"github.com/google/go-cmp/cmp"
)

//go:generate go test -count=1 -run ^TestCatalogueIsCurrent$ . -update

var update = flag.Bool("update", false, "write docs/catalogue.md and the goldens anew")

//go:embed catalogue.md.tmpl
var catalogueTemplate string

const catalogueFile = "../../docs/catalogue.md"

// titles are what the groups are about, as in the catalogue that the ids come from.
var titles = map[string]string{
	"DECL": "declaration, no device needed", "CONN": "connection, TLS, credentials", "SESS": "session, keep-alive, reconnection",
	"TOPIC": "topic discipline, watched during the whole run", "READ": "reading", "WRITE": "writing", "NOTIFY": "reports",
	"ACT": "actions", "EVT": "events", "TIME": "latency and clock", "QOS": "acknowledgement and duplicates",
	"ROB": "malformed, oversized, unknown", "OTA": "firmware", "SEC": "security (EN 303 645 and EN 18031 in spirit)",
	"LIFE": "life cycle", "NET": "network", "SOAK": "endurance",
}

func catalogue(t *testing.T) []byte {
	t.Helper()
	type group struct {
		Name, Title  string
		Requirements []*Requirement
	}
	var all []group
	for _, r := range Requirements() {
		if n := len(all); n == 0 || all[n-1].Name != r.Group() {
			all = append(all, group{Name: r.Group(), Title: titles[r.Group()]})
		}
		g := &all[len(all)-1]
		g.Requirements = append(g.Requirements, r)
	}
	page := template.Must(template.New("catalogue").Funcs(template.FuncMap{
		"cell": func(s string) string { return strings.NewReplacer("|", `\|`, "<", "&lt;").Replace(s) },
		"hint": func(id string) string {
			if c, err := Lookup(id); err == nil {
				return c.Hint
			}
			return ""
		},
	}).Parse(catalogueTemplate))
	var b bytes.Buffer
	err := page.Execute(&b, map[string]any{
		"Release": Release, "Lag": LagLimit, "Requirements": Requirements(), "Groups": all, "Quick": strings.Join(quickCases, ", "),
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestCatalogueIsCurrent(t *testing.T) {
	got := catalogue(t)
	if *update {
		if err := os.WriteFile(catalogueFile, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(catalogueFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("docs/catalogue.md is not what the code says; go generate ./certification/suite writes it anew (-file +code):\n%s", diff)
	}
}
