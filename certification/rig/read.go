package rig

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/suite"
	"github.com/proofmark/proofmark/internal/bus"
	"github.com/proofmark/proofmark/registry"
)

// Run returns a run to who may see it.
func (r *Rig) Run(ctx context.Context, actor certification.Actor, id string) (certification.Run, error) {
	run, err := r.o.Store.Run(ctx, id)
	if err != nil {
		return run, err
	}
	return run, mayRead(actor, "run", id, run.Org)
}

// ours is a run that the actor may act on.
func (r *Rig) ours(ctx context.Context, actor certification.Actor, id string) (certification.Run, error) {
	run, err := r.Run(ctx, actor, id)
	if err == nil {
		err = mayAct(actor, run.Org)
	}
	return run, err
}

// RunsOf are the runs of a submission, in their order, with why those do not count
// that do not.
func (r *Rig) RunsOf(ctx context.Context, actor certification.Actor, submission string) ([]certification.Run, certification.Submission, error) {
	sub, err := r.o.Store.Submission(ctx, submission)
	if err != nil {
		return nil, sub, err
	}
	if err := mayRead(actor, "submission", sub.ID, sub.Org); err != nil {
		return nil, sub, err
	}
	runs, err := r.o.Store.RunsOf(ctx, submission)
	return runs, sub, err
}

// Runs lists runs by their ids: those of an organisation to its members, all to
// reviewers and operators.
func (r *Rig) Runs(ctx context.Context, actor certification.Actor, q RunQuery) ([]certification.Run, error) {
	if !actor.Reviewer && !actor.Operator {
		if q.Org == "" && len(actor.Orgs) == 1 {
			q.Org = actor.Orgs[0]
		}
		if err := mayRead(actor, "organisation", q.Org, q.Org); err != nil {
			return nil, err
		}
	}
	return r.o.Store.Runs(ctx, q)
}

// Wait returns a run once it waits for a person or has ended, or as it is when ctx
// ends.
func (r *Rig) Wait(ctx context.Context, actor certification.Actor, id string) (certification.Run, error) {
	woken := make(chan struct{}, 1)
	var last certification.RunState
	sub, err := r.o.Bus.Subscribe(ProgressTopic(id), func(m bus.Message) {
		var now struct {
			State certification.RunState `json:"state"`
		}
		if json.Unmarshal(m.Data, &now) != nil || now.State == last {
			return // only the time has changed
		}
		last = now.State
		select {
		case woken <- struct{}{}:
		default:
		}
	})
	if err != nil {
		return certification.Run{}, err
	}
	defer func() { _ = sub.Unsubscribe() }()
	again := time.NewTicker(lookAgain)
	defer again.Stop()
	// Also when ctx ends at once: what the caller gets is the run.
	whole := context.WithoutCancel(ctx)
	for {
		run, err := r.Run(whole, actor, id)
		if err != nil || run.State.Ended() || run.State == certification.RunAsking {
			return run, err
		}
		select {
		case <-woken:
		case <-again.C:
		case <-ctx.Done():
			return run, nil
		}
	}
}

// RunOutcomes is what stands for each case after a run alone; none while it goes on.
func (r *Rig) RunOutcomes(ctx context.Context, actor certification.Actor, runID string) ([]*suite.Outcome, error) {
	if _, err := r.Run(ctx, actor, runID); err != nil {
		return nil, err
	}
	results, err := r.o.Store.RunResults(ctx, runID)
	if errors.Is(err, registry.ErrNotFound) { // it has none yet
		return nil, nil
	}
	return suite.Conclude(results), err
}

// Files are what was given to answers of a run.
func (r *Rig) Files(ctx context.Context, actor certification.Actor, runID string) ([]certification.RunFile, error) {
	if _, err := r.Run(ctx, actor, runID); err != nil {
		return nil, err
	}
	return r.o.Store.RunFiles(ctx, runID)
}

// File is one of them.
func (r *Rig) File(ctx context.Context, actor certification.Actor, runID, sha256 string) (certification.RunFile, error) {
	if _, err := r.Run(ctx, actor, runID); err != nil {
		return certification.RunFile{}, err
	}
	return r.o.Store.RunFile(ctx, runID, sha256)
}

// errNoEvidence says that a run has nothing that could be looked at.
var errNoEvidence = errors.New("it has no transcript")
