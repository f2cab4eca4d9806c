package target_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/proofmark/proofmark/internal/bench/benchtest"
	"github.com/proofmark/proofmark/internal/bench/target"
)

func TestAProcessTellsWhatItCostsAndEnds(t *testing.T) {
	mochi := benchtest.Mochi(t, 0)
	memory, err := mochi.Process.Memory()
	if err != nil || memory.RSS < 1000 || memory.PSS < 100 || memory.PSS > memory.RSS {
		t.Errorf("memory %+v, %v", memory, err)
	}
	if used, err := mochi.Process.CPU(); err != nil || used > time.Minute {
		t.Errorf("CPU time %v, %v", used, err)
	}
	mochi.Process.Settle(t.Context())
	if err := mochi.Close(); err != nil {
		t.Error(err)
	}
	if _, err := mochi.Process.Memory(); err == nil {
		t.Error("it still has memory after Close")
	}
}

func TestAChildThatFailsShowsItsOutput(t *testing.T) {
	setup := target.Setup{Binary: "/bin/ls"}
	sample, err := setup.Complete()
	if err != nil {
		t.Fatal(err)
	}
	_, err = target.Open(t.Context(), target.Gateway, target.Request{Setup: setup, Sample: sample})
	if err == nil || !strings.Contains(err.Error(), "target proofmark: /bin/ls ended with exit status") || !strings.Contains(err.Error(), "--data") {
		t.Errorf("%v; want the target, the exit status and the output", err)
	}
}

func TestBareMochiServesLoopbackOnly(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := target.ServeMochi(ctx, "0.0.0.0:1883"); err == nil || !strings.Contains(err.Error(), "loopback only") {
		t.Errorf("%v; want it refused", err)
	}
}

func TestTheFirstTargetIsWhatWasAskedFor(t *testing.T) {
	for _, c := range []struct {
		name  string
		setup target.Setup
		first string
	}{
		{"nothing", target.Setup{}, target.Gateway},
		{"a URL", target.Setup{URL: "mqtt://127.0.0.1"}, target.URL},
		{"a database", target.Setup{Database: "postgres://127.0.0.1/x"}, target.GatewayPostgres},
		{"names", target.Setup{Targets: []string{target.Mosquitto}}, target.Mosquitto},
	} {
		if _, err := c.setup.Complete(); err != nil || c.setup.Targets[0] != c.first {
			t.Errorf("%s: %v, %v; want %s first", c.name, c.setup.Targets, err, c.first)
		}
	}
}
