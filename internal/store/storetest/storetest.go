// Package storetest gives tests databases with today's schema. A SQLite file is
// migrated once and copied for every test: the migrations take a tenth of a second,
// and under the race detector, which sees every step of a SQLite in Go, many of them.
// PostgreSQL takes seconds for them, and copies a database in a tenth of one.
//
// SQLite's file is kept in the folder for temporary files under the sum of the
// migrations, so that the test binaries of one `go test` share it.
package storetest

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/proofmark/proofmark/internal/store"
)

// SQLite makes a database for this test alone and returns its path.
func SQLite(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "proofmark.db")
	Put(t, path)
	return path
}

// Put makes a database at a path, in a folder of the test's own.
func Put(t testing.TB, path string) {
	t.Helper()
	empty, err := Empty()
	if err == nil {
		err = os.WriteFile(path, empty, 0o600)
	}
	if err != nil {
		t.Fatalf("a database with today's schema: %v", err)
	}
}

// Empty is the file of a database in which there is nothing but the schema. Who
// needs one in a synctest bubble calls it before: it starts goroutines.
var Empty = sync.OnceValues(func() ([]byte, error) {
	sum, err := store.SchemaSum(store.SQLite)
	if err != nil {
		return nil, err
	}
	kept := filepath.Join(os.TempDir(), "proofmark-schema-"+sum+".db")
	if b, err := os.ReadFile(kept); !errors.Is(err, fs.ErrNotExist) {
		return b, err
	}
	dir, err := os.MkdirTemp("", "proofmark-schema")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "empty.db")
	if err := migrate(path); err != nil {
		return nil, err
	}
	b, err := os.ReadFile(path)
	if err == nil {
		err = os.Rename(path, kept) // whole, or not there; that of another binary is the same
	}
	return b, err
})

// migrate makes the schema. Closing a file leaves no log beside it.
func migrate(url string) error {
	db, err := store.Open(context.Background(), url)
	if err != nil {
		return err
	}
	return errors.Join(db.Migrate(context.Background()), db.Close())
}
