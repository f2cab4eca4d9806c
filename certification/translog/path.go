package translog

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// ErrPath says that a path names no tile; ErrBundle that bytes are no bundle.
var (
	ErrPath   = errors.New("bad tile path")
	ErrBundle = errors.New("bad entry bundle")
)

// entries is the level of tlog.Tile that holds leaves instead of hashes.
const entries = -1

// ParsePath reads the path of a tile or an entry bundle, relative to the log
// (https://c2sp.org/tlog-tiles): tile/<L>/<N>[.p/<W>] and
// tile/entries/<N>[.p/<W>]. Each tile has one path only: others are refused.
func ParsePath(path string) (tlog.Tile, error) {
	rest, found := strings.CutPrefix(path, "tile/")
	if !found {
		return tlog.Tile{}, fmt.Errorf("%w: %.100q; want tile/…", ErrPath, path)
	}
	level, n, _ := strings.Cut(rest, "/")
	switch level {
	case "data": // the name that another layout gives to entries
		return tlog.Tile{}, fmt.Errorf("%w: %.100q; leaves are at tile/entries/…", ErrPath, path)
	case "entries":
		level = "data"
	}
	// tlog's own layout says the height too, and is as strict.
	t, err := tlog.ParseTilePath(fmt.Sprintf("tile/%d/%s/%s", Height, level, n))
	if err != nil || t.L > 63 {
		return tlog.Tile{}, fmt.Errorf("%w: %.100q; want tile/<level 0-63 or entries>/<number as x001/x234/067>[.p/<width 1-255>]", ErrPath, path)
	}
	return t, nil
}

// Path is the path of a tile of height 8.
func Path(t tlog.Tile) string {
	rest := strings.TrimPrefix(t.Path(), fmt.Sprintf("tile/%d/", Height))
	if n, found := strings.CutPrefix(rest, "data/"); found {
		rest = "entries/" + n
	}
	return "tile/" + rest
}

// covered says whether the tile is within a tree of so many leaves.
func covered(t tlog.Tile, size int64) bool {
	level := max(t.L, 0) * Height
	if level >= 63 || t.N > (1<<62)>>Height {
		return false // no tree is that large
	}
	return t.N<<Height+int64(t.W) <= size>>level
}

// MarshalBundle writes an entry bundle: each leaf behind its length, 16 bits,
// big-endian.
func MarshalBundle(leaves [][]byte) []byte {
	var b []byte
	for _, leaf := range leaves {
		b = append(binary.BigEndian.AppendUint16(b, uint16(len(leaf))), leaf...)
	}
	return b
}

// ParseBundle reads an entry bundle of n leaves.
func ParseBundle(data []byte, n int) ([][]byte, error) {
	leaves := make([][]byte, 0, min(n, 1<<Height))
	for len(data) > 0 {
		if len(data) < 2 {
			return nil, fmt.Errorf("%w: a single byte follows entry %d; want a length of two", ErrBundle, len(leaves))
		}
		size := int(binary.BigEndian.Uint16(data))
		if data = data[2:]; size > len(data) {
			return nil, fmt.Errorf("%w: entry %d has %d bytes, but %d are left", ErrBundle, len(leaves), size, len(data))
		}
		leaves, data = append(leaves, data[:size:size]), data[size:]
	}
	if len(leaves) != n {
		return nil, fmt.Errorf("%w: %d entries; want %d", ErrBundle, len(leaves), n)
	}
	return leaves, nil
}
