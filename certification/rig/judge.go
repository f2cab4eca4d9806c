package rig

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/suite"
	"github.com/proofmark/proofmark/certification/suite/report"
	"github.com/proofmark/proofmark/certification/suite/transcript"
	"github.com/proofmark/proofmark/internal/blob"
	"github.com/proofmark/proofmark/internal/id"
)

// JobJudge is the kind of the job that judges a run again; its payload is the id of
// the judgement.
const JobJudge = "run.judge"

// AskJudgement wants a run to be judged again from its transcripts alone, by the
// suite as it is now. It is done as a job; Judgements tells the end of it.
func (r *Rig) AskJudgement(ctx context.Context, actor certification.Actor, runID string) (certification.Judgement, error) {
	run, err := r.Run(ctx, actor, runID)
	if err != nil {
		return certification.Judgement{}, err
	}
	if len(run.Transcripts) == 0 {
		return certification.Judgement{}, certification.Refuse(certification.ErrState, "has-evidence", "run %s cannot be judged: %v", run.ID, errNoEvidence)
	}
	j := certification.Judgement{ID: id.New("jdg"), Run: run.ID, By: actor.Account, At: r.o.Now()}
	return j, r.o.Store.AskJudgement(ctx, j)
}

// Judgements are those of a run, in their order.
func (r *Rig) Judgements(ctx context.Context, actor certification.Actor, runID string) ([]certification.Judgement, error) {
	if _, err := r.Run(ctx, actor, runID); err != nil {
		return nil, err
	}
	return r.o.Store.Judgements(ctx, runID)
}

// Judge carries a judgement out. A transcript that is missing, or is not what was
// signed, is its result; only stores that are away are an error.
func (r *Rig) Judge(ctx context.Context, judgement string) error {
	j, err := r.o.Store.Judgement(ctx, judgement)
	if err != nil || !j.EndedAt.IsZero() {
		return err
	}
	run, err := r.o.Store.Run(ctx, j.Run)
	if err != nil {
		return err
	}
	if err := r.judge(ctx, run, &j); ctx.Err() != nil {
		return err
	} else if err != nil {
		j.Same, j.Failed = false, err.Error()
	}
	j.EndedAt = r.o.Now()
	return r.o.Store.EndJudgement(ctx, j)
}

func (r *Rig) judge(ctx context.Context, run certification.Run, j *certification.Judgement) error {
	j.Suite = suite.Release
	var segments [][]*transcript.Record
	before := ""
	for _, e := range run.Transcripts {
		s, err := r.segment(ctx, e)
		if err != nil {
			return fmt.Errorf("%s: %w", e.Name, err)
		}
		if s.Header.Resumed != before {
			return fmt.Errorf("%s goes on from a transcript with the SHA-256 %q, the one before has %q", e.Name, s.Header.Resumed, before)
		}
		before = s.SHA256
		segments, j.Signed = append(segments, s.Records), append(j.Signed, s.Signed)
	}
	rep, err := suite.Judge(segments...)
	if err != nil {
		return err
	}
	again := report.New(rep)
	var stored report.Document
	text, err := r.readAll(ctx, run.ReportJSON)
	if err == nil {
		err = json.Unmarshal(text, &stored)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", run.ReportJSON.Name, err)
	}
	j.Summary, j.Differs = &again.Summary, report.Compare(&stored, again)
	j.Same = len(j.Differs) == 0
	return nil
}

// segment reads a stored transcript with its signature checked, as the suite does
// in a folder.
func (r *Rig) segment(ctx context.Context, e certification.Evidence) (*suite.Segment, error) {
	for _, name := range []string{e.SHA256, e.Contents} { // what people are shown is found by the contents
		if name == "" {
			continue
		}
		if err := r.o.Blobs.Verify(ctx, name); err != nil {
			return nil, err
		}
	}
	text, err := r.readAll(ctx, e)
	if err != nil {
		return nil, err
	}
	return suite.ParseSegment(e.Name, text)
}

func (r *Rig) readAll(ctx context.Context, e certification.Evidence) (text []byte, err error) {
	file, ref, err := r.o.Blobs.Open(ctx, e.SHA256)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if ref.Size != e.Size {
		return nil, fmt.Errorf("%w: %d bytes, should be %d", blob.ErrCorrupt, ref.Size, e.Size)
	}
	return io.ReadAll(file)
}
