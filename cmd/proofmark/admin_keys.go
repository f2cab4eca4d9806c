package main

import (
	"context"
	"fmt"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/alecthomas/kong"

	"github.com/proofmark/proofmark/certification/signing"
	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/store"
)

// AdminKeysCmd shows and changes the signing keys.
type AdminKeysCmd struct {
	List   AdminKeysListCmd   `cmd:"" help:"List all keys that ever signed."`
	Rotate AdminKeysRotateCmd `cmd:"" help:"End the current key of a purpose and make the next, in this data folder."`
}

// AdminKeysListCmd lists keys.
type AdminKeysListCmd struct {
	JSON bool `name:"json" help:"Print JSON."`
}

// Run implements the command.
func (c *AdminKeysListCmd) Run(ctx context.Context, k *kong.Context, parent *AdminCmd) error {
	return parent.withKeys(ctx, func(keys *signing.Keys) error {
		ring, err := keys.Keyring(ctx)
		if err != nil {
			return err
		}
		if c.JSON {
			return finish(k, true, ring, 0)
		}
		table := tabwriter.NewWriter(k.Stdout, 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintln(table, "PURPOSE\tKEY\tFROM\tTO\tSTATE")
		for _, key := range ring {
			to, state := "", "current"
			if !key.EndedAt.IsZero() {
				to, state = key.EndedAt.Format(time.RFC3339), "ended"
			}
			if !key.RevokedAt.IsZero() {
				state = "revoked from " + key.RevokedAt.Format(time.RFC3339) + ": " + key.Reason
			}
			_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", key.Purpose, key.ID, key.CreatedAt.Format(time.RFC3339), to, state)
		}
		return table.Flush()
	})
}

// AdminKeysRotateCmd replaces a key.
type AdminKeysRotateCmd struct {
	Purpose          string    `required:"" enum:"certificate,log,status" help:"Which key: ${enum}."`
	CompromisedSince time.Time `name:"compromised-since" format:"2006-01-02T15:04:05Z07:00" help:"Revoke the old key: from this time (RFC 3339) on it may have been in other hands."`
	Reason           string    `help:"Why; it is published with a revoked key."`
}

// Run implements the command. A running service goes on with the new key by itself.
func (c *AdminKeysRotateCmd) Run(ctx context.Context, k *kong.Context, parent *AdminCmd) error {
	return parent.withKeys(ctx, func(keys *signing.Keys) error {
		old, next, err := keys.Rotate(ctx, signing.Rotation{
			Purpose: signing.Purpose(c.Purpose), At: time.Now().UTC().Truncate(time.Microsecond), Actor: audit.System,
			Reason: c.Reason, Compromised: c.CompromisedSince,
		})
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(k.Stdout, "%s: %s signs from now on, %s does not any more and stays published\n", c.Purpose, next.ID, old.ID)
		return err
	})
}

// withKeys opens the database and the keys in the data folder.
func (c *AdminCmd) withKeys(ctx context.Context, fn func(*signing.Keys) error) error {
	url := c.Database
	if url == "" {
		url = "sqlite:" + filepath.Join(c.Data, "proofmark.db")
	}
	db, err := store.Open(ctx, url)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	if err := db.Migrate(ctx); err != nil {
		return err
	}
	keys, err := signing.Open(ctx, filepath.Join(c.Data, "keys"), db.Signing(), time.Now().UTC())
	if err != nil {
		return err
	}
	return fn(keys)
}
