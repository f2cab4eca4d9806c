package webhook

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Sealed is a secret as it is stored. A secret must be there to sign, so it cannot
// be hashed; it is encrypted under a key that is not in the database, so that a
// copy of the database signs nothing.
type Sealed []byte

// Key seals secrets with AES-256-GCM. What is sealed begins with the key's
// fingerprint, so that a wrong key is told from a damaged secret.
type Key struct {
	aead        cipher.AEAD
	fingerprint [4]byte
}

// ErrKey says that a secret was sealed under another key, or was changed.
var ErrKey = errors.New("webhook secret cannot be unsealed")

// NewKey makes a Key of 32 random bytes.
func NewKey(key []byte) (Key, error) {
	block, err := aes.NewCipher(key)
	if err != nil || len(key) != 32 {
		return Key{}, fmt.Errorf("webhook key: %d bytes, want 32", len(key))
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return Key{}, fmt.Errorf("webhook key: %w", err)
	}
	sum := sha256.Sum256(key)
	return Key{aead, [4]byte(sum[:4])}, nil
}

// LoadKey reads the key from a file, in base64, and makes it at the first time.
// Processes that share a database share this file.
func LoadKey(file string) (Key, error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		if text, err = makeKey(file); errors.Is(err, fs.ErrExist) { // another process was first
			text, err = os.ReadFile(file)
		}
	}
	if err != nil {
		return Key{}, fmt.Errorf("webhook key: %w", err)
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text)))
	if err != nil {
		return Key{}, fmt.Errorf("webhook key: %s is not base64", file)
	}
	return NewKey(key)
}

// makeKey gives the file its name when all of it is written.
func makeKey(file string) ([]byte, error) {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails: crypto/rand
	text := []byte(base64.StdEncoding.EncodeToString(key) + "\n")
	t, err := os.CreateTemp(filepath.Dir(file), ".webhook-key-*") // mode 0600
	if err != nil {
		return nil, err
	}
	defer os.Remove(t.Name())
	_, err = t.Write(text)
	if err = errors.Join(err, t.Sync(), t.Close()); err != nil {
		return nil, err
	}
	return text, os.Link(t.Name(), file) // unlike a rename it replaces nothing
}

func (k Key) seal(secret []byte, endpoint string) Sealed {
	nonce := make([]byte, k.aead.NonceSize())
	_, _ = rand.Read(nonce) // never fails: crypto/rand
	sealed := append(k.fingerprint[:], nonce...)
	return k.aead.Seal(sealed, nonce, secret, []byte(endpoint)) // one endpoint's secret does not open as another's
}

func (k Key) open(s Sealed, endpoint string) ([]byte, error) {
	head := len(k.fingerprint) + k.aead.NonceSize()
	if len(s) < head {
		return nil, fmt.Errorf("%w: endpoint %s: %d bytes", ErrKey, endpoint, len(s))
	}
	if by := [4]byte(s[:4]); by != k.fingerprint {
		return nil, fmt.Errorf("%w: endpoint %s: sealed under key %s, this process has key %s: give every node the same key file",
			ErrKey, endpoint, hex.EncodeToString(by[:]), hex.EncodeToString(k.fingerprint[:]))
	}
	secret, err := k.aead.Open(nil, s[len(k.fingerprint):head], s[head:], []byte(endpoint))
	if err != nil {
		return nil, fmt.Errorf("%w: endpoint %s: it was changed", ErrKey, endpoint)
	}
	return secret, nil
}
