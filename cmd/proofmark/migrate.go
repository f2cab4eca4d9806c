package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/alecthomas/kong"

	"github.com/proofmark/proofmark/internal/store"
)

// MigrateCmd changes or shows the schema of the database.
type MigrateCmd struct {
	Data     string `default:"data" help:"Folder of the SQLite database." type:"path"`
	Database string `help:"sqlite:PATH or postgres://… ; default: SQLite in the data folder." placeholder:"URL"`

	Up     MigrateUpCmd     `cmd:"" default:"1" help:"Bring the schema up to date; serve does this by itself."`
	Status MigrateStatusCmd `cmd:"" help:"Show which steps are applied."`
}

// MigrateUpCmd applies the steps that wait.
type MigrateUpCmd struct{}

// Run implements the command.
func (MigrateUpCmd) Run(ctx context.Context, k *kong.Context, parent *MigrateCmd) error {
	return parent.with(ctx, func(db *store.DB) error {
		if err := db.Migrate(ctx); err != nil {
			return err
		}
		return printMigrations(ctx, k.Stdout, db)
	})
}

// MigrateStatusCmd shows the steps.
type MigrateStatusCmd struct{}

// Run implements the command.
func (MigrateStatusCmd) Run(ctx context.Context, k *kong.Context, parent *MigrateCmd) error {
	return parent.with(ctx, func(db *store.DB) error { return printMigrations(ctx, k.Stdout, db) })
}

func (c *MigrateCmd) with(ctx context.Context, fn func(*store.DB) error) error {
	url := c.Database
	if url == "" {
		url = "sqlite:" + filepath.Join(c.Data, "proofmark.db")
	}
	db, err := store.Open(ctx, url)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	return fn(db)
}

func printMigrations(ctx context.Context, w io.Writer, db *store.DB) error {
	steps, err := db.Migrations(ctx)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, s := range steps {
		when := "waiting"
		if !s.AppliedAt.IsZero() {
			when = s.AppliedAt.UTC().Format(time.RFC3339)
		}
		if _, err := fmt.Fprintf(table, "%s\t%s\n", s.Name, when); err != nil {
			return err
		}
	}
	return table.Flush()
}
