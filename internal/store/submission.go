package store

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/jobs"
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
	body, err := submissionBody(sub)
	if err != nil {
		return fmt.Errorf("create submission %s: %w", sub.ID, err)
	}
	return s.recorded(ctx, entries, notices, func(q *dbgen.Queries) error {
		return q.InsertSubmission(ctx, dbgen.InsertSubmissionParams{
			ID: sub.ID, Org: sub.Org, Model: sub.Model, State: string(sub.State), Round: sub.Round, Rev: sub.Rev,
			FirmwareSHA256: sub.Firmware.SHA256, SpecSHA256: sub.SpecSHA256, Previous: sub.Previous,
			CreatedAt: micros.Of(sub.CreatedAt), SubmittedAt: micros.Of(sub.SubmittedAt), UpdatedAt: micros.Of(sub.UpdatedAt),
			Spec: blob(sub.Spec), Body: body, Since: micros.Of(sub.CreatedAt), Class: string(sub.Class),
		})
	}, "create submission %s", sub.ID)
}

// Submission returns one, or registry.ErrNotFound.
func (s Programme) Submission(ctx context.Context, id string) (certification.Submission, error) {
	row, err := s.read.Submission(ctx, id)
	var sub certification.Submission
	if err == nil {
		err = json.Unmarshal([]byte(row.Body), &sub)
	}
	if len(row.Spec) > 0 {
		sub.Spec = row.Spec
	}
	return sub, s.wrap(ctx, err, "submission %s", id)
}

// Submissions lists them by id, without their spec documents.
func (s Programme) Submissions(ctx context.Context, f certification.SubmissionFilter) ([]certification.Submission, error) {
	rows, err := s.read.Submissions(ctx, dbgen.SubmissionsParams{
		Org: f.Org, State: string(f.State), Model: f.Model, After: f.After, Most: most(f.Limit),
	})
	list, err := unmarshalled[certification.Submission](rows, err)
	return list, s.wrap(ctx, err, "submissions of %+v", f)
}

// SaveSubmission stores what became of a submission that was read in state was
// and with sub.Rev; registry.ErrConflict says that it is another one by now.
func (s Programme) SaveSubmission(ctx context.Context, was certification.SubmissionState, sub certification.Submission, entries []audit.Entry, notices []notice.Notice) error {
	return s.recorded(ctx, entries, notices, func(q *dbgen.Queries) error {
		return saveSubmission(ctx, q, was, sub)
	}, "submission %s", sub.ID)
}

// SubmitSubmission is SaveSubmission, and enqueues the job that screens it.
func (s Programme) SubmitSubmission(ctx context.Context, was certification.SubmissionState, sub certification.Submission, entries []audit.Entry, notices []notice.Notice) error {
	return s.recorded(ctx, entries, notices, func(q *dbgen.Queries) error {
		if err := saveSubmission(ctx, q, was, sub); err != nil {
			return err
		}
		_, err := enqueue(ctx, q, jobs.Job{
			Kind: certification.ScreenJob, Key: fmt.Sprintf("%s/%d", sub.ID, sub.Rev), Payload: []byte(sub.ID),
			DueAt: sub.SubmittedAt, CreatedAt: sub.SubmittedAt,
		})
		return err
	}, "submit submission %s", sub.ID)
}

// SaveScreening is SaveSubmission, and keeps what screening found.
func (s Programme) SaveScreening(ctx context.Context, was certification.SubmissionState, sub certification.Submission, found certification.Screened, entries []audit.Entry, notices []notice.Notice) error {
	body, err := json.Marshal(found)
	if err != nil {
		return fmt.Errorf("screening of submission %s: %w", sub.ID, err)
	}
	return s.recorded(ctx, entries, notices, func(q *dbgen.Queries) error {
		if err := saveSubmission(ctx, q, was, sub); err != nil {
			return err
		}
		return q.InsertScreening(ctx, dbgen.InsertScreeningParams{Submission: sub.ID, Rev: found.Rev, At: micros.Of(found.At), Body: text(string(body))})
	}, "screening of submission %s", sub.ID)
}

// Screened is what screening found last, or registry.ErrNotFound.
func (s Programme) Screened(ctx context.Context, submission string) (certification.Screened, error) {
	body, err := s.read.Screening(ctx, submission)
	var found certification.Screened
	if err == nil {
		err = json.Unmarshal([]byte(body), &found)
	}
	return found, s.wrap(ctx, err, "screening of submission %s", submission)
}

// ModelOwner is the organisation of the model's product, or registry.ErrNotFound
// where it has none.
func (s Programme) ModelOwner(ctx context.Context, model string) (string, error) {
	p, err := s.read.ProductByModel(ctx, model)
	return p.Org, s.wrap(ctx, err, "product of model %q", model)
}

// recorded runs fn and records in one transaction, and tells those who wait for it.
func (s Programme) recorded(ctx context.Context, entries []audit.Entry, notices []notice.Notice, fn func(q *dbgen.Queries) error, format string, args ...any) error {
	err := s.transact(ctx, func(q *dbgen.Queries) error {
		if err := fn(q); err != nil {
			return err
		}
		return record(ctx, q, entries, notices)
	})
	if err == nil {
		s.told()
	}
	return s.wrap(ctx, err, format, args...)
}

// saveSubmission is for the transactions of others too.
func saveSubmission(ctx context.Context, q *dbgen.Queries, was certification.SubmissionState, sub certification.Submission) error {
	saw := sub.Rev
	sub.Rev++
	body, err := submissionBody(sub)
	if err != nil {
		return err
	}
	n, err := q.UpdateSubmission(ctx, dbgen.UpdateSubmissionParams{
		ID: sub.ID, Was: string(was), Saw: saw, Model: sub.Model, State: string(sub.State), Round: sub.Round,
		FirmwareSHA256: sub.Firmware.SHA256, SpecSHA256: sub.SpecSHA256, Previous: sub.Previous,
		Class: string(sub.Class), SubmittedAt: micros.Of(sub.SubmittedAt), UpdatedAt: micros.Of(sub.UpdatedAt), Spec: blob(sub.Spec), Body: body,
	})
	if err == nil && n == 0 {
		return fmt.Errorf("it is no longer %s at revision %d: %w", was, saw, registry.ErrConflict)
	}
	if err == nil && sub.State != certification.Draft {
		err = q.TieMembers(ctx, sub.ID)
	}
	return err
}

// submissionBody leaves out the spec document: it has a column of its own, which
// keeps its bytes.
func submissionBody(sub certification.Submission) (string, error) {
	sub.Spec = nil
	body, err := json.Marshal(sub)
	return text(string(body)), err
}

// unmarshalled makes values of bodies.
func unmarshalled[V any](bodies []string, err error) ([]V, error) {
	if err != nil {
		return nil, err
	}
	list := make([]V, len(bodies))
	for i, b := range bodies {
		if err := json.Unmarshal([]byte(b), &list[i]); err != nil {
			return nil, err
		}
	}
	return list, nil
}
