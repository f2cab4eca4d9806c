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

var _ certification.RegulatoryStore = Programme{}

// CreateRegulatory stores a new one.
func (s Programme) CreateRegulatory(ctx context.Context, d certification.RegulatoryDocument, rec certification.Record) error {
	body, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("create regulatory document %s: %w", d.ID, err)
	}
	err = s.transact(ctx, func(q *dbgen.Queries) error {
		if err := q.InsertRegulatory(ctx, dbgen.InsertRegulatoryParams{
			ID: d.ID, Org: d.Org, Region: d.Region, Scheme: d.Scheme, State: string(d.State), Rev: d.Rev,
			IssuedAt: micros.Of(d.Issued), ExpiresAt: micros.Of(d.Expires), SurveillanceDueAt: micros.Of(d.Follow), Body: text(string(body)),
		}); err != nil {
			return err
		}
		for name, at := range map[string]time.Time{"end": d.Expires, "follow-up": d.Follow} {
			if at.IsZero() {
				continue
			}
			if _, err := enqueue(ctx, q, jobs.Job{Kind: certification.LifeJob, Key: d.ID + " " + name, DueAt: at, CreatedAt: d.CreatedAt}); err != nil {
				return err
			}
		}
		return record(ctx, q, rec.Entries, rec.Notices)
	})
	if err == nil {
		s.told()
	}
	return s.wrap(ctx, err, "create regulatory document %s", d.ID)
}

// Regulatory returns one, or registry.ErrNotFound.
func (s Programme) Regulatory(ctx context.Context, id string) (certification.RegulatoryDocument, error) {
	body, err := s.read.Regulatory(ctx, id)
	if err != nil {
		return certification.RegulatoryDocument{}, s.wrap(ctx, err, "regulatory document %s", id)
	}
	return regulatory(body)
}

// RegulatoryOf lists an organisation's, or everybody's.
func (s Programme) RegulatoryOf(ctx context.Context, org string, state certification.RegulatoryState) ([]certification.RegulatoryDocument, error) {
	rows, err := s.read.RegulatoryOf(ctx, dbgen.RegulatoryOfParams{Org: org, State: string(state)})
	if err != nil {
		return nil, s.wrap(ctx, err, "regulatory documents of %q", org)
	}
	return regulatoryDocuments(rows)
}

// RegulatoryDue lists those with a date that has come.
func (s Programme) RegulatoryDue(ctx context.Context, then time.Time) ([]certification.RegulatoryDocument, error) {
	rows, err := s.read.RegulatoryDue(ctx, micros.Of(then))
	if err != nil {
		return nil, s.wrap(ctx, err, "due regulatory documents")
	}
	return regulatoryDocuments(rows)
}

// SaveRegulatory stores what became of one that was read in state was.
func (s Programme) SaveRegulatory(ctx context.Context, was certification.RegulatoryState, d certification.RegulatoryDocument, rec certification.Record) error {
	saw := d.Rev
	d.Rev++
	body, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("regulatory document %s: %w", d.ID, err)
	}
	err = s.transact(ctx, func(q *dbgen.Queries) error {
		n, err := q.UpdateRegulatory(ctx, dbgen.UpdateRegulatoryParams{
			ID: d.ID, Was: string(was), Saw: saw, State: string(d.State),
			ExpiresAt: micros.Of(d.Expires), SurveillanceDueAt: micros.Of(d.Follow), Body: text(string(body)),
		})
		if err == nil && n == 0 {
			err = fmt.Errorf("it is no longer %s at revision %d: %w", was, saw, registry.ErrConflict)
		}
		if err != nil {
			return err
		}
		return record(ctx, q, rec.Entries, rec.Notices)
	})
	if err == nil {
		s.told()
	}
	return s.wrap(ctx, err, "regulatory document %s", d.ID)
}

func regulatoryDocuments(rows []string) ([]certification.RegulatoryDocument, error) {
	out := make([]certification.RegulatoryDocument, len(rows))
	for i, body := range rows {
		d, err := regulatory(body)
		if err != nil {
			return nil, err
		}
		out[i] = d
	}
	return out, nil
}

func regulatory(body string) (d certification.RegulatoryDocument, err error) {
	if err = json.Unmarshal([]byte(body), &d); err != nil {
		err = fmt.Errorf("a stored regulatory document cannot be read: %w", err)
	}
	return d, err
}
