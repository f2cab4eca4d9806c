package transcript

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// KindSignature is the last record; Data is a Signature.
const KindSignature Kind = "signature"

// Signature says that the lines before it are those that the holder of a key wrote.
type Signature struct {
	Key       string `json:"key"`    // the Ed25519 public key, hexadecimal; it is its own id
	SHA256    string `json:"sha256"` // of all lines before, with their line ends
	Signature string `json:"signature"`
}

var (
	// ErrUnsigned says that a transcript has no signature, which is allowed and has to be said.
	ErrUnsigned = errors.New("transcript is not signed")
	// ErrForged says that a signature does not belong to the transcript.
	ErrForged = errors.New("transcript is not what was signed")
)

// Sign appends the signature. Nothing may be appended after it.
func Sign(w *Writer, key ed25519.PrivateKey) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return fmt.Errorf("an incomplete transcript is not signed: %w", w.err)
	}
	digest := w.sum.Sum(nil)
	public, ok := key.Public().(ed25519.PublicKey)
	if !ok {
		return fmt.Errorf("transcript key is of %d bytes, needs %d", len(key), ed25519.PrivateKeySize)
	}
	data, err := json.Marshal(Signature{
		Key: hex.EncodeToString(public), SHA256: hex.EncodeToString(digest),
		Signature: hex.EncodeToString(ed25519.Sign(key, digest)),
	})
	if err != nil {
		return fmt.Errorf("transcript signature: %w", err)
	}
	w.append(Record{Kind: KindSignature, Data: data})
	return w.err
}

// Verify checks a transcript, plain or gzip, against its signature, and returns the id of the key: the public key itself. Whose key
// that is, the caller has to know.
func Verify(r io.Reader) (keyID string, err error) {
	l, err := newLines(r)
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	var last []byte
	for {
		line, _, err := l.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return "", err
		}
		_, _ = sum.Write(last)
		last = line
	}
	var record Record
	if l.cut || json.Unmarshal(last, &record) != nil || record.Kind != KindSignature {
		return "", ErrUnsigned
	}
	var s Signature
	if err := json.Unmarshal(record.Data, &s); err != nil {
		return "", fmt.Errorf("transcript signature: %w", err)
	}
	digest := sum.Sum(nil)
	if hex.EncodeToString(digest) != s.SHA256 {
		return "", fmt.Errorf("%w: its SHA-256 is %x, the signed one %s", ErrForged, digest, s.SHA256)
	}
	public, err := hex.DecodeString(s.Key)
	if err != nil || len(public) != ed25519.PublicKeySize {
		return "", fmt.Errorf("%w: %q is no Ed25519 key", ErrForged, s.Key)
	}
	signature, err := hex.DecodeString(s.Signature)
	if err != nil || !ed25519.Verify(public, digest, signature) {
		return "", fmt.Errorf("%w: key %s did not sign it", ErrForged, s.Key)
	}
	return s.Key, nil
}

// KeyFile is where an installation keeps the key that it signs transcripts with.
const KeyFile = "transcript.key"

// LoadKey reads the key of an installation from its folder, and makes it the first time.
func LoadKey(dir string) (ed25519.PrivateKey, error) {
	path := filepath.Join(dir, KeyFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := makeKey(path); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
		text, err = os.ReadFile(path) // perhaps another process was faster
	}
	if err != nil {
		return nil, fmt.Errorf("transcript key: %w", err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("transcript key %s: it is no PEM", path)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("transcript key %s: %w", path, err)
	}
	own, ok := key.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("transcript key %s: it is a %T, needs Ed25519", path, key)
	}
	return own, nil
}

// makeKey writes a new key, whole or not at all, and never over another one.
func makeKey(path string) error {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return fmt.Errorf("transcript key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return fmt.Errorf("transcript key: %w", err)
	}
	draft, err := os.CreateTemp(filepath.Dir(path), KeyFile+".*") // only its owner may read it
	if err != nil {
		return fmt.Errorf("transcript key: %w", err)
	}
	defer os.Remove(draft.Name())
	if err := errors.Join(pem.Encode(draft, &pem.Block{Type: "PRIVATE KEY", Bytes: der}), draft.Sync(), draft.Close()); err != nil {
		return fmt.Errorf("transcript key: %w", err)
	}
	if err := os.Link(draft.Name(), path); err != nil {
		return fmt.Errorf("transcript key: %w", err)
	}
	return nil
}
