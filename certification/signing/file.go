package signing

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// privatePEM is the type of the PEM block of a private key (PKCS #8, RFC 5958).
const privatePEM = "PRIVATE KEY"

// held is a private key in memory.
type held struct {
	id      string
	private ed25519.PrivateKey
}

func (h held) KeyID() string             { return h.id }
func (h held) Public() ed25519.PublicKey { return h.private.Public().(ed25519.PublicKey) }

func (h held) Sign(message []byte) ([]byte, error) { return ed25519.Sign(h.private, message), nil }

// Throwaway makes a key that nobody keeps.
func Throwaway() (Signer, error) { return generate() }

func generate() (held, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return held{}, fmt.Errorf("make a key: %w", err)
	}
	return hold(private)
}

func hold(private ed25519.PrivateKey) (held, error) {
	id, err := KeyID(private.Public().(ed25519.PublicKey))
	return held{id, private}, err
}

// folder holds private keys, a file for each: <purpose>-<key id>.pem.
type folder string

func (f folder) file(p Purpose, id string) string {
	return filepath.Join(string(f), string(p)+"-"+id+".pem")
}

// write puts a key on disk before it is used: a key that signed is never lost.
func (f folder) write(p Purpose, k held) (err error) {
	der, err := x509.MarshalPKCS8PrivateKey(k.private)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(string(f), 0o700); err != nil {
		return err
	}
	file, err := os.OpenFile(f.file(p, k.id), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	err = pem.Encode(file, &pem.Block{Type: privatePEM, Bytes: der})
	return errors.Join(err, file.Sync(), file.Close())
}

// read opens the key of that id.
func (f folder) read(p Purpose, id string) (held, error) {
	name := f.file(p, id)
	info, err := os.Stat(name)
	if err != nil {
		return held{}, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return held{}, fmt.Errorf("%s: mode %#o lets others read it; want 0600", name, info.Mode().Perm())
	}
	b, err := os.ReadFile(name)
	if err != nil {
		return held{}, err
	}
	private, err := parsePrivate(b)
	if err != nil {
		return held{}, fmt.Errorf("%s: %w", name, err)
	}
	k, err := hold(private)
	if err == nil && k.id != id {
		err = fmt.Errorf("%s: it holds key %s", name, k.id)
	}
	return k, err
}

func parsePrivate(b []byte) (ed25519.PrivateKey, error) {
	block, _ := pem.Decode(b)
	if block == nil || block.Type != privatePEM {
		return nil, fmt.Errorf("no PEM block %q", privatePEM)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	private, ok := key.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("a key of type %T; want Ed25519", key)
	}
	return private, nil
}

// ReadSigner is a vendor's own key, of PEM (PKCS #8, Ed25519): its id is the thumbprint
// by which the service knows it too.
func ReadSigner(pem []byte) (Signer, error) {
	private, err := parsePrivate(pem)
	if err != nil {
		return nil, err
	}
	return hold(private)
}

// newest is the id of the youngest key of the purpose; fs.ErrNotExist if there is
// none.
func (f folder) newest(p Purpose) (string, error) {
	names, err := filepath.Glob(f.file(p, "*"))
	if err != nil {
		return "", err
	}
	type aged struct {
		name string
		info fs.FileInfo
	}
	var found []aged
	for _, name := range names {
		info, err := os.Stat(name)
		if err != nil {
			return "", err
		}
		found = append(found, aged{name, info})
	}
	if len(found) == 0 {
		return "", fs.ErrNotExist
	}
	youngest := slices.MaxFunc(found, func(a, b aged) int { return a.info.ModTime().Compare(b.info.ModTime()) })
	base := filepath.Base(youngest.name)
	return base[len(p)+1 : len(base)-len(".pem")], nil
}
