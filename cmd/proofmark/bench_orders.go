package main

import (
	"context"
	"time"

	"github.com/alecthomas/kong"

	"github.com/proofmark/proofmark/internal/bench/orders"
)

type benchOrders struct {
	Connections int     `help:"Connections, each with one order on its way." default:"256"`
	Rounds      int     `help:"Runs of each server, by turns." default:"2"`
	Database    string  `help:"Measure new databases of this PostgreSQL server too, and first: postgres://…"`
	Seconds     float64 `help:"Time of the whole bench." default:"45"`
	JSON        bool    `name:"json" help:"Print one JSON object."`
}

// Run measures orders.
func (c *benchOrders) Run(ctx context.Context, k *kong.Context) error {
	result, err := orders.Run(ctx, orders.Options{
		Connections: c.Connections, Rounds: c.Rounds, Database: c.Database, Time: time.Duration(c.Seconds * float64(time.Second)), Log: benchLog,
	})
	return printBench(k, c.JSON, result, err)
}
