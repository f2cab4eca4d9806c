package miot

import "math/big"

// bigWhole is wholeNumber the slow and certain way.
func bigWhole(literal string) (whole, bool) {
	r, ok := new(big.Rat).SetString(literal)
	if !ok || !r.IsInt() {
		return whole{}, false
	}
	n := new(big.Int).Abs(r.Num())
	return whole{negative: r.Sign() < 0, magnitude: n.Uint64()}, n.IsUint64()
}
