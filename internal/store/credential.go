package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/proofmark/proofmark/internal/bus"
	"github.com/proofmark/proofmark/internal/store/dbgen"
	"github.com/proofmark/proofmark/internal/store/micros"
	"github.com/proofmark/proofmark/registry"
)

func (s registryStore) AddCredential(ctx context.Context, c registry.Credential, retireOthers bool) error {
	err := s.transact(ctx, func(q *dbgen.Queries) error {
		if err := changed(q.LockDevice(ctx, c.DID)); err != nil {
			return err
		}
		if retireOthers {
			if err := q.RetireCredentials(ctx, c.DID); err != nil {
				return err
			}
		}
		return insertCredential(ctx, q, c)
	})
	return s.wrap(ctx, err, "add credential %s to device %s", c.ID, c.DID)
}

func insertCredential(ctx context.Context, q *dbgen.Queries, c registry.Credential) error {
	return q.InsertCredential(ctx, dbgen.InsertCredentialParams{
		ID: c.ID, DID: c.DID, Salt: blob(c.Salt), Hash: blob(c.Hash), State: string(c.State), Kind: string(c.Kind),
		CreatedAt: micros.Of(c.CreatedAt), UsedAt: micros.Of(c.UsedAt), RevokedAt: micros.Of(c.RevokedAt),
	})
}

func (s registryStore) Credentials(ctx context.Context, did string) ([]registry.Credential, error) {
	rows, err := s.read.Credentials(ctx, did)
	return list(rows, credential), s.wrap(ctx, err, "credentials of device %s", did)
}

// UseCredential revokes the retiring ones only when an active one was used: a
// late login with the old secret must not lock the device out of the new one,
// nor itself. What it revokes goes to the outbox like every revocation.
func (s registryStore) UseCredential(ctx context.Context, id string, at time.Time) error {
	var revoked int64
	err := s.transact(ctx, func(q *dbgen.Queries) error {
		c, err := q.Credential(ctx, id)
		if err != nil {
			return err
		}
		if err := changed(q.LockDevice(ctx, c.DID)); err != nil {
			return err
		}
		if c, err = q.Credential(ctx, id); err != nil { // as it is now that we hold the lock
			return err
		}
		if c.State == string(registry.CredentialRevoked) {
			return fmt.Errorf("it is revoked: %w", registry.ErrConflict)
		}
		if _, err := q.UseCredential(ctx, dbgen.UseCredentialParams{ID: id, At: micros.Of(at)}); err != nil {
			return err
		}
		if c.State != string(registry.CredentialActive) {
			return nil
		}
		revoked, err = q.RevokeRetiring(ctx, dbgen.RevokeRetiringParams{DID: c.DID, At: micros.Of(at)})
		if err != nil || revoked == 0 {
			return err
		}
		return insertCredentialEvent(ctx, q, c.DID, "", at)
	})
	if err == nil && revoked > 0 {
		s.committed()
	}
	return s.wrap(ctx, err, "use credential %s", id)
}

func (s registryStore) RevokeCredential(ctx context.Context, did, id string, at time.Time) error {
	err := s.transact(ctx, func(q *dbgen.Queries) error {
		if err := changed(q.LockDevice(ctx, did)); err != nil {
			return err
		}
		n, err := q.RevokeCredential(ctx, dbgen.RevokeCredentialParams{DID: did, ID: id, At: micros.Of(at)})
		if err != nil {
			return err
		}
		if n == 0 {
			if c, err := q.Credential(ctx, id); err != nil {
				return err
			} else if c.DID != did {
				return fmt.Errorf("it belongs to device %s: %w", c.DID, registry.ErrNotFound)
			}
			return fmt.Errorf("it was revoked before: %w", registry.ErrConflict)
		}
		return insertCredentialEvent(ctx, q, did, id, at)
	})
	if err == nil {
		s.committed()
	}
	return s.wrap(ctx, err, "revoke credential %s of device %s", id, did)
}

// insertCredentialEvent tells every node to forget what it knows of the
// device's logins; id is the credential that was revoked, empty for several.
func insertCredentialEvent(ctx context.Context, q *dbgen.Queries, did, id string, at time.Time) error {
	data, err := json.Marshal(struct {
		DID        string `json:"did"`
		Credential string `json:"credential,omitempty"`
	}{did, id})
	if err != nil {
		return err
	}
	return q.InsertEvent(ctx, dbgen.InsertEventParams{
		Subject: "device." + bus.Token(did) + ".credentials", Data: data, CreatedAt: micros.Of(at),
	})
}

func credential(c dbgen.Credential) registry.Credential {
	return registry.Credential{
		ID: c.ID, DID: c.DID, Salt: c.Salt, Hash: c.Hash, State: registry.CredentialState(c.State), Kind: registry.CredentialKind(c.Kind),
		CreatedAt: c.CreatedAt.Time(), UsedAt: c.UsedAt.Time(), RevokedAt: c.RevokedAt.Time(),
	}
}
