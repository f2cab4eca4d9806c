package report

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"strings"
	"time"

	"github.com/proofmark/proofmark/certification/suite"
)

var (
	//go:embed report.css
	style string
	//go:embed report.html.tmpl
	page string
)

// Policy is the content security policy that the HTML report says itself and
// bears in a header: nothing is loaded, no script runs, one style is known by its
// hash.
var Policy = func() string {
	sum := sha256.Sum256([]byte(style))
	return "default-src 'none'; img-src data:; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}()

var htmlReport = template.Must(template.New("report").Funcs(template.FuncMap{
	"anchor": func(id string) string { return strings.NewReplacer("[", "-", "]", "", ".", "-").Replace(id) },
	"class": func(v suite.Verdict) string {
		if v == suite.NotFor {
			return "none" // N/A is no name for a class
		}
		return string(v)
	},
	"clock":  func(d time.Duration) string { return fmt.Sprintf("%.3f s", d.Seconds()) },
	"counts": counts,
	"join":   func(ids []string) string { return strings.Join(ids, ", ") },
	"loud":   func(all []Entry) []Entry { return filtered(all, true) },
	"quiet":  func(all []Entry) []Entry { return filtered(all, false) },
	"time":   func(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04:05 UTC") },
	"took":   took,
}).Parse(page))

// HTML is the report for people: one file.
func (d *Document) HTML() ([]byte, error) {
	var mend []Entry
	for _, g := range d.Groups {
		mend = append(mend, filtered(g.Outcomes, true)...)
	}
	var b bytes.Buffer
	err := htmlReport.Execute(&b, map[string]any{
		"Doc": d, "Mend": mend, "Policy": Policy,
		"Style": template.CSS(style), // our own file
	})
	return []byte(printable(b.String())), err
}

// loud says whether somebody has to look at an outcome.
func loud(v suite.Verdict) bool {
	return v == suite.Fail || v == suite.Warn || v == suite.Inconclusive || v == suite.Review
}

func filtered(all []Entry, wanted bool) []Entry {
	var out []Entry
	for _, e := range all {
		if loud(e.Verdict) == wanted {
			out = append(out, e)
		}
	}
	return out
}

// count is how often a verdict was given.
type count struct {
	Verdict suite.Verdict
	N       int
}

// counts are the verdicts that were given, the gravest first.
func counts(of map[suite.Verdict]int) []count {
	var out []count
	for _, v := range []suite.Verdict{
		suite.Fail, suite.Inconclusive, suite.Warn, suite.Review, suite.Pass, suite.Skipped, suite.NotFor,
	} {
		if of[v] > 0 {
			out = append(out, count{v, of[v]})
		}
	}
	return out
}

// took is a time as people say it.
func took(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return "0 s"
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < 2*time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	}
	return d.Round(time.Second).String()
}
