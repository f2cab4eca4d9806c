package ingest

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/proofmark/proofmark/internal/bench"
	"github.com/proofmark/proofmark/internal/bench/target"
)

// Run opens the targets, measures them in interleaved rounds and closes them.
func Run(ctx context.Context, o Options) (result *bench.Result, err error) {
	began := time.Now()
	sample, err := o.complete()
	if err != nil {
		return nil, fmt.Errorf("bench ingest: %w", err)
	}
	o.Log("starting %v, with %d devices each", o.Targets, o.Devices)
	targets, err := target.OpenAll(ctx, target.Request{Setup: o.Setup, Sample: sample, Devices: o.Devices, App: o.App})
	if err != nil {
		return nil, err
	}
	defer func() {
		if closed := target.CloseAll(targets); err == nil {
			err = closed
		}
	}()

	result = bench.New("ingest", o.columns()...)
	warmup, measured := o.spans(o.Time - time.Since(began))
	for name, value := range o.setting(warmup, measured) {
		result.Setting[name] = value
	}
	for round := 1; round <= o.Rounds; round++ {
		for _, t := range targets {
			figures, err := o.measure(ctx, t, warmup, measured)
			if err != nil {
				return nil, fmt.Errorf("bench ingest: round %d: %w", round, t.Explain(err))
			}
			o.Log("round %d: %s acknowledged %.0f/s", round, t.Name, figures["stored_per_s"])
			figures["round"] = round
			result.Runs = append(result.Runs, figures)
			t.Process.Settle(ctx)
		}
	}
	subject := o.Targets[0]
	result.Summarise(subject)
	result.Compare("to_bare_mochi", "stored_per_s", subject, target.Mochi)
	result.Compare("to_mosquitto", "stored_per_s", subject, target.Mosquitto)
	if subject == target.GatewayPostgres {
		result.Compare("sqlite_to_bare_mochi", "stored_per_s", target.Gateway, target.Mochi)
	}
	if o.App {
		result.Compare("app_to_bare_mochi", "app_received_per_s", subject, target.Mochi)
		result.Compare("app_to_mosquitto", "app_received_per_s", subject, target.Mosquitto)
	}
	return result, nil
}

func (o *Options) columns() []string {
	columns := []string{"stored_per_s", "p50_ms", "p99_ms", "max_ms", "unacknowledged", "server_cpus", "bench_cpus"}
	if o.App {
		columns = append(columns, "app_received_per_s", "app_missing", "app_behind", "app_repeats", "app_disconnected")
	}
	return columns
}

// measure is one run against one target.
func (o *Options) measure(ctx context.Context, t *target.Target, warmup, measured time.Duration) (bench.Figures, error) {
	loads, err := fleet(ctx, t, o.Window)
	if err != nil {
		return nil, err
	}
	defer closeFleet(loads)
	var listener *app
	if o.App {
		if listener, err = listen(ctx, t, o.AppPause); err != nil {
			return nil, err
		}
		defer listener.conn.Close()
	}

	begin := time.Now().Add(warmup)
	s := span{begin, begin.Add(measured)}
	cost := watch(t, s)
	if listener != nil {
		go listener.run(s)
	}
	var group errgroup.Group
	for _, l := range loads {
		group.Go(func() error { return l.run(s) })
	}
	stop := context.AfterFunc(ctx, func() { closeFleet(loads) })
	err = group.Wait()
	stop()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		return nil, err
	}
	figures, err := summary(loads, s)
	if err != nil {
		return nil, err
	}
	figures["target"] = t.Name
	for name, value := range <-cost {
		figures[name] = value
	}
	if listener != nil {
		listener.report(ctx, figures, loads, s)
	}
	return figures, nil
}

func summary(loads []*load, s span) (bench.Figures, error) {
	var (
		latency          bench.Latency
		counted, flying  int64
		refused, refuser = int64(0), ""
	)
	for _, l := range loads {
		latency.Merge(&l.latency)
		counted += l.counted
		flying += int64(l.window - len(l.free))
		if refused += l.Refused; l.FirstRefusal != "" {
			refuser = l.DID + ": " + l.FirstRefusal
		}
	}
	if refused > 0 {
		return nil, fmt.Errorf("%d reports were refused, so they were not stored; %s", refused, refuser)
	}
	if counted == 0 {
		return nil, fmt.Errorf("no report was acknowledged within %v", s.end.Sub(s.begin))
	}
	return bench.Figures{
		"stored_per_s":   bench.Round(float64(counted)/s.end.Sub(s.begin).Seconds(), 1),
		"stored":         counted,
		"p50_ms":         bench.Milliseconds(latency.Percentile(0.5)),
		"p99_ms":         bench.Milliseconds(latency.Percentile(0.99)),
		"max_ms":         bench.Milliseconds(latency.Max()),
		"unacknowledged": flying,
	}, nil
}

// report adds what the app saw of all that was acknowledged, the warm-up included.
func (a *app) report(ctx context.Context, figures bench.Figures, loads []*load, s span) {
	var expected int64
	for _, l := range loads {
		expected += l.acked
	}
	reason := a.finish(ctx, expected)
	figures["app_received_per_s"] = bench.Round(float64(a.counted)/s.end.Sub(s.begin).Seconds(), 1)
	figures["app_missing"] = max(0, expected-a.got.Load())
	figures["app_repeats"] = a.repeats
	figures["app_behind"] = a.behind // what is missing may still have come
	if reason != "" {
		figures["app_disconnected"] = reason
	}
}

// watch measures the processors that server and bench use within the span.
func watch(t *target.Target, s span) <-chan bench.Figures {
	out := make(chan bench.Figures, 1)
	go func() {
		time.Sleep(time.Until(s.begin))
		before, own := serverCPU(t), target.OwnCPU()
		time.Sleep(time.Until(s.end))
		span := s.end.Sub(s.begin).Seconds()
		figures := bench.Figures{"bench_cpus": bench.Round((target.OwnCPU()-own).Seconds()/span, 2)}
		if t.Process != nil {
			figures["server_cpus"] = bench.Round((serverCPU(t)-before).Seconds()/span, 2)
		}
		out <- figures
	}()
	return out
}

func serverCPU(t *target.Target) time.Duration {
	if t.Process == nil {
		return 0
	}
	used, err := t.Process.CPU()
	if err != nil {
		return 0 // the process ended; the run says so itself
	}
	return used
}
