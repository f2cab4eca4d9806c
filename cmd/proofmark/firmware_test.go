package main

import (
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/proofmark/proofmark/certification/signing"
	"github.com/proofmark/proofmark/registry/firmware"
)

// TestAVendorSignsAnImageOnItsOwnMachine makes a key, signs an image, and reads what
// was signed with what was printed.
func TestAVendorSignsAnImageOnItsOwnMachine(t *testing.T) {
	dir := t.TempDir()
	key, image := filepath.Join(dir, "vendor.pem"), filepath.Join(dir, "image.bin")
	if err := os.WriteFile(image, []byte("Pure firmware 1.1.0"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, public := proofmark(t, "firmware", "key", key)
	if block, _ := pem.Decode([]byte(public)); code != 0 || block == nil || block.Type != "PUBLIC KEY" {
		t.Fatalf("firmware key: %d %s", code, public)
	}
	if info, err := os.Stat(key); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the private key: %v %v", info, err)
	}
	secret, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := signing.ReadSigner(secret)
	if err != nil {
		t.Fatal(err)
	}
	code, text := proofmark(t, "firmware", "sign", image, "--model", "aurora-pure1", "--release", "1.1.0", "--hardware", "A1,A2", "--key", key)
	if code != 0 {
		t.Fatalf("firmware sign: %d %s", code, text)
	}
	jws, err := signing.ParseJWS(strings.TrimSpace(text), firmware.ManifestType)
	if err != nil {
		t.Fatal(err)
	}
	payload, err := jws.Verify(signer.Public())
	if err != nil {
		t.Fatal(err)
	}
	m, err := firmware.ReadManifest(payload)
	if err != nil || m.Model != "aurora-pure1" || m.Version != "1.1.0" || m.Size != 19 || strings.Join(m.Hardware, " ") != "A1 A2" {
		t.Errorf("the manifest: %+v %v", m, err)
	}

	for _, c := range []struct {
		name, says string
		args       []string
	}{
		{"a key that is there already is not overwritten", "vendor.pem", []string{"key", key}},
		{"an image that is not there", "nothing.bin", []string{"sign", filepath.Join(dir, "nothing.bin"), "--model", "m", "--release", "1", "--hardware", "A", "--key", key}},
		{"a key that is none", "image.bin", []string{"sign", image, "--model", "m", "--release", "1", "--hardware", "A", "--key", image}},
		{"a release that is no version", "1 to 64", []string{"sign", image, "--model", "m", "--release", "1 0", "--hardware", "A", "--key", key}},
	} {
		if code, text := proofmark(t, append([]string{"firmware"}, c.args...)...); code != 2 || !strings.Contains(text, c.says) {
			t.Errorf("%s: exit code %d, want 2 and %q: %s", c.name, code, c.says, text)
		}
	}
	if again, err := os.ReadFile(key); err != nil || string(again) != string(secret) {
		t.Errorf("the key was changed: %v", err)
	}
}
