package store

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/translog"
	"github.com/proofmark/proofmark/internal/store/dbgen"
	"github.com/proofmark/proofmark/internal/store/micros"
)

var _ certification.StatusStore = Programme{}

// LogSize implements certification.StatusStore.
func (s Programme) LogSize(ctx context.Context) (int64, error) {
	head, err := s.read.LogHead(ctx)
	return head.Size, s.wrap(ctx, err, "size of the log")
}

// StatusEntries implements certification.StatusStore.
func (s Programme) StatusEntries(ctx context.Context) ([]certification.StatusEntry, error) {
	rows, err := s.read.CertificateStates(ctx)
	if err != nil {
		return nil, s.wrap(ctx, err, "states of all certificates")
	}
	entries := make([]certification.StatusEntry, len(rows))
	for i, row := range rows {
		var c struct {
			Reason string   `json:"reason"`
			Lost   []string `json:"lost_regions"`
		}
		if err := json.Unmarshal([]byte(row.Body), &c); err != nil {
			return nil, fmt.Errorf("certificate %s cannot be read: %w", row.Serial, err)
		}
		entries[i] = certification.StatusEntry{
			Serial: row.Serial, State: certification.CertificateState(row.State), Since: translog.Instant(row.Since.Time()), Reason: c.Reason, Lost: c.Lost,
		}
	}
	return entries, nil
}

// SaveStatus implements certification.StatusStore.
func (s Programme) SaveStatus(ctx context.Context, l certification.SignedStatus) error {
	err := s.writer.statement(ctx, func(q *dbgen.Queries) error {
		return still(q.SaveStatusList(ctx, dbgen.SaveStatusListParams{IssuedAt: micros.Of(l.IssuedAt), LogSize: l.LogSize, Jws: l.JWS}))
	})
	return s.wrap(ctx, err, "status list of %s", l.IssuedAt)
}

// Status implements certification.StatusStore.
func (s Programme) Status(ctx context.Context) (certification.SignedStatus, error) {
	row, err := s.read.StatusList(ctx)
	return certification.SignedStatus{IssuedAt: row.IssuedAt.Time(), LogSize: row.LogSize, JWS: row.Jws}, s.wrap(ctx, err, "status list")
}

// CertificateHistory are the leaves that tell of a certificate, in their order.
func (s Programme) CertificateHistory(ctx context.Context, serial string) ([]certification.CertificateEvent, error) {
	rows, err := s.read.CertificateEvents(ctx, text(serial))
	return list(rows, func(e dbgen.CertificateEvent) certification.CertificateEvent {
		return certification.CertificateEvent{Index: e.Idx, Kind: e.Kind, At: e.At.Time(), Reason: e.Reason, Region: e.Region}
	}), s.wrap(ctx, err, "history of certificate %s", serial)
}
