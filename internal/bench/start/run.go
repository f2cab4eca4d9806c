package start

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/proofmark/proofmark/internal/bench"
	"github.com/proofmark/proofmark/internal/bench/target"
)

const (
	maxRounds = 100
	// later is when memory is read once more: what is put off until after the start belongs to it.
	later = time.Second
)

// The two kinds of start, as the results name them.
const (
	First = "first" // an empty data folder
	Again = "again" // a folder that has been used
)

// Options says what to measure. The zero value takes 5 pairs of starts.
type Options struct {
	Rounds int
	Binary string // proofmark itself; the running program when empty
	Log    func(format string, args ...any)
}

// Run starts and stops the gateway.
func Run(ctx context.Context, o Options) (*bench.Result, error) {
	bounds := bench.Bounds{}
	bounds.Within("rounds", &o.Rounds, 5, maxRounds)
	if err := bounds.Err(); err != nil {
		return nil, fmt.Errorf("bench start: %w", err)
	}
	var err error
	if o.Binary, err = target.Self(o.Binary); err != nil {
		return nil, fmt.Errorf("bench start: %w", err)
	}
	result := bench.New("start", "ready_ms", "rss_mib", "rss_later_mib")
	result.Setting["rounds"], result.Setting["later_s"] = o.Rounds, later.Seconds()
	for round := 1; round <= o.Rounds; round++ {
		if err := pair(ctx, o, round, result); err != nil {
			return nil, fmt.Errorf("bench start: round %d: %w", round, err)
		}
	}
	result.Summarise(First)
	return result, nil
}

func pair(ctx context.Context, o Options, round int, result *bench.Result) (err error) {
	dir, err := os.MkdirTemp("", "proofmark-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	for _, kind := range []string{First, Again} {
		figures, err := once(ctx, dir, o.Binary)
		if err != nil {
			return err
		}
		figures["target"], figures["round"] = kind, round
		if o.Log != nil {
			o.Log("round %d, %s: ready after %v ms", round, kind, figures["ready_ms"])
		}
		result.Runs = append(result.Runs, figures)
	}
	return nil
}

func once(ctx context.Context, dir, binary string) (f bench.Figures, err error) {
	gateway, err := target.StartGateway(ctx, dir, binary)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, gateway.Close()) }()
	ready := time.Since(gateway.Process.Started)
	at, err := gateway.Process.Memory()
	if err != nil {
		return nil, err
	}
	select {
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-time.After(later):
	}
	then, err := gateway.Process.Memory()
	if err != nil {
		return nil, err
	}
	return bench.Figures{
		"ready_ms":      bench.Milliseconds(ready),
		"rss_mib":       bench.Round(float64(at.RSS)/1024, 1),
		"rss_later_mib": bench.Round(float64(then.RSS)/1024, 1),
	}, nil
}
