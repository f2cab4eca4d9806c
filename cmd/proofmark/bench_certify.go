package main

import (
	"context"

	"github.com/alecthomas/kong"

	"github.com/proofmark/proofmark/internal/bench/certify"
)

type benchCertify struct {
	Count  int      `help:"Devices under test at once." default:"200"`
	Plan   string   `help:"What each goes through." default:"quick" enum:"quick,full"`
	Case   []string `help:"Only these cases or groups." sep:","`
	Sample string   `help:"Sample document of the devices." default:"lamp"`
	JSON   bool     `name:"json" help:"Print one JSON object."`
}

// Run measures what load does to verdicts. It takes as long as the plan does.
func (c *benchCertify) Run(ctx context.Context, k *kong.Context) error {
	result, err := certify.Run(ctx, certify.Options{Count: c.Count, Plan: c.Plan, Cases: c.Case, Sample: c.Sample, Log: benchLog})
	return printBench(k, c.JSON, result, err)
}
