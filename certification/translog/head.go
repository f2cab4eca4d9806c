package translog

import (
	"fmt"
	"math/bits"

	"golang.org/x/mod/sumdb/tlog"
)

// Height is that of the tiles: 2^8 = 256 hashes each (C2SP tlog-tiles).
const Height = 8

// Head is the right edge of the tree: how many leaves there are, and the roots
// of the complete subtrees that they make up, the largest first: one for each
// set bit of Size. It is all that an append has to know.
type Head struct {
	Size int64
	Edge []tlog.Hash
}

// Node is a hash that tiles are made of: the N'th of those 8×Level above the
// leaves. Level 0 is the hash of leaf N.
type Node struct {
	Level int
	N     int64
	Hash  tlog.Hash
}

// Append is the head after one more leaf, and the nodes that it adds, the leaf's
// own first.
func (h Head) Append(leaf []byte) (next Head, added []Node, err error) {
	if len(leaf) == 0 || len(leaf) > MaxLeaf {
		return Head{}, nil, fmt.Errorf("%w: a leaf of %d bytes; want 1 to %d", ErrEvent, len(leaf), MaxLeaf)
	}
	hashes, err := tlog.StoredHashes(h.Size, leaf, h)
	if err != nil {
		return Head{}, nil, err
	}
	for level, hash := range hashes {
		if level%Height == 0 {
			added = append(added, Node{Level: level / Height, N: h.Size >> level, Hash: hash})
		}
	}
	// The leaf completes len(hashes)-1 subtrees: they give way to their common root.
	kept := len(h.Edge) - (len(hashes) - 1)
	edge := make([]tlog.Hash, kept, kept+1)
	copy(edge, h.Edge)
	return Head{Size: h.Size + 1, Edge: append(edge, hashes[len(hashes)-1])}, added, nil
}

// Root is the hash of the whole tree.
func (h Head) Root() (tlog.Hash, error) { return tlog.TreeHash(h.Size, h) }

// ReadHashes implements tlog.HashReader for what Append and Root ask: both want
// the smallest subtrees of the edge, in the edge's order.
func (h Head) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	if want := bits.OnesCount64(uint64(h.Size)); len(h.Edge) != want || len(indexes) > want {
		return nil, fmt.Errorf("log of %d leaves: its edge has %d hashes, %d were asked for; want %d", h.Size, len(h.Edge), len(indexes), want)
	}
	return h.Edge[len(h.Edge)-len(indexes):], nil
}

// MarshalEdge is the edge as bytes, 32 for each hash.
func (h Head) MarshalEdge() []byte { return joinHashes(h.Edge) }

// ParseHead puts a head together from its stored form.
func ParseHead(size int64, edge []byte) (Head, error) {
	hashes, err := splitHashes(edge)
	if err != nil || size < 0 || len(hashes) != bits.OnesCount64(uint64(size)) {
		return Head{}, fmt.Errorf("log of %d leaves with an edge of %d bytes: one hash of 32 bytes for each set bit of the size is wanted", size, len(edge))
	}
	return Head{Size: size, Edge: hashes}, nil
}

func joinHashes(hashes []tlog.Hash) []byte {
	b := make([]byte, 0, len(hashes)*tlog.HashSize)
	for _, h := range hashes {
		b = append(b, h[:]...)
	}
	return b
}

func splitHashes(b []byte) ([]tlog.Hash, error) {
	if len(b)%tlog.HashSize != 0 {
		return nil, fmt.Errorf("%d bytes of hashes; want a multiple of %d", len(b), tlog.HashSize)
	}
	hashes := make([]tlog.Hash, len(b)/tlog.HashSize)
	for i := range hashes {
		copy(hashes[i][:], b[i*tlog.HashSize:])
	}
	return hashes, nil
}
