package rig

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/proofmark/proofmark/certification/suite"
	"github.com/proofmark/proofmark/internal/id"
)

// folderLock keeps a second process out of a folder of runs.
type folderLock struct{ file *os.File }

// takeFolder makes the folder, locks it, and gives it its name, which stays: it is
// by the folder that evidence is found again after a crash.
func takeFolder(dir string) (*folderLock, string, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, "", fmt.Errorf("folder of runs: %w", err)
	}
	path := filepath.Join(dir, "node")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, "", fmt.Errorf("folder of runs: %w", err)
	}
	lock := &folderLock{f}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, "", errors.Join(fmt.Errorf("folder of runs %s: another process uses it: %w", dir, err), f.Close())
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, "", errors.Join(err, lock.drop())
	}
	name := strings.TrimSpace(string(text))
	if id.Valid("rig", name) == nil {
		return lock, name, nil
	}
	// New, or half written by a crash before anything ran here.
	name = id.New("rig")
	if err := errors.Join(f.Truncate(0), writeAt(f, name+"\n"), f.Sync()); err != nil {
		return nil, "", errors.Join(fmt.Errorf("folder of runs: %w", err), lock.drop())
	}
	return lock, name, nil
}

func writeAt(f *os.File, text string) error {
	_, err := f.WriteAt([]byte(text), 0)
	return err
}

// drop lets others in; closing a file ends its lock.
func (l *folderLock) drop() error { return l.file.Close() }

// dir is the folder of one run.
func (r *Rig) dir(run string) suite.Folder { return suite.Folder(filepath.Join(r.o.Dir, run)) }

// sweep removes what a crash left of runs whose evidence is stored.
func (r *Rig) sweep() {
	entries, err := os.ReadDir(r.o.Dir)
	if err != nil {
		return // the first run will say so
	}
	for _, e := range entries {
		if !e.IsDir() || id.Valid("run", e.Name()) != nil {
			continue
		}
		run, err := r.o.Store.Run(r.ctx, e.Name())
		segments, _ := filepath.Glob(filepath.Join(r.o.Dir, e.Name(), "transcript-*.jsonl*"))
		if err == nil && run.Node == "" && len(run.Transcripts) >= len(segments) {
			_ = os.RemoveAll(filepath.Join(r.o.Dir, e.Name()))
		}
	}
}
