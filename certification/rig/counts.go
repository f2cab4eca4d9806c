package rig

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/suite"
	"github.com/proofmark/proofmark/registry"
)

// Counts says whether a run is evidence for a submission as it is now, with this
// release of the suite; if not, why. A run that was cancelled counts as far as it
// came: else a FAIL could be cancelled away.
func Counts(run certification.Run, sub certification.Submission, release string) (counts bool, reason string) {
	differs := func(what, then, now string) (bool, string) {
		return false, fmt.Sprintf("it ran with %s %s, now it is %s", what, short(then), short(now))
	}
	switch {
	case run.Submission != sub.ID:
		return false, fmt.Sprintf("it is of submission %s", run.Submission)
	case run.Firmware.SHA256 != sub.Firmware.SHA256:
		return differs("firmware", run.Firmware.SHA256, sub.Firmware.SHA256)
	case run.SpecSHA256 != sub.SpecSHA256:
		return differs("spec", run.SpecSHA256, sub.SpecSHA256)
	case run.DeclarationSHA256 != declarationSHA256(sub):
		return differs("declaration", run.DeclarationSHA256, declarationSHA256(sub))
	case run.Suite != release:
		return differs("suite", run.Suite, release)
	}
	return true, ""
}

// short is a hash as people compare it; shorter texts stay.
func short(s string) string {
	if len(s) == 2*sha256.Size {
		return s[:12] + "…"
	}
	return s
}

// declarationSHA256 is of the declaration without its white space.
func declarationSHA256(sub certification.Submission) string {
	text := []byte(sub.Declaration)
	if packed, err := json.Marshal(sub.Declaration); err == nil { // compacts
		text = packed
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// CaseOutcome is what stands for a case after all runs that count, and where it is seen.
type CaseOutcome struct {
	ID       string          `json:"id"` // of the case, with the member: "WRITE-03[2.1]"
	Case     string          `json:"case"`
	Member   string          `json:"member,omitempty"`
	Verdict  suite.Verdict   `json:"verdict"`
	Attempts int             `json:"attempts"`
	Failed   int             `json:"failed"`
	Tried    string          `json:"tried,omitempty"` // "1 of 4 failed"
	Findings []suite.Finding `json:"findings,omitempty"`

	// The attempt that the verdict comes from.
	Run        string `json:"run"`
	Transcript int    `json:"transcript"` // of the run, from 1
	First      int    `json:"first_record"`
	Last       int    `json:"last_record"`
}

// Dossier is what the runs of a submission come to.
type Dossier struct {
	Submission string              `json:"submission"`
	Suite      string              `json:"suite"`
	Runs       []certification.Run `json:"runs"`            // those that count, in their order
	Stale      map[string]string   `json:"stale,omitempty"` // run → why it does not count
	Outcomes   []CaseOutcome       `json:"outcomes"`        // in the order of the catalogue
	Missing    []string            `json:"missing,omitempty"`
}

// Outcomes gives what stands for each case of a submission over all runs that
// count. Missing are required cases that no run has ended.
func (r *Rig) Outcomes(ctx context.Context, submission string) (Dossier, error) {
	sub, err := r.o.Store.Submission(ctx, submission)
	if err != nil {
		return Dossier{}, err
	}
	return r.outcomes(ctx, sub, suite.Release)
}

// outcomes is Outcomes for the release that counts.
func (r *Rig) outcomes(ctx context.Context, sub certification.Submission, release string) (Dossier, error) {
	runs, err := r.o.Store.RunsOf(ctx, sub.ID)
	if err != nil {
		return Dossier{}, err
	}
	e := Dossier{Submission: sub.ID, Suite: release, Stale: map[string]string{}, Runs: []certification.Run{}, Outcomes: []CaseOutcome{}}
	of := make(map[*suite.Result]string)
	var all [][]*suite.Result
	for _, run := range runs {
		if ok, why := Counts(run, sub, release); !ok {
			e.Stale[run.ID] = why
			continue
		}
		results, err := r.o.Store.RunResults(ctx, run.ID)
		if err != nil && !errors.Is(err, registry.ErrNotFound) { // nothing ended yet
			return Dossier{}, err
		}
		results = slices.DeleteFunc(results, func(result *suite.Result) bool { return tooShort(result, run, sub) })
		for _, result := range results {
			of[result] = run.ID
		}
		e.Runs = append(e.Runs, run)
		all = append(all, results)
	}
	done := make(map[string]bool)
	for _, o := range suite.ConcludeRuns(all...) {
		d := o.Decisive()
		done[o.Case] = true
		e.Outcomes = append(e.Outcomes, CaseOutcome{
			ID: o.ID(), Case: o.Case, Member: o.Member, Verdict: o.Verdict, Attempts: o.Attempts, Failed: o.Failed, Tried: o.Tried(),
			Findings: d.Findings, Run: of[d], Transcript: d.Segment + 1, First: d.First, Last: d.Last,
		})
	}
	required, err := required(sub)
	for _, id := range required {
		if !done[id] {
			e.Missing = append(e.Missing, id)
		}
	}
	return e, err
}

// tooShort says whether a result is of a soak that ended before the one which the
// submission needs would have: the class of its change may have been raised since. A
// FAIL stands, however soon it came.
func tooShort(result *suite.Result, run certification.Run, sub certification.Submission) bool {
	if result.Case != "SOAK-01" || result.Verdict == suite.Fail {
		return false
	}
	for _, required := range sub.Required().Runs {
		if required.Plan == suite.Soak {
			return soak(run.SoakHours) < soak(required.SoakHours)
		}
	}
	return false
}

// soak is how long a soak of so many hours takes, where 0 is all of it.
func soak(hours int) time.Duration {
	if hours == 0 {
		return suite.SoakTime
	}
	return time.Duration(hours) * time.Hour
}

// required are the ids of the cases that the programme asks for.
func required(sub certification.Submission) ([]string, error) {
	var ids []string
	for _, run := range sub.Required().Runs {
		cases, err := suite.Select(run.Plan, run.Cases)
		if err != nil {
			return nil, fmt.Errorf("what submission %s requires: %w", sub.ID, err)
		}
		ids = append(ids, cases...)
	}
	return ids, nil
}

// OperatorsOf are the accounts that had a hand in a submission's runs: they began,
// resumed or cancelled one, or answered its questions. None of them may approve it.
func (r *Rig) OperatorsOf(ctx context.Context, submission string) ([]string, error) {
	runs, err := r.o.Store.RunsOf(ctx, submission)
	if err != nil {
		return nil, err
	}
	answered, err := r.o.Store.Answerers(ctx, submission)
	if err != nil {
		return nil, err
	}
	for _, run := range runs {
		answered = append(answered, run.Hands...)
	}
	return distinct(answered), nil
}

// Dossier is Outcomes for who may see it.
func (r *Rig) Dossier(ctx context.Context, actor certification.Actor, submission string) (Dossier, error) {
	sub, err := r.o.Store.Submission(ctx, submission)
	if err == nil {
		err = mayRead(actor, "submission", sub.ID, sub.Org)
	}
	if err != nil {
		return Dossier{}, err
	}
	return r.Outcomes(ctx, submission)
}

// Stale says why a run is no evidence for its submission as it is now; empty: it is.
func (r *Rig) Stale(ctx context.Context, run certification.Run) (string, error) {
	sub, err := r.o.Store.Submission(ctx, run.Submission)
	if err != nil {
		return "", err
	}
	_, why := Counts(run, sub, suite.Release)
	return why, nil
}
