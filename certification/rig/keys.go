package rig

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/proofmark/proofmark/certification/suite/bench"
	"github.com/proofmark/proofmark/certification/suite/transcript"
)

// Keys are an installation's bench: what device secrets follow from, what
// transcripts are signed with, and the authority that devices under test trust.
// Nodes of one installation that show or use bench secrets share them.
type Keys struct {
	secret    []byte // 256 bits
	sign      ed25519.PrivateKey
	authority []byte // PEM, with its key
}

// The files of a key folder, readable by their owner only; beside them lies
// transcript.KeyFile.
const (
	secretFile    = "bench-secret.key"
	authorityFile = "bench-authority.pem"
)

// OpenKeys reads the keys of a folder, and makes those that are missing.
func OpenKeys(dir string, now time.Time) (*Keys, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("bench keys: %w", err)
	}
	k := new(Keys)
	text, err := once(filepath.Join(dir, secretFile), func() ([]byte, error) {
		b := make([]byte, sha256.Size)
		_, _ = rand.Read(b) // never fails: crypto/rand
		return []byte(hex.EncodeToString(b) + "\n"), nil
	})
	if err == nil {
		k.secret, err = hex.DecodeString(strings.TrimSpace(string(text)))
	}
	if err == nil && len(k.secret) != sha256.Size {
		err = fmt.Errorf("it holds %d bytes, needs %d", len(k.secret), sha256.Size)
	}
	if err != nil {
		return nil, fmt.Errorf("bench key %s: %w", filepath.Join(dir, secretFile), err)
	}
	if k.sign, err = transcript.LoadKey(dir); err != nil {
		return nil, err
	}
	k.authority, err = once(filepath.Join(dir, authorityFile), func() ([]byte, error) {
		pki, err := bench.NewPKI(now)
		if err != nil {
			return nil, err
		}
		return pki.Marshal()
	})
	if err == nil {
		_, err = bench.ParsePKI(k.authority, now)
	}
	if err != nil {
		return nil, fmt.Errorf("bench authority %s: %w", filepath.Join(dir, authorityFile), err)
	}
	return k, nil
}

// once reads a file, which is made the first time: whole or not at all, and never
// over one that another process made meanwhile.
func once(path string, fill func() ([]byte, error)) ([]byte, error) {
	b, err := os.ReadFile(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return b, err
	}
	if b, err = fill(); err != nil {
		return nil, err
	}
	draft, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return nil, err
	}
	defer os.Remove(draft.Name())
	_, err = draft.Write(b)
	if err = errors.Join(err, draft.Sync(), draft.Close()); err != nil {
		return nil, err
	}
	if err := os.Link(draft.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	return os.ReadFile(path)
}

func (k *Keys) mac(parts ...string) []byte {
	m := hmac.New(sha256.New, k.secret)
	_, _ = m.Write([]byte(strings.Join(parts, "\x00"))) // a hash takes everything
	return m.Sum(nil)
}

// didLength is of 5 bits each: nobody meets a bench by guessing its did.
const didLength = 20

// did is the client id of a submission's device under test. It is a label of a
// server name, too.
func (k *Keys) did(submission string) string {
	text := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(k.mac("did", submission))
	return "bench-" + strings.ToLower(text[:didLength])
}

// password is the device's login secret, 256 bits in hexadecimal digits. Each
// version is another one.
func (k *Keys) password(submission string, version int) string {
	return hex.EncodeToString(k.mac("secret", submission, strconv.Itoa(version)))
}

// fingerprint tells keys apart and tells nothing of them.
func (k *Keys) fingerprint() string { return hex.EncodeToString(k.mac("fingerprint")[:16]) }

// PublicKey is the id of the key that transcripts are signed with.
func (k *Keys) PublicKey() string {
	return hex.EncodeToString(k.sign.Public().(ed25519.PublicKey)) // an Ed25519 key has no other
}

// AuthorityPEM is what a device under test has to trust, without the key.
func (k *Keys) AuthorityPEM() []byte {
	for block, rest := pem.Decode(k.authority); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "CERTIFICATE" {
			return pem.EncodeToMemory(block)
		}
	}
	return nil // OpenKeys would have refused it
}
