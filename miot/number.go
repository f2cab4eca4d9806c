package miot

import "math"

// whole is an integer read from a JSON number: sign and magnitude, so that all of int64 and uint64 fit.
type whole struct {
	negative  bool
	magnitude uint64
}

func (w whole) int64() (int64, bool) {
	switch {
	case !w.negative && w.magnitude <= math.MaxInt64:
		return int64(w.magnitude), true
	case w.negative && w.magnitude <= 1<<63:
		return -int64(w.magnitude), true
	}
	return 0, false
}

// ordinal is the number's place among all values of a signed or unsigned format (see signedOrdinal).
func (w whole) ordinal(signed bool) (uint64, bool) {
	if signed {
		v, ok := w.int64()
		return signedOrdinal(v), ok
	}
	return w.magnitude, !w.negative || w.magnitude == 0
}

// isPlain tells whether a number literal has neither fraction nor exponent.
func isPlain(literal []byte) bool {
	for _, c := range literal {
		if c == '.' || c == 'e' || c == 'E' {
			return false
		}
	}
	return true
}

// wholeNumber reads a JSON number literal exactly. It is not ok for anything else, for a number with a fractional part,
// and for one beyond 64 bits. 1.0 and 10e-1 are both 1.
func wholeNumber(literal []byte) (w whole, ok bool) {
	if len(literal) == 0 || literal[0] != '-' && !isDigit(literal[0]) {
		return w, false
	}
	if end, err := scanNumber(literal, 0); err != nil || end != len(literal) {
		return w, false
	}
	if literal[0] == '-' {
		w.negative = true
		literal = literal[1:]
	}
	exponent, mantissa := splitExponent(literal)
	// zeros are trailing zeros not yet multiplied in: 1000…000e-99 must not overflow on the way.
	zeros, seenPoint := 0, false
	for _, c := range mantissa {
		switch c {
		case '.':
			seenPoint = true
			continue
		case '0':
			zeros++
		default:
			if !w.shift(zeros + 1) {
				return w, false
			}
			zeros = 0
			d := uint64(c - '0')
			if w.magnitude > math.MaxUint64-d {
				return w, false
			}
			w.magnitude += d
		}
		if seenPoint {
			exponent--
		}
	}
	if w.magnitude == 0 {
		w.negative = false
		return w, true
	}
	if exponent += zeros; exponent < 0 {
		return w, false
	}
	return w, w.shift(exponent)
}

// shift multiplies by 10^n; false when 64 bits do not hold the result.
func (w *whole) shift(n int) bool {
	if w.magnitude == 0 {
		return true
	}
	for ; n > 0; n-- {
		if w.magnitude > math.MaxUint64/10 {
			return false
		}
		w.magnitude *= 10
	}
	return true
}

// splitExponent parts digits from the power of ten behind them; powers are cut at ±10⁸, beyond any literal's length.
func splitExponent(literal []byte) (exponent int, mantissa []byte) {
	for i, c := range literal {
		if c != 'e' && c != 'E' {
			continue
		}
		negative := false
		for _, c := range literal[i+1:] {
			switch {
			case c == '-':
				negative = true
			case isDigit(c) && exponent < 1e8:
				exponent = exponent*10 + int(c-'0')
			}
		}
		if negative {
			exponent = -exponent
		}
		return exponent, literal[:i]
	}
	return 0, literal
}
