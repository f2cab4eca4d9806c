package certification

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/proofmark/proofmark/certification/suite"
)

// EntryKind is what a reviewer, or a vendor, wrote down.
type EntryKind string

// The kinds of entries.
const (
	EntryComment    EntryKind = "comment"    // item: the case it is about, or empty
	EntryMark       EntryKind = "mark"       // item: of the checklist
	EntryAcceptance EntryKind = "acceptance" // item: the case
	EntryConditions EntryKind = "conditions" // the list as it is from then on
)

// ReviewEntry is one line of what was written in a review. Lines are only ever
// added: of marks, acceptances and conditions the last word stands.
type ReviewEntry struct {
	ID         string // ent_…
	Submission string
	Round      int
	Kind       EntryKind
	Item       string
	Author     string // acc_…
	At         time.Time
	Body       json.RawMessage // Comment, Mark, Acceptance or []Condition
}

// Comment is a remark about a case, or in general. It is never edited.
type Comment struct {
	ID         string    `json:"id"` // ent_…
	Submission string    `json:"submission"`
	Round      int       `json:"round"`
	Case       string    `json:"case,omitempty"`
	ReplyTo    string    `json:"reply_to,omitempty"` // ent_… of the comment that it answers
	Public     bool      `json:"public"`             // the vendor sees it
	Vendor     bool      `json:"vendor"`             // of the vendor
	Text       string    `json:"text"`
	By         string    `json:"by"`
	At         time.Time `json:"at"`
}

// What may be written.
const (
	longestText      = 10_000 // characters of a comment, a reason, a note
	shortestReason   = 10
	mostConditions   = 20
	mostAsked        = 200
	LongestCondition = 180 // days until its date; no certificate is shorter
)

// checkText holds what people write to a length; the error says of which thing.
func checkText(rule, what, text string, least int) *Refusal {
	if n := utf8.RuneCountInString(strings.TrimSpace(text)); n < least || n > longestText {
		return Refuse(ErrInvalid, rule, "the %s has %d characters; want %d to %d", what, n, least, longestText)
	}
	return nil
}

func checkCondition(c Condition, now time.Time) *Refusal {
	if r := checkText("condition-text", "condition", c.Text, shortestReason); r != nil {
		return r
	}
	if last := now.AddDate(0, 0, LongestCondition); !c.Due.After(now) || c.Due.After(last) {
		return Refuse(ErrInvalid, "condition-date", "condition %q is due at %s; want a date after %s and by %s, %d days from now",
			clip(c.Text), stamp(c.Due), stamp(now), stamp(last), LongestCondition)
	}
	return nil
}

// clip keeps a long text out of an error.
func clip(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}

// written is what the entries of a review say.
type written struct {
	comments    []Comment
	marks       []Mark
	acceptances []Acceptance
	conditions  []Condition
}

// read sorts the entries by what they are; all but comments hold for the round only.
func read(entries []ReviewEntry, round int) (w written, err error) {
	for _, e := range entries {
		if e.Kind != EntryComment && e.Round != round {
			continue
		}
		switch e.Kind {
		case EntryComment:
			w.comments, err = appendJSON(w.comments, e.Body)
		case EntryMark:
			w.marks, err = appendJSON(w.marks, e.Body)
		case EntryAcceptance:
			w.acceptances, err = appendJSON(w.acceptances, e.Body)
		case EntryConditions:
			w.conditions = nil
			err = json.Unmarshal(e.Body, &w.conditions)
		}
		if err != nil {
			return w, fmt.Errorf("entry %s of submission %s: %w", e.ID, e.Submission, err)
		}
	}
	return w, nil
}

func appendJSON[T any](list []T, raw json.RawMessage) ([]T, error) {
	var v T
	err := json.Unmarshal(raw, &v)
	return append(list, v), err
}

// checkAsked holds a request for changes to the cases that there are.
func checkAsked(asked []Asked, cases []CaseEvidence) *Refusal {
	if len(asked) == 0 || len(asked) > mostAsked {
		return Refuse(ErrInvalid, "asked", "%d changes are asked for; want 1 to %d", len(asked), mostAsked)
	}
	for _, a := range asked {
		if r := checkText("asked", "change that is asked for", a.Text, shortestReason); r != nil {
			return r
		}
		if a.Case != "" && !hasCase(cases, a.Case) {
			return noCase(a.Case)
		}
	}
	return nil
}

func hasCase(cases []CaseEvidence, id string) bool {
	return slices.ContainsFunc(cases, func(c CaseEvidence) bool { return c.ID == id })
}

func noCase(id string) *Refusal {
	return Refuse(ErrInvalid, "unknown-case", "case %q is none that this submission needs", id)
}

// acceptable says what stands against accepting the verdict of a case.
func acceptable(cases []CaseEvidence, id, run string) *Refusal {
	at := slices.IndexFunc(cases, func(c CaseEvidence) bool { return c.ID == id })
	switch {
	case at < 0:
		return noCase(id)
	case cases[at].Verdict != suite.Review:
		return Refuse(ErrInvalid, "accept-review", "%s is %s; only a REVIEW verdict is accepted by a person", id, cases[at].Verdict)
	case cases[at].Run != run:
		return Refuse(ErrState, "accept-run", "the verdict of %s is that of run %s now, not of %s", id, cases[at].Run, run)
	}
	return nil
}
