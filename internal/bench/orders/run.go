package orders

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/proofmark/proofmark/internal/bench"
	"github.com/proofmark/proofmark/internal/bench/target"
)

// oneByOne is added to the name of a server that gives every order a transaction.
const oneByOne = "-one-by-one"

const (
	maxConnections = 2048
	maxRounds      = 100
	backers        = 512
)

// Options says what to measure. The zero value measures SQLite with 256 connections in two rounds, within 50 seconds.
type Options struct {
	Connections int           // 256
	Rounds      int           // 2
	Time        time.Duration // of the whole bench; 45 s
	Database    string        // postgres://… to measure that too, and first
	Binary      string        // proofmark itself; the running program when empty
	Log         func(format string, args ...any)
}

func (o *Options) complete() (err error) {
	bounds := bench.Bounds{}
	bounds.Within("connections", &o.Connections, 256, maxConnections)
	bounds.Within("rounds", &o.Rounds, 2, maxRounds)
	if o.Time == 0 {
		o.Time = 45 * time.Second
	}
	if o.Log == nil {
		o.Log = func(string, ...any) {}
	}
	if o.Time < time.Second || o.Time > target.MaxTime {
		return errors.Join(bounds.Err(), fmt.Errorf("seconds %g: it must be 1–%g", o.Time.Seconds(), target.MaxTime.Seconds()))
	}
	o.Binary, err = target.Self(o.Binary)
	return errors.Join(bounds.Err(), err)
}

// subject is a server with its shop.
type subject struct {
	*target.Target
	shop         *Shop
	alone        bool  // a transaction for every order
	acknowledged int64 // of all runs
	run          int
}

// Run starts the servers, measures them by turns and closes them.
func Run(ctx context.Context, o Options) (result *bench.Result, err error) {
	began := time.Now()
	if err := o.complete(); err != nil {
		return nil, fmt.Errorf("bench orders: %w", err)
	}
	names := []string{target.Gateway}
	if o.Database != "" {
		names = []string{target.GatewayPostgres, target.Gateway}
	}
	var subjects []*subject
	defer func() {
		for _, s := range subjects {
			err = errors.Join(err, s.shop.Close(), s.Close())
		}
	}()
	for _, name := range names {
		for _, mode := range []string{"", oneByOne} {
			s, err := o.open(ctx, name, mode)
			if err != nil {
				return nil, fmt.Errorf("bench orders: %s%s: %w", name, mode, err)
			}
			subjects = append(subjects, s)
		}
	}
	result = bench.New("orders", "orders_per_s", "p50_ms", "p99_ms", "max_ms", "per_commit", "server_cpus", "bench_cpus", "audit")
	warmup, measured := o.spans(o.Time-time.Since(began), len(subjects))
	for name, value := range (bench.Figures{
		"connections": o.Connections, "backers": backers, "rounds": o.Rounds, "targets": names,
		"warmup_s": bench.Round(warmup.Seconds(), 2), "measured_s": bench.Round(measured.Seconds(), 2),
	}) {
		result.Setting[name] = value
	}
	for round := 1; round <= o.Rounds; round++ {
		for _, s := range subjects {
			figures, err := o.measure(ctx, s, warmup, measured)
			if err != nil {
				return nil, fmt.Errorf("bench orders: round %d: %w", round, s.Explain(err))
			}
			o.Log("round %d: %s took %.0f orders/s, p99 %v ms; its books agree", round, s.Name, figures["orders_per_s"], figures["p99_ms"])
			figures["round"] = round
			result.Runs = append(result.Runs, figures)
			s.Process.Settle(ctx)
		}
	}
	result.Summarise(names[0])
	result.Compare("to_one_transaction_per_order", "orders_per_s", names[0], names[0]+oneByOne)
	if o.Database != "" {
		result.Compare("sqlite_to_one_transaction_per_order", "orders_per_s", target.Gateway, target.Gateway+oneByOne)
	}
	return result, nil
}

func (o *Options) open(ctx context.Context, name, mode string) (*subject, error) {
	var args []string
	if mode != "" {
		args = append(args, "--orders-one-by-one")
	}
	t, err := target.Serve(ctx, name, o.Binary, o.Database, args...)
	if err != nil {
		return nil, err
	}
	t.Name += mode
	shop, err := Open(ctx, t.Database, t.Data, backers, 0)
	if err != nil {
		return nil, errors.Join(err, t.Close())
	}
	return &subject{Target: t, shop: shop, alone: mode != ""}, nil
}

// spans divides the time. Each run has a fixed cost, and its books are audited: that takes as long as a part of the orders.
func (o *Options) spans(left time.Duration, subjects int) (warmup, measured time.Duration) {
	each := left / time.Duration(o.Rounds*subjects)
	warmup = max(200*time.Millisecond, min(each/8, time.Second))
	return warmup, max(500*time.Millisecond, each/2)
}

// measure is one run.
func (o *Options) measure(ctx context.Context, s *subject, warmup, measured time.Duration) (bench.Figures, error) {
	s.run++
	load, err := connect(s.HTTP, s.shop, o.Connections, s.run)
	if err != nil {
		return nil, err
	}
	defer load.close()
	begin := time.Now().Add(warmup)
	end := begin.Add(measured)
	cost := make(chan bench.Figures, 1)
	go func() { cost <- watch(s, begin, end) }()
	var group errgroup.Group
	for _, b := range load {
		group.Go(func() error { return b.run(begin, end) })
	}
	stop := context.AfterFunc(ctx, load.close)
	err = group.Wait()
	stop()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		return nil, err
	}
	var latency bench.Latency
	var counted int64
	for _, b := range load {
		latency.Merge(&b.latency)
		counted += b.counted
		s.acknowledged += b.acknowledged
	}
	if counted == 0 {
		return nil, fmt.Errorf("no order was acknowledged within %v", measured)
	}
	counter, err := s.shop.Check(ctx, s.acknowledged)
	if err != nil {
		return nil, fmt.Errorf("after %d acknowledged orders: %w", s.acknowledged, err)
	}
	if s.alone && counter.Changes != counter.Reserved {
		return nil, fmt.Errorf("%d orders in %d commits; every order was to have a transaction of its own", counter.Reserved, counter.Changes)
	}
	figures := bench.Figures{
		"target": s.Name, "orders_per_s": bench.Round(float64(counted)/measured.Seconds(), 1), "orders": counted,
		"p50_ms": bench.Milliseconds(latency.Percentile(0.5)), "p99_ms": bench.Milliseconds(latency.Percentile(0.99)),
		"max_ms": bench.Milliseconds(latency.Max()), "audit": "ok",
		"per_commit": bench.Round(float64(counter.Reserved)/float64(counter.Changes), 1),
	}
	for name, value := range <-cost {
		figures[name] = value
	}
	return figures, nil
}

// watch measures the processors that server and bench use within the span; those of a PostgreSQL server are not seen.
func watch(s *subject, begin, end time.Time) bench.Figures {
	time.Sleep(time.Until(begin))
	server, _ := s.Process.CPU()
	own := target.OwnCPU()
	time.Sleep(time.Until(end))
	after, err := s.Process.CPU()
	if err != nil {
		return nil // the process ended; the run says so itself
	}
	span := end.Sub(begin).Seconds()
	return bench.Figures{
		"server_cpus": bench.Round((after-server).Seconds()/span, 2),
		"bench_cpus":  bench.Round((target.OwnCPU()-own).Seconds()/span, 2),
	}
}
