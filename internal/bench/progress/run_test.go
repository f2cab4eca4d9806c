package progress

import (
	"testing"
	"time"

	"github.com/proofmark/proofmark/internal/bench"
)

func TestRequestsAndWatchersAreMeasured(t *testing.T) {
	result, err := Run(t.Context(), Options{Connections: 2, Watchers: 20, Rounds: 1, Changes: 2, Span: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	for _, figure := range []string{"requests_per_s", "fanout_p50_ms", "fanout_max_ms"} {
		if value, ok := bench.Number(result.Median[figure]); !ok || value <= 0 {
			t.Errorf("%s is %v", figure, result.Median[figure])
		}
	}
	if result.Ratio["to_bare_handler"] <= 0 {
		t.Errorf("ratios %v", result.Ratio)
	}
	if _, err := Run(t.Context(), Options{Watchers: maxWatchers + 1}); err == nil {
		t.Error("too many watchers were taken")
	}
}
