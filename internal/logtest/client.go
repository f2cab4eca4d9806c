// Package logtest is an auditor of a transparency log as somebody else would
// write it: it knows the formats from their specifications
// (https://c2sp.org/tlog-tiles, https://c2sp.org/tlog-checkpoint,
// https://c2sp.org/signed-note), speaks HTTP, and uses golang.org/x/mod and the
// standard library only; no line of the log under test. For tests only.
package logtest

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Auditor reads a log over HTTP and believes nothing but its public key.
type Auditor struct {
	Base     string // the URL under which checkpoint and tile/ lie
	Verifier note.Verifier
	Client   *http.Client
}

// New makes an auditor of the log at base with that verifier key.
func New(base, vkey string) (*Auditor, error) {
	v, err := note.NewVerifier(vkey)
	if err != nil {
		return nil, err
	}
	return &Auditor{Base: strings.TrimSuffix(base, "/"), Verifier: v, Client: http.DefaultClient}, nil
}

// Checkpoint fetches the newest checkpoint and checks its signature.
func (a *Auditor) Checkpoint() (tlog.Tree, error) {
	text, err := a.get("/checkpoint", 1<<16)
	if err != nil {
		return tlog.Tree{}, err
	}
	return a.Open(text)
}

// Open checks and reads a checkpoint.
func (a *Auditor) Open(text []byte) (tlog.Tree, error) {
	n, err := note.Open(text, note.VerifierList(a.Verifier))
	if err != nil {
		return tlog.Tree{}, err
	}
	lines := strings.Split(n.Text, "\n")
	if len(lines) < 4 || lines[0] != a.Verifier.Name() {
		return tlog.Tree{}, fmt.Errorf("checkpoint %q is not of %s", n.Text, a.Verifier.Name())
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	root, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return tlog.Tree{}, fmt.Errorf("root %q", lines[2])
	}
	t := tlog.Tree{N: size}
	copy(t.Hash[:], root)
	return t, nil
}

// Leaf fetches a leaf out of its bundle, and checks it against the tree by the
// tiles.
func (a *Auditor) Leaf(t tlog.Tree, index int64) ([]byte, error) {
	if index < 0 || index >= t.N {
		return nil, fmt.Errorf("leaf %d of %d", index, t.N)
	}
	n := index / 256
	bundle, err := a.get("/tile/entries/"+number(n, width(t.N, n)), 256*(2+65535))
	if err != nil {
		return nil, err
	}
	var leaf []byte
	for i := n * 256; i <= index; i++ {
		if len(bundle) < 2 || len(bundle) < 2+int(binary.BigEndian.Uint16(bundle)) {
			return nil, fmt.Errorf("bundle %d ends before leaf %d", n, i)
		}
		size := 2 + int(binary.BigEndian.Uint16(bundle))
		leaf, bundle = bundle[2:size], bundle[size:]
	}
	return leaf, a.Included(t, index, leaf)
}

// Included proves to itself, by the tiles, that the leaf stands at index.
func (a *Auditor) Included(t tlog.Tree, index int64, leaf []byte) error {
	hashes := tlog.TileHashReader(t, tiles{a})
	proof, err := tlog.ProveRecord(t.N, index, hashes)
	if err != nil {
		return err
	}
	return tlog.CheckRecord(proof, t.N, t.Hash, index, tlog.RecordHash(leaf))
}

// Continues proves to itself, by the tiles, that the newer tree continues the older.
func (a *Auditor) Continues(newer, older tlog.Tree) error {
	if older.N == 0 {
		return nil
	}
	if older.N > newer.N {
		return fmt.Errorf("the log shrank from %d to %d leaves", older.N, newer.N)
	}
	proof, err := tlog.ProveTree(newer.N, older.N, tlog.TileHashReader(newer, tiles{a}))
	if err != nil {
		return err
	}
	return tlog.CheckTree(proof, newer.N, newer.Hash, older.N, older.Hash)
}

func (a *Auditor) get(path string, most int64) (_ []byte, err error) {
	r, err := a.Client.Get(a.Base + path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Body.Close()) }()
	var b bytes.Buffer
	if _, err := io.Copy(&b, io.LimitReader(r.Body, most+1)); err != nil {
		return nil, err
	}
	if r.StatusCode != http.StatusOK || int64(b.Len()) > most {
		return nil, fmt.Errorf("%s: %s, %d bytes: %.200s", path, r.Status, b.Len(), b.Bytes())
	}
	return b.Bytes(), nil
}

// tiles reads hash tiles for tlog, whose own paths name the height too.
type tiles struct{ *Auditor }

func (tiles) Height() int                     { return 8 }
func (tiles) SaveTiles([]tlog.Tile, [][]byte) {}
func (a tiles) ReadTiles(want []tlog.Tile) (data [][]byte, err error) {
	for _, t := range want {
		b, err := a.get(fmt.Sprintf("/tile/%d/%s", t.L, number(t.N, t.W)), 256*tlog.HashSize)
		if err != nil {
			return nil, err
		}
		data = append(data, b)
	}
	return data, nil
}

// width is how many entries bundle n has in a log of that size.
func width(size, n int64) int { return int(min(256, size-n*256)) }

// number is a tile's number as C2SP writes it: x001/x234/067, with .p/W if it is
// not full.
func number(n int64, w int) string {
	s := fmt.Sprintf("%03d", n%1000)
	for n /= 1000; n > 0; n /= 1000 {
		s = fmt.Sprintf("x%03d/%s", n%1000, s)
	}
	if w < 256 {
		s += fmt.Sprintf(".p/%d", w)
	}
	return s
}
