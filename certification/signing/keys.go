package signing

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"

	"github.com/proofmark/proofmark/internal/audit"
)

// Errors of Keys and Store.
var (
	ErrNoKey  = errors.New("no current key")                       // Store: the purpose has none
	ErrTaken  = errors.New("there is a current key")               // Store: another process was first
	ErrAbsent = errors.New("the current key is not on this node")  // its file is elsewhere
	ErrEnded  = errors.New("it is not the current key any longer") // Store: rotated meanwhile
)

// Store keeps the public halves.
type Store interface {
	// Keys are all keys, ended ones too.
	Keys(ctx context.Context) ([]Key, error)
	// CurrentKey is the one that signs; ErrNoKey if there is none.
	CurrentKey(ctx context.Context, p Purpose) (Key, error)
	// AddKey adds the first key of a purpose; ErrTaken if there is one.
	AddKey(ctx context.Context, k Key) error
	// RotateKey ends a key and adds the next, which begins when that one ends;
	// ErrEnded if it is not current. revoked: when it fell into other hands.
	RotateKey(ctx context.Context, old, next Key, entries []audit.Entry) error
}

// Keys are the keys of this node.
type Keys struct {
	dir   folder
	store Store

	mu   sync.Mutex
	open map[string]held
}

// Open opens the keys in a folder. A purpose that has no key anywhere gets one;
// a folder that holds one for a store that knows none lends it.
func Open(ctx context.Context, dir string, store Store, now time.Time) (*Keys, error) {
	k := &Keys{dir: folder(dir), store: store, open: make(map[string]held)}
	for _, p := range Purposes {
		if err := k.ensure(ctx, p, now); err != nil {
			return nil, fmt.Errorf("key for purpose %s in %s: %w", p, dir, err)
		}
	}
	return k, nil
}

func (k *Keys) ensure(ctx context.Context, p Purpose, now time.Time) error {
	if _, err := k.store.CurrentKey(ctx, p); !errors.Is(err, ErrNoKey) {
		return err
	}
	id, err := k.dir.newest(p)
	var key held
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if key, err = generate(); err == nil {
			err = k.dir.write(p, key)
		}
	case err == nil:
		key, err = k.dir.read(p, id)
	}
	if err != nil {
		return err
	}
	err = k.store.AddKey(ctx, Key{ID: key.id, Purpose: p, Public: key.Public(), CreatedAt: now})
	if errors.Is(err, ErrTaken) { // another node was first: ours never signs
		if id == "" {
			return os.Remove(k.dir.file(p, key.id))
		}
		return nil
	}
	return err
}

// Signer is the current key of the purpose; ErrAbsent if another node holds it.
func (k *Keys) Signer(ctx context.Context, p Purpose) (Signer, error) {
	current, err := k.store.CurrentKey(ctx, p)
	if err != nil {
		return nil, fmt.Errorf("key for purpose %s: %w", p, err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if key, ok := k.open[current.ID]; ok {
		return key, nil
	}
	key, err := k.dir.read(p, current.ID)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: key %s for purpose %s is not in %s; copy its file from the node that made it", ErrAbsent, current.ID, p, k.dir)
	}
	if err != nil {
		return nil, err
	}
	k.open[current.ID] = key
	return key, nil
}

// Keyring is all public keys that were ever current.
func (k *Keys) Keyring(ctx context.Context) (Keyring, error) { return k.store.Keys(ctx) }

// Rotation says how a key is replaced.
type Rotation struct {
	Purpose     Purpose
	At          time.Time
	Actor       string // acc_…, or audit.System
	Reason      string
	Compromised time.Time // from when the old key may have been in other hands; zero: it was not
}

// Rotate makes a new key for the purpose and ends the old one.
func (k *Keys) Rotate(ctx context.Context, r Rotation) (old, next Key, err error) {
	if !r.Compromised.IsZero() && r.Reason == "" {
		return old, next, fmt.Errorf("rotate the key for purpose %s: a revocation needs a reason, which is published", r.Purpose)
	}
	if old, err = k.store.CurrentKey(ctx, r.Purpose); err != nil {
		return old, next, fmt.Errorf("rotate the key for purpose %s: %w", r.Purpose, err)
	}
	key, err := generate()
	if err == nil {
		err = k.dir.write(r.Purpose, key)
	}
	if err != nil {
		return old, next, fmt.Errorf("rotate the key for purpose %s: %w", r.Purpose, err)
	}
	next = Key{ID: key.id, Purpose: r.Purpose, Public: key.Public(), CreatedAt: r.At}
	old.EndedAt = r.At
	if !r.Compromised.IsZero() {
		old.RevokedAt, old.Reason = r.Compromised, r.Reason
	}
	entry, err := audit.New(r.At, r.Actor, "key.rotated", old.ID, "", map[string]any{
		"purpose": r.Purpose, "next": next.ID, "reason": r.Reason, "revoked": !r.Compromised.IsZero(),
	})
	if err == nil {
		err = k.store.RotateKey(ctx, old, next, []audit.Entry{entry})
	}
	if err != nil { // the new key signed nothing
		err = errors.Join(err, os.Remove(k.dir.file(r.Purpose, key.id)))
		return old, next, fmt.Errorf("rotate the key for purpose %s: %w", r.Purpose, err)
	}
	return old, next, nil
}

// CurrentKey is the public half of the key that signs.
func (k *Keys) CurrentKey(ctx context.Context, p Purpose) (Key, error) {
	return k.store.CurrentKey(ctx, p)
}
