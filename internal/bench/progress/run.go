package progress

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/proofmark/proofmark/internal/bench"
)

// Options say how much is asked.
type Options struct {
	Connections int           // kept alive: 64
	Watchers    int           // of the stream: 5,000
	Rounds      int           // 3
	Changes     int           // that watchers wait for, in a round: 3
	Span        time.Duration // of each measurement of requests: 3 s
	Log         func(format string, args ...any)
}

const (
	maxConnections = 1024
	maxWatchers    = 10_000
	maxRounds      = 20
)

// Run measures requests and fan-out by turns.
func Run(ctx context.Context, o Options) (_ *bench.Result, err error) {
	var bounds bench.Bounds
	bounds.Within("connections", &o.Connections, 64, maxConnections)
	bounds.Within("watchers", &o.Watchers, 5000, maxWatchers)
	bounds.Within("rounds", &o.Rounds, 3, maxRounds)
	bounds.Within("changes", &o.Changes, 3, maxRounds)
	if err := bounds.Err(); err != nil {
		return nil, fmt.Errorf("bench progress: %w", err)
	}
	if o.Span <= 0 || o.Span > time.Minute {
		o.Span = 3 * time.Second
	}
	if o.Log == nil {
		o.Log = func(string, ...any) {}
	}
	dir, err := os.MkdirTemp("", "proofmark-bench-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	s, err := openStand(ctx, "sqlite:"+filepath.Join(dir, "proofmark.db"))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	result := bench.New("progress", "round", "requests_per_s", "p50_ms", "p99_ms", "fanout_p50_ms", "fanout_p99_ms", "fanout_max_ms")
	result.Setting["connections"], result.Setting["watchers"], result.Setting["seconds"] = o.Connections, o.Watchers, o.Span.Seconds()
	result.Note("no pipelining: each connection has one request on its way; load generator and service share the machine")
	header, body, err := once(s.handler, s.path)
	if err != nil {
		return nil, err
	}
	result.Setting["bytes"] = len(body)
	for round := 1; round <= o.Rounds; round++ {
		o.Log("round %d: requests for %s", round, o.Span)
		ours, err := o.ask(s.handler, s.path)
		if err != nil {
			return nil, fmt.Errorf("bench progress: %w", err)
		}
		o.Log("round %d: a bare handler for %s", round, o.Span)
		bare, err := o.ask(bareHandler(header, body), s.path)
		if err != nil {
			return nil, fmt.Errorf("bench progress: bare handler: %w", err)
		}
		o.Log("round %d: %d changes to %d watchers", round, o.Changes, o.Watchers)
		if err := o.fanOut(ctx, s, ours); err != nil {
			return nil, fmt.Errorf("bench progress: watchers: %w", err)
		}
		ours["target"], ours["round"], bare["target"], bare["round"] = "proofmark", round, "bare", round
		result.Runs = append(result.Runs, ours, bare)
	}
	result.Summarise("proofmark")
	result.Compare("to_bare_handler", "requests_per_s", "proofmark", "bare")
	return result, nil
}
