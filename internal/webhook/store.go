package webhook

import (
	"context"
	"time"

	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/notice"
)

// Store keeps endpoints and deliveries. Every method is one transaction;
// ErrNotFound and ErrConflict are its errors beside those of a database that is
// away.
type Store interface {
	Notice(ctx context.Context, id string) (notice.Notice, error)

	CreateEndpoint(ctx context.Context, e Endpoint, entries ...audit.Entry) error
	Endpoint(ctx context.Context, id string) (Endpoint, error)
	// Endpoints lists those of an organisation, empty: the operators', by id.
	Endpoints(ctx context.Context, org, after string, limit int) ([]Endpoint, error)
	// Listeners are the active endpoints of the organisation and of the operators.
	Listeners(ctx context.Context, org string) ([]Endpoint, error)
	// Change writes URL, kinds, description, state, reason and secrets of an
	// endpoint that still is in the state from; ErrConflict if it is not.
	Change(ctx context.Context, e Endpoint, from State, entries ...audit.Entry) error
	// Challenge makes nonce the newest one of an endpoint.
	Challenge(ctx context.Context, endpoint, nonce string, at time.Time) error
	// Confirm activates an endpoint if nonce is still its newest one; ErrConflict if not.
	Confirm(ctx context.Context, endpoint, nonce string, at time.Time, entries ...audit.Entry) error
	DeleteEndpoint(ctx context.Context, id string, entries ...audit.Entry) error

	// Queue adds a delivery to an active endpoint: it gives it the next sequence,
	// and the body that build makes of it. One that is there for the notice stays;
	// added is false, as it is when the endpoint is not active.
	Queue(ctx context.Context, d Delivery, build func(sequence int64) ([]byte, error)) (added bool, err error)
	// Due lists endpoints that are active, have a due delivery, and no request under way.
	Due(ctx context.Context, now time.Time, limit int) (endpoints []string, err error)
	// Claim takes the due delivery of least sequence of an active endpoint, until
	// then at most; ok is false if there is none or somebody else has one of it.
	Claim(ctx context.Context, endpoint, holder string, now, until time.Time) (e Endpoint, d Delivery, ok bool, err error)
	// Settle writes what became of a claim; ErrConflict if it is no longer ours.
	Settle(ctx context.Context, s Settlement) error
	// Release gives a claim back untouched.
	Release(ctx context.Context, endpoint, holder string) error
	// Queued is signalled after this process made a delivery due.
	Queued() <-chan struct{}

	Delivery(ctx context.Context, id string) (Delivery, error)
	// Deliveries lists those of an endpoint, the newest first, below the sequence
	// before (0: from the newest).
	Deliveries(ctx context.Context, endpoint string, before int64, limit int) ([]Delivery, error)
	Attempts(ctx context.Context, delivery string) ([]Attempt, error) // by number
	// Redeliver makes an ended delivery wait again; ErrConflict if it waits already.
	Redeliver(ctx context.Context, delivery string, at time.Time, entries ...audit.Entry) error
	// Forget deletes ended deliveries that were made before then.
	Forget(ctx context.Context, before time.Time) (n int64, err error)
}

// Settlement is what became of a claimed delivery.
type Settlement struct {
	Holder   string
	Delivery Delivery // with its new state, attempts and due time
	Attempt  Attempt
	Failing  time.Time // the endpoint's from now on
	Disable  string    // why the endpoint is disabled; empty: it is not
	Entries  []audit.Entry
	Notices  []notice.Notice
}
