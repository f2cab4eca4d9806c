package main

import (
	"context"
	"time"

	"github.com/alecthomas/kong"

	"github.com/proofmark/proofmark/internal/bench/pages"
)

type benchPages struct {
	Users   int           `help:"Users at a time, each with its own session." default:"50"`
	Every   time.Duration `help:"That a user opens a page." default:"250ms"`
	Seconds float64       `help:"Of the measurement; the sample world takes two minutes and more before." default:"60"`
	JSON    bool          `name:"json" help:"Print one JSON object."`
}

// Run measures the pages of the sample world.
func (c *benchPages) Run(ctx context.Context, k *kong.Context) error {
	result, err := pages.Run(ctx, pages.Options{
		Users: c.Users, Every: c.Every, Span: time.Duration(c.Seconds * float64(time.Second)), Log: benchLog,
	})
	return printBench(k, c.JSON, result, err)
}
