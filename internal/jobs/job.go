package jobs

import (
	"context"
	"errors"
	"time"

	"github.com/proofmark/proofmark/internal/audit"
)

// DefaultAttempts is how often a job is tried before it is dead.
const DefaultAttempts = 10

// ErrLost says that the lease of a job ran out and somebody else may run it.
var ErrLost = errors.New("lease lost")

// ErrAlive says that a job is not one that was given up, or that another one has
// taken its place.
var ErrAlive = errors.New("no such job was given up, or another one has taken its place")

// Job is one piece of work.
type Job struct {
	ID          string // job_…; made by Enqueue when empty
	Kind        string // chooses the handler
	Key         string // at most one live job per kind and key; empty: any number
	Payload     []byte
	DueAt       time.Time // not to run before; stays the same over attempts
	Attempt     int       // which one this is, from 1; 0 until leased
	MaxAttempts int       // 0 means DefaultAttempts
	Holder      string    // who leased it
	LastError   string    // of the attempt before
	CreatedAt   time.Time
	EndedAt     time.Time // when it was given up; zero while it lives
}

// The states of a job.
const (
	StateQueued  = "queued"
	StateRunning = "running"
	StateDead    = "dead" // given up
)

// Count is how many jobs of a kind are in a state.
type Count struct {
	Kind, State string
	N           int64
	Next        time.Time // when the first of them is due, or its lease ends
}

// Failure is what becomes of a job whose handler failed.
type Failure struct {
	Error   string
	At      time.Time
	RetryAt time.Time // zero: it is dead
	Next    *Job      // the next run of a dead recurring job
}

// Store keeps jobs. Every method is one transaction.
type Store interface {
	// Enqueue adds a job; false means that a live one has its kind and key.
	Enqueue(ctx context.Context, j Job) (added bool, err error)
	// Lease takes a due job of one of the kinds until then, also one whose lease
	// ran out. ok is false when there is none.
	Lease(ctx context.Context, kinds []string, holder string, now, until time.Time) (j Job, ok bool, err error)
	// Extend prolongs the lease; ErrLost if it is no longer ours.
	Extend(ctx context.Context, j Job, until time.Time) error
	// Complete removes the job and adds the next one, if any; ErrLost if the lease is no longer ours.
	Complete(ctx context.Context, j Job, next *Job) error
	// Fail puts the job off or ends it; ErrLost if the lease is no longer ours.
	Fail(ctx context.Context, j Job, f Failure) error
	// Dead lists jobs that were given up, oldest first.
	Dead(ctx context.Context, limit int) ([]Job, error)
	// Counts are how many jobs there are, by kind and state.
	Counts(ctx context.Context) ([]Count, error)
	// Retry makes a job live again that was given up, with all its attempts; the entry
	// says who wanted that. ErrAlive if it is not there any more, or if a live one has
	// its kind and key.
	Retry(ctx context.Context, id string, now time.Time, entry audit.Entry) error
	// Queued is signalled after this process committed a new job.
	Queued() <-chan struct{}

	Outbox
}

// Event is one row of the outbox.
type Event struct {
	ID        int64
	Subject   string
	Data      []byte
	CreatedAt time.Time
}

// Outbox is what a Relay needs.
type Outbox interface {
	// Events returns the oldest unpublished ones, in order.
	Events(ctx context.Context, limit int) ([]Event, error)
	// Published forgets them.
	Published(ctx context.Context, events []Event) error
	// TakeLease takes or prolongs the named lease; false while another holds it.
	TakeLease(ctx context.Context, name, holder string, now, until time.Time) (bool, error)
	// DropLease gives it back; nothing happens if it is another's.
	DropLease(ctx context.Context, name, holder string) error
	// Committed is signalled after this process committed an event.
	Committed() <-chan struct{}
}
