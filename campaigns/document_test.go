package campaigns_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/proofmark/proofmark/campaigns"
)

var update = flag.Bool("update", false, "write the tables of docs/campaigns.md anew")

func TestDocumentIsCurrent(t *testing.T) {
	const file = "../docs/campaigns.md"
	b, err := os.ReadFile(file)
	must(t, err)
	text := string(b)
	var moves, rules strings.Builder
	moves.WriteString("| from | to | by | when |\n|---|---|---|---|\n")
	for _, m := range campaigns.CampaignMoves {
		by := make([]string, len(m.By))
		for i, who := range m.By {
			by[i] = string(who)
		}
		fmt.Fprintf(&moves, "| %s | %s | %s | %s |\n", m.From, m.To, strings.Join(by, ", "), m.When)
	}
	rules.WriteString("| rule | what it says |\n|---|---|\n")
	for _, r := range campaigns.Rules {
		fmt.Fprintf(&rules, "| `%s` | %s |\n", r.ID, r.Means)
	}
	for name, table := range map[string]string{"campaign states": moves.String(), "campaign rules": rules.String()} {
		begin, end := "<!-- begin "+name+" -->\n", "<!-- end "+name+" -->"
		before, rest, ok := strings.Cut(text, begin)
		_, after, closed := strings.Cut(rest, end)
		if !ok || !closed {
			t.Fatalf("%s has no place for %s", file, name)
		}
		text = before + begin + table + end + after
	}
	if text == string(b) {
		return
	}
	if !*update {
		t.Fatalf("%s is not current: run go test ./campaigns -run Document -update", file)
	}
	must(t, os.WriteFile(file, []byte(text), 0o600))
}
