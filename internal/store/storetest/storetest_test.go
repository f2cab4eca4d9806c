package storetest_test

import (
	"path/filepath"
	"testing"

	"github.com/proofmark/proofmark/internal/store"
	"github.com/proofmark/proofmark/internal/store/storetest"
)

func TestADatabaseHasEveryMigration(t *testing.T) {
	first, second := storetest.SQLite(t), filepath.Join(t.TempDir(), "other.db")
	storetest.Put(t, second)
	for _, path := range []string{first, second} {
		db, err := store.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		steps, err := db.Migrations(t.Context())
		if err != nil || len(steps) == 0 {
			t.Fatalf("%d migrations, %v", len(steps), err)
		}
		for _, s := range steps {
			if s.AppliedAt.IsZero() {
				t.Errorf("%s: migration %d is missing", path, s.Version)
			}
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
