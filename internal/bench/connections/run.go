package connections

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/proofmark/proofmark/internal/bench"
	"github.com/proofmark/proofmark/internal/bench/target"
)

// Run measures one target after another; each is started for its run and stopped before the next.
func Run(ctx context.Context, o Options) (*bench.Result, error) {
	began := time.Now()
	sample, err := o.complete()
	if err != nil {
		return nil, fmt.Errorf("bench connections: %w", err)
	}
	deadline := began.Add(o.Time)
	result := bench.New("connections",
		"connections", "connects_per_s", "rss_before_mib", "rss_mib", "kib_per_connection", "pss_kib_per_connection", "ended")
	if err := o.raise(result); err != nil {
		return nil, fmt.Errorf("bench connections: %w", err)
	}
	request := target.Request{Setup: o.Setup, Sample: sample, Devices: o.Count}
	for i, name := range o.Targets {
		share := time.Until(deadline) / time.Duration(len(o.Targets)-i)
		figures, err := o.measure(ctx, name, request, share)
		if err != nil {
			return nil, fmt.Errorf("bench connections: %w", err)
		}
		o.Log("%s: %v", name, figures)
		result.Runs = append(result.Runs, figures)
	}
	subject := o.Targets[0]
	result.Summarise(subject)
	result.Compare("to_bare_mochi", "kib_per_connection", subject, target.Mochi)
	result.Compare("to_mosquitto", "kib_per_connection", subject, target.Mosquitto)
	return result, nil
}

func (o *Options) measure(ctx context.Context, name string, request target.Request, share time.Duration) (f bench.Figures, err error) {
	until := time.Now().Add(share)
	o.Log("%s: preparing %d devices", name, o.Count)
	t, err := target.Open(ctx, name, request)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, t.Close()) }()
	if err := t.Restart(ctx); err != nil {
		return nil, t.Explain(err)
	}
	t.Process.Settle(ctx)
	before, err := memory(t)
	if err != nil {
		return nil, t.Explain(err)
	}

	crowd, took, err := connect(ctx, t)
	if err != nil {
		return nil, t.Explain(err)
	}
	defer crowd.close()
	// Closing takes a while of the share too; a few seconds of rest are what a figure needs at least.
	if err := crowd.hold(ctx, max(3*time.Second, min(time.Until(until)-2*time.Second, o.Time/6))); err != nil {
		return nil, err
	}
	after, err := memory(t)
	if err != nil {
		return nil, t.Explain(err)
	}
	return figures(name, o.Count, took, before, after, crowd), nil
}

// memory is zero for a broker that the bench did not start.
func memory(t *target.Target) (target.Memory, error) {
	if t.Process == nil {
		return target.Memory{}, nil
	}
	return t.Process.Memory()
}

func figures(name string, count int, took time.Duration, before, after target.Memory, crowd *crowd) bench.Figures {
	f := bench.Figures{
		"target": name, "connections": count, "ended": crowd.ended.Load(),
		"connects_per_s": bench.Round(float64(count)/took.Seconds(), 1),
	}
	if reason := crowd.reason.Load(); reason != nil {
		f["first_end"] = *reason
	}
	if after.RSS > 0 {
		f["rss_before_mib"] = bench.Round(float64(before.RSS)/1024, 1)
		f["rss_mib"] = bench.Round(float64(after.RSS)/1024, 1)
		f["kib_per_connection"] = bench.Round(float64(after.RSS-before.RSS)/float64(count), 2)
		f["pss_kib_per_connection"] = bench.Round(float64(after.PSS-before.PSS)/float64(count), 2)
	}
	return f
}
