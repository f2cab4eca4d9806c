package miot

import (
	"cmp"
	"errors"
	"fmt"
)

// Severity tells whether a finding forbids the use of a document.
type Severity string

// The severities. A document is clean without errors; warnings are allowed.
const (
	SeverityError   Severity = "error"
	SeverityWarning Severity = "warning"
)

// Finding is one fault of a document.
type Finding struct {
	Rule        string   `json:"rule"`        // such as MIOT-URN-01, never renamed
	Requirement string   `json:"requirement"` // the DECL case it belongs to, or empty
	Pointer     string   `json:"pointer"`     // JSON pointer into the document
	Severity    Severity `json:"severity"`
	Message     string   `json:"message"` // the thing, the value and the rule
	Mend        string   `json:"mend"`    // what to do
}

// Profile selects how strict Lint is.
type Profile uint8

// LintForCertification turns into errors what is only a warning on the bench: the missing service 1 above all.
const (
	LintDefault Profile = iota
	LintForCertification
)

// Lint judges a document by §1 and DECL-01 to DECL-06. Findings come in the document's order. Without a profile it is LintDefault.
func Lint(spec *Spec, profile ...Profile) []Finding {
	l := &linter{spec: spec, findings: []Finding{}}
	for _, p := range profile {
		l.certification = l.certification || p == LintForCertification
	}
	l.document()
	return l.findings
}

// LintDocument parses and lints. JSON of the wrong shape gives findings; only what is no JSON at all, or too large, is an error.
func LintDocument(data []byte, profile ...Profile) ([]Finding, error) {
	spec, err := Parse(data)
	if err == nil {
		return Lint(spec, profile...), nil
	}
	var shape *ShapeError
	if !errors.As(err, &shape) {
		return nil, err
	}
	l := &linter{}
	for _, p := range shape.Problems {
		l.find("MIOT-DOC-01", p.Pointer, "%s", p.Message)
	}
	return l.findings, nil
}

// Errors counts the findings that are errors.
func Errors(findings []Finding) int {
	n := 0
	for _, f := range findings {
		if f.Severity == SeverityError {
			n++
		}
	}
	return n
}

type linter struct {
	spec          *Spec
	certification bool
	namespace     string          // of the device type
	foreign       map[string]bool // namespaces already reported in this service
	findings      []Finding
}

func (l *linter) find(id, pointer, format string, args ...any) {
	rule := lintRules[id]
	severity := rule.Severity
	if l.certification && rule.Certification != "" {
		severity = rule.Certification
	}
	l.findings = append(l.findings, Finding{
		Rule: id, Requirement: rule.Requirement, Pointer: pointer, Severity: severity,
		Message: fmt.Sprintf(format, args...), Mend: rule.Mend,
	})
}

// String is the finding in one line: where, how bad, which rule, what, and what to do.
func (f Finding) String() string {
	return fmt.Sprintf("%s: %s %s: %s. %s", cmp.Or(f.Pointer, "(document)"), f.Severity, f.Rule, f.Message, f.Mend)
}
