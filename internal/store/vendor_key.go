package store

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/store/dbgen"
	"github.com/proofmark/proofmark/internal/store/micros"
)

// AddVendorKey stores a key; registry.ErrExists says that it is registered already.
func (s Programme) AddVendorKey(ctx context.Context, k certification.VendorKey, entries []audit.Entry) error {
	body, err := json.Marshal(k)
	if err != nil {
		return fmt.Errorf("vendor key %s: %w", k.ID, err)
	}
	return s.recorded(ctx, entries, nil, func(q *dbgen.Queries) error {
		return q.InsertVendorKey(ctx, dbgen.InsertVendorKeyParams{ID: k.ID, Org: k.Org, Thumbprint: k.Thumbprint, RevokedAt: micros.Of(k.RevokedAt), Body: text(string(body))})
	}, "vendor key with thumbprint %s", k.Thumbprint)
}

// VendorKey returns one, or registry.ErrNotFound.
func (s Programme) VendorKey(ctx context.Context, id string) (certification.VendorKey, error) {
	body, err := s.read.VendorKey(ctx, id)
	var k certification.VendorKey
	if err == nil {
		err = json.Unmarshal([]byte(body), &k)
	}
	return k, s.wrap(ctx, err, "vendor key %s", id)
}

// VendorKeys of an organisation, the oldest first.
func (s Programme) VendorKeys(ctx context.Context, org string) ([]certification.VendorKey, error) {
	list, err := unmarshalled[certification.VendorKey](s.read.VendorKeys(ctx, org))
	return list, s.wrap(ctx, err, "vendor keys of %s", org)
}

// RevokeVendorKey ends a key; one that is ended already is registry.ErrNotFound.
func (s Programme) RevokeVendorKey(ctx context.Context, k certification.VendorKey, entries []audit.Entry) error {
	body, err := json.Marshal(k)
	if err != nil {
		return fmt.Errorf("vendor key %s: %w", k.ID, err)
	}
	return s.recorded(ctx, entries, nil, func(q *dbgen.Queries) error {
		return changed(q.RevokeVendorKey(ctx, dbgen.RevokeVendorKeyParams{ID: k.ID, RevokedAt: micros.Of(k.RevokedAt), Body: text(string(body))}))
	}, "revoke vendor key %s", k.ID)
}
