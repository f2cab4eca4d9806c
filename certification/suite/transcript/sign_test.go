package transcript_test

import (
	"bytes"
	"compress/gzip"
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/proofmark/proofmark/certification/suite/transcript"
)

func signed(t testing.TB, key ed25519.PrivateKey) []byte {
	t.Helper()
	var file bytes.Buffer
	written(t, &file, finish, func(w *transcript.Writer) {
		if err := transcript.Sign(w, key); err != nil {
			t.Fatal(err)
		}
	})
	return file.Bytes()
}

func TestASignatureHolds(t *testing.T) {
	key, err := transcript.LoadKey(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	file := signed(t, key)
	id, err := transcript.Verify(bytes.NewReader(file))
	if want := hex.EncodeToString(key.Public().(ed25519.PublicKey)); err != nil || id != want {
		t.Errorf("verified as %s, %v; needs %s", id, err, want)
	}
	got, err := transcript.Read(bytes.NewReader(file))
	if err != nil || got.Signature == nil || got.Signature.Key != id {
		t.Errorf("read %+v, %v", got, err)
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write(file)
	_ = z.Close()
	if again, err := transcript.Verify(&packed); err != nil || again != id {
		t.Errorf("packed: verified as %s, %v", again, err)
	}
}

func TestAnyChangedByteIsSeen(t *testing.T) {
	key, err := transcript.LoadKey(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	file := signed(t, key)
	last := bytes.LastIndexByte(file[:len(file)-1], '\n') + 1
	for i := range last {
		changed := bytes.Clone(file)
		changed[i] ^= 1
		want := transcript.ErrForged
		if i == last-1 {
			want = transcript.ErrUnsigned // two lines became one
		}
		if _, err := transcript.Verify(bytes.NewReader(changed)); !errors.Is(err, want) {
			t.Fatalf("byte %d changed: %v", i, err)
		}
	}
	for i := last; i < len(file)-1; i++ {
		changed := bytes.Clone(file)
		changed[i] ^= 2
		id, err := transcript.Verify(bytes.NewReader(changed))
		// Of the signature's own line only what is signed and who signed matter.
		if original, _ := transcript.Verify(bytes.NewReader(file)); err == nil && id != original {
			t.Fatalf("byte %d of the signature changed: verified as %s", i, id)
		}
	}
	lines := bytes.SplitAfter(file, []byte("\n"))
	without := bytes.Join(append(append([][]byte{}, lines[:3]...), lines[4:]...), nil)
	if _, err := transcript.Verify(bytes.NewReader(without)); !errors.Is(err, transcript.ErrForged) {
		t.Errorf("a line less: %v", err)
	}
}

func TestUnsignedIsSaid(t *testing.T) {
	var file bytes.Buffer
	written(t, &file, finish)
	for name, text := range map[string][]byte{"whole": file.Bytes(), "cut": file.Bytes()[:file.Len()-10], "empty": nil} {
		if _, err := transcript.Verify(bytes.NewReader(text)); !errors.Is(err, transcript.ErrUnsigned) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheKeyOfAnInstallationIsMadeOnce(t *testing.T) {
	dir := t.TempDir()
	keys := make([]ed25519.PrivateKey, 8)
	var wg sync.WaitGroup
	for i := range keys {
		wg.Go(func() {
			key, err := transcript.LoadKey(dir)
			if err != nil {
				t.Error(err)
			}
			keys[i] = key
		})
	}
	wg.Wait()
	for _, key := range keys {
		if !key.Equal(keys[0]) {
			t.Error("two keys were made")
		}
	}
	path := filepath.Join(dir, transcript.KeyFile)
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v; needs mode 0600", info.Mode(), err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("%d files, needs 1", len(entries))
	}
	if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := transcript.LoadKey(dir); err == nil {
		t.Error("a broken key was replaced, or taken")
	}
	if _, err := transcript.LoadKey(filepath.Join(dir, "missing")); err == nil {
		t.Error("a key was made in a folder that is not there")
	}
}
