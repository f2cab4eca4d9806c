package blob_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/proofmark/proofmark/internal/blob"
)

const (
	hello    = "hello"
	helloSum = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824" // sha256sum
)

func folder(t *testing.T) (blob.Folder, string) {
	t.Helper()
	root := filepath.Join(t.TempDir(), "blobs")
	f, err := blob.OpenFolder(root)
	must(t, err)
	return f, root
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantError(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("error is %v, want %v", err, want)
	}
}

// files lists what lies under root, without the directories.
func files(t *testing.T, root string) (found []string) {
	t.Helper()
	must(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if d.IsDir() {
			if info.Mode().Perm() != 0o700 {
				t.Errorf("%s has mode %o, want 700", path, info.Mode().Perm())
			}
			return nil
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %o, want 600", path, info.Mode().Perm())
		}
		rel, _ := filepath.Rel(root, path)
		found = append(found, rel)
		return nil
	}))
	return found
}

func TestContentComesBackByItsHash(t *testing.T) {
	f, root := folder(t)
	ref, err := f.Put(t.Context(), strings.NewReader(hello), 5)
	must(t, err)
	if want := (blob.Ref{SHA256: helloSum, Size: 5}); ref != want {
		t.Fatalf("put as %v, want %v", ref, want)
	}
	again, err := blob.OpenFolder(root) // another process
	must(t, err)
	file, opened, err := again.Open(t.Context(), ref.SHA256)
	must(t, err)
	defer file.Close()
	got, err := io.ReadAll(file)
	must(t, err)
	if string(got) != hello || opened != ref {
		t.Errorf("got %q as %v", got, opened)
	}
	stat, err := f.Stat(t.Context(), ref.SHA256)
	must(t, err)
	if stat != ref {
		t.Errorf("stat is %v", stat)
	}
	must(t, f.Verify(t.Context(), ref.SHA256))
	if got := files(t, root); len(got) != 1 || got[0] != filepath.Join("2c", "f2", helloSum) {
		t.Errorf("files %v", got)
	}
	must(t, f.Delete(t.Context(), ref.SHA256))
	must(t, f.Delete(t.Context(), ref.SHA256)) // gone is gone
	_, _, err = f.Open(t.Context(), ref.SHA256)
	wantError(t, err, blob.ErrNotFound)
	_, err = f.Stat(t.Context(), ref.SHA256)
	wantError(t, err, blob.ErrNotFound)
	wantError(t, f.Verify(t.Context(), ref.SHA256), blob.ErrNotFound)
}

func TestWhatIsRefusedLeavesNothing(t *testing.T) {
	broken, bad := errors.New("the line went dead"), errors.New("no good")
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for name, c := range map[string]struct {
		ctx   context.Context
		r     io.Reader
		check blob.Check
		want  error
	}{
		"one byte too many":     {t.Context(), strings.NewReader("hello!"), nil, blob.ErrTooLarge},
		"a reader that breaks":  {t.Context(), io.MultiReader(strings.NewReader("he"), iotest.ErrReader(broken)), nil, broken},
		"a check that says no":  {t.Context(), strings.NewReader(hello), func(blob.Content, int64) error { return bad }, bad},
		"a caller that gave up": {gone, strings.NewReader(hello), nil, context.Canceled},
	} {
		t.Run(name, func(t *testing.T) {
			f, root := folder(t)
			pass := func(c blob.Content, size int64) error {
				got, err := io.ReadAll(c)
				if err != nil || int64(len(got)) != size {
					t.Errorf("a check sees %d bytes of %d (%v)", len(got), size, err)
				}
				return nil
			}
			checks := []blob.Check{pass, pass} // each reads from the start
			if c.check != nil {
				checks = append(checks, c.check)
			}
			_, err := f.Put(c.ctx, c.r, 5, checks...)
			wantError(t, err, c.want)
			if got := files(t, root); len(got) > 0 {
				t.Errorf("left behind: %v", got)
			}
		})
	}
}

func TestSpoiledContentIsFoundAndMendedByTheNextPut(t *testing.T) {
	f, root := folder(t)
	ref, err := f.Put(t.Context(), strings.NewReader(hello), 5)
	must(t, err)
	must(t, os.WriteFile(filepath.Join(root, "2c", "f2", helloSum), []byte("hullo"), 0o600))
	wantError(t, f.Verify(t.Context(), ref.SHA256), blob.ErrCorrupt)
	_, err = f.Put(t.Context(), strings.NewReader(hello), 5)
	must(t, err)
	must(t, f.Verify(t.Context(), ref.SHA256))
}

func TestAnOpenedBlobOutlivesItsDeletion(t *testing.T) {
	f, _ := folder(t)
	ref, err := f.Put(t.Context(), strings.NewReader(hello), 5)
	must(t, err)
	file, _, err := f.Open(t.Context(), ref.SHA256)
	must(t, err)
	defer file.Close()
	must(t, f.Delete(t.Context(), ref.SHA256))
	if got, err := io.ReadAll(file); err != nil || string(got) != hello {
		t.Errorf("got %q (%v)", got, err)
	}
}

func TestManyPutTheSameAtOnce(t *testing.T) {
	_, root := folder(t)
	content := bytes.Repeat([]byte("proof"), 100_000)
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			f, err := blob.OpenFolder(root)
			if err != nil {
				t.Error(err)
				return
			}
			ref, err := f.Put(t.Context(), bytes.NewReader(content), int64(len(content)))
			if err == nil {
				err = f.Verify(t.Context(), ref.SHA256)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if got := files(t, root); len(got) != 1 {
		t.Errorf("files %v", got)
	}
}

func TestWhatACrashLeftIsClearedAway(t *testing.T) {
	_, root := folder(t)
	old, young := filepath.Join(root, "tmp", "put-1"), filepath.Join(root, "tmp", "put-2")
	for _, path := range []string{old, young} {
		must(t, os.WriteFile(path, []byte("half"), 0o600))
	}
	long := time.Now().Add(-25 * time.Hour)
	must(t, os.Chtimes(old, long, long))
	_, err := blob.OpenFolder(root)
	must(t, err)
	if got := files(t, root); len(got) != 1 || got[0] != filepath.Join("tmp", "put-2") {
		t.Errorf("left: %v, want what another process may still be writing", got)
	}
}

func TestOnlyAHashIsAName(t *testing.T) {
	f, _ := folder(t)
	for _, name := range []string{
		"", "..", "tmp", "../../../etc/passwd", strings.ToUpper(helloSum), helloSum[:63], helloSum + "0",
		helloSum[:62] + "/x", strings.Repeat("../", 21) + "x", strings.Repeat("g", 64),
	} {
		_, _, err := f.Open(t.Context(), name)
		wantError(t, err, blob.ErrName)
		_, err = f.Stat(t.Context(), name)
		wantError(t, err, blob.ErrName)
		wantError(t, f.Verify(t.Context(), name), blob.ErrName)
		wantError(t, f.Delete(t.Context(), name), blob.ErrName)
	}
}
