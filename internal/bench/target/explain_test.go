package target_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/proofmark/proofmark/internal/bench/benchtest"
)

func TestAnErrorSaysThatTheServerHadEnded(t *testing.T) {
	reset := errors.New("connection reset by peer")
	mochi := benchtest.Mochi(t, 0)
	if err := mochi.Explain(reset); !errors.Is(err, reset) || strings.Contains(err.Error(), "had ended") {
		t.Errorf("while the server runs: %v", err)
	}
	if err := mochi.Process.Stop(); err != nil {
		t.Fatal(err)
	}
	if err := mochi.Explain(reset); !errors.Is(err, reset) || !strings.Contains(err.Error(), "mochi: connection reset by peer; its process had ended") {
		t.Errorf("after the server ended: %v", err)
	}
}
