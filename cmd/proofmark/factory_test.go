package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"github.com/proofmark/proofmark/certification/signing"
	"github.com/proofmark/proofmark/registry/claims"
	"github.com/proofmark/proofmark/registry/factory"
)

// bench is a factory's folder: its key, the service's public keys, and a sealed manifest.
type factoryFolder struct {
	testing.TB
	dir      string
	manifest factory.Manifest
}

func (f *factoryFolder) at(name string) string { return filepath.Join(f.dir, name) }

func (f *factoryFolder) write(name string, content []byte) string {
	f.Helper()
	if err := os.WriteFile(f.at(name), content, 0o600); err != nil {
		f.Fatal(err)
	}
	return f.at(name)
}

func (f *factoryFolder) read(name string) string {
	f.Helper()
	b, err := os.ReadFile(f.at(name))
	if err != nil {
		f.Fatal(err)
	}
	return string(b)
}

// sealed signs the manifest with a key of that type and seals it to the factory.
func (f *factoryFolder) sealed(signer signing.Signer, typ string, to age.Recipient) []byte {
	f.Helper()
	payload, err := json.Marshal(f.manifest)
	if err != nil {
		f.Fatal(err)
	}
	jws, err := signing.SignJWS(signer, typ, payload)
	if err != nil {
		f.Fatal(err)
	}
	var b bytes.Buffer
	w, err := age.Encrypt(&b, to)
	if err != nil {
		f.Fatal(err)
	}
	if _, err := w.Write([]byte(jws)); err != nil {
		f.Fatal(err)
	}
	if err := w.Close(); err != nil {
		f.Fatal(err)
	}
	return b.Bytes()
}

func TestAFactoryOpensItsManifestAndPrintsItsLabels(t *testing.T) {
	f := &factoryFolder{TB: t, dir: t.TempDir()}
	made := time.Date(2026, 11, 29, 10, 0, 0, 0, time.UTC)
	_, code := claims.NewCode("aurora-pure1.7b2k", made)
	f.manifest = factory.Manifest{
		Issuer: "https://proofmark.example", Batch: "bat_1", Model: "aurora-pure1", Certificate: "PM-1", MadeAt: made,
		Units: []factory.Keyed{{DID: "aurora-pure1.7b2k", Key: "the-device-s-secret", Code: code}},
	}
	signer, err := signing.Throwaway()
	if err != nil {
		t.Fatal(err)
	}
	keys, err := signing.Keyring{{ID: signer.KeyID(), Purpose: signing.Certificate, Public: signer.Public(), CreatedAt: made.Add(-time.Hour)}}.MarshalJWKS("https://proofmark.example")
	if err != nil {
		t.Fatal(err)
	}
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	other, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := signing.Throwaway()
	if err != nil {
		t.Fatal(err)
	}
	key := f.write("factory.key", []byte("# created: today\n"+identity.String()+"\n"))
	jwks := f.write("keys.json", keys)
	good := f.sealed(signer, factory.ManifestType, identity.Recipient())

	for name, file := range map[string][]byte{
		"an age file": good,
		"in base64":   []byte(base64.StdEncoding.EncodeToString(good) + "\n"),
		"the answer":  []byte(`{"batch":{"id":"bat_1"},"sealed":"` + base64.StdEncoding.EncodeToString(good) + `"}`),
	} {
		out := strings.ReplaceAll(name, " ", "-") + ".json"
		if code := run([]string{"factory", "open", f.write("sealed", file), "-i", key, "--key", jwks, "-o", f.at(out)}); code != 0 {
			t.Fatalf("%s: exit code %d", name, code)
		}
		var m factory.Manifest
		if err := json.Unmarshal([]byte(f.read(out)), &m); err != nil || m.Batch != "bat_1" || m.Units[0] != f.manifest.Units[0] {
			t.Errorf("%s: %+v, %v", name, m, err)
		}
		if info, err := os.Stat(f.at(out)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
	if code := run([]string{"factory", "open", f.at("sealed"), "-i", key, "--key", jwks, "--csv", "-o", f.at("units.csv")}); code != 0 {
		t.Fatalf("CSV: exit code %d", code)
	}
	if got, want := f.read("units.csv"), "did,key,claim_code\naurora-pure1.7b2k,the-device-s-secret,"+code+"\n"; got != want {
		t.Errorf("CSV: %q, want %q", got, want)
	}
	if code := run([]string{"factory", "labels", f.at("an-age-file.json"), "-o", f.at("labels.html")}); code != 0 {
		t.Fatalf("labels: exit code %d", code)
	}
	sheet := f.read("labels.html")
	if !strings.Contains(sheet, "aurora-pure1.7b2k") || !strings.Contains(sheet, code[:9]) || strings.Contains(sheet, "the-device-s-secret") {
		t.Errorf("the sheet: %s", sheet)
	}

	for name, c := range map[string]struct {
		file     []byte
		identity string
		want     int
	}{
		"signed by a stranger":          {f.sealed(stranger, factory.ManifestType, identity.Recipient()), key, 1},
		"a signature over another kind": {f.sealed(signer, "proofmark-certificate+jws", identity.Recipient()), key, 1},
		"sealed to another factory":     {f.sealed(signer, factory.ManifestType, other.Recipient()), key, 2},
		"cut off":                       {good[:len(good)-20], key, 2},
		"no sealed file":                {[]byte("hello"), key, 2},
		"an answer without one":         {[]byte(`{"sealed":7}`), key, 2},
		"no identity":                   {good, f.write("empty.key", nil), 2},
	} {
		if code := run([]string{"factory", "open", f.write("bad", c.file), "-i", c.identity, "--key", jwks, "-o", f.at("never")}); code != c.want {
			t.Errorf("%s: exit code %d, want %d", name, code, c.want)
		}
	}
	if _, err := os.Stat(f.at("never")); err == nil {
		t.Error("a refused manifest was written")
	}
	if code := run([]string{"factory", "labels", f.write("bad.json", []byte(`{"iss":"ftp://x"}`))}); code != 2 {
		t.Errorf("labels of no manifest: exit code %d", code)
	}
	if code := run([]string{"factory", "open", f.at("sealed"), "-i", key, "--key", jwks, "-o", f.at("labels.html")}); code == 0 {
		t.Error("a file that is there was written over")
	}
}
