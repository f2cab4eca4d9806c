// Package stat holds the few statistics that more than one part needs.
//
// It owns no data and imports nothing of ours.
package stat

import "math"

// Wilson gives the bounds of the rate of which k of n were seen, after Wilson
// (1927): z is the quantile of the normal distribution, 1.96 for 95 % on both
// sides, 2.576 for 99 %. It holds for small n and for rates near 0, where k/n ± z·σ
// does not. Without a sample nothing is known: 0 and 1.
func Wilson(k, n int64, z float64) (low, high float64) {
	if n <= 0 {
		return 0, 1
	}
	p, m := float64(k)/float64(n), float64(n)
	mid := p + z*z/(2*m)
	off := z * math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	scale := 1 + z*z/m
	low, high = (mid-off)/scale, (mid+off)/scale
	if k <= 0 { // exactly, not but for the last bit
		low = 0
	}
	if k >= n {
		high = 1
	}
	return low, high
}
