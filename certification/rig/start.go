package rig

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strings"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/suite"
	"github.com/proofmark/proofmark/certification/suite/bench"
	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/registry"
)

// Wanted is what a run is to be.
type Wanted struct {
	Plan      suite.Plan // Quick by default
	Cases     []string   // ids and groups; all of the plan by default
	Transport string     // bench.TCP, or bench.TLS, which is the default where the installation has it
	Repeat    int        // how often a case that fails is run again, 0 to MaxRepeat
	Seed      uint64     // of everything random; 0: another each time
}

// MaxRepeat is what three passes in a row need, and two more.
const MaxRepeat = 5

// Start begins a run of a submission's device. It waits in a queue for a node that
// has room, and then for the device. It refuses, with a certification.Refusal,
// who is neither of the submission's organisation nor an operator, a submission
// that is not in testing, a second run of a plan, and what cannot be run.
func (r *Rig) Start(ctx context.Context, actor certification.Actor, submission string, w Wanted) (certification.Run, error) {
	sub, err := r.mine(ctx, actor, submission)
	if err != nil {
		return certification.Run{}, err
	}
	if err := testable(sub); err != nil {
		return certification.Run{}, err
	}
	soak, err := r.complete(&w, sub)
	if err != nil {
		return certification.Run{}, err
	}
	now := r.o.Now()
	run := certification.Run{
		ID: id.New("run"), Submission: sub.ID, Org: sub.Org, Round: sub.Round, Plan: w.Plan, Cases: w.Cases, SoakHours: soak,
		Firmware: sub.Firmware, SpecSHA256: sub.SpecSHA256, DeclarationSHA256: declarationSHA256(sub),
		Suite: suite.Release, Seed: w.Seed, Repeat: w.Repeat, DID: r.o.Keys.did(sub.ID), Transport: w.Transport,
		State: certification.RunQueued, Operator: actor.Account, Hands: []string{actor.Account}, CreatedAt: now,
	}
	if run.Transport == bench.TLS {
		run.ServerName = r.serverName(run.DID)
	}
	entry, err := audit.New(now, actor.Account, "run.started", run.ID, run.Org, map[string]any{
		"submission": sub.ID, "plan": run.Plan, "cases": run.Cases, "firmware": run.Firmware, "transport": run.Transport,
	})
	if err != nil {
		return run, err
	}
	notices, err := r.told("run.started", run)
	if err != nil {
		return run, err
	}
	run, err = r.o.Store.CreateRun(ctx, run, r.o.MostOpen, []audit.Entry{entry}, notices)
	switch {
	case errors.Is(err, ErrTooMany):
		return run, certification.Refuse(certification.ErrState, "run-limit",
			"%s has %d runs that have not ended, at most %d may be open: let one end, or cancel one", run.Org, r.o.MostOpen, r.o.MostOpen)
	case errors.Is(err, registry.ErrExists):
		return run, certification.Refuse(certification.ErrState, "one-run-per-plan",
			"submission %s has a run of plan %s that has not ended: resume it, or cancel it", sub.ID, run.Plan)
	case err != nil:
		return run, err
	}
	r.poke(run.ID)
	return run, nil
}

// complete fills in what is left open, and refuses what cannot be run. Of a plan
// that the programme asks for, the cases are those that it asks for.
func (r *Rig) complete(w *Wanted, sub certification.Submission) (soakHours int, err error) {
	invalid := func(rule, format string, args ...any) (int, error) {
		return 0, certification.Refuse(certification.ErrInvalid, rule, format, args...)
	}
	if w.Plan == "" {
		w.Plan = suite.Quick
	}
	for _, required := range sub.Required().Runs {
		if required.Plan == w.Plan {
			soakHours = required.SoakHours
			if len(w.Cases) == 0 {
				w.Cases = required.Cases
			}
		}
	}
	if _, err := suite.Select(w.Plan, w.Cases); err != nil {
		return invalid("known-cases", "%v", err)
	}
	if w.Transport == "" {
		w.Transport = bench.TCP
		if r.o.TLS != "" || !r.o.Ports.empty() {
			w.Transport = bench.TLS
		}
	}
	if w.Transport != bench.TCP && w.Transport != bench.TLS {
		return invalid("transport", "transport %q, needs %s or %s", w.Transport, bench.TCP, bench.TLS)
	}
	if w.Repeat < 0 || w.Repeat > MaxRepeat {
		return invalid("repeat", "repeat %d, needs 0 to %d", w.Repeat, MaxRepeat)
	}
	if w.Seed == 0 {
		w.Seed = uint64(rand.Uint32()) // short enough to type again
	}
	return soakHours, nil
}

