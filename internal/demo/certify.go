package demo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/rig"
	"github.com/proofmark/proofmark/certification/suite"
	"github.com/proofmark/proofmark/certification/suite/bench"
	"github.com/proofmark/proofmark/registry"
)

// step is a part of the way, and its name.
type step struct {
	what string
	do   func(context.Context) error
}

// Grow takes the sample world to where visitors find it. What is done already is
// left alone, so it goes on where an earlier start was cut; only a campaign that was
// cut while it sold stays with what it had sold.
func (w *World) Grow(ctx context.Context) error {
	return w.walk(ctx, step{"regulatory documents", w.regulated}, step{"the purifier's certificate", w.certified}, step{"the purifier's campaigns", w.listed})
}

// Live lets happen what a visitor can watch: a delivered fleet runs, a lamp fails its
// run, and two campaigns end. The fleet runs on until ctx ends: see Wait.
func (w *World) Live(ctx context.Context) error {
	return w.walk(ctx, step{"the delivered purifiers", w.delivered}, step{"the lamp's submission", w.tried}, step{"the first shipments", w.shipped})
}

func (w *World) walk(ctx context.Context, steps ...step) error {
	for _, step := range steps {
		began := time.Now()
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", step.what, err)
		}
		w.Log.Debug("sample world grew", "by", step.what, "in", time.Since(began).Round(time.Millisecond))
	}
	return nil
}

// regulated hands in what the region asks for, and has it verified.
func (w *World) regulated(ctx context.Context) error {
	maker, err := w.actor(ctx, Maya)
	if err != nil {
		return err
	}
	reviewer, err := w.actor(ctx, Ravi)
	if err != nil {
		return err
	}
	there, err := w.Regulatory.Documents(ctx, maker, maker.Orgs[0], "")
	if err != nil {
		return err
	}
	model, err := modelOf(miotPurifier())
	if err != nil {
		return err
	}
	now := time.Now().UTC()
	for _, s := range certification.AskedIn("IN", true) {
		d := find(there, func(d certification.RegulatoryDocument) bool { return d.Scheme == s.ID })
		if d.ID == "" {
			file, err := w.Blobs.Put(ctx, strings.NewReader("Sample grant under "+s.ID+" for "+model+"\n"), 1<<10)
			if err != nil {
				return err
			}
			d = certification.RegulatoryDocument{
				Org: maker.Orgs[0], Region: s.Region, Scheme: s.ID, Number: "SAMPLE-" + strings.ToUpper(s.ID), Holder: "Aurora Air Private Limited",
				Models: []string{model}, Issued: now.AddDate(0, -1, 0),
			}
			if s.Most > 0 {
				d.Expires = now.AddDate(1, 11, 0)
			}
			d, err = w.Regulatory.Submit(ctx, maker, d, certification.Document{Name: "grant.txt", Media: "text/plain", SHA256: file.SHA256, Size: file.Size})
			if err != nil {
				return err
			}
		}
		if d.State == certification.RegulatorySubmitted {
			if _, err := w.Regulatory.Verify(ctx, reviewer, d.ID, d.Rev, "seen at the issuer's register"); err != nil {
				return err
			}
		}
	}
	return nil
}

// certified brings the purifier to its certificate.
func (w *World) certified(ctx context.Context) error {
	maker, err := w.actor(ctx, Maya)
	if err != nil {
		return err
	}
	sub, err := w.submission(ctx, maker, Product, miotPurifier())
	if err != nil {
		return err
	}
	return until(ctx, func() (bool, error) {
		if sub, err = w.Programme.Submission(ctx, maker, sub.ID); err != nil {
			return false, err
		}
		switch sub.State {
		case certification.Draft:
			_, err = w.Programme.Submit(ctx, maker, sub.ID, sub.Rev)
		case certification.Testing:
			if err = w.ran(ctx, maker, sub); err == nil {
				_, err = w.Reviews.Request(ctx, maker, sub.ID, sub.Rev)
			}
		case certification.InReview:
			err = w.reviewed(ctx, sub.ID)
		case certification.Submitted, certification.Screening, certification.Approved, certification.Issuing: // a job does it
		default:
			return true, nil // certified, or what a visitor made of it
		}
		return false, stale(err)
	})
}

// stale is nil for what somebody else changed meanwhile: it is looked at again.
func stale(err error) error {
	if errors.Is(err, registry.ErrConflict) {
		return nil
	}
	return err
}

// ran makes the runs that are missing. They are recorded ones.
func (w *World) ran(ctx context.Context, maker certification.Actor, sub certification.Submission) error {
	there, _, err := w.Rig.RunsOf(ctx, maker, sub.ID)
	if err != nil {
		return err
	}
	for _, required := range sub.Required().Runs {
		run := find(there, func(r certification.Run) bool {
			return r.Plan == required.Plan && r.State != certification.RunCancelled && r.State != certification.RunInterrupted
		})
		if run.ID == "" {
			if run, err = w.Rig.Start(ctx, maker, sub.ID, rig.Wanted{Plan: required.Plan, Transport: bench.TLS}); err != nil {
				return err
			}
		}
		for !run.State.Ended() {
			if run, err = w.Rig.Wait(ctx, maker, run.ID); err != nil {
				return err
			}
		}
		if run.State != certification.RunFinished {
			return fmt.Errorf("the recorded run of plan %s is %s: %s", run.Plan, run.State, run.Reason)
		}
		seen, err := w.Blobs.Put(ctx, strings.NewReader(Seen), 1<<10)
		if err == nil {
			_, err = w.Rig.KeepFile(ctx, maker, run.ID, certification.RunFile{Name: SeenName, Media: "text/plain", SHA256: seen.SHA256, Size: seen.Size})
		}
		if err != nil && !errors.Is(err, registry.ErrExists) {
			return err
		}
	}
	return nil
}

// reviewed lets two reviewers look at everything and approve.
func (w *World) reviewed(ctx context.Context, sub string) error {
	one, err := w.actor(ctx, Ravi)
	if err != nil {
		return err
	}
	two, err := w.actor(ctx, Lina)
	if err != nil {
		return err
	}
	rv, err := w.Reviews.Review(ctx, sub)
	if err != nil {
		return err
	}
	for _, c := range rv.Cases {
		if c.Verdict == suite.Review && c.Accepted == nil {
			if _, err := w.Reviews.Accept(ctx, one, sub, c.ID, c.Run, "looked at, and as stated"); err != nil {
				return err
			}
		}
	}
	for _, item := range rv.Checklist {
		if _, err := w.Reviews.Mark(ctx, one, sub, certification.NewMark{Item: item.ID, OK: true, Note: "looked at", Papers: rv.Papers}); err != nil {
			return err
		}
	}
	for _, reviewer := range []certification.Actor{one, two} {
		if rv, err = w.Reviews.Review(ctx, sub); err != nil {
			return err
		}
		if slices.Contains(rv.Approvers, reviewer.Account) {
			continue // before an earlier start was cut
		}
		if _, err := w.Reviews.Approve(ctx, reviewer, sub, certification.Ruling{Evidence: rv.SHA256}); err != nil {
			return err
		}
	}
	return nil
}

func find[V any](all []V, is func(V) bool) (v V) {
	for _, one := range all {
		if is(one) {
			return one
		}
	}
	return v
}
