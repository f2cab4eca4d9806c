package connections_test

import (
	"strings"
	"testing"

	"github.com/proofmark/proofmark/internal/bench/connections"
	"github.com/proofmark/proofmark/internal/bench/target"
)

func TestEveryConnectionStaysAndCostsMemory(t *testing.T) {
	setup := target.Setup{Targets: []string{target.Mochi}, Time: 1e9, Log: t.Logf}
	result, err := connections.Run(t.Context(), connections.Options{Setup: setup, Count: 300})
	if err != nil {
		t.Fatal(err)
	}
	run := result.Runs[0]
	if run["connections"] != 300 || run["ended"] != int64(0) {
		t.Errorf("%v connections, %v ended; want 300 and 0", run["connections"], run["ended"])
	}
	if cost, _ := run["kib_per_connection"].(float64); cost < 1 || cost > 1000 {
		t.Errorf("%v KiB per connection", run["kib_per_connection"])
	}
}

func TestMoreThanTheBoundIsRefused(t *testing.T) {
	_, err := connections.Run(t.Context(), connections.Options{Count: 100_001})
	if err == nil || !strings.Contains(err.Error(), "count 100001: it must be 1–100000") {
		t.Errorf("%v; want the count and its bound", err)
	}
}
