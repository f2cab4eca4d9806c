package translog

import (
	"context"
	"fmt"
	"slices"
)

// Audit computes the whole tree again from the leaves, and compares every stored
// hash, the edge, and the newest checkpoint. ErrCorrupt names the first thing
// that differs. It reads everything once: 100,000 leaves take about a second.
func Audit(ctx context.Context, store Store) error {
	signed, err := store.Checkpoint(ctx)
	if err != nil {
		return err
	}
	stored, err := store.Head(ctx)
	if err != nil {
		return err
	}
	var tree Head
	for tree.Size < stored.Size {
		n := int(min(1<<Height, stored.Size-tree.Size))
		leaves, err := store.Leaves(ctx, tree.Size, n)
		if err != nil {
			return err
		}
		hashes, err := store.Hashes(ctx, 0, tree.Size, n)
		if err != nil {
			return err
		}
		if len(leaves) != n || len(hashes) != n {
			return fmt.Errorf("%w: %d leaves and %d hashes from %d; want %d", ErrCorrupt, len(leaves), len(hashes), tree.Size, n)
		}
		for i, leaf := range leaves {
			next, added, err := tree.Append(leaf)
			if err != nil {
				return fmt.Errorf("%w: leaf %d: %w", ErrCorrupt, tree.Size, err)
			}
			if added[0].Hash != hashes[i] {
				return fmt.Errorf("%w: leaf %d has hash %s, stored is %s", ErrCorrupt, tree.Size, added[0].Hash, hashes[i])
			}
			if err := auditNodes(ctx, store, added[1:]); err != nil {
				return err
			}
			if tree = next; tree.Size == signed.Size {
				if err := auditRoot(tree, signed); err != nil {
					return err
				}
			}
		}
	}
	if signed.Size > stored.Size {
		return fmt.Errorf("%w: the newest checkpoint has %d leaves, %d are there", ErrCorrupt, signed.Size, stored.Size)
	}
	if !slices.Equal(tree.Edge, stored.Edge) {
		return fmt.Errorf("%w: the edge of %d leaves is not that of the leaves", ErrCorrupt, stored.Size)
	}
	return nil
}

func auditNodes(ctx context.Context, store Store, nodes []Node) error {
	for _, n := range nodes {
		hashes, err := store.Hashes(ctx, n.Level, n.N, 1)
		if err != nil {
			return err
		}
		if len(hashes) != 1 || hashes[0] != n.Hash {
			return fmt.Errorf("%w: hash %d of tile level %d should be %s, stored is %v", ErrCorrupt, n.N, n.Level, n.Hash, hashes)
		}
	}
	return nil
}

func auditRoot(tree Head, signed Checkpoint) error {
	root, err := tree.Root()
	if err == nil && root != signed.Root {
		err = fmt.Errorf("%w: %d leaves have root %s, the checkpoint says %s", ErrCorrupt, tree.Size, root, signed.Root)
	}
	return err
}