// Resume goes on with a run that was interrupted, or with the cases that a finished
// one left open, at the case where it was cut. It may be called again and again.
func (r *Rig) Resume(ctx context.Context, actor certification.Actor, runID string) (certification.Run, error) {
	run, err := r.ours(ctx, actor, runID)
	if err != nil {
		return run, err
	}
	sub, err := r.o.Store.Submission(ctx, run.Submission)
	if err != nil {
		return run, err
	}
	if err := testable(sub); err != nil {
		return run, err
	}
	if ok, why := Counts(run, sub, suite.Release); !ok {
		return run, certification.Refuse(certification.ErrState, "stale-run", "run %s cannot go on: %s; begin a new one", run.ID, why)
	}
	was := run.State
	open := was == certification.RunFinished && run.Summary != nil && len(run.Summary.Open) > 0
	if was != certification.RunInterrupted && !open {
		return run, certification.Refuse(certification.ErrState, "resumable",
			"run %s is %s: only one that was interrupted, or that left cases open for an operator, can be resumed", run.ID, was)
	}
	now := r.o.Now()
	run.State, run.Reason, run.Operator = certification.RunQueued, "", actor.Account
	run.Touched(actor.Account)
	entry, err := audit.New(now, actor.Account, "run.resumed", run.ID, run.Org, map[string]any{"submission": sub.ID, "was": was})
	if err != nil {
		return run, err
	}
	run, err = r.o.Store.SaveRun(ctx, was, run, nil, []audit.Entry{entry}, nil)
	if errors.Is(err, registry.ErrExists) {
		return run, certification.Refuse(certification.ErrState, "one-run-per-plan",
			"submission %s has a newer run of plan %s that has not ended", sub.ID, run.Plan)
	}
	if err != nil {
		return run, err
	}
	r.poke(run.ID)
	return run, nil
}

// Cancel ends a run for good. One that is running ends in a moment; its evidence is
// kept, and what failed until then counts.
func (r *Rig) Cancel(ctx context.Context, actor certification.Actor, runID string) (certification.Run, error) {
	run, err := r.ours(ctx, actor, runID)
	if err != nil {
		return run, err
	}
	was := run.State
	entry, err := audit.New(r.o.Now(), actor.Account, "run.cancelled", run.ID, run.Org, map[string]any{"submission": run.Submission, "was": was})
	if err != nil {
		return run, err
	}
	entries := []audit.Entry{entry}
	switch {
	case was.Executing():
		if err := r.o.Store.CancelRun(ctx, run.ID, actor.Account, entries); err != nil {
			return run, err
		}
		r.poke(run.ID)
		return r.o.Store.Run(ctx, run.ID)
	case !certification.MayMove(certification.RunMoves, was, certification.RunCancelled, certification.ByVendor):
		return run, certification.Refuse(certification.ErrState, "run-ended", "run %s is %s already", run.ID, was)
	}
	run.State, run.Reason, run.EndedAt = certification.RunCancelled, "", r.o.Now()
	run.Touched(actor.Account)
	notices, err := r.told("run.cancelled", run)
	if err != nil {
		return run, err
	}
	run, err = r.o.Store.SaveRun(ctx, was, run, nil, entries, notices)
	r.poke(run.ID)
	return run, err
}

// mine is a submission that the actor may act for.
func (r *Rig) mine(ctx context.Context, actor certification.Actor, submission string) (certification.Submission, error) {
	sub, err := r.o.Store.Submission(ctx, submission)
	if err == nil {
		err = mayRead(actor, "submission", sub.ID, sub.Org)
	}
	if err == nil {
		err = mayAct(actor, sub.Org)
	}
	return sub, err
}

// mayAct lets the organisation's members run its devices, and operators of the
// service, whose laboratory it may be. A reviewer only reads.
func mayAct(actor certification.Actor, org string) error {
	if actor.Of(org) || actor.Operator {
		return nil
	}
	return certification.Refuse(certification.ErrForbidden, "own-run", "account %s is no member of %s and no operator", actor.Account, org)
}

// mayRead hides from strangers that there is such a thing.
func mayRead(actor certification.Actor, what, id, org string) error {
	if actor.MayRead(org) {
		return nil
	}
	return fmt.Errorf("%s %s: %w", what, id, registry.ErrNotFound)
}

// inTesting are the states in which a submission's device runs.
var inTesting = []certification.SubmissionState{certification.Testing, certification.ChangesRequested}

func testable(sub certification.Submission) error {
	if !slices.Contains(inTesting, sub.State) {
		return certification.Refuse(certification.ErrState, "in-testing",
			"submission %s is %s: its device runs while it is %s or %s", sub.ID, sub.State, certification.Testing, certification.ChangesRequested)
	}
	if _, err := sub.Declared(); err != nil {
		return certification.Refuse(certification.ErrInvalid, "declaration", "the declaration of submission %s cannot be read: %v", sub.ID, err)
	}
	return nil
}

// admits says why a run must not go on.
func admits(sub certification.Submission, run certification.Run) error {
	if err := testable(sub); err != nil {
		return err
	}
	if ok, why := Counts(run, sub, suite.Release); !ok {
		return fmt.Errorf("submission %s has changed: %s", sub.ID, why)
	}
	return nil
}

// serverName is by what a device knows the bench of its run in TLS. Where runs have
// ports of their own it is the bench's name; else it names the run.
func (r *Rig) serverName(did string) string {
	if !r.o.Ports.empty() {
		return r.o.Names[0]
	}
	return nameOf(did, r.o.Names[0])
}

// nameOf is did.name; with an address there is no such thing, and no other way to
// tell runs apart.
func nameOf(did, name string) string {
	if net.ParseIP(name) != nil {
		return did + "." + bench.DefaultName
	}
	return did + "." + strings.TrimSuffix(name, ".")
}
