package store

import (
	"context"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/store/dbgen"
	"github.com/proofmark/proofmark/internal/store/micros"
)

// AddDocument stores a document with a submission that still is as it was read.
func (s Programme) AddDocument(ctx context.Context, sub certification.Submission, d certification.Document, entries []audit.Entry) error {
	return s.recorded(ctx, entries, nil, func(q *dbgen.Queries) error {
		if err := saveSubmission(ctx, q, sub.State, sub); err != nil {
			return err
		}
		return q.InsertDocument(ctx, dbgen.InsertDocumentParams{
			ID: d.ID, Org: d.Org, Submission: d.Submission, Kind: d.Kind, Name: text(d.Name), Media: d.Media, Size: d.Size,
			SHA256: d.SHA256, ByAccount: d.By, At: micros.Of(d.At),
		})
	}, "add document %s to submission %s", d.ID, sub.ID)
}

// RemoveDocument takes one away from a submission that still is as it was read.
func (s Programme) RemoveDocument(ctx context.Context, sub certification.Submission, d certification.Document, entries []audit.Entry) error {
	return s.recorded(ctx, entries, nil, func(q *dbgen.Queries) error {
		if err := saveSubmission(ctx, q, sub.State, sub); err != nil {
			return err
		}
		return changed(q.DeleteDocument(ctx, dbgen.DeleteDocumentParams{ID: d.ID, Submission: sub.ID}))
	}, "remove document %s from submission %s", d.ID, sub.ID)
}

// Document returns one, or registry.ErrNotFound.
func (s Programme) Document(ctx context.Context, id string) (certification.Document, error) {
	d, err := s.read.Document(ctx, id)
	return document(d), s.wrap(ctx, err, "document %s", id)
}

// Documents of a submission, the oldest first.
func (s Programme) Documents(ctx context.Context, submission string) ([]certification.Document, error) {
	rows, err := s.read.Documents(ctx, submission)
	return list(rows, document), s.wrap(ctx, err, "documents of submission %s", submission)
}

func document(d dbgen.Document) certification.Document {
	return certification.Document{
		ID: d.ID, Org: d.Org, Submission: d.Submission, Kind: d.Kind, Name: d.Name, Media: d.Media, Size: d.Size,
		SHA256: d.SHA256, By: d.ByAccount, At: d.At.Time(),
	}
}
