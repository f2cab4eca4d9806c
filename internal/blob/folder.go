package blob

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Folder is a Store in a directory, which may be shared by processes and, on a
// file system that nodes share, by nodes:
//
//	9f/86/9f86d081884c7d65…   the content, two levels deep so that no directory grows without end
//	tmp/put-…                 what is still arriving
//
// Content is written beside, synced, and renamed into its place, so that a crash
// leaves it whole or not there. Everything is readable by its owner only.
type Folder struct{ root string }

var _ Store = Folder{}

// stale is the age at which something in tmp is nobody's any more: longer than
// any upload takes.
const stale = 24 * time.Hour

// OpenFolder makes the directory if it is missing, and clears away what a crash
// left half written.
func OpenFolder(root string) (Folder, error) {
	f := Folder{root}
	if err := os.MkdirAll(f.tmp(), 0o700); err != nil {
		return Folder{}, fmt.Errorf("blob folder: %w", err)
	}
	left, err := os.ReadDir(f.tmp())
	if err != nil {
		return Folder{}, fmt.Errorf("blob folder: %w", err)
	}
	for _, e := range left {
		if i, err := e.Info(); err == nil && time.Since(i.ModTime()) > stale {
			_ = os.Remove(filepath.Join(f.tmp(), e.Name())) // another process may have been first
		}
	}
	return f, nil
}

func (f Folder) tmp() string { return filepath.Join(f.root, "tmp") }

func (f Folder) path(sha256 string) string {
	return filepath.Join(f.root, sha256[:2], sha256[2:4], sha256)
}

// Put implements Store.
func (f Folder) Put(ctx context.Context, r io.Reader, limit int64, checks ...Check) (_ Ref, err error) {
	t, err := os.CreateTemp(f.tmp(), "put-*") // mode 0600
	if err != nil {
		return Ref{}, fmt.Errorf("put blob: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, ignoreGone(os.Remove(t.Name())))
		}
	}()
	defer t.Close()
	hash := sha256.New()
	n, err := io.Copy(io.MultiWriter(t, hash), io.LimitReader(reader{ctx, r}, limit+1))
	if err != nil {
		return Ref{}, fmt.Errorf("put blob, after %d bytes: %w", n, err)
	}
	if n > limit {
		return Ref{}, fmt.Errorf("put blob: %w: more than %d bytes", ErrTooLarge, limit)
	}
	for _, check := range checks {
		if _, err := t.Seek(0, io.SeekStart); err != nil {
			return Ref{}, fmt.Errorf("put blob: %w", err)
		}
		if err := check(t, n); err != nil {
			return Ref{}, err
		}
	}
	ref := Ref{SHA256: hex.EncodeToString(hash.Sum(nil)), Size: n}
	return ref, f.keep(t, ref)
}

// keep gives a file that is complete its name. What has the name already is
// replaced: it is the same, unless the disk spoiled it.
func (f Folder) keep(t *os.File, ref Ref) error {
	if err := t.Sync(); err != nil {
		return fmt.Errorf("put blob %s: %w", ref.SHA256, err)
	}
	if err := t.Close(); err != nil {
		return fmt.Errorf("put blob %s: %w", ref.SHA256, err)
	}
	path := f.path(ref.SHA256)
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("put blob %s: %w", ref.SHA256, err)
	}
	if err := os.Rename(t.Name(), path); err != nil {
		return fmt.Errorf("put blob %s: %w", ref.SHA256, err)
	}
	// The new name, and the directories that may be new with it. That another
	// process made one does not say that it is on the disk.
	for _, d := range []string{dir, filepath.Dir(dir), f.root} {
		if err := syncDir(d); err != nil {
			return fmt.Errorf("put blob %s: %w", ref.SHA256, err)
		}
	}
	return nil
}

// Open implements Store.
func (f Folder) Open(_ context.Context, sha256 string) (File, Ref, error) {
	if err := CheckName(sha256); err != nil {
		return nil, Ref{}, err
	}
	file, err := os.Open(f.path(sha256))
	if err != nil {
		return nil, Ref{}, fmt.Errorf("open blob %s: %w", sha256, known(err))
	}
	info, err := file.Stat()
	if err != nil {
		return nil, Ref{}, errors.Join(fmt.Errorf("open blob %s: %w", sha256, err), file.Close())
	}
	return file, Ref{sha256, info.Size()}, nil
}

// Stat implements Store.
func (f Folder) Stat(_ context.Context, sha256 string) (Ref, error) {
	if err := CheckName(sha256); err != nil {
		return Ref{}, err
	}
	info, err := os.Stat(f.path(sha256))
	if err != nil {
		return Ref{}, fmt.Errorf("blob %s: %w", sha256, known(err))
	}
	return Ref{sha256, info.Size()}, nil
}

// Verify implements Store.
func (f Folder) Verify(ctx context.Context, name string) error {
	file, _, err := f.Open(ctx, name)
	if err != nil {
		return err
	}
	defer file.Close()
	hash := sha256.New()
	n, err := io.Copy(hash, reader{ctx, file})
	if err != nil {
		return fmt.Errorf("verify blob %s: %w", name, err)
	}
	if got := hex.EncodeToString(hash.Sum(nil)); got != name {
		return fmt.Errorf("verify blob %s: %w: its %d bytes have SHA-256 %s", name, ErrCorrupt, n, got)
	}
	return nil
}

// Delete implements Store.
func (f Folder) Delete(_ context.Context, sha256 string) error {
	if err := CheckName(sha256); err != nil {
		return err
	}
	if err := ignoreGone(os.Remove(f.path(sha256))); err != nil {
		return fmt.Errorf("delete blob %s: %w", sha256, err)
	}
	return nil
}

// reader ends with its context.
type reader struct {
	ctx context.Context
	r   io.Reader
}

func (r reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}

// syncDir makes the names in a directory durable.
func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func ignoreGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func known(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return ErrNotFound
	}
	return err
}
