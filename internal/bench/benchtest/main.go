// Package benchtest lets tests of the benches start targets: the test binary stands in for proofmark as a child.
package benchtest

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"testing"

	"github.com/proofmark/proofmark/internal/bench/target"
)

// Main is a TestMain that serves bare mochi when the process was started as `… bench server-mochi --listen ADDR`, and runs
// the tests otherwise.
func Main(m *testing.M) {
	if len(os.Args) != 5 || os.Args[1] != "bench" || os.Args[2] != "server-mochi" {
		os.Exit(m.Run())
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if err := target.ServeMochi(ctx, os.Args[4]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// Mochi is bare mochi as a child of the test, with so many devices; the test's end closes it.
func Mochi(t *testing.T, devices int) *target.Target {
	t.Helper()
	setup := target.Setup{Targets: []string{target.Mochi}}
	sample, err := setup.Complete()
	if err != nil {
		t.Fatal(err)
	}
	mochi, err := target.Open(t.Context(), target.Mochi, target.Request{Setup: setup, Sample: sample, Devices: devices})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := mochi.Close(); err != nil {
			t.Error(err)
		}
	})
	return mochi
}
