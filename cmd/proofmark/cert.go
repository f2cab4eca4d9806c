package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/alecthomas/kong"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/signing"
)

// CertCmd reads certificates, without a network.
type CertCmd struct {
	Verify certVerify `cmd:"" help:"Verify a certificate's bundle offline. Exit 0 valid, 1 not valid, 2 unreadable, 3 cannot tell."`
	Show   certShow   `cmd:"" help:"Print what a bundle says, without verifying it."`
}

type certVerify struct {
	File   string        `arg:"" help:"The bundle: what /certificates/SERIAL/bundle serves."`
	Key    string        `help:"Public keys: the JWK set of /.well-known/proofmark-keys.json, or PEM; default: the pinned ones, keys.json in proofmark's configuration folder." placeholder:"FILE"`
	Status string        `help:"A newer signed status list than the bundle's." placeholder:"FILE"`
	MaxAge time.Duration `name:"max-age" default:"25h" help:"How old the status list may be."`
	JSON   bool          `name:"json" help:"Print JSON."`
}

// Exit codes of cert verify.
var certCodes = map[certification.Conclusion]int{certification.Valid: 0, certification.NotValid: 1, certification.CannotTell: 3}

// Run verifies, and says in words what holds and what does not.
func (c *certVerify) Run(k *kong.Context) error {
	bundle, err := readBundle(c.File)
	if err != nil {
		return err
	}
	keys, err := trustedKeys(c.Key)
	if err != nil {
		return &exitError{Code: 2, Err: err}
	}
	status := ""
	if c.Status != "" {
		b, err := os.ReadFile(c.Status)
		if err != nil {
			return &exitError{Code: 2, Err: fmt.Errorf("status list: %w", err)}
		}
		status = strings.TrimSpace(string(b))
	}
	v := certification.Verify(bundle, certification.VerifyOptions{Keys: keys, Status: status, MaxAge: c.MaxAge, Now: time.Now()})
	if !c.JSON {
		if err := printVerification(k.Stdout, v); err != nil {
			return err
		}
	}
	return finish(k, c.JSON, v, certCodes[v.Conclusion])
}

func printVerification(w io.Writer, v certification.Verification) error {
	for _, check := range v.Checks {
		if _, err := fmt.Fprintf(w, "%-11s %s: %s\n", check.Conclusion, check.What, check.Words); err != nil {
			return err
		}
	}
	name := "The certificate"
	if v.Certificate != nil {
		name = "Certificate " + v.Certificate.Serial + " of " + v.Certificate.Model
	}
	words := map[certification.Conclusion]string{
		certification.Valid: "is valid", certification.NotValid: "is NOT valid", certification.CannotTell: "may be valid or not: it cannot be told",
	}
	_, err := fmt.Fprintf(w, "%s %s.\n", name, words[v.Conclusion])
	return err
}

type certShow struct {
	File string `arg:"" help:"The bundle."`
	JSON bool   `name:"json" help:"Print the payload as JSON."`
}

// Run prints the payload.
func (c *certShow) Run(k *kong.Context) error {
	bundle, err := readBundle(c.File)
	if err != nil {
		return err
	}
	j, err := signing.ParseJWS(bundle.Certificate, certification.CertificateType)
	var p certification.Payload
	if err == nil {
		p, err = certification.ParsePayload(j.Claims())
	}
	if err != nil {
		return &exitError{Code: 2, Err: fmt.Errorf("%s: %w", c.File, err)}
	}
	if c.JSON {
		return finish(k, true, p, 0)
	}
	return printPayload(k.Stdout, p, j.KeyID, bundle.Proof.Index)
}

func printPayload(w io.Writer, p certification.Payload, key string, index int64) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(name, format string, args ...any) { _, _ = fmt.Fprintf(table, name+"\t"+format+"\n", args...) }
	row("serial", "%s", p.Serial)
	row("product", "%s (%s) by %s (%s)", p.Product, p.Model, p.Vendor.Name, p.Vendor.ID)
	row("spec", "%s, sha256 %s", p.Spec.URN, p.Spec.SHA256)
	for _, f := range p.Firmware {
		row("firmware", "%s, sha256 %s", f.Version, f.SHA256)
	}
	row("hardware", "%s", strings.Join(p.Hardware, ", "))
	row("regions", "%s", strings.Join(p.Regions, ", "))
	row("tested", "plans %s, suite %s, %d runs", strings.Join(p.Plans, ", "), p.Suite, len(p.Runs))
	if p.Follows != "" {
		row("follows", "%s, change class %s", p.Follows, p.Class)
	}
	for _, c := range p.Conditions {
		row("condition", "by %s: %s", c.Due, c.Text)
	}
	for _, x := range p.Waivers {
		row("waiver", "%s until %s, for %s: %s", x.Requirement, x.Until, x.Scope, x.Reason)
	}
	row("valid", "from %s to %s", p.IssuedAt, p.ExpiresAt)
	row("public at", "%s", p.URL)
	row("signed by", "%s", key)
	row("log", "leaf %d", index)
	row("", "NOT VERIFIED: see proofmark cert verify")
	return table.Flush()
}

// readBundle reads a file; what is none ends the command with code 2.
func readBundle(file string) (certification.Bundle, error) {
	data, err := os.ReadFile(file)
	var b certification.Bundle
	if err == nil {
		b, err = certification.ParseBundle(data)
	}
	if err != nil {
		return b, &exitError{Code: 2, Err: fmt.Errorf("%s: %w", file, err)}
	}
	return b, nil
}

// trustedKeys reads the keys of that file; without one those that are pinned on
// this machine, if there are any.
func trustedKeys(file string) (signing.Keyring, error) {
	pinned := file == ""
	if pinned {
		dir, err := os.UserConfigDir()
		if err != nil {
			return nil, nil // no home, nothing pinned
		}
		file = filepath.Join(dir, "proofmark", "keys.json")
	}
	data, err := os.ReadFile(file)
	if pinned && errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("public keys: %w", err)
	}
	keys, err := signing.ParseKeys(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return keys, nil
}
