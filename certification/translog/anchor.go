package translog

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// FileAnchor is an [Anchor] of files in a folder, one for each log: the newest
// checkpoint, as it was signed.
type FileAnchor struct{ Dir string }

func (a FileAnchor) file(origin string) string {
	sum := sha256.Sum256([]byte(origin))
	return filepath.Join(a.Dir, "log-"+hex.EncodeToString(sum[:6])+".checkpoint")
}

// Newest implements Anchor. The file lies beside the key that signs, so whoever
// could change it could sign too: its signature is not looked at again.
func (a FileAnchor) Newest(origin string) (Tree, bool, error) {
	file := a.file(origin)
	b, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return Tree{}, false, nil
	}
	if err != nil {
		return Tree{}, false, fmt.Errorf("anchor of the log: %w", err)
	}
	text, _, found := strings.Cut(string(b), "\n\n")
	t, named, err := parseBody(text + "\n")
	if err == nil && (!found || named != origin) {
		err = fmt.Errorf("%w: it is of log %q; want %q", ErrCheckpoint, named, origin)
	}
	if err != nil {
		return Tree{}, false, fmt.Errorf("anchor of the log in %s: %w", file, err)
	}
	return t, true, nil
}

// Remember implements Anchor: when it returns, the checkpoint outlives a loss of
// power. It never goes back: a smaller one than is remembered gives ErrLate.
func (a FileAnchor) Remember(origin string, c Checkpoint) error {
	newest, found, err := a.Newest(origin)
	if err == nil && found && newest.Size > c.Size {
		err = fmt.Errorf("one of size %d is there: %w", newest.Size, ErrLate)
	}
	if err == nil {
		err = a.remember(origin, c)
	}
	if err != nil {
		return fmt.Errorf("anchor the checkpoint of size %d: %w", c.Size, err)
	}
	return nil
}

func (a FileAnchor) remember(origin string, c Checkpoint) error {
	if err := os.MkdirAll(a.Dir, 0o700); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(a.Dir, "log-*.new")
	if err != nil {
		return err
	}
	_, err = tmp.Write(c.Note)
	err = errors.Join(err, tmp.Sync(), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), a.file(origin))
	}
	if err != nil {
		return errors.Join(err, os.Remove(tmp.Name()))
	}
	dir, err := os.Open(a.Dir)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
