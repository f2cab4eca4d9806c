package certificates

import (
	"testing"
	"time"

	"github.com/proofmark/proofmark/internal/bench"
)

func TestEveryFormIsMeasuredAgainstItsBytes(t *testing.T) {
	result, err := Public(t.Context(), PublicOptions{Connections: 2, Rounds: 1, Span: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if len(result.Runs) != 6 {
		t.Fatalf("%d runs: %v", len(result.Runs), result.Runs)
	}
	for i, run := range result.Runs {
		if rate, ok := bench.Number(run["requests_per_s"]); !ok || rate <= 0 || i%2 == 1 && run["bytes"] != result.Runs[i-1]["bytes"] {
			t.Errorf("%v", run)
		}
	}
	for _, what := range []string{"page", "json", "list"} {
		if result.Ratio[what+"/bare"] <= 0 {
			t.Errorf("no ratio of %s: %v", what, result.Ratio)
		}
	}
	if _, err := Public(t.Context(), PublicOptions{Connections: maxConnections + 1}); err == nil {
		t.Error("too many connections were taken")
	}
}
