package translog

import (
	"context"
	"errors"

	"golang.org/x/mod/sumdb/tlog"
)

// Errors of a log.
var (
	// ErrNotCovered says that something is not within the newest checkpoint:
	// it may be there soon, or never.
	ErrNotCovered = errors.New("not covered by the checkpoint")
	// ErrFork says that the log that was found is not a continuation of one that
	// was signed. Nothing is signed until a person has looked.
	ErrFork = errors.New("the log is not a continuation of what was signed")
	// ErrCorrupt says that stored leaves and hashes do not belong together.
	ErrCorrupt = errors.New("the log is damaged")
	// ErrLate says that another process signed a newer checkpoint meanwhile.
	ErrLate = errors.New("a newer checkpoint was signed meanwhile")
)

// Store keeps the log. Leaves are appended by the transactions of others, in
// the store itself; so there is no method for it here.
type Store interface {
	// Origin is the log's name: the one given the first time, for good.
	Origin(ctx context.Context, propose string) (string, error)
	// Head is the committed right edge.
	Head(ctx context.Context) (Head, error)
	// Hashes are n nodes of a level of tiles, from the one numbered from.
	Hashes(ctx context.Context, level int, from int64, n int) ([]tlog.Hash, error)
	// Leaves are n leaves from that index.
	Leaves(ctx context.Context, from int64, n int) ([][]byte, error)
	// Checkpoint is the newest one signed; its Note is empty if there is none.
	Checkpoint(ctx context.Context) (Checkpoint, error)
	// SaveCheckpoint adds a checkpoint; ErrLate if one of a larger size is there.
	SaveCheckpoint(ctx context.Context, c Checkpoint) error
	// Appended is signalled after this process committed a leaf.
	Appended() <-chan struct{}
}

// Anchor remembers the newest tree that was signed in a place of its own, which
// does not go back in time when the database is restored from a backup.
type Anchor interface {
	// Newest is the tree that was signed last for the log of that origin; false
	// if there is none.
	Newest(origin string) (Tree, bool, error)
	// Remember is called before a checkpoint is shown to anybody.
	Remember(origin string, c Checkpoint) error
}
