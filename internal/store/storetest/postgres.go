package storetest

import (
	"testing"

	"github.com/proofmark/proofmark/internal/pgtest"
	"github.com/proofmark/proofmark/internal/store"
)

// Postgres makes a database for this test alone and returns its URL: a copy of one
// that the first test of a server migrates.
func Postgres(t testing.TB) string {
	t.Helper()
	sum, err := store.SchemaSum(store.Postgres)
	if err != nil {
		t.Fatalf("a database with today's schema: %v", err)
	}
	return pgtest.Copy(t, "proofmark_schema_"+sum[:16], migrate)
}
