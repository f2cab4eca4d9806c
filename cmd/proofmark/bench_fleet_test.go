package main

import (
	"testing"
	"time"

	"github.com/proofmark/proofmark/internal/bench/fleet"
	"github.com/proofmark/proofmark/internal/bench/target"
)

func TestNoReportOfAFleetIsLost(t *testing.T) {
	result, err := fleet.Run(t.Context(), fleet.Options{
		Setup: target.Setup{Binary: binary, Time: 8 * time.Second, Log: t.Logf}, Devices: 40, Apps: 4, Every: time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	run := result.Runs[0]
	if n, _ := run["reports"].(int64); n < 40 {
		t.Errorf("%v", run)
	}
	for _, what := range []string{"lost_in_store", "lost_at_apps", "twice_in_store", "twice_at_apps"} {
		if run[what] != int64(0) {
			t.Errorf("%s is %v: %v", what, run[what], run)
		}
	}
}
