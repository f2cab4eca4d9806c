package factory

import (
	"context"
	"time"

	"github.com/proofmark/proofmark/internal/audit"
)

// Store keeps batches. Every method is one transaction with what it records and tells. Its errors
// are the registry's.
type Store interface {
	Grant(ctx context.Context, g Grant, e audit.Entry) error
	Grants(ctx context.Context, product string) ([]Grant, error) // by id
	Quota(ctx context.Context, product string) (Quota, error)    // zero where nothing was granted or made
	// Make stores all of a batch or nothing: ErrFull when more than granted + funded
	// would have been made.
	Make(ctx context.Context, b Batch, units []Unit, sealed []byte, funded int64, c Change) error
	// Import stores all or nothing; ErrExists names the did that is taken.
	Import(ctx context.Context, b Batch, units []Unit, c Change) error
	Batch(ctx context.Context, id string) (Batch, error)
	Batches(ctx context.Context, product string) ([]Batch, error) // by id
	// Deliver returns the sealed manifest and forgets it; ErrConflict the second time.
	Deliver(ctx context.Context, id string, at time.Time, c Change) ([]byte, error)
	// Refuse records and tells that somebody asked again.
	Refuse(ctx context.Context, c Change) error
	// Revoke removes the devices of the batch and gives their units back; ErrInUse
	// while somebody has one of them, ErrConflict: it was revoked.
	Revoke(ctx context.Context, id, reason string, at time.Time, c Change) error
}
