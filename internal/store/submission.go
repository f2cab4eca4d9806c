package store

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/notice"
	"github.com/proofmark/proofmark/internal/store/dbgen"
	"github.com/proofmark/proofmark/internal/store/micros"
	"github.com/proofmark/proofmark/registry"
)

// Programme keeps the certificate programme. Its users see it through the small
// interfaces that they declare.
type Programme struct{ *DB }

// Programme is what the certificate programme keeps.
func (db *DB) Programme() Programme { return Programme{db} }

// CreateSubmission stores a new one.
func (s Programme) CreateSubmission(ctx context.Context, sub certification.Submission, entries []audit.Entry, notices []notice.Notice) error {
	body, err := json.Marshal(sub)
	if err != nil {
		return fmt.Errorf("create submission %s: %w", sub.ID, err)
	}
	err = s.transact(ctx, func(q *dbgen.Queries) error {
		if err := q.InsertSubmission(ctx, dbgen.InsertSubmissionParams{
			ID: sub.ID, Org: sub.Org, Model: sub.Model, State: string(sub.State), Round: sub.Round, Rev: sub.Rev,
			FirmwareSHA256: sub.Firmware.SHA256, SpecSHA256: sub.SpecSHA256, Previous: sub.Previous,
			CreatedAt: micros.Of(sub.CreatedAt), SubmittedAt: micros.Of(sub.SubmittedAt), UpdatedAt: micros.Of(sub.UpdatedAt),
			Body: text(string(body)), Since: micros.Of(sub.CreatedAt), Class: string(sub.Class),
		}); err != nil {
			return err
		}
		return record(ctx, q, entries, notices)
	})
	if err == nil {
		s.told()
	}
	return s.wrap(ctx, err, "create submission %s", sub.ID)
}

// Submission returns one, or registry.ErrNotFound.
func (s Programme) Submission(ctx context.Context, id string) (certification.Submission, error) {
	body, err := s.read.Submission(ctx, id)
	var sub certification.Submission
	if err == nil {
		err = json.Unmarshal([]byte(body), &sub)
	}
	return sub, s.wrap(ctx, err, "submission %s", id)
}

// SaveSubmission stores what became of a submission that was read in state was
// and with sub.Rev; registry.ErrConflict says that it is another one by now.
func (s Programme) SaveSubmission(ctx context.Context, was certification.SubmissionState, sub certification.Submission, entries []audit.Entry, notices []notice.Notice) error {
	err := s.transact(ctx, func(q *dbgen.Queries) error {
		if err := saveSubmission(ctx, q, was, sub); err != nil {
			return err
		}
		return record(ctx, q, entries, notices)
	})
	if err == nil {
		s.told()
	}
	return s.wrap(ctx, err, "submission %s", sub.ID)
}

// saveSubmission is for the transactions of others too.
func saveSubmission(ctx context.Context, q *dbgen.Queries, was certification.SubmissionState, sub certification.Submission) error {
	saw := sub.Rev
	sub.Rev++
	body, err := json.Marshal(sub)
	if err != nil {
		return err
	}
	n, err := q.UpdateSubmission(ctx, dbgen.UpdateSubmissionParams{
		ID: sub.ID, Was: string(was), Saw: saw, State: string(sub.State), Round: sub.Round,
		FirmwareSHA256: sub.Firmware.SHA256, SpecSHA256: sub.SpecSHA256, Previous: sub.Previous,
		Class: string(sub.Class), SubmittedAt: micros.Of(sub.SubmittedAt), UpdatedAt: micros.Of(sub.UpdatedAt), Body: text(string(body)),
	})
	if err == nil && n == 0 {
		return fmt.Errorf("it is no longer %s at revision %d: %w", was, saw, registry.ErrConflict)
	}
	if err == nil && sub.State != certification.Draft {
		err = q.TieMembers(ctx, sub.ID)
	}
	return err
}
