package main

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
	"os"

	"github.com/alecthomas/kong"

	"github.com/proofmark/proofmark/certification/signing"
	"github.com/proofmark/proofmark/registry/firmware"
)

// FirmwareCmd is what a vendor does with firmware on its own machine: the private
// key never leaves it.
type FirmwareCmd struct {
	Key  firmwareKey  `cmd:"" help:"Make a vendor key; print its public half, to be registered."`
	Sign firmwareSign `cmd:"" help:"Sign the manifest of an image; print it, to be uploaded with the image."`
}

type firmwareKey struct {
	File string `arg:"" help:"Where the private key goes, as PEM (PKCS #8). It must not be there yet."`
}

// Run makes a key.
func (c *firmwareKey) Run(k *kong.Context) error {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return err
	}
	open, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(c.File, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return &exitError{Code: 2, Err: fmt.Errorf("private key: %w", err)}
	}
	if err := errors.Join(pem.Encode(f, &pem.Block{Type: "PRIVATE KEY", Bytes: secret}), f.Close()); err != nil {
		return fmt.Errorf("private key: %w", err)
	}
	return pem.Encode(k.Stdout, &pem.Block{Type: "PUBLIC KEY", Bytes: open})
}

type firmwareSign struct {
	Image    string   `arg:"" help:"The image, as devices download it."`
	Model    string   `required:"" help:"The product's model."`
	Release  string   `required:"" help:"What devices tell as fw_ver once they run it."`
	Hardware []string `required:"" help:"Hardware revisions that it is for, as devices tell them in hw_ver." placeholder:"A1,…"`
	Key      string   `required:"" help:"The private key: PEM (PKCS #8, Ed25519)." placeholder:"FILE"`
}

// Run signs.
func (c *firmwareSign) Run(k *kong.Context) error {
	unreadable := func(what string, err error) error {
		return &exitError{Code: 2, Err: fmt.Errorf("%s: %w", what, err)}
	}
	secret, err := os.ReadFile(c.Key)
	if err != nil {
		return unreadable("private key", err)
	}
	key, err := signing.ReadSigner(secret)
	if err != nil {
		return unreadable("private key "+c.Key, err)
	}
	f, err := os.Open(c.Image)
	if err != nil {
		return unreadable("image", err)
	}
	defer f.Close()
	sum := sha256.New()
	size, err := io.Copy(sum, f)
	if err != nil {
		return unreadable("image", err)
	}
	payload, err := json.Marshal(firmware.Manifest{Model: c.Model, Version: c.Release, SHA256: hex.EncodeToString(sum.Sum(nil)), Size: size, Hardware: c.Hardware})
	if err != nil {
		return err
	}
	if _, err := firmware.ReadManifest(payload); err != nil { // what the service would refuse
		return &exitError{Code: 2, Err: err}
	}
	jws, err := signing.SignJWS(key, firmware.ManifestType, payload)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(k.Stdout, jws)
	return err
}
