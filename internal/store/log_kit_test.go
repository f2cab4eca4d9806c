package store_test

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/proofmark/proofmark/certification/translog"
	"github.com/proofmark/proofmark/internal/store"
	"github.com/proofmark/proofmark/internal/store/storetest"
)

const origin = "proofmark.example/log"

func signerOptions(db *storeDB, dir string, key translog.Key) translog.SignerOptions {
	return translog.SignerOptions{
		Store: db.Log(), Anchor: translog.FileAnchor{Dir: dir}, Lease: db.Jobs(), Origin: origin,
		Key: func(context.Context) (translog.Key, error) { return key, nil },
	}
}

// sibling is another database on the same engine.
func sibling(t *testing.T, db *storeDB) string {
	if db.Engine() == store.SQLite {
		return "sqlite:" + filepath.Join(t.TempDir(), "sibling.db")
	}
	return storetest.Postgres(t)
}
