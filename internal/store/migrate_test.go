package store_test

import (
	"context"
	"path/filepath"
	"slices"
	"testing"

	"github.com/proofmark/proofmark/internal/pgtest"
	"github.com/proofmark/proofmark/internal/store"
)

// eachURL runs the test on an empty database of either engine.
func eachURL(t *testing.T, test func(t *testing.T, url string)) {
	t.Run("sqlite", func(t *testing.T) {
		test(t, "sqlite:"+filepath.Join(t.TempDir(), "with space & ?#%", "proofmark.db"))
	})
	t.Run("postgres", func(t *testing.T) { test(t, pgtest.URL(t)) })
}

func TestManyMayMigrateAtOnce(t *testing.T) {
	eachURL(t, func(t *testing.T, url string) {
		for _, err := range together(6, func(int) error {
			db, err := store.Open(ctx, url)
			if err != nil {
				return err
			}
			defer func() { _ = db.Close() }()
			return db.Migrate(ctx)
		}) {
			must(t, err)
		}
		db := open(t, url) // once more: nothing to do
		steps := get(db.Migrations(ctx))(t)
		if len(steps) < 4 {
			t.Fatalf("%d steps, want at least 4", len(steps))
		}
		for i, s := range steps {
			if (i > 0 && s.Version <= steps[i-1].Version) || s.AppliedAt.IsZero() {
				t.Errorf("step %d is %+v, want a later version than the one before, applied", i, s)
			}
		}
		var rows int
		must(t, db.sql(t).QueryRowContext(ctx, "SELECT count(*) FROM goose_db_version WHERE version_id > 0").Scan(&rows))
		same(t, rows, len(steps)) // each was applied once
	})
}

func TestANewerSchemaIsRefused(t *testing.T) {
	eachURL(t, func(t *testing.T, url string) {
		db := open(t, url)
		add := "INSERT INTO goose_db_version (version_id, is_applied, tstamp) VALUES (9999, TRUE, CURRENT_TIMESTAMP)"
		must(t, db.Write(ctx, add))
		_, err := store.Open(ctx, url)
		wantError(t, err, store.ErrNewerSchema)
		wantError(t, db.Migrate(ctx), store.ErrNewerSchema)
	})
}

func TestABadURLIsNamed(t *testing.T) {
	for _, url := range []string{"", "sqlite:", "sqlite::memory:", "mysql://root@localhost/x", "postgres://a b"} {
		if db, err := store.Open(ctx, url); err == nil {
			t.Errorf("%q was opened", url)
			_ = db.Close()
		} else {
			wantError(t, err, store.ErrURL)
		}
	}
}

// TestBothEnginesHaveTheSameTables keeps the two folders of migrations in step.
func TestBothEnginesHaveTheSameTables(t *testing.T) {
	lite := open(t, "sqlite:"+filepath.Join(t.TempDir(), "proofmark.db"))
	pg := open(t, pgtest.URL(t))
	columns := func(db *storeDB, query string) (found []string) {
		rows := get(db.sql(t).QueryContext(context.Background(), query))(t)
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var table, column string
			var required bool
			must(t, rows.Scan(&table, &column, &required))
			need := " NULL"
			if required {
				need = " NOT NULL"
			}
			found = append(found, table+"."+column+need)
		}
		must(t, rows.Err())
		slices.Sort(found)
		return found
	}
	same(t,
		columns(lite, `SELECT m.name, c.name, c."notnull" FROM sqlite_master m JOIN pragma_table_info(m.name) c
			WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name <> 'goose_db_version'
			AND NOT (m.name = 'outbox' AND c.name = 'id')`), // SQLite calls its rowid nullable
		columns(pg, `SELECT table_name, column_name, is_nullable = 'NO' FROM information_schema.columns
			WHERE table_schema = 'public' AND table_name NOT LIKE 'report\_%' AND table_name <> 'goose_db_version'
			AND NOT (table_name = 'outbox' AND column_name = 'id')`))
}
