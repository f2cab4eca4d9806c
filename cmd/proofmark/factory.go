package main

import (
	"bytes"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"filippo.io/age"
	"github.com/alecthomas/kong"

	"github.com/proofmark/proofmark/certification/signing"
	"github.com/proofmark/proofmark/registry/factory"
	"github.com/proofmark/proofmark/registry/factory/labels"
)

// FactoryCmd works on the manifest of a batch, at the factory: nothing leaves the machine.
type FactoryCmd struct {
	Open   factoryOpen   `cmd:"" help:"Decrypt a batch's sealed manifest and check who signed it. Exit 0 opened, 1 not signed by a trusted key, 2 unreadable."`
	Labels factoryLabels `cmd:"" help:"Draw the labels of an opened manifest: one HTML file to print, with a QR code and a claim code for each device."`
}

type factoryOpen struct {
	File     string `arg:"" help:"What POST /api/v1/batches/{batch}/manifest answered, or its member sealed, in base64 or not; - for standard input."`
	Identity string `required:"" short:"i" help:"The factory's private key, as age-keygen wrote it." placeholder:"FILE"`
	Key      string `help:"Public keys: the JWK set of /.well-known/proofmark-keys.json, or PEM; default: the pinned ones, keys.json in proofmark's configuration folder." placeholder:"FILE"`
	CSV      bool   `name:"csv" help:"Print did,key,claim_code instead of JSON."`
	Out      string `short:"o" help:"File to write, readable by its owner only; standard output if not given." placeholder:"FILE"`
}

// mostManifest bounds what is read: a batch of 10,000 devices has about 2 MB.
const mostManifest = 32 << 20

// Run opens the manifest.
func (c *factoryOpen) Run(k *kong.Context) error {
	unreadable := func(err error) error { return &exitError{Code: 2, Err: err} }
	file, err := readFile(c.File)
	if err != nil {
		return unreadable(err)
	}
	sealed, err := sealedOf(file)
	if err != nil {
		return unreadable(fmt.Errorf("%s: %w", c.File, err))
	}
	identity, err := readIdentity(c.Identity)
	if err != nil {
		return unreadable(err)
	}
	keys, err := trustedKeys(c.Key)
	if err != nil {
		return unreadable(err)
	}
	if len(keys) == 0 {
		return unreadable(errors.New("no public key is trusted: give --key with the key set of the service that made the batch"))
	}
	m, err := factory.Open(bytes.NewReader(sealed), identity, func(jws string) ([]byte, error) { return verifiedManifest(keys, jws) })
	switch {
	case errors.Is(err, errSigner):
		return &exitError{Code: 1, Err: fmt.Errorf("%s: %w", c.File, err)}
	case err != nil:
		return unreadable(fmt.Errorf("%s: %w", c.File, err))
	}
	return writeOut(k, c.Out, func(w io.Writer) error {
		if c.CSV {
			return writeUnits(w, m)
		}
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(m)
	})
}

// errSigner says that a manifest could be read, but nobody who is trusted signed it.
var errSigner = errors.New("its signature is not good")

// verifiedManifest checks the signature with the key that stood when the batch was made.
func verifiedManifest(keys signing.Keyring, jws string) ([]byte, error) {
	j, err := signing.ParseJWS(jws, factory.ManifestType)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errSigner, err)
	}
	var claimed factory.Manifest
	if err := json.Unmarshal(j.Claims(), &claimed); err != nil {
		return nil, fmt.Errorf("%w: its payload is no manifest: %w", errSigner, err)
	}
	key, err := keys.Find(signing.Certificate, j.KeyID, claimed.MadeAt)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errSigner, err)
	}
	payload, err := j.Verify(key.Public)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errSigner, err)
	}
	return payload, nil
}

// sealedOf finds the age file in what somebody saved: itself, in base64, or in the
// API's answer.
func sealedOf(file []byte) ([]byte, error) {
	const head = "age-encryption.org/"
	if bytes.HasPrefix(file, []byte(head)) {
		return file, nil
	}
	text := strings.Join(strings.Fields(string(file)), "")
	if strings.HasPrefix(text, "{") {
		var answer struct{ Sealed []byte }
		if err := json.Unmarshal(file, &answer); err != nil {
			return nil, fmt.Errorf("it is no answer of the API: %w", err)
		}
		return answer.Sealed, nil
	}
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil || !bytes.HasPrefix(raw, []byte(head)) {
		return nil, errors.New("it is no sealed manifest: neither an age file, nor one in base64, nor the answer of the API that holds one")
	}
	return raw, nil
}

func readIdentity(file string) (age.Identity, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("the factory's key: %w", err)
	}
	found, err := age.ParseIdentities(bytes.NewReader(b))
	if err != nil {
		return nil, fmt.Errorf("the factory's key %s: %w", file, err)
	}
	if len(found) != 1 {
		return nil, fmt.Errorf("the factory's key %s has %d keys; want 1", file, len(found))
	}
	return found[0], nil
}

func writeUnits(w io.Writer, m factory.Manifest) error {
	table := csv.NewWriter(w)
	_ = table.Write([]string{"did", "key", "claim_code"}) // kept until Flush
	for _, u := range m.Units {
		_ = table.Write([]string{u.DID, u.Key, u.Code})
	}
	table.Flush()
	return table.Error()
}

type factoryLabels struct {
	Manifest string `arg:"" help:"What proofmark factory open wrote, as JSON; - for standard input."`
	Out      string `short:"o" help:"File to write, readable by its owner only; standard output if not given." placeholder:"FILE"`
}

// Run draws the labels.
func (c *factoryLabels) Run(k *kong.Context) error {
	b, err := readFile(c.Manifest)
	var m factory.Manifest
	if err == nil {
		if err = json.Unmarshal(b, &m); err != nil {
			err = fmt.Errorf("%s is no manifest: %w", c.Manifest, err)
		}
	}
	if err != nil {
		return &exitError{Code: 2, Err: err}
	}
	var sheet bytes.Buffer // half a sheet must not look whole
	if err := labels.Write(&sheet, m); err != nil {
		return &exitError{Code: 2, Err: fmt.Errorf("%s: %w", c.Manifest, err)}
	}
	return writeOut(k, c.Out, func(w io.Writer) error {
		_, err := sheet.WriteTo(w)
		return err
	})
}

// readFile reads a file, or standard input for "-".
func readFile(name string) ([]byte, error) {
	in := io.Reader(os.Stdin)
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	b, err := io.ReadAll(io.LimitReader(in, mostManifest+1))
	if err == nil && len(b) > mostManifest {
		err = fmt.Errorf("%s has more than %d bytes", name, mostManifest)
	}
	return b, err
}

// writeOut writes what holds secrets: to a file of its owner only, or where the
// command's output goes.
func writeOut(k *kong.Context, name string, write func(w io.Writer) error) (err error) {
	if name == "" {
		return write(k.Stdout)
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return write(f)
}
