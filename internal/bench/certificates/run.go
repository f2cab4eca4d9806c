package certificates

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/proofmark/proofmark/internal/bench"
	"github.com/proofmark/proofmark/internal/bench/office"
	"github.com/proofmark/proofmark/internal/bench/target"
)

// Options say how much is issued, and where.
type Options struct {
	Count    int    // certificates in a round: 1,000
	Workers  int    // that issue at once: 4
	Rounds   int    // 3
	Database string // postgres://… of a server: measured too, on a new database of it
	Log      func(format string, args ...any)
}

const (
	maxCount   = 100_000
	maxWorkers = 64
	maxRounds  = 20
)

// Run issues Count certificates a round, on SQLite and, if there is one, PostgreSQL.
func Run(ctx context.Context, o Options) (*bench.Result, error) {
	var bounds bench.Bounds
	bounds.Within("count", &o.Count, 1000, maxCount)
	bounds.Within("workers", &o.Workers, 4, maxWorkers)
	bounds.Within("rounds", &o.Rounds, 3, maxRounds)
	if err := bounds.Err(); err != nil {
		return nil, fmt.Errorf("bench certificates: %w", err)
	}
	if o.Log == nil {
		o.Log = func(string, ...any) {}
	}
	result := bench.New("certificates", "round", "certificates", "seconds", "issued_per_s", "conclude_s")
	result.Setting["workers"] = o.Workers
	for round := 1; round <= o.Rounds; round++ {
		figures, err := onSQLite(ctx, o)
		if err != nil {
			return nil, fmt.Errorf("bench certificates: sqlite: %w", err)
		}
		figures["target"], figures["round"] = "sqlite", round
		result.Runs = append(result.Runs, figures)
		if o.Database == "" {
			continue
		}
		if figures, err = onPostgres(ctx, o); err != nil {
			return nil, fmt.Errorf("bench certificates: postgres: %w", err)
		}
		figures["target"], figures["round"] = "postgres", round
		result.Runs = append(result.Runs, figures)
	}
	result.Summarise("sqlite")
	return result, nil
}

func onSQLite(ctx context.Context, o Options) (_ bench.Figures, err error) {
	dir, err := os.MkdirTemp("", "proofmark-bench-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	return measure(ctx, o, "sqlite:"+filepath.Join(dir, "proofmark.db"), dir)
}

func onPostgres(ctx context.Context, o Options) (_ bench.Figures, err error) {
	dir, err := os.MkdirTemp("", "proofmark-bench-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	url, drop, err := target.NewDatabase(ctx, o.Database)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, drop()) }()
	return measure(ctx, o, url, dir)
}

func measure(ctx context.Context, o Options, url, dir string) (_ bench.Figures, err error) {
	f, err := office.Open(ctx, url, dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	o.Log("%d submissions are approved", o.Count)
	ids, err := f.Approve(ctx, office.Bench, o.Count)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	if err := issue(ctx, f, ids, o.Workers); err != nil {
		return nil, err
	}
	took := time.Since(began)
	began = time.Now()
	if err := f.Conclude(ctx, ids); err != nil {
		return nil, err
	}
	return bench.Figures{
		"certificates": len(ids), "seconds": bench.Round(took.Seconds(), 2),
		"issued_per_s": bench.Round(float64(len(ids))/took.Seconds(), 1), "conclude_s": bench.Round(time.Since(began).Seconds(), 2),
	}, nil
}

// issue lets the workers take one submission after the other.
func issue(ctx context.Context, f *office.Office, ids []string, workers int) error {
	queue := make(chan string, len(ids))
	for _, id := range ids {
		queue <- id
	}
	close(queue)
	errs := make([]error, workers)
	var all sync.WaitGroup
	for w := range workers {
		all.Go(func() {
			for id := range queue {
				if _, err := f.Issuer.Certify(ctx, id); err != nil {
					errs[w] = err
					return
				}
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}
