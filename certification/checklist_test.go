package certification

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/proofmark/proofmark/certification/suite"
)

// TestTheReviewPageSaysWhatTheCodeDoes holds the two tables of docs/review.md to
// the code.
func TestTheReviewPageSaysWhatTheCodeDoes(t *testing.T) {
	page, err := os.ReadFile("../docs/review.md")
	if err != nil {
		t.Fatal(err)
	}
	var rows []string
	for _, i := range checklist {
		classes := make([]string, len(i.Classes))
		for n, c := range i.Classes {
			if classes[n] = string(c); c == FirstTime {
				classes[n] = "first"
			}
		}
		rows = append(rows, fmt.Sprintf("| `%s` | %s | %s |", i.ID, i.Text, strings.Join(classes, " ")))
	}
	for id, why := range unwaivable {
		rows = append(rows, fmt.Sprintf("| %s | %s |", id, why))
	}
	for _, row := range rows {
		if !strings.Contains(string(page), row+"\n") {
			t.Errorf("docs/review.md lacks the line %s", row)
		}
	}
	for _, id := range []string{"CONN-03", "CONN-04", "CONN-05", "CONN-06", "SEC-03", "SEC-04", "SEC-05"} {
		if _, known := suite.RequirementOf(id); !known {
			t.Errorf("%s is no requirement", id)
		}
		if r := Waivable(id); r == nil || r.Rule != "unwaivable" {
			t.Errorf("%s can be waived: %v", id, r)
		}
	}
	if len(unwaivable) != 7 {
		t.Errorf("%d requirements cannot be waived, want 7", len(unwaivable))
	}
}

func TestEveryClassHasAChecklist(t *testing.T) {
	seen := make(map[string]bool)
	for _, class := range []ChangeClass{FirstTime, ClassA, ClassB, ClassC, ClassD, ClassE, ClassF} {
		items := Checklist([]ChangeClass{class})
		if len(items) < 3 {
			t.Errorf("class %q has %d items", class, len(items))
		}
		for _, i := range items {
			seen[i.ID] = true
		}
	}
	if len(seen) != len(checklist) {
		t.Errorf("%d of %d items are used", len(seen), len(checklist))
	}
}
