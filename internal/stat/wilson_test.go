package stat_test

import (
	"math"
	"testing"

	"github.com/proofmark/proofmark/internal/stat"
)

// The values are those of R's prop.test(k, n, correct = FALSE).
func TestWilson(t *testing.T) {
	for _, c := range []struct {
		k, n      int64
		low, high float64
	}{
		{0, 0, 0, 1},
		{0, 10, 0, 0.277533},
		{1, 1, 0.206549, 1},
		{1, 10, 0.017876, 0.404150},
		{10, 1000, 0.005442, 0.018309},
		{50, 100, 0.403832, 0.596168},
	} {
		low, high := stat.Wilson(c.k, c.n, 1.959964)
		if math.Abs(low-c.low) > 1e-5 || math.Abs(high-c.high) > 1e-5 {
			t.Errorf("%d of %d: %.6f to %.6f, want %.6f to %.6f", c.k, c.n, low, high, c.low, c.high)
		}
	}
}
