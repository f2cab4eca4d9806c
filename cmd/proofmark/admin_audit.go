package main

import (
	"context"
	"fmt"
	"text/tabwriter"

	"github.com/alecthomas/kong"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/store"
)

// check is something that must hold of a database, whatever happened to it.
type check struct {
	name string
	// run says in a few words what it found good, or what is broken.
	run func(ctx context.Context, db *store.DB) (string, error)
}

// checks are all of them, in the order in which they run.
var checks = []check{
	{"audit chain", checkChain},
	{"ledger", checkLedger},
}

func checkChain(ctx context.Context, db *store.DB) (string, error) {
	r, err := audit.Check(ctx, db.Audit())
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%d entries, head %x; %d wait for their place", r.Head.Seq, r.Head.Hash, r.Waiting), nil
}

func checkLedger(ctx context.Context, db *store.DB) (string, error) {
	n, err := campaigns.AuditAll(ctx, db.Campaigns())
	return fmt.Sprintf("the books of %d campaigns agree with their orders, payments and refunds", n), err
}

// AdminAuditCmd runs the checks.
type AdminAuditCmd struct {
	JSON bool `name:"json" help:"Print JSON."`
}

type checked struct {
	Check string `json:"check"`
	OK    bool   `json:"ok"`
	Found string `json:"found"` // in words
}

// Run implements the command.
func (c *AdminAuditCmd) Run(ctx context.Context, k *kong.Context, parent *AdminCmd) error {
	return parent.with(ctx, func(db *store.DB, _ *auth.Service) error {
		results, code := make([]checked, len(checks)), 0
		for i, x := range checks {
			found, err := x.run(ctx, db)
			if err != nil {
				found, code = err.Error(), 1
			}
			results[i] = checked{x.name, err == nil, found}
		}
		if !c.JSON {
			table := tabwriter.NewWriter(k.Stdout, 0, 0, 2, ' ', 0)
			for _, r := range results {
				word := "ok"
				if !r.OK {
					word = "BROKEN"
				}
				_, _ = fmt.Fprintf(table, "%s\t%s\t%s\n", word, r.Check, r.Found)
			}
			if err := table.Flush(); err != nil {
				return err
			}
		}
		return finish(k, c.JSON, results, code)
	})
}
