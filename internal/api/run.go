package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/rig"
	"github.com/proofmark/proofmark/certification/suite"
)

// SubmissionRun is a run as the interface shows it.
type SubmissionRun struct {
	certification.Run
	Stale string `json:"stale,omitempty" doc:"Why it is no evidence for the submission as it is now."`
}

// RunPath names the run that an operation is about.
type RunPath struct {
	Run string `path:"run" maxLength:"50" doc:"The run's id."`
}

func (a *API) mountRuns() {
	startup(a, huma.Operation{
		OperationID: "start-run", Method: http.MethodPost, Path: "/submissions/{id}/runs", Tags: []string{"Runs"},
		DefaultStatus: http.StatusCreated,
		Summary:       "Run a submission's device through a plan",
		Description: "The submission must be in testing, or have changes requested. The run waits for a free bench, then for the device. " +
			"Of a plan that the programme requires, the cases are those that it requires unless others are named. " +
			"One run of a plan may be open at a time: resume or cancel it before another one.",
	}, func(ctx context.Context, in *struct {
		OfSubmission
		Body struct {
			Plan      string   `json:"plan,omitempty" enum:"quick,full,soak" default:"quick"`
			Cases     []string `json:"cases,omitempty" maxItems:"200" doc:"Only these cases or groups." example:"[\"READ\",\"WRITE-03\"]"`
			Transport string   `json:"transport,omitempty" enum:"tcp,tls" doc:"tls, where the installation has it. A run over tcp leaves out what needs TLS."`
			Repeat    int      `json:"repeat,omitempty" minimum:"0" maximum:"5" doc:"How often a case that fails is run again. A FAIL is outweighed by three passes in a row."`
			Seed      uint64   `json:"seed,omitempty" maximum:"9007199254740991" doc:"Of everything random; 0: another one each time."`
		}
	},
	) (*reply[SubmissionRun], error) {
		run, err := a.rig.Start(ctx, partyOf(ctx), in.ID, rig.Wanted{
			Plan: suite.Plan(in.Body.Plan), Cases: in.Body.Cases, Transport: in.Body.Transport, Repeat: in.Body.Repeat, Seed: in.Body.Seed,
		})
		return answer(SubmissionRun{Run: run}, err)
	})
	type runList struct {
		Runs []SubmissionRun `json:"runs"`
		Next string          `json:"next,omitempty" doc:"after of the next page."`
	}
	involved(a, huma.Operation{
		OperationID: "list-runs-of-submission", Method: http.MethodGet, Path: "/submissions/{id}/runs", Tags: []string{"Runs"},
		Summary: "List the runs of a submission",
	}, func(ctx context.Context, in *OfSubmission) (*reply[runList], error) {
		runs, sub, err := a.rig.RunsOf(ctx, partyOf(ctx), in.ID)
		return answer(runList{Runs: each(runs, func(run certification.Run) SubmissionRun {
			_, stale := rig.Counts(run, sub, suite.Release)
			return SubmissionRun{run, stale}
		})}, err)
	})
	involved(a, huma.Operation{
		OperationID: "list-runs", Method: http.MethodGet, Path: "/runs", Tags: []string{"Runs"},
		Summary:     "List runs",
		Description: "Those of an organisation to its members, all to reviewers and operators.",
	}, func(ctx context.Context, in *struct {
		Page
		Org   string `query:"org" maxLength:"50" doc:"Only those of this organisation. A member of several has to name one."`
		State string `query:"state" enum:"queued,waiting-for-device,running,waiting-for-operator,interrupted,finished,cancelled" doc:"Only those in this state; not together with org."`
	},
	) (*reply[runList], error) {
		found, err := a.rig.Runs(ctx, partyOf(ctx), rig.RunQuery{Org: in.Org, State: certification.RunState(in.State), After: in.After, Limit: in.Limit + 1})
		var list runList
		list.Runs, list.Next = cut(found, in.Limit, func(run certification.Run) SubmissionRun { return SubmissionRun{Run: run} },
			func(run SubmissionRun) string { return run.ID })
		return answer(list, err)
	})
	involved(a, huma.Operation{
		OperationID: "get-run", Method: http.MethodGet, Path: "/runs/{run}", Tags: []string{"Runs"},
		Summary: "Look at a run, or wait for it",
		Description: "With wait the answer comes once the run has ended (finished, interrupted, cancelled) or waits for an operator, " +
			"and after so many seconds at the latest: ask again then.",
	}, func(ctx context.Context, in *struct {
		RunPath
		Wait int `query:"wait" minimum:"0" maximum:"300" doc:"Seconds."`
	},
	) (*reply[SubmissionRun], error) {
		waiting, cancel := context.WithTimeout(ctx, seconds(in.Wait))
		defer cancel()
		run, err := a.rig.Wait(waiting, partyOf(ctx), in.Run)
		if err != nil {
			return nil, err
		}
		stale, err := a.rig.Stale(ctx, run)
		return answer(SubmissionRun{run, stale}, err)
	})
	for _, act := range []struct {
		name, summary, description string
		do                         func(*rig.Rig, context.Context, certification.Actor, string) (certification.Run, error)
	}{
		{
			"resume", "Go on with a run", "One that was interrupted goes on with the case that was cut; one that finished with cases left open for an operator goes on with those. " +
				"Spec, declaration, plan and seed are those of its beginning.", (*rig.Rig).Resume,
		},
		{"cancel", "End a run for good", "Its evidence is kept, and what failed until then counts.", (*rig.Rig).Cancel},
	} {
		startup(a, huma.Operation{
			OperationID: act.name + "-run", Method: http.MethodPost, Path: "/runs/{run}/" + act.name, Tags: []string{"Runs"},
			Summary: act.summary, Description: act.description,
		}, func(ctx context.Context, in *RunPath) (*reply[SubmissionRun], error) {
			run, err := act.do(a.rig, ctx, partyOf(ctx), in.Run)
			return answer(SubmissionRun{Run: run}, err)
		})
	}
	a.mountRunEvents()
	a.mountRunQuestions()
	a.mountRunEvidence()
	a.mountRunJudgements()
	a.mountBench()
}

// runQuestion is a question as the interface shows it.
type runQuestion struct {
	certification.Question
	Left int64 `json:"left_ms" doc:"How long it may still be answered; 0 once it is not open."`
}

func questionOf(q certification.Question) runQuestion {
	left := time.Until(q.DueAt).Milliseconds()
	if q.State != certification.QuestionOpen {
		left = 0
	}
	return runQuestion{q, max(0, left)}
}
