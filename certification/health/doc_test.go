package health_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/proofmark/proofmark/certification/health"
)

//go:generate go test -count=1 -run ^TestTheDocumentIsCurrent$ . -update

var update = flag.Bool("update", false, "write the table of docs/field-health.md anew")

const document = "../../docs/field-health.md"

func TestTheDocumentIsCurrent(t *testing.T) {
	var table strings.Builder
	table.WriteString("| rule | good | bad | what | on the bench |\n|---|---|---|---|---|\n")
	for _, r := range health.Rules {
		name := r.ID
		if strings.HasSuffix(name, ".") {
			name += "…"
		}
		fmt.Fprintf(&table, "| `%s` | %.3g %% | %.3g %% | %s | %s |\n", name, r.Good*100, r.Bad*100, r.Text, r.Requirement)
	}
	b, err := os.ReadFile(document)
	must(t, err)
	before, rest, ok := strings.Cut(string(b), "<!-- begin rules -->\n")
	_, after, ended := strings.Cut(rest, "<!-- end rules -->")
	if !ok || !ended {
		t.Fatalf("%s has no place for the rules", document)
	}
	want := before + "<!-- begin rules -->\n" + table.String() + "<!-- end rules -->" + after
	if *update {
		must(t, os.WriteFile(document, []byte(want), 0o644))
		return
	}
	if diff := cmp.Diff(want, string(b)); diff != "" {
		t.Errorf("docs/field-health.md is not what the code says; go generate ./certification/health\n%s", diff)
	}
}
