package web

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"html/template"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/rig"
	"github.com/proofmark/proofmark/certification/suite"
	"github.com/proofmark/proofmark/internal/auth"
)

// workFuncs are what the templates of the working pages call: those of startups,
// reviewers and operators.
func (s *Site) workFuncs() template.FuncMap {
	return template.FuncMap{
		"age":         age,
		"percent":     percent,
		"span":        span,
		"bytes":       byteSize,
		"verdictKind": verdictKind,
		"judged":      judged,
		"moveKind":    moveKind,
		"pretty":      pretty,
		"join":        func(list []string) string { return strings.Join(list, ", ") },
		"group":       func(caseID string) string { name, _, _ := strings.Cut(caseID, "-"); return name },
		"anchor":      anchor,
		"counts":      countsOf,
		"has":         func(list []auth.Role, r auth.Role) bool { return slices.Contains(list, r) },
		"str":         func(v any) string { return fmt.Sprint(v) },
		"answersTo":   rig.AnswersTo,
		"seconds":     func(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', 3, 64) },
		"ms":          func(n int64) string { return span(time.Duration(n) * time.Millisecond) },
	}
}

// Names are the names of accounts that a page names, by their ids.
type Names map[string]string

// Who is the name of an account, or its id where the name is not known.
func (p Names) Who(account string) string { return cmp.Or(p[account], account) }

// age is how long ago something was, in its two largest units.
func age(since, now time.Time) string {
	if since.IsZero() {
		return "–"
	}
	return span(now.Sub(since))
}

func span(d time.Duration) string {
	d = max(d, 0)
	units := []struct {
		of   time.Duration
		name string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "min"}, {time.Second, "s"}}
	for i, u := range units {
		if d < u.of {
			continue
		}
		text := fmt.Sprintf("%d %s", d/u.of, u.name)
		if i+1 < len(units) {
			if rest := d % u.of / units[i+1].of; rest > 0 {
				text += fmt.Sprintf(" %d %s", rest, units[i+1].name)
			}
		}
		return text
	}
	return "0 s"
}

// byteSize is a size as people read it: 1.5 MiB.
func byteSize(n int64) string {
	switch {
	case n < 1<<10:
		return fmt.Sprintf("%d B", n)
	case n < 1<<20:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
}

// verdictKind is the colour of a verdict; the word itself stands beside it.
func verdictKind(v any) string {
	switch suite.Verdict(fmt.Sprint(v)) {
	case suite.Pass:
		return "good"
	case suite.Fail:
		return "bad"
	case suite.Warn, suite.Inconclusive:
		return "warn"
	case suite.Review:
		return "info"
	}
	return ""
}

// judged is a verdict that is one.
func judged(v any) string {
	text := fmt.Sprint(v)
	if text == certification.Open {
		return ""
	}
	return text
}

// moveKind is the colour of the state of a submission, a run, a waiver, a regulatory
// document, a job or a delivery.
func moveKind(state any) string {
	switch fmt.Sprint(state) {
	case "certified", "approved", "verified", "finished", "active", "answered", "delivered", "done", "dismissed", "stored", "accepted", "met", "online":
		return "good"
	case "rejected", "refused", "revoked", "stopped", "upheld", "failed", "blocked", "disabled", "offline":
		return "bad"
	case "changes-requested", "interrupted", "waiting-for-operator", "suspended", "expired", "open", "proposed", "overdue", "cancelled", "paused", "announced":
		return "warn"
	case "submitted", "screening", "testing", "review", "issuing", "queued", "waiting-for-device", "running", "waiting", "pending", "leased", "offered", "preparing":
		return "info"
	}
	return ""
}

// pretty is JSON with a member a line; what is no JSON stays as it is.
func pretty(raw any) string {
	var text []byte
	switch v := raw.(type) {
	case []byte:
		text = v
	case json.RawMessage:
		text = v
	default:
		text, _ = json.Marshal(v) // what cannot be told is an empty text
	}
	var b bytes.Buffer
	if json.Indent(&b, text, "", "  ") != nil {
		return string(text)
	}
	return b.String()
}

// anchor makes an id for an element of a case's id: WRITE-03[2.1] is write-03-2-1.
func anchor(parts ...string) string {
	return strings.Trim(forAnchor.Replace(strings.ToLower(strings.Join(parts, "-"))), "-")
}

var forAnchor = strings.NewReplacer("[", "-", "]", "", ".", "-", "_", "-")

// Counted is how many cases have a verdict.
type Counted struct {
	Verdict string
	N       int
}

// countsOf puts counts by verdict into an order: what needs a person first.
func countsOf(m any) []Counted {
	counts := map[string]int{}
	switch m := m.(type) {
	case map[string]int:
		counts = m
	case map[suite.Verdict]int:
		for v, n := range m {
			counts[string(v)] = n
		}
	}
	var out []Counted
	for v, n := range counts {
		if n > 0 {
			out = append(out, Counted{v, n})
		}
	}
	slices.SortFunc(out, func(a, b Counted) int { return rank(a.Verdict) - rank(b.Verdict) })
	return out
}

// byAttention orders verdicts: what a person has to look at comes first.
var byAttention = []string{
	string(suite.Fail), certification.Open, "", string(suite.Inconclusive), string(suite.Review), string(suite.Warn), string(suite.Skipped), string(suite.Pass), string(suite.NotFor),
}

func rank(verdict string) int { return slices.Index(byAttention, verdict) }

// quietVerdict says that nobody has to look at a case any more.
func quietVerdict(v suite.Verdict) bool { return v == suite.Pass || v == suite.NotFor }

func byRank(cases []certification.CaseEvidence) {
	slices.SortStableFunc(cases, func(a, b certification.CaseEvidence) int {
		return cmp.Or(rank(string(a.Verdict))-rank(string(b.Verdict)), cmp.Compare(a.ID, b.ID))
	})
}
