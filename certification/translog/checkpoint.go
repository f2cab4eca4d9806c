package translog

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/proofmark/proofmark/certification/canonical"
)

// ErrCheckpoint is wrapped by the errors about a text that is no good checkpoint.
var ErrCheckpoint = errors.New("bad checkpoint")

// Tree is a state of the log: so many leaves have this root.
type Tree struct {
	Size int64
	Root tlog.Hash
}

// Checkpoint is a tree that was signed.
type Checkpoint struct {
	Tree
	Note     []byte // the signed note, as it is served
	KeyID    string // of the key that signed it
	SignedAt time.Time
}

// Body is the text that is signed (https://c2sp.org/tlog-checkpoint): origin,
// size and root, each on its line.
func (t Tree) Body(origin string) string {
	return fmt.Sprintf("%s\n%d\n%s\n", origin, t.Size, t.Root)
}

// CheckOrigin says whether a text may name a log: it is the name of the key in
// signature lines too, where a space or a plus would end it.
func CheckOrigin(origin string) error {
	if origin == "" || len(origin) > 255 || strings.ContainsAny(origin, "+") || strings.ContainsFunc(origin, func(r rune) bool { return r <= ' ' || r == 0x7f || r > 0x7e }) {
		return fmt.Errorf("log origin %.300q; want 1 to 255 visible ASCII characters without a plus", origin)
	}
	return nil
}

// Key signs checkpoints; signing.Signer is one.
type Key interface {
	KeyID() string
	Public() ed25519.PublicKey
	Sign(message []byte) ([]byte, error)
}

// noteSigner is a key under the name of the log.
type noteSigner struct {
	Key
	origin string
}

func (s noteSigner) Name() string    { return s.origin }
func (s noteSigner) KeyHash() uint32 { return keyHash(s.origin, s.Public()) }

// keyHash is that of note keys: 4 bytes of SHA-256 over name, line feed, the
// algorithm's number (1: Ed25519) and the key.
func keyHash(name string, public ed25519.PublicKey) uint32 {
	sum := sha256.Sum256(append([]byte(name+"\n\x01"), public...))
	return binary.BigEndian.Uint32(sum[:])
}

// VerifierKey is the public key in the form that note tools take:
// <origin>+<hash>+<key>.
func VerifierKey(origin string, public ed25519.PublicKey) (string, error) {
	if err := CheckOrigin(origin); err != nil {
		return "", err
	}
	return note.NewEd25519VerifierKey(origin, public)
}

// sign makes a checkpoint of the tree.
func sign(t Tree, origin string, key Key, now time.Time) (Checkpoint, error) {
	text, err := note.Sign(&note.Note{Text: t.Body(origin)}, noteSigner{key, origin})
	if err != nil {
		return Checkpoint{}, fmt.Errorf("sign the checkpoint of size %d with key %s: %w", t.Size, key.KeyID(), err)
	}
	return Checkpoint{Tree: t, Note: text, KeyID: key.KeyID(), SignedAt: now}, nil
}

// ParseCheckpoint checks the signature of a checkpoint under one of the keys and
// reads it. The origin must be the one given; lines after the root, which the
// format allows, are refused: this log writes none.
func ParseCheckpoint(text []byte, origin string, keys ...ed25519.PublicKey) (Tree, error) {
	var known []note.Verifier
	for _, k := range keys {
		text, err := VerifierKey(origin, k)
		if err != nil {
			return Tree{}, fmt.Errorf("%w: %w", ErrCheckpoint, err)
		}
		v, err := note.NewVerifier(text)
		if err != nil {
			return Tree{}, fmt.Errorf("%w: %w", ErrCheckpoint, err)
		}
		known = append(known, v)
	}
	n, err := note.Open(text, note.VerifierList(known...))
	if err != nil {
		return Tree{}, fmt.Errorf("%w: %w", ErrCheckpoint, err)
	}
	t, named, err := parseBody(n.Text)
	if err != nil {
		return Tree{}, err
	}
	if named != origin {
		return Tree{}, fmt.Errorf("%w: it is of log %q; want %q", ErrCheckpoint, named, origin)
	}
	return t, nil
}

// Origin is the name of the log that a checkpoint claims to be of. It says
// nothing about its signature.
func Origin(text []byte) (string, error) {
	origin, _, found := strings.Cut(string(text), "\n")
	if !found {
		return "", fmt.Errorf("%w: it has no line", ErrCheckpoint)
	}
	if err := CheckOrigin(origin); err != nil {
		return "", fmt.Errorf("%w: %w", ErrCheckpoint, err)
	}
	return origin, nil
}

// maxSize is the largest size that is believed: tlog's arithmetic does not end
// for sizes near 2^63.
const maxSize = canonical.MaxInteger

func parseBody(text string) (t Tree, origin string, err error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 4 || lines[3] != "" {
		return t, "", fmt.Errorf("%w: %d lines; want origin, size and root", ErrCheckpoint, len(lines)-1)
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || size > maxSize || strconv.FormatInt(size, 10) != lines[1] {
		return t, "", fmt.Errorf("%w: size %.40q; want a number up to 2^53-1 without leading zeros", ErrCheckpoint, lines[1])
	}
	root, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return t, "", fmt.Errorf("%w: root %.60q; want %d bytes in base64", ErrCheckpoint, lines[2], tlog.HashSize)
	}
	t.Size = size
	copy(t.Root[:], root)
	return t, lines[0], nil
}
