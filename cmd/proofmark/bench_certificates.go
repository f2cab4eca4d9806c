package main

import (
	"context"

	"github.com/alecthomas/kong"

	"github.com/proofmark/proofmark/internal/bench/certificates"
)

type benchCertificates struct {
	Count    int    `help:"Certificates in a round." default:"1000"`
	Workers  int    `help:"That issue at once." default:"4"`
	Rounds   int    `help:"Rounds on each engine, by turns." default:"3"`
	Database string `help:"Measure on a new database of this PostgreSQL server too: postgres://…"`
	JSON     bool   `name:"json" help:"Print one JSON object."`
}

// Run measures issuing.
func (c *benchCertificates) Run(ctx context.Context, k *kong.Context) error {
	result, err := certificates.Run(ctx, certificates.Options{
		Count: c.Count, Workers: c.Workers, Rounds: c.Rounds, Database: c.Database, Log: benchLog,
	})
	return printBench(k, c.JSON, result, err)
}
