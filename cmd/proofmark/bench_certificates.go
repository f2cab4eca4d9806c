package main

import (
	"context"
	"time"

	"github.com/alecthomas/kong"

	"github.com/proofmark/proofmark/internal/bench/certificates"
)

type benchCertificates struct {
	Count    int     `help:"Certificates in a round." default:"1000"`
	Workers  int     `help:"That issue at once." default:"4"`
	Rounds   int     `help:"Rounds on each engine, by turns." default:"3"`
	Database string  `help:"Measure on a new database of this PostgreSQL server too: postgres://…"`
	Public   bool    `help:"Measure what everybody may ask instead: page, JSON and status list, against a bare handler."`
	Seconds  float64 `help:"With --public: of each measurement." default:"2"`
	JSON     bool    `name:"json" help:"Print one JSON object."`
}

// Run measures issuing, or asking.
func (c *benchCertificates) Run(ctx context.Context, k *kong.Context) error {
	if c.Public {
		result, err := certificates.Public(ctx, certificates.PublicOptions{
			Rounds: c.Rounds, Span: time.Duration(c.Seconds * float64(time.Second)), Log: benchLog,
		})
		return printBench(k, c.JSON, result, err)
	}
	result, err := certificates.Run(ctx, certificates.Options{
		Count: c.Count, Workers: c.Workers, Rounds: c.Rounds, Database: c.Database, Log: benchLog,
	})
	return printBench(k, c.JSON, result, err)
}
