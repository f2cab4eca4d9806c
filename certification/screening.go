package certification

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/proofmark/proofmark/certification/suite"
	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/blob"
	"github.com/proofmark/proofmark/miot"
	"github.com/proofmark/proofmark/registry"
)

// Screened is what was found in the papers of a submission, before any device
// is connected.
type Screened struct {
	Submission string    `json:"submission"`
	Round      int       `json:"round"`
	Rev        int64     `json:"rev"` // of the submission that was screened
	Suite      string    `json:"suite"`
	At         time.Time `json:"at"`
	Passed     bool      `json:"passed"`
	Findings   []Flaw    `json:"findings"`
	Transcript Evidence  `json:"transcript"` // of the DECL cases, signed and packed
}

// Flaw is one thing that is wrong with the papers, or could be better.
type Flaw struct {
	Case     string        `json:"case,omitempty"` // of the catalogue
	Rule     string        `json:"rule,omitempty"` // of the linter or of the programme
	Verdict  suite.Verdict `json:"verdict"`        // FAIL sends the submission back, WARN does not
	Document string        `json:"document"`       // "spec", "declaration", "submission", or a kind of document
	Pointer  string        `json:"pointer,omitempty"`
	Message  string        `json:"message"`
	Mend     string        `json:"mend,omitempty"`
}

// Screen judges the papers of a submission and moves it on or back. It is what the
// job ScreenJob does: it finds its work half done, and a submission that somebody
// moved meanwhile is left alone.
func (p *Programme) Screen(ctx context.Context, id string) error {
	sub, err := p.store.Submission(ctx, id)
	if err != nil {
		return err
	}
	if sub.State == Submitted {
		next, record, err := sub.Move(Step{To: Screening, By: ByProgramme, Who: audit.System, At: p.now()})
		if err != nil {
			return err
		}
		if err := p.store.SaveSubmission(ctx, sub.State, next, record.Entries, record.Notices); err != nil {
			return movedMeanwhile(err)
		}
		sub = next
		sub.Rev++
	}
	if sub.State == Screening {
		if sub, err = p.screen(ctx, sub); err != nil {
			return movedMeanwhile(err)
		}
	}
	return p.withoutRun(ctx, sub)
}

// movedMeanwhile makes of a lost race what it is to a job: nothing left to do.
func movedMeanwhile(err error) error {
	if errors.Is(err, registry.ErrConflict) {
		return nil
	}
	return err
}

func (p *Programme) screen(ctx context.Context, sub Submission) (Submission, error) {
	docs, err := p.store.Documents(ctx, sub.ID)
	if err != nil {
		return sub, err
	}
	found := Screened{Submission: sub.ID, Round: sub.Round, Rev: sub.Rev, Suite: suite.Release, At: p.now()}
	if found.Findings, found.Transcript, err = p.papers(ctx, sub, docs); err != nil {
		return sub, err
	}
	facts, err := p.facts(ctx, sub, docs)
	if err != nil {
		return sub, err
	}
	found.Findings = append(found.Findings, facts...)
	faults := 0
	for _, f := range found.Findings {
		if f.Verdict == suite.Fail {
			faults++
		}
	}
	found.Passed = faults == 0
	step := Step{To: Testing, By: ByProgramme, Who: audit.System, At: found.At}
	if !found.Passed {
		step.To, step.Reason = Draft, fmt.Sprintf("screening found %s", counted(faults, "fault"))
	}
	next, record, err := sub.Move(step)
	if err != nil {
		return sub, err
	}
	if err := p.store.SaveScreening(ctx, sub.State, next, found, record.Entries, record.Notices); err != nil {
		return sub, err
	}
	next.Rev++
	return next, nil
}

