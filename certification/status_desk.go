package certification

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/proofmark/proofmark/certification/signing"
	"github.com/proofmark/proofmark/certification/translog"
	"github.com/proofmark/proofmark/registry"
)

// StatusEvery is by when there is a newer list, also where nothing changed. The job
// that sees to it runs twice as often, so that one turn may fail.
const StatusEvery = time.Hour

// statusYoung is the age below which a list that counts every leaf is not signed anew.
const statusYoung = StatusEvery / 4

// StatusStore keeps the newest signed list.
type StatusStore interface {
	// LogSize is how many leaves are committed.
	LogSize(ctx context.Context) (int64, error)
	// StatusEntries are what holds of every certificate that was ever issued, by serial.
	StatusEntries(ctx context.Context) ([]StatusEntry, error)
	// SaveStatus keeps a list that is issued later than the one before and looks at
	// no fewer leaves; registry.ErrConflict says that there is a newer one.
	SaveStatus(ctx context.Context, s SignedStatus) error
	// Status is the newest one, or registry.ErrNotFound.
	Status(ctx context.Context) (SignedStatus, error)
}

// SignedStatus is a status list as it is served.
type SignedStatus struct {
	IssuedAt time.Time
	LogSize  int64
	JWS      string
}

// StatusDesk signs the status list: every hour, and at once when something changed.
type StatusDesk struct {
	store StatusStore
	keys  IssuingKeys
	now   func() time.Time

	mu   sync.Mutex
	last SignedStatus
	read time.Time
}

// NewStatusDesk makes one; a nil clock is time.Now.
func NewStatusDesk(store StatusStore, keys IssuingKeys, now func() time.Time) *StatusDesk {
	if now == nil {
		now = time.Now
	}
	return &StatusDesk{store: store, keys: keys, now: now}
}

// Sign signs what holds now, unless the newest list says so already, and again
// where something changed meanwhile. Of several processes that do it at once the
// one that looked at the most wins, and the others look again.
func (d *StatusDesk) Sign(ctx context.Context) error {
	for range signTurns {
		// The size first: what changes meanwhile may be in the list already; nothing that
		// the size counts is missing in it.
		size, err := d.store.LogSize(ctx)
		if err != nil {
			return fmt.Errorf("status list: %w", err)
		}
		last, err := d.store.Status(ctx)
		if err != nil && !errors.Is(err, registry.ErrNotFound) {
			return fmt.Errorf("status list: %w", err)
		}
		now := d.now().UTC().Truncate(time.Microsecond)
		if err == nil && last.LogSize >= size && now.Sub(last.IssuedAt) < statusYoung {
			return nil
		}
		if !now.After(last.IssuedAt) { // another process's clock is ahead of ours
			now = last.IssuedAt.Add(time.Microsecond)
		}
		if err := d.sign(ctx, size, now); unlessFirst(err) != nil {
			return err
		}
	}
	return nil // where things change all the time, the next change brings the next list
}

// signTurns bounds how often one call signs.
const signTurns = 5

func (d *StatusDesk) sign(ctx context.Context, size int64, now time.Time) error {
	entries, err := d.store.StatusEntries(ctx)
	if err != nil {
		return fmt.Errorf("status list: %w", err)
	}
	key, err := d.keys.Signer(ctx, signing.Status)
	if err != nil {
		return fmt.Errorf("status list: %w", err)
	}
	text, err := StatusList{
		IssuedAt: translog.Instant(now), NextUpdate: translog.Instant(now.Add(StatusEvery)), LogSize: size, Entries: entries,
	}.Sign(key)
	if err != nil {
		return err
	}
	s := SignedStatus{now, size, text}
	if err := d.store.SaveStatus(ctx, s); err != nil {
		return err
	}
	d.mu.Lock()
	d.last, d.read = s, d.now()
	d.mu.Unlock()
	return nil
}

// statusFresh is how long another process's newer list may take to be served here.
const statusFresh = time.Second

// Counting is the newest list if that looked at the log's first leaves, however
// short a time ago they were appended: it is signed anew where it did not. A node
// without the key may have to say translog.ErrNotCovered until another has signed.
func (d *StatusDesk) Counting(ctx context.Context, leaves int64) (SignedStatus, error) {
	s, err := d.Current(ctx)
	if err != nil || s.LogSize >= leaves {
		return s, err
	}
	if err := d.Sign(ctx); err != nil && !errors.Is(err, signing.ErrAbsent) {
		return s, err
	}
	if s, err = d.store.Status(ctx); err == nil && s.LogSize < leaves {
		err = fmt.Errorf("the status list of %s looked at %d leaves, not at %d yet: %w", translog.Instant(s.IssuedAt), s.LogSize, leaves, translog.ErrNotCovered)
	}
	return s, err
}

// Current is the newest list, from memory where that is fresh.
func (d *StatusDesk) Current(ctx context.Context) (SignedStatus, error) {
	now := d.now()
	d.mu.Lock()
	last, fresh := d.last, now.Sub(d.read) < statusFresh
	d.mu.Unlock()
	if fresh && last.JWS != "" {
		return last, nil
	}
	s, err := d.store.Status(ctx)
	if errors.Is(err, registry.ErrNotFound) {
		if err = d.Sign(ctx); err == nil {
			s, err = d.store.Status(ctx)
		}
	}
	if err != nil {
		return s, err
	}
	d.mu.Lock()
	if s.IssuedAt.After(d.last.IssuedAt) {
		d.last = s
	}
	d.read, s = now, d.last
	d.mu.Unlock()
	return s, nil
}
