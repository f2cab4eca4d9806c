package certification

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/proofmark/proofmark/certification/suite"
)

// What a waiver must be.
const (
	WaiverReason = 40 // characters at least: why the requirement may be unmet
	WaiverScope  = 10 // characters at least: where it holds
	WaiverText   = 4000
	WaiverMonths = 12 // at most until its end
)

// waiverRules refuse a waiver, or a decision on one.
var waiverRules = []Rule{
	{"unwaivable", "CONN-03 to CONN-06 and SEC-03 to SEC-05 cannot be waived."},
	{"waiver-cases", "A waiver names a requirement of the catalogue and at least one case of it that the submission needs, each once."},
	{"waiver-reason", "The reason has 40 characters at least, the scope 10."},
	{"waiver-date", "A waiver ends after now and within 12 months."},
	{"waiver-two-people", "Another reviewer than the one who proposed it decides on a waiver."},
	{"waiver-state", "What is proposed is decided on; what has not ended is taken back."},
}

// unwaivable are the requirements that no waiver covers, each with its reason.
var unwaivable = map[string]string{
	"CONN-03": "whoever takes any CA's certificate gives the device to everybody between it and the server",
	"CONN-04": "a certificate for any name is any stranger's certificate",
	"CONN-05": "a certificate that is out of date may be one whose key was lost",
	"CONN-06": "a fallback without TLS undoes TLS: an attacker only has to block the port",
	"SEC-03":  "a command to somebody else's device must never act",
	"SEC-04":  "whoever recorded a command could give it again at any time",
	"SEC-05":  "a secret that was sent in the open is everybody's",
}

// Waivable says why a requirement cannot be waived; nil: it can.
func Waivable(requirement string) *Refusal {
	if _, known := suite.RequirementOf(requirement); !known {
		return Refuse(ErrInvalid, "waiver-cases", "requirement %q is not in the catalogue", requirement)
	}
	if why, barred := unwaivable[requirement]; barred {
		return Refuse(ErrInvalid, "unwaivable", "%s cannot be waived: %s", requirement, why)
	}
	return nil
}

// Holds says whether the waiver was approved and has not ended at that moment.
func (w *Waiver) Holds(now time.Time) bool {
	return w.State == WaiverApproved && !now.After(w.Until)
}

// Covers says whether a case of a requirement may be unmet at that moment.
func (w *Waiver) Covers(requirement, caseID string, now time.Time) bool {
	return w.Holds(now) && w.Requirement == requirement && slices.Contains(w.Cases, caseID) && Waivable(requirement) == nil
}

// PublicWaiver is what everybody may know of one: not who proposed and approved it.
type PublicWaiver struct {
	ID          string      `json:"id"`
	Requirement string      `json:"requirement"`
	Sentence    string      `json:"sentence"`
	Cases       []string    `json:"cases"`
	Scope       string      `json:"scope"`
	Reason      string      `json:"reason"`
	Until       time.Time   `json:"until"`
	State       WaiverState `json:"state"`
}

// Public is the form for certificates, the registry and notices.
func (w *Waiver) Public() PublicWaiver {
	p := PublicWaiver{
		ID: w.ID, Requirement: w.Requirement, Cases: w.Cases, Scope: w.Scope, Reason: w.Reason, Until: w.Until.UTC(), State: w.State,
	}
	if q, ok := suite.RequirementOf(w.Requirement); ok {
		p.Sentence = q.Sentence
	}
	return p
}

// checkWaiver says what stands against proposing it for what the cases came to.
func checkWaiver(w *Waiver, cases []CaseEvidence, now time.Time) *Refusal {
	if r := Waivable(w.Requirement); r != nil {
		return r
	}
	if n := utf8.RuneCountInString(strings.TrimSpace(w.Reason)); n < WaiverReason || n > WaiverText {
		return Refuse(ErrInvalid, "waiver-reason", "the reason has %d characters; want %d to %d", n, WaiverReason, WaiverText)
	}
	if n := utf8.RuneCountInString(strings.TrimSpace(w.Scope)); n < WaiverScope || n > WaiverText {
		return Refuse(ErrInvalid, "waiver-reason", "the scope has %d characters; want %d to %d", n, WaiverScope, WaiverText)
	}
	if r := checkWaiverDate(w, now); r != nil {
		return r
	}
	if len(w.Cases) == 0 {
		return Refuse(ErrInvalid, "waiver-cases", "a waiver of %s names no case; want at least one, as WRITE-03[2.1]", w.Requirement)
	}
	for i, id := range w.Cases {
		if slices.Contains(w.Cases[:i], id) {
			return Refuse(ErrInvalid, "waiver-cases", "case %s is named twice", id)
		}
		at := slices.IndexFunc(cases, func(c CaseEvidence) bool { return c.ID == id })
		switch {
		case at < 0:
			return Refuse(ErrInvalid, "waiver-cases", "case %q is none that this submission needs", id)
		case cases[at].Requirement != w.Requirement:
			return Refuse(ErrInvalid, "waiver-cases", "case %s is of %s, not of %s", id, cases[at].Requirement, w.Requirement)
		}
	}
	return nil
}

func checkWaiverDate(w *Waiver, now time.Time) *Refusal {
	if last := now.AddDate(0, WaiverMonths, 0); !w.Until.After(now) || w.Until.After(last) {
		return Refuse(ErrInvalid, "waiver-date", "the waiver would end at %s; want an end after %s and by %s, %d months from now",
			stamp(w.Until), stamp(now), stamp(last), WaiverMonths)
	}
	return nil
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