// withoutRun sends on what needs no run: changes of class A.
func (p *Programme) withoutRun(ctx context.Context, sub Submission) error {
	if sub.State != Testing || len(sub.Required().Runs) > 0 {
		return nil
	}
	next, record, err := sub.Move(Step{To: InReview, By: ByProgramme, Who: audit.System, At: p.now(), Reason: "class A: no case runs again"})
	if err != nil {
		return err
	}
	return movedMeanwhile(p.store.SaveSubmission(ctx, sub.State, next, record.Entries, record.Notices))
}

// ScreeningOf is what was found when a submission was screened last.
func (p *Programme) ScreeningOf(ctx context.Context, a Actor, id string) (Screened, error) {
	if _, err := p.Submission(ctx, a, id); err != nil {
		return Screened{}, err
	}
	return p.store.Screened(ctx, id)
}

// papers runs the DECL cases, as every run does, and keeps their transcript.
func (p *Programme) papers(ctx context.Context, sub Submission, docs []Document) ([]Flaw, Evidence, error) {
	d, err := sub.Declared()
	if err != nil {
		return nil, Evidence{}, err
	}
	previous, err := p.previousSpec(ctx, sub)
	if err != nil {
		return nil, Evidence{}, err
	}
	dir, err := os.MkdirTemp("", "proofmark-screening-")
	if err != nil {
		return nil, Evidence{}, err
	}
	defer os.RemoveAll(dir)
	rep, err := suite.Live(ctx, suite.Setup{
		Dir: suite.Folder(filepath.Join(dir, "run")), Key: p.key, Spec: sub.Spec, Previous: previous, Declaration: d,
		Submission: SuiteFacts(sub, docs), Plan: suite.Full, Cases: []string{"DECL"}, DID: sub.ID,
	})
	if err != nil {
		return nil, Evidence{}, fmt.Errorf("screen submission %s: %w", sub.ID, err)
	}
	transcript, err := p.keep(ctx, filepath.Join(dir, "run", "transcript-1.jsonl.gz"))
	return explained(rep.Results, sub, d, previous), transcript, err
}

// SuiteFacts is what a run is told about the papers.
func SuiteFacts(sub Submission, docs []Document) *suite.Submission {
	s := &suite.Submission{FirmwareSHA256: sub.Firmware.SHA256, Documents: make(map[string]string)}
	if u := sub.Units; u != nil {
		s.SecretSHA256, s.SecondUnit = u.SecretSHA256, &u.Second
	}
	for _, d := range docs { // the oldest first: the newest of a kind stands
		s.Documents[d.Kind] = d.SHA256
	}
	return s
}

// mostTranscript bounds a transcript of screening; it holds the spec and little else.
const mostTranscript = 64 << 20

func (p *Programme) keep(ctx context.Context, path string) (Evidence, error) {
	f, err := os.Open(path)
	if err != nil {
		return Evidence{}, err
	}
	defer f.Close()
	ref, err := p.files.Put(ctx, f, mostTranscript)
	return Evidence{Name: filepath.Base(path), SHA256: ref.SHA256, Size: ref.Size}, err
}

// explained makes findings of what the cases say. Where the linter or the
// declaration's own check knows the place and what to do, they are asked again:
// they are what the cases asked.
func explained(results []*suite.Result, sub Submission, d *suite.Declaration, previous []byte) []Flaw {
	places := placed(sub, d, previous)
	out := []Flaw{}
	for _, r := range results {
		if known := places[r.Case]; r.Verdict == suite.Fail && len(known) > 0 {
			out = append(out, known...)
			continue
		}
		c, err := suite.Lookup(r.Case)
		if err != nil {
			continue // it has just run
		}
		if r.Verdict != suite.Pass && r.Verdict != suite.NotFor && len(r.Findings) == 0 {
			out = append(out, Flaw{Case: r.Case, Verdict: r.Verdict, Document: "spec", Message: c.Title + ": " + string(r.Verdict), Mend: c.Hint})
		}
		for _, f := range r.Findings {
			if f.Verdict == suite.NotFor {
				continue
			}
			message := f.Message
			if f.Expected != "" {
				message = fmt.Sprintf("expected %s, found %s", f.Expected, f.Actual)
			}
			out = append(out, Flaw{Case: r.Case, Verdict: f.Verdict, Document: "spec", Message: message, Mend: c.Hint})
		}
	}
	return out
}

