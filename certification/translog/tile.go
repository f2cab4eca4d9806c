package translog

import (
	"container/list"
	"context"
	"fmt"
	"sync"

	"golang.org/x/mod/sumdb/tlog"
)

// cacheBytes bounds the full tiles and bundles that are kept in memory.
const cacheBytes = 16 << 20

// tiles reads tiles and bundles from the store. What is full never changes and
// is kept in memory.
type tiles struct {
	store Store
	cache *cache
}

func (r tiles) load(ctx context.Context, t tlog.Tile) ([]byte, error) {
	full := t.W == 1<<Height
	if full {
		if data, ok := r.cache.get(t); ok {
			return data, nil
		}
	}
	data, err := r.read(ctx, t)
	if err == nil && full {
		r.cache.put(t, data)
	}
	return data, err
}

func (r tiles) read(ctx context.Context, t tlog.Tile) ([]byte, error) {
	from := t.N << Height
	if t.L == entries {
		leaves, err := r.store.Leaves(ctx, from, t.W)
		if err != nil {
			return nil, err
		}
		if len(leaves) != t.W {
			return nil, fmt.Errorf("%w: %d leaves from %d; want %d", ErrCorrupt, len(leaves), from, t.W)
		}
		for i, leaf := range leaves {
			if len(leaf) > MaxLeaf {
				return nil, fmt.Errorf("%w: leaf %d has %d bytes; at most %d", ErrCorrupt, from+int64(i), len(leaf), MaxLeaf)
			}
		}
		return MarshalBundle(leaves), nil
	}
	hashes, err := r.store.Hashes(ctx, t.L, from, t.W)
	if err != nil {
		return nil, err
	}
	if len(hashes) != t.W {
		return nil, fmt.Errorf("%w: %d hashes of level %d from %d; want %d", ErrCorrupt, len(hashes), t.L, from, t.W)
	}
	return joinHashes(hashes), nil
}

// stored reads hashes of a tree of that size as they are stored, unchecked.
func (r tiles) stored(ctx context.Context, size int64) tlog.HashReader {
	return tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		hashes := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			t := tlog.TileForIndex(Height, index)
			if full := (tlog.Tile{H: Height, L: t.L, N: t.N, W: 1 << Height}); covered(full, size) {
				t = full
			}
			data, err := r.load(ctx, t)
			if err != nil {
				return nil, err
			}
			if hashes[i], err = tlog.HashFromTile(t, data, index); err != nil {
				return nil, err
			}
		}
		return hashes, nil
	})
}

// checked reads hashes of the tree, and refuses tiles that are not of it.
func (r tiles) checked(ctx context.Context, t Tree) tlog.HashReader {
	return tlog.TileHashReader(tlog.Tree{N: t.Size, Hash: t.Root}, tileReader{ctx, r})
}

// tileReader is what tlog wants to read tiles with.
type tileReader struct {
	ctx   context.Context //nolint:containedctx // tlog's interface has no place for it
	tiles tiles
}

func (r tileReader) Height() int                     { return Height }
func (r tileReader) SaveTiles([]tlog.Tile, [][]byte) {}
func (r tileReader) ReadTiles(ts []tlog.Tile) (data [][]byte, err error) {
	data = make([][]byte, len(ts))
	for i, t := range ts {
		if data[i], err = r.tiles.load(r.ctx, t); err != nil {
			return nil, err
		}
	}
	return data, nil
}

// cache keeps what was used last.
type cache struct {
	mu    sync.Mutex
	most  int // bytes
	size  int
	order *list.List // of cached, the last used first
	at    map[tlog.Tile]*list.Element
}

type cached struct {
	tile tlog.Tile
	data []byte
}

func newCache(most int) *cache {
	return &cache{most: most, order: list.New(), at: make(map[tlog.Tile]*list.Element)}
}

func (c *cache) get(t tlog.Tile) ([]byte, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.at[t]
	if !ok {
		return nil, false
	}
	c.order.MoveToFront(e)
	return e.Value.(cached).data, true
}

func (c *cache) put(t tlog.Tile, data []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.at[t]; ok {
		return
	}
	c.at[t] = c.order.PushFront(cached{t, data})
	for c.size += len(data); c.size > c.most; {
		last := c.order.Back()
		old := c.order.Remove(last).(cached)
		delete(c.at, old.tile)
		c.size -= len(old.data)
	}
}
