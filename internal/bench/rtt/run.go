package rtt

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/proofmark/proofmark/internal/bench"
	"github.com/proofmark/proofmark/internal/bench/device"
	"github.com/proofmark/proofmark/internal/bench/target"
	"github.com/proofmark/proofmark/miot"
)

const (
	maxRounds = 100
	warmup    = 500 // round trips before a run counts
	// devices take turns, still one command at a time: the gateway holds each connection to a rate, and its limiter is
	// not what is measured.
	devices = 50
)

// Options says what to measure. The zero value measures the gateway on SQLite, bare mochi and mosquitto in 3 rounds. A broker
// given by URL must let any client publish and subscribe.
type Options struct {
	target.Setup
	Rounds int // 3
}

func (o *Options) complete() (target.Sample, error) {
	bounds := bench.Bounds{}
	bounds.Within("rounds", &o.Rounds, 3, maxRounds)
	if err := bounds.Err(); err != nil {
		return target.Sample{}, err
	}
	sample, err := o.Complete()
	if err == nil && sample.Readable.PIID == 0 {
		err = fmt.Errorf("the spec of model %s has no readable bool property to ask for", sample.Model)
	}
	return sample, err
}

// Run opens the targets, measures them in interleaved rounds and closes them.
func Run(ctx context.Context, o Options) (result *bench.Result, err error) {
	began := time.Now()
	sample, err := o.complete()
	if err != nil {
		return nil, fmt.Errorf("bench rtt: %w", err)
	}
	targets, err := target.OpenAll(ctx, target.Request{Setup: o.Setup, Sample: sample, Devices: devices})
	if err != nil {
		return nil, err
	}
	defer func() {
		if closed := target.CloseAll(targets); err == nil {
			err = closed
		}
	}()

	result = bench.New("rtt", "round_trips", "p50_ms", "p99_ms", "max_ms")
	each := max(500*time.Millisecond, (o.Time-time.Since(began))/time.Duration(o.Rounds*len(targets))-500*time.Millisecond)
	result.Setting["targets"], result.Setting["rounds"], result.Setting["devices"] = o.Targets, o.Rounds, devices
	result.Setting["measured_s"] = bench.Round(each.Seconds(), 2)
	for round := 1; round <= o.Rounds; round++ {
		for _, t := range targets {
			figures, err := measure(ctx, t, sample, each)
			if err != nil {
				return nil, fmt.Errorf("bench rtt: round %d: %w", round, t.Explain(err))
			}
			o.Log("round %d: %s p99 %v ms", round, t.Name, figures["p99_ms"])
			figures["round"] = round
			result.Runs = append(result.Runs, figures)
			t.Process.Settle(ctx)
		}
	}
	subject := o.Targets[0]
	result.Summarise(subject)
	for _, percentile := range []string{"p50", "p99"} {
		result.Compare(percentile+"_to_bare_mochi", percentile+"_ms", subject, target.Mochi)
		result.Compare(percentile+"_to_mosquitto", percentile+"_ms", subject, target.Mosquitto)
	}
	return result, nil
}

// measure connects the devices and has them asked.
func measure(ctx context.Context, t *target.Target, sample target.Sample, each time.Duration) (bench.Figures, error) {
	var life errgroup.Group
	var sessions []*device.Session
	leave := func() error {
		for _, session := range sessions {
			session.Close()
		}
		return life.Wait()
	}
	for i, who := range t.Devices {
		session, err := device.Open(ctx, t.Addr, who, i, 1024)
		if err != nil {
			return nil, errors.Join(err, leave())
		}
		sessions = append(sessions, session)
		life.Go(func() error { return serve(session) })
	}
	latency, err := ask(ctx, t, sample.Readable, each)
	if ended := leave(); err != nil {
		return nil, fmt.Errorf("%w (the first device to end: %v)", err, ended)
	}
	return bench.Figures{
		"target": t.Name, "round_trips": latency.Count(),
		"p50_ms": bench.Milliseconds(latency.Percentile(0.5)),
		"p99_ms": bench.Milliseconds(latency.Percentile(0.99)),
		"max_ms": bench.Milliseconds(latency.Max()),
	}, nil
}

// ask asks the devices in turn as often as the time allows, one command at a time.
func ask(ctx context.Context, t *target.Target, property miot.PropertyRef, each time.Duration) (*bench.Latency, error) {
	caller, err := newCaller(ctx, t)
	if err != nil {
		return nil, err
	}
	defer caller.close()
	var latency bench.Latency
	end := time.Now().Add(each)
	for n := 0; ctx.Err() == nil; n++ {
		property.DID = t.Devices[n%len(t.Devices)].DID
		asked := time.Now()
		if err := caller.ask(ctx, property); err != nil {
			return nil, fmt.Errorf("round trip %d: %w", n+1, err)
		}
		switch {
		case n < warmup:
			end = time.Now().Add(each)
		case time.Now().After(end):
			return &latency, nil
		default:
			latency.Add(time.Since(asked))
		}
	}
	return nil, context.Cause(ctx)
}

// serve is a device's life: hear, answer.
func serve(session *device.Session) error {
	for {
		if _, err := session.Next(); err != nil {
			return err
		}
		if session.Buffered() {
			continue
		}
		if err := session.Flush(); err != nil {
			return err
		}
	}
}