// placed are the findings by their cases, with the place of each.
func placed(sub Submission, d *suite.Declaration, previous []byte) map[string][]Flaw {
	out := make(map[string][]Flaw)
	add := func(f Flaw) { out[f.Case] = append(out[f.Case], f) }
	lint, _ := miot.LintDocument(sub.Spec, miot.LintForCertification) // it was read when it was given
	for _, f := range lint {
		verdict := suite.Fail
		if f.Severity == miot.SeverityWarning {
			verdict = suite.Warn
		}
		add(Flaw{f.Requirement, f.Rule, verdict, "spec", f.Pointer, f.Message, f.Mend})
	}
	spec, err := miot.Parse(sub.Spec)
	if err != nil {
		return out
	}
	decl07, _ := suite.Lookup("DECL-07")
	for _, problem := range d.Validate(spec) {
		add(Flaw{"DECL-07", "", suite.Fail, "declaration", pointerOf(problem.Field), problem.Message, decl07.Hint})
	}
	if before, err := miot.Parse(previous); err == nil {
		decl08, _ := suite.Lookup("DECL-08")
		for _, c := range miot.Diff(before, spec) {
			if c.Breaking {
				add(Flaw{"DECL-08", "", suite.Fail, "spec", c.Pointer, c.What + ": " + c.Why, decl08.Hint})
			}
		}
	}
	return out
}

// facts compares the papers with what is known here.
func (p *Programme) facts(ctx context.Context, sub Submission, docs []Document) ([]Flaw, error) {
	var out []Flaw
	for _, k := range DocumentKinds {
		d, ok := newest(docs, k.Kind)
		switch {
		case !ok && k.Required:
			out = append(out, Flaw{Case: "SEC-09", Rule: "document-missing", Verdict: suite.Fail, Document: k.Kind, Message: "no document of kind " + k.Kind, Mend: "Upload " + k.What + "."})
		case ok:
			if _, err := p.files.Stat(ctx, d.SHA256); errors.Is(err, blob.ErrNotFound) {
				out = append(out, Flaw{Rule: "document-missing", Verdict: suite.Fail, Document: k.Kind, Message: fmt.Sprintf("the file of document %s is gone", d.ID), Mend: "Upload it again."})
			} else if err != nil {
				return nil, err
			}
		}
	}
	if sub.Units == nil && sub.requires("SEC-01") {
		out = append(out, Flaw{
			Case: "SEC-01", Rule: "units-missing", Verdict: suite.Warn, Document: "submission", Pointer: "/units",
			Message: "no second unit is named, so SEC-01 will be SKIPPED, and nothing that was skipped is approved",
			Mend:    "Name did, serial number and the SHA-256 of the factory secret of a second unit, and the SHA-256 of the tested unit's.",
		})
	}
	// What was true at submit may have changed until now: a product may have been
	// given away, a certificate revoked.
	again := sub
	var refused *Refusal
	switch err := p.complete(ctx, &again); {
	case errors.As(err, &refused):
		out = append(out, Flaw{Rule: refused.Rule, Verdict: suite.Fail, Document: "submission", Message: refused.Detail, Mend: "docs/programme.md explains the rule."})
	case err != nil:
		return nil, err
	}
	return out, nil
}

// fieldPart is a step of a declaration's field: a member of the spec, a name or
// an index.
var fieldPart = regexp.MustCompile(`\d+\.\d+|[^.\[\]]+`)

// pointerOf makes a JSON pointer of a declaration's field: events.2.1.set is
// /events/2.1/set, exclusions[0] is /exclusions/0.
func pointerOf(field string) string {
	return "/" + strings.Join(fieldPart.FindAllString(field, -1), "/")
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
