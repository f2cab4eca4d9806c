package main

import (
	"context"
	"time"

	"github.com/alecthomas/kong"

	"github.com/proofmark/proofmark/internal/bench/progress"
)

type benchProgress struct {
	Connections int     `help:"Connections, each with one request on its way." default:"64"`
	Watchers    int     `help:"Streams that wait for a change." default:"5000"`
	Rounds      int     `help:"Rounds, each with a bare handler in turn." default:"3"`
	Changes     int     `help:"Changes that the watchers wait for in a round." default:"3"`
	Seconds     float64 `help:"Of each measurement of requests." default:"3"`
	JSON        bool    `name:"json" help:"Print one JSON object."`
}

// Run measures how far a campaign is being asked for.
func (c *benchProgress) Run(ctx context.Context, k *kong.Context) error {
	result, err := progress.Run(ctx, progress.Options{
		Connections: c.Connections, Watchers: c.Watchers, Rounds: c.Rounds, Changes: c.Changes, Span: time.Duration(c.Seconds * float64(time.Second)), Log: benchLog,
	})
	return printBench(k, c.JSON, result, err)
}
