package main

import (
	"context"
	"time"

	"github.com/alecthomas/kong"

	"github.com/proofmark/proofmark/internal/bench/fleet"
	"github.com/proofmark/proofmark/internal/bench/target"
)

type benchFleet struct {
	Devices  int           `help:"Devices, of four models." default:"10000"`
	Apps     int           `help:"Apps, each of a home with as many devices." default:"50"`
	Every    time.Duration `help:"Between two reports of a device." default:"1m"`
	Seconds  float64       `help:"Time of the whole bench; 700 for ten minutes of reports." default:"45"`
	Database string        `help:"Measure the gateway on a new database of this PostgreSQL server: postgres://…"`
	JSON     bool          `name:"json" help:"Print one JSON object."`
}

// Run measures a fleet and its apps.
func (c *benchFleet) Run(ctx context.Context, k *kong.Context) error {
	result, err := fleet.Run(ctx, fleet.Options{
		Setup:   target.Setup{Time: time.Duration(c.Seconds * float64(time.Second)), Database: c.Database, Log: benchLog},
		Devices: c.Devices, Apps: c.Apps, Every: c.Every,
	})
	return printBench(k, c.JSON, result, err)
}
