package store

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/pressly/goose/v3"
)

//go:embed migrations
var migrations embed.FS

// ErrNewerSchema says that the database was migrated by a newer program.
var ErrNewerSchema = errors.New("the database schema is newer than this program")

// Migration is one step of the schema.
type Migration struct {
	Version   int64
	Name      string
	AppliedAt time.Time // zero while it waits
}

// Migrate brings the schema up to date. Any number of processes may do so at
// once: they take turns.
func (db *DB) Migrate(ctx context.Context) error {
	unlock, err := db.lock(ctx)
	if err != nil {
		return db.wrap(ctx, err, "lock for migration")
	}
	defer unlock()
	return db.withGoose(func(p *goose.Provider) error {
		if err := db.checkSchema(ctx); err != nil { // somebody may have been here since Open
			return err
		}
		_, err := p.Up(ctx)
		return db.wrap(ctx, err, "migrate")
	})
}

// Migrations lists the steps that this program knows, oldest first.
func (db *DB) Migrations(ctx context.Context) ([]Migration, error) {
	var list []Migration
	err := db.withGoose(func(p *goose.Provider) error {
		status, err := p.Status(ctx)
		for _, s := range status {
			list = append(list, Migration{s.Source.Version, path.Base(s.Source.Path), s.AppliedAt})
		}
		return db.wrap(ctx, err, "migrations")
	})
	return list, err
}

// SchemaSum is the sum of an engine's migrations: another one, another schema.
func SchemaSum(e Engine) (string, error) {
	sum := sha256.New()
	root := "migrations/" + string(e)
	files, err := migrations.ReadDir(root)
	for _, f := range files {
		var text []byte
		if text, err = migrations.ReadFile(root + "/" + f.Name()); err != nil {
			break
		}
		_, _ = fmt.Fprintf(sum, "%s %d\n%s", f.Name(), len(text), text)
	}
	return hex.EncodeToString(sum.Sum(nil)), err
}

func (db *DB) withGoose(fn func(*goose.Provider) error) error {
	pool, err := db.migrations()
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	defer func() { _ = pool.Close() }()
	dialect := goose.DialectPostgres
	if db.engine == SQLite {
		dialect = goose.DialectSQLite3
	}
	steps, err := fs.Sub(migrations, "migrations/"+string(db.engine))
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(dialect, pool, steps, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return fn(provider)
}

// checkSchema refuses a schema that is newer than this program: it could break
// rules that it does not know.
func (db *DB) checkSchema(ctx context.Context) error {
	exists := "SELECT to_regclass('goose_db_version') IS NOT NULL"
	if db.engine == SQLite {
		exists = "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = 'goose_db_version')"
	}
	var found bool
	if err := db.pool.QueryRowContext(ctx, exists).Scan(&found); err != nil || !found {
		return db.wrap(ctx, err, "schema version")
	}
	var have int64
	err := db.pool.QueryRowContext(ctx, "SELECT COALESCE(MAX(version_id), 0) FROM goose_db_version").Scan(&have)
	if err != nil {
		return db.wrap(ctx, err, "schema version")
	}
	if want := db.schemaVersion(); have > want {
		return fmt.Errorf("%w: version %d, this program knows %d; start the newer program", ErrNewerSchema, have, want)
	}
	return nil
}

// schemaVersion is the newest version in the program's own folder.
func (db *DB) schemaVersion() (newest int64) {
	files, _ := fs.Glob(migrations, "migrations/"+string(db.engine)+"/*.sql")
	for _, f := range files {
		number, _, _ := strings.Cut(path.Base(f), "_")
		if v, err := strconv.ParseInt(number, 10, 64); err == nil {
			newest = max(newest, v)
		}
	}
	return newest
}
