package translog

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/proofmark/proofmark/internal/id"
)

const (
	signLease = 30 * time.Second // how long a dead process holds up the checkpoint
	signPoll  = time.Second      // how soon another process's leaves are seen
	signEvery = time.Hour        // how often everything is checked and signed, if nothing happens
)

// Lease lets one of many processes sign at a time.
type Lease interface {
	// TakeLease takes or prolongs the named lease; false while another holds it.
	TakeLease(ctx context.Context, name, holder string, now, until time.Time) (bool, error)
	// DropLease gives it back; nothing happens if it is another's.
	DropLease(ctx context.Context, name, holder string) error
}

// SignerOptions say what a Signer signs with. All but Log and Signed are needed.
type SignerOptions struct {
	Store  Store
	Anchor Anchor
	Lease  Lease
	Origin string                             // the name of the log
	Key    func(context.Context) (Key, error) // the present key
	Signed func(context.Context, Checkpoint)  // hears of each new checkpoint
	Log    *slog.Logger                       // discards when nil
}

// Signer signs checkpoints. Any number of processes may run one.
type Signer struct {
	o      SignerOptions
	tiles  tiles
	holder string
	alarm  atomic.Pointer[error]
	told   string // the last warning: the same is not told every second
}

// NewSigner makes a signer; Run lets it work.
func NewSigner(o SignerOptions) *Signer {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Signed == nil {
		o.Signed = func(context.Context, Checkpoint) {}
	}
	// No cache: what is checked must be what is stored.
	return &Signer{o: o, tiles: tiles{o.Store, newCache(0)}, holder: id.New("run")}
}

// Alarm is the ErrFork or ErrCorrupt for which this process does not sign, nil
// while all is well.
func (s *Signer) Alarm() error {
	if err := s.alarm.Load(); err != nil {
		return *err
	}
	return nil
}

// Run signs soon after each append, and checks and signs everything once an
// hour, until ctx ends.
func (s *Signer) Run(ctx context.Context) {
	poll := time.NewTicker(signPoll)
	defer poll.Stop()
	var full time.Time // when everything was checked last
	for ctx.Err() == nil {
		now := time.Now()
		err := s.round(ctx, now, now.Sub(full) >= signEvery)
		if err == nil && now.Sub(full) >= signEvery {
			full = now
		}
		s.heed(ctx, err)
		select {
		case <-s.o.Store.Appended():
		case <-poll.C:
		case <-ctx.Done():
		}
	}
	if err := s.o.Lease.DropLease(context.WithoutCancel(ctx), leaseName, s.holder); err != nil {
		s.o.Log.Warn("lease of the log not given back", "error", err)
	}
}

// heed tells of what went wrong; of the same alarm only once.
func (s *Signer) heed(ctx context.Context, err error) {
	switch {
	case err == nil:
		s.alarm.Store(nil)
		s.told = ""
	case errors.Is(err, ErrFork) || errors.Is(err, ErrCorrupt):
		if was := s.Alarm(); was == nil || was.Error() != err.Error() {
			s.o.Log.Error("the transparency log is not signed until somebody has looked at it", "error", err)
		}
		s.alarm.Store(&err)
	case ctx.Err() == nil && !errors.Is(err, ErrLate) && err.Error() != s.told:
		s.told = err.Error()
		s.o.Log.Warn("checkpoint not signed, will be tried again", "error", err)
	}
}

const leaseName = "log.sign"

// round signs if there is something new, or if a full round is due. It writes
// nothing while there is not.
func (s *Signer) round(ctx context.Context, now time.Time, full bool) error {
	last, err := s.o.Store.Checkpoint(ctx)
	if err != nil {
		return err
	}
	head, err := s.o.Store.Head(ctx)
	if err != nil {
		return err
	}
	if !full && head.Size == last.Size && len(last.Note) > 0 {
		return s.Alarm()
	}
	mine, err := s.o.Lease.TakeLease(ctx, leaseName, s.holder, now, now.Add(signLease))
	if err != nil || !mine {
		return err
	}
	if full {
		if err := Audit(ctx, s.o.Store); err != nil {
			return err
		}
	}
	c, err := s.Sign(ctx, now)
	if err == nil {
		s.o.Signed(ctx, c)
	}
	return err
}

// Sign signs the committed log if it continues what was signed before, in the
// store and in the anchor; otherwise ErrFork. The newest checkpoint is given back
// as it is if nothing was appended and the key is the same.
func (s *Signer) Sign(ctx context.Context, now time.Time) (Checkpoint, error) {
	// What was signed is read before the log: the log is never shorter then.
	last, err := s.o.Store.Checkpoint(ctx)
	if err != nil {
		return Checkpoint{}, err
	}
	anchored, anchor, err := s.o.Anchor.Newest(s.o.Origin)
	if err != nil {
		return Checkpoint{}, err
	}
	head, err := s.o.Store.Head(ctx)
	if err != nil {
		return Checkpoint{}, err
	}
	tree, err := s.tree(ctx, head)
	if err != nil {
		return Checkpoint{}, err
	}
	if len(last.Note) > 0 {
		if err := s.continues(ctx, tree, last.Tree); err != nil {
			return Checkpoint{}, fmt.Errorf("the newest checkpoint: %w", err)
		}
	}
	if anchor {
		if err := s.continues(ctx, tree, anchored); err != nil {
			return Checkpoint{}, fmt.Errorf("the anchor: %w", err)
		}
	}
	key, err := s.o.Key(ctx)
	if err != nil {
		return Checkpoint{}, err
	}
	if tree.Size == last.Size && key.KeyID() == last.KeyID && len(last.Note) > 0 {
		return last, nil
	}
	c, err := sign(tree, s.o.Origin, key, now)
	if err != nil {
		return Checkpoint{}, err
	}
	if err := s.o.Anchor.Remember(s.o.Origin, c); err != nil {
		return Checkpoint{}, err
	}
	return c, s.o.Store.SaveCheckpoint(ctx, c)
}

// tree is the tree of a head, its root computed twice: from the edge that appends
// go by, and from the tiles that are served.
func (s *Signer) tree(ctx context.Context, head Head) (Tree, error) {
	root, err := head.Root()
	if err != nil {
		return Tree{}, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	served, err := tlog.TreeHash(head.Size, s.tiles.stored(ctx, head.Size))
	if err != nil {
		return Tree{}, err
	}
	if served != root {
		return Tree{}, fmt.Errorf("%w: %d leaves have root %s by the edge, %s by the tiles", ErrCorrupt, head.Size, root, served)
	}
	return Tree{Size: head.Size, Root: root}, nil
}

// continues is ErrFork unless the tree continues one that was signed before.
func (s *Signer) continues(ctx context.Context, tree, signed Tree) error {
	switch {
	case tree.Size < signed.Size:
		return fmt.Errorf("%w: %d leaves were signed, %d are there", ErrFork, signed.Size, tree.Size)
	case signed.Size == 0:
		return nil // every log continues the empty one
	}
	path, err := tlog.ProveTree(tree.Size, signed.Size, s.tiles.stored(ctx, tree.Size))
	if err != nil {
		return err
	}
	if err := tlog.CheckTree(path, tree.Size, tree.Root, signed.Size, signed.Root); err != nil {
		return fmt.Errorf("%w: %d leaves were signed with root %s, the %d that are there begin otherwise", ErrFork, signed.Size, signed.Root, tree.Size)
	}
	return nil
}
