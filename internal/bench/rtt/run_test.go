package rtt_test

import (
	"testing"
	"time"

	"github.com/proofmark/proofmark/internal/bench/rtt"
	"github.com/proofmark/proofmark/internal/bench/target"
)

func TestRoundTripsThroughBareMochi(t *testing.T) {
	setup := target.Setup{Targets: []string{target.Mochi}, Time: time.Second, Log: t.Logf}
	result, err := rtt.Run(t.Context(), rtt.Options{Setup: setup, Rounds: 1})
	if err != nil {
		t.Fatal(err)
	}
	run := result.Runs[0]
	p50, _ := run["p50_ms"].(float64)
	p99, _ := run["p99_ms"].(float64)
	if trips, _ := run["round_trips"].(int64); trips < 10 || p50 <= 0 || p99 < p50 {
		t.Errorf("%v round trips, p50 %v ms, p99 %v ms", run["round_trips"], p50, p99)
	}
}
