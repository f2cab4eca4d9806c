package translog

import (
	"context"
	"fmt"
	"sync/atomic"

	"golang.org/x/mod/sumdb/tlog"
)

// Log serves the log: the newest checkpoint and what it covers. Its methods may
// be called from any goroutine.
type Log struct {
	store  Store
	tiles  tiles
	newest atomic.Pointer[Checkpoint] // the newest one seen, to ask the store less often
}

// New makes a log of what the store holds.
func New(store Store) *Log {
	return &Log{store: store, tiles: tiles{store, newCache(cacheBytes)}}
}

// Checkpoint is the newest checkpoint; ErrNotCovered while there is none.
func (l *Log) Checkpoint(ctx context.Context) (Checkpoint, error) {
	c, err := l.store.Checkpoint(ctx)
	if err != nil {
		return c, err
	}
	if len(c.Note) == 0 {
		return c, fmt.Errorf("no checkpoint was signed yet: %w", ErrNotCovered)
	}
	l.newest.Store(&c)
	return c, nil
}

// upTo is a checkpoint that covers so many leaves.
func (l *Log) upTo(ctx context.Context, size int64) (Checkpoint, error) {
	if c := l.newest.Load(); c != nil && c.Size >= size {
		return *c, nil
	}
	c, err := l.Checkpoint(ctx)
	if err == nil && c.Size < size {
		err = fmt.Errorf("%d leaves, the newest checkpoint has %d: %w", size, c.Size, ErrNotCovered)
	}
	return c, err
}

// Tile is the tile or entry bundle of a path, which never changes once it is
// served. ErrPath: there is no such path; ErrNotCovered: the log is not that long.
func (l *Log) Tile(ctx context.Context, path string) ([]byte, error) {
	t, err := ParsePath(path)
	if err != nil {
		return nil, err
	}
	if c := l.newest.Load(); c == nil || !covered(t, c.Size) {
		fresh, err := l.Checkpoint(ctx)
		if err != nil {
			return nil, err
		}
		if !covered(t, fresh.Size) {
			return nil, fmt.Errorf("%s of a log of %d leaves: %w", path, fresh.Size, ErrNotCovered)
		}
	}
	return l.tiles.load(ctx, t)
}

// Prove proves that the leaf of that index stands in the log of the newest
// checkpoint. It fails with ErrCorrupt rather than give a proof that is wrong.
func (l *Log) Prove(ctx context.Context, index int64) (Inclusion, error) {
	if index < 0 {
		return Inclusion{}, fmt.Errorf("leaf %d: want 0 or more: %w", index, ErrNotCovered)
	}
	if _, err := l.upTo(ctx, index+1); err != nil {
		return Inclusion{}, err
	}
	c, err := l.Checkpoint(ctx)
	if err != nil {
		return Inclusion{}, err
	}
	leaves, err := l.store.Leaves(ctx, index, 1)
	if err != nil {
		return Inclusion{}, err
	}
	path, err := tlog.ProveRecord(c.Size, index, l.tiles.checked(ctx, c.Tree))
	if err != nil {
		return Inclusion{}, fmt.Errorf("%w: proof of leaf %d in %d: %w", ErrCorrupt, index, c.Size, err)
	}
	if len(leaves) != 1 {
		return Inclusion{}, fmt.Errorf("%w: leaf %d is missing", ErrCorrupt, index)
	}
	p := Inclusion{Index: index, Size: c.Size, Leaf: string(leaves[0]), Hashes: path, Checkpoint: string(c.Note)}
	if err := p.in(c.Tree); err != nil {
		return Inclusion{}, fmt.Errorf("%w: leaf %d: %w", ErrCorrupt, index, err)
	}
	return p, nil
}

// Extend proves that the log of size larger continues the one of size smaller.
// A larger of 0 means the newest checkpoint.
func (l *Log) Extend(ctx context.Context, smaller, larger int64) (Consistency, error) {
	c, err := l.Checkpoint(ctx)
	if err != nil {
		return Consistency{}, err
	}
	if larger == 0 {
		larger = c.Size
	}
	if smaller < 1 || smaller > larger || larger > c.Size {
		return Consistency{}, fmt.Errorf("from %d to %d leaves, want 1 ≤ from ≤ to ≤ %d: %w", smaller, larger, c.Size, ErrNotCovered)
	}
	hashes := l.tiles.checked(ctx, c.Tree)
	p := Consistency{From: smaller, To: larger}
	for _, side := range []struct {
		size int64
		root *tlog.Hash
	}{{smaller, &p.FromRoot}, {larger, &p.ToRoot}} {
		if *side.root, err = tlog.TreeHash(side.size, hashes); err != nil {
			return p, fmt.Errorf("%w: root of %d leaves: %w", ErrCorrupt, side.size, err)
		}
	}
	if p.Hashes, err = tlog.ProveTree(larger, smaller, hashes); err != nil {
		return p, fmt.Errorf("%w: proof from %d to %d leaves: %w", ErrCorrupt, smaller, larger, err)
	}
	return p, nil
}
