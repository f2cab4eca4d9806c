package certification

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// TestEveryRuleIsListed reads our own source: who is refused by a rule finds it in
// Rules, and no rule is listed that refuses nobody.
func TestEveryRuleIsListed(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	refuses := regexp.MustCompile(`(?:Refuse\(Err\w+, |checkText\()"([a-z-]+)"`)
	used := make(map[string]string)
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range refuses.FindAllStringSubmatch(string(source), -1) {
			used[m[1]] = file
		}
	}
	listed := make(map[string]bool)
	for _, r := range Rules {
		if listed[r.ID] {
			t.Errorf("rule %s is listed twice", r.ID)
		}
		listed[r.ID] = true
		if r.Means == "" {
			t.Errorf("rule %s says nothing", r.ID)
		}
	}
	for rule, file := range used {
		if !listed[rule] {
			t.Errorf("%s refuses by %s, which is not listed", file, rule)
		}
	}
	for _, r := range append(reviewRules, waiverRules...) {
		if used[r.ID] == "" {
			t.Errorf("rule %s refuses nobody", r.ID)
		}
	}
}
