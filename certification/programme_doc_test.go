package certification_test

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/proofmark/proofmark/certification"
)

//go:generate go test -count=1 -run ^TestProgrammeDocumentIsCurrent$ . -update

var update = flag.Bool("update", false, "write the tables of docs/programme.md anew")

const (
	programmeFile  = "../docs/programme.md"
	regulatoryFile = "../docs/regulatory.md"
)

// tables are what stands between "<!-- begin NAME -->" and "<!-- end NAME -->".
func tables() map[string]string {
	return map[string]string{
		"submission states":  movesTable(certification.SubmissionMoves),
		"certificate states": movesTable(certification.CertificateMoves),
		"rules":              rulesTable(),
		"documents":          documentsTable(),
		"parts":              partsTable(),
	}
}

func schemesTable() string {
	var b strings.Builder
	b.WriteString("| region | scheme | what | asked of | holds at most | looked at again | source |\n|---|---|---|---|---|---|---|\n")
	for _, s := range certification.Schemes {
		of, most, follow := "every product", "without an end", ""
		if s.Radio {
			of = "products with a radio"
		}
		if s.Most > 0 {
			most = fmt.Sprintf("%d years", int(s.Most.Hours()/24/365))
		}
		if s.Follow > 0 {
			follow = fmt.Sprintf("every %d days", int(s.Follow.Hours()/24))
		}
		fmt.Fprintf(&b, "| %s | `%s` | %s | %s | %s | %s | %s |\n", s.Region, s.ID, s.Name, of, most, follow, s.Source)
	}
	return b.String()
}

func movesTable[S ~string](moves []certification.Move[S]) string {
	var b strings.Builder
	b.WriteString("| from | to | by | when |\n|---|---|---|---|\n")
	for _, m := range moves {
		by := make([]string, len(m.By))
		for i, who := range m.By {
			by[i] = string(who)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", string(m.From), string(m.To), strings.Join(by, ", "), m.When)
	}
	return b.String()
}

func rulesTable() string {
	var b strings.Builder
	b.WriteString("| rule | what it says |\n|---|---|\n")
	for _, r := range certification.Rules {
		fmt.Fprintf(&b, "| `%s` | %s |\n", r.ID, r.Means)
	}
	return b.String()
}

func documentsTable() string {
	var b strings.Builder
	b.WriteString("| kind | needed | what | accepted as |\n|---|---|---|---|\n")
	for _, k := range certification.DocumentKinds {
		needed := ""
		if k.Required {
			needed = "yes"
		}
		accept := make([]string, len(k.Accept))
		for i, a := range k.Accept {
			accept[i] = string(a)
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", k.Kind, needed, k.What, strings.Join(accept, ", "))
	}
	return b.String()
}

func partsTable() string {
	var b strings.Builder
	b.WriteString("| part | class |\n|---|---|\n")
	for _, p := range certification.Parts() {
		class := string(certification.ClassOfPart(p))
		if class == "" {
			class = "none: everything runs, as at first"
		}
		fmt.Fprintf(&b, "| `%s` | %s |\n", p, class)
	}
	return b.String()
}

func TestProgrammeDocumentIsCurrent(t *testing.T) {
	isCurrent(t, programmeFile, tables())
	isCurrent(t, regulatoryFile, map[string]string{"schemes": schemesTable(), "regulatory states": movesTable(certification.RegulatoryMoves)})
}

func isCurrent(t *testing.T, file string, tables map[string]string) {
	t.Helper()
	want, err := os.ReadFile(file)
	must(t, err)
	got := want
	for name, table := range tables {
		begin, end := "<!-- begin "+name+" -->\n", "<!-- end "+name+" -->"
		before, rest, ok := bytes.Cut(got, []byte(begin))
		_, after, closed := bytes.Cut(rest, []byte(end))
		if !ok || !closed {
			t.Fatalf("%s has no place for the table %q: %s … %s", file, name, begin, end)
		}
		got = slices.Concat(before, []byte(begin), []byte(table), []byte(end), after)
	}
	if *update {
		must(t, os.WriteFile(file, got, 0o644))
		return
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s is not what the code says; go generate ./certification writes it anew (-file +code):\n%s", file, diff)
	}
}

// Every refusal names a rule that is listed, and every rule that is listed refuses
// something.
func TestRulesAreThoseThatRefuse(t *testing.T) {
	used, said := make(map[string]bool), make(map[string]bool)
	files, err := filepath.Glob("*.go")
	must(t, err)
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		must(t, err)
		ast.Inspect(parsed, func(n ast.Node) bool {
			if id, ok := ruleOf(n); ok {
				used[id] = true
			}
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				id, _ := strconv.Unquote(lit.Value)
				said[id] = true // handed on to what refuses
			}
			return !isRules(n)
		})
	}
	listed := make(map[string]bool)
	for _, r := range certification.Rules {
		if listed[r.ID] {
			t.Errorf("rule %s is listed twice", r.ID)
		}
		listed[r.ID] = true
		if !said[r.ID] {
			t.Errorf("rule %s refuses nothing", r.ID)
		}
		if !strings.HasSuffix(r.Means, ".") {
			t.Errorf("rule %s does not explain itself in a sentence: %q", r.ID, r.Means)
		}
	}
	for id := range used {
		if !listed[id] {
			t.Errorf("rule %s is in no list of rules (see rules.go)", id)
		}
	}
}

// isRules says whether the node is a list of rules, which uses none.
func isRules(n ast.Node) bool {
	lit, ok := n.(*ast.CompositeLit)
	if !ok {
		return false
	}
	list, ok := lit.Type.(*ast.ArrayType)
	if !ok {
		return false
	}
	of, ok := list.Elt.(*ast.Ident)
	return ok && of.Name == "Rule"
}

// ruleOf finds the rule in Refuse(kind, "rule", …), checkText("rule", …), Flaw{Rule: "rule"} and
// Refusal{Rule: "rule"}.
func ruleOf(n ast.Node) (string, bool) {
	var e ast.Expr
	switch n := n.(type) {
	case *ast.CallExpr:
		switch f, ok := n.Fun.(*ast.Ident); {
		case ok && f.Name == "Refuse" && len(n.Args) > 1:
			e = n.Args[1]
		case ok && f.Name == "checkText" && len(n.Args) > 0:
			e = n.Args[0]
		}
	case *ast.KeyValueExpr:
		if k, ok := n.Key.(*ast.Ident); ok && k.Name == "Rule" {
			e = n.Value
		}
	}
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	id, err := strconv.Unquote(lit.Value)
	return id, err == nil
}
