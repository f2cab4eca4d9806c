package fleet_test

import (
	"strings"
	"testing"
	"time"

	"github.com/proofmark/proofmark/internal/bench/fleet"
	"github.com/proofmark/proofmark/internal/bench/target"
)

func TestNoReportOfAFleetIsLost(t *testing.T) {
	result, err := fleet.Run(t.Context(), fleet.Options{
		Setup: target.Setup{Time: 6 * time.Second, Log: t.Logf}, Devices: 40, Apps: 4, Every: time.Second,
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

func TestBoundsOfTheFleet(t *testing.T) {
	_, err := fleet.Run(t.Context(), fleet.Options{Devices: 20_001})
	if err == nil || !strings.Contains(err.Error(), "devices 20001: it must be 1–19000") {
		t.Errorf("%v; want the devices and their bound", err)
	}
}
