package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/internal/jobs"
	"github.com/proofmark/proofmark/internal/store/dbgen"
	"github.com/proofmark/proofmark/internal/store/micros"
	"github.com/proofmark/proofmark/registry"
)

// saveWaiver stores a new one (was is empty) or what became of one; a new one
// brings the job that ends it.
func saveWaiver(ctx context.Context, q *dbgen.Queries, was certification.WaiverState, w *certification.Waiver) error {
	if w == nil {
		return nil
	}
	body, err := json.Marshal(w)
	if err != nil {
		return err
	}
	if was == "" {
		if err := q.InsertWaiver(ctx, dbgen.InsertWaiverParams{
			ID: w.ID, Submission: w.Submission, Requirement: w.Requirement, State: string(w.State),
			ProposedBy: w.ProposedBy, DecidedBy: w.DecidedBy, EndsAt: micros.Of(w.Until), Body: text(string(body)),
		}); err != nil {
			return err
		}
		_, err := enqueue(ctx, q, jobs.Job{
			Kind: certification.WaiverEndJob, Key: w.ID, Payload: []byte(w.ID), DueAt: w.Until.Add(time.Microsecond), CreatedAt: w.ProposedAt,
		})
		return err
	}
	n, err := q.UpdateWaiver(ctx, dbgen.UpdateWaiverParams{
		ID: w.ID, Was: string(was), State: string(w.State), DecidedBy: w.DecidedBy, Body: text(string(body)),
	})
	if err == nil && n == 0 {
		return fmt.Errorf("waiver %s is no longer %s: %w", w.ID, was, registry.ErrConflict)
	}
	return err
}

// Waiver returns one, or registry.ErrNotFound.
func (s Programme) Waiver(ctx context.Context, id string) (certification.Waiver, error) {
	body, err := s.read.Waiver(ctx, id)
	var w certification.Waiver
	if err == nil {
		err = json.Unmarshal([]byte(body), &w)
	}
	return w, s.wrap(ctx, err, "waiver %s", id)
}

// Waivers are those of a submission, by id.
func (s Programme) Waivers(ctx context.Context, submission string) ([]certification.Waiver, error) {
	rows, err := s.read.Waivers(ctx, submission)
	found, err := unmarshalled[certification.Waiver](rows, err)
	return found, s.wrap(ctx, err, "waivers of submission %s", submission)
}
