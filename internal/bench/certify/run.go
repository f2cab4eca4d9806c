package certify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/proofmark/proofmark/certification/suite"
	"github.com/proofmark/proofmark/certification/suite/local"
	"github.com/proofmark/proofmark/certification/suite/report"
	"github.com/proofmark/proofmark/internal/bench"
	"github.com/proofmark/proofmark/miot"
)

const maxDevices = 1000

// Options says how many devices, and what they go through.
type Options struct {
	Count  int      // devices at once: 200
	Plan   string   // quick
	Cases  []string // of the plan; all when empty
	Sample string   // document of the devices: lamp
	Log    func(format string, args ...any)
}

// Run tests one device alone, then Count at once.
func Run(ctx context.Context, o Options) (*bench.Result, error) {
	bounds := bench.Bounds{}
	bounds.Within("count", &o.Count, 200, maxDevices)
	if err := bounds.Err(); err != nil {
		return nil, fmt.Errorf("bench certify: %w", err)
	}
	if o.Plan == "" {
		o.Plan = string(suite.Quick)
	}
	if o.Sample == "" {
		o.Sample = "lamp"
	}
	dir, err := os.MkdirTemp("", "proofmark-bench-")
	if err != nil {
		return nil, fmt.Errorf("bench certify: %w", err)
	}
	result, err := run(ctx, o, dir)
	return result, errors.Join(err, os.RemoveAll(dir))
}

func run(ctx context.Context, o Options, dir string) (*bench.Result, error) {
	spec := filepath.Join(dir, "spec.json")
	document := miot.Sample(o.Sample)
	if document == nil {
		return nil, fmt.Errorf("bench certify: no sample document is called %q", o.Sample)
	}
	if err := os.WriteFile(spec, document, 0o600); err != nil {
		return nil, fmt.Errorf("bench certify: %w", err)
	}
	result := bench.New("certify", "devices", "seconds", "verdicts", "changed", "inconclusive", "failed", "lags", "cpu_s_per_device")
	result.Setting["plan"], result.Setting["sample"], result.Setting["suite"] = o.Plan, o.Sample, suite.Release
	alone, err := crowd(ctx, o, spec, filepath.Join(dir, "alone"), 1)
	if err != nil {
		return nil, fmt.Errorf("bench certify: one device: %w", err)
	}
	want := verdicts(alone.documents[0])
	result.Runs = append(result.Runs, alone.figures("alone", want))
	if o.Log != nil {
		o.Log("one device took %.0f s; %d at once come next", alone.took.Seconds(), o.Count)
	}
	many, err := crowd(ctx, o, spec, filepath.Join(dir, "many"), o.Count)
	if err != nil {
		return nil, fmt.Errorf("bench certify: %d devices: %w", o.Count, err)
	}
	result.Runs = append(result.Runs, many.figures("at once", want))
	result.Summarise("at once")
	return result, nil
}

// outcome is what a crowd of devices went through.
type outcome struct {
	documents []*report.Document
	took, cpu time.Duration
}

func crowd(ctx context.Context, o Options, spec, dir string, n int) (outcome, error) {
	out := outcome{documents: make([]*report.Document, n)}
	errs := make([]error, n)
	began, used := time.Now(), cpuTime()
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			did := fmt.Sprintf("device-%d", i+1)
			out.documents[i], _, errs[i] = local.Test(ctx, local.Options{
				Spec: spec, Plan: o.Plan, Cases: o.Cases, Seed: uint64(i) + 1, DID: did,
				Out: filepath.Join(dir, did), Config: dir, Formats: []string{"json"}, Virtual: true, Progress: io.Discard,
			})
		})
	}
	all.Wait()
	out.took, out.cpu = time.Since(began), cpuTime()-used
	return out, errors.Join(errs...)
}

// verdicts are those of a document by case and member.
func verdicts(d *report.Document) map[string]suite.Verdict {
	out := make(map[string]suite.Verdict)
	for _, g := range d.Groups {
		for _, e := range g.Outcomes {
			out[e.ID] = e.Verdict
		}
	}
	return out
}

func (out outcome) figures(target string, want map[string]suite.Verdict) bench.Figures {
	var all, changed, inconclusive, failed, lags int
	for _, d := range out.documents {
		got := verdicts(d)
		for id, v := range want {
			all++
			if got[id] != v {
				changed++
			}
			switch got[id] {
			case suite.Inconclusive:
				inconclusive++
			case suite.Fail:
				failed++
			}
		}
		lags += d.Lags()
	}
	n := float64(len(out.documents))
	return bench.Figures{
		"target": target, "devices": len(out.documents), "seconds": bench.Round(out.took.Seconds(), 1), "verdicts": all,
		"changed": changed, "inconclusive": inconclusive, "failed": failed, "lags": lags,
		"cpu_s_per_device": bench.Round(out.cpu.Seconds()/n, 2),
	}
}
