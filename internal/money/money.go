// Package money is an exact amount of a currency: an int64 of its minor unit
// (paise, cents, yen), never a float.
//
// It refuses to mix currencies, to overflow, and to lose a minor unit when an
// amount is divided. Rupees are written with lakhs and crores: ₹1,23,45,678.90.
package money

import (
	"errors"
	"fmt"
	"math"
	"math/bits"

	table "github.com/Rhymond/go-money"
)

// What can be wrong. Errors name the amounts and the rule.
var (
	ErrCurrency = errors.New("unknown currency")            // not in ISO 4217
	ErrMixed    = errors.New("different currencies")        // of the two amounts
	ErrOverflow = errors.New("amount out of range")         // beyond an int64 of minor units
	ErrSyntax   = errors.New("not an amount")               // what Parse was given
	ErrParts    = errors.New("amount cannot be divided so") // no parts, or all of weight 0
)

// Money is an amount. The zero value is nothing of no currency: it can be
// compared, and not counted with.
type Money struct {
	Minor    int64  `json:"minor"`    // of the currency's minor unit
	Currency string `json:"currency"` // ISO 4217, "INR"
}

// New is an amount of a currency that exists.
func New(minor int64, currency string) (Money, error) {
	if _, err := fraction(currency); err != nil {
		return Money{}, err
	}
	return Money{minor, currency}, nil
}

// fraction is how many digits the currency's minor unit has: 2 for INR, 0 for JPY.
func fraction(currency string) (int, error) {
	c := known(currency)
	if c == nil {
		return 0, fmt.Errorf("%w %q: want a code of ISO 4217 in capitals, such as INR", ErrCurrency, currency)
	}
	return c.Fraction, nil
}

// known finds a currency by its exact code: the table also takes lower case.
func known(currency string) *table.Currency {
	c := table.GetCurrency(currency)
	if c == nil || c.Code != currency {
		return nil
	}
	return c
}

// Add is m + o.
func (m Money) Add(o Money) (Money, error) {
	if err := m.same(o, "+"); err != nil {
		return Money{}, err
	}
	sum := m.Minor + o.Minor
	if (sum > m.Minor) != (o.Minor > 0) && o.Minor != 0 {
		return Money{}, fmt.Errorf("%w: %d + %d %s", ErrOverflow, m.Minor, o.Minor, m.Currency)
	}
	return Money{sum, m.Currency}, nil
}

// Sub is m − o.
func (m Money) Sub(o Money) (Money, error) {
	if err := m.same(o, "−"); err != nil {
		return Money{}, err
	}
	diff := m.Minor - o.Minor
	if (diff < m.Minor) != (o.Minor > 0) && o.Minor != 0 {
		return Money{}, fmt.Errorf("%w: %d − %d %s", ErrOverflow, m.Minor, o.Minor, m.Currency)
	}
	return Money{diff, m.Currency}, nil
}

// Mul is n times m.
func (m Money) Mul(n int64) (Money, error) {
	product, ok := multiply(m.Minor, n)
	if !ok {
		return Money{}, fmt.Errorf("%w: %d × %d %s", ErrOverflow, m.Minor, n, m.Currency)
	}
	return Money{product, m.Currency}, nil
}

func multiply(a, b int64) (int64, bool) {
	high, low := bits.Mul64(magnitude(a), magnitude(b))
	negative := (a < 0) != (b < 0)
	switch {
	case high != 0 || low > 1<<63 || low == 1<<63 && !negative:
		return 0, false
	case negative:
		return -int64(low), true
	}
	return int64(low), true
}

func magnitude(a int64) uint64 {
	if a < 0 {
		return -uint64(a)
	}
	return uint64(a)
}

// Share is m × basisPoints / 10,000, rounded towards zero: 3,000 is 30 %.
func (m Money) Share(basisPoints int64) (Money, error) {
	if basisPoints < 0 || basisPoints > math.MaxInt32 {
		return Money{}, fmt.Errorf("%w: %d basis points of %d %s; want 0 to %d", ErrOverflow, basisPoints, m.Minor, m.Currency, math.MaxInt32)
	}
	const whole = 10_000
	high, low := bits.Mul64(magnitude(m.Minor), uint64(basisPoints))
	if high >= whole {
		return Money{}, fmt.Errorf("%w: %d basis points of %d %s", ErrOverflow, basisPoints, m.Minor, m.Currency)
	}
	part, _ := bits.Div64(high, low, whole)
	if part > math.MaxInt64 {
		return Money{}, fmt.Errorf("%w: %d basis points of %d %s", ErrOverflow, basisPoints, m.Minor, m.Currency)
	}
	if m.Minor < 0 {
		return Money{-int64(part), m.Currency}, nil
	}
	return Money{int64(part), m.Currency}, nil
}

// Divide divides m by weights without losing a minor unit: each part gets its
// share rounded towards zero, and what is left goes one unit each to the first
// parts whose weight is not 0. The parts add up to m.
func (m Money) Divide(weights ...int64) ([]Money, error) {
	var sum int64
	for _, w := range weights {
		if w < 0 || sum > math.MaxInt64-w {
			return nil, fmt.Errorf("%w: %d %s by weights %v; want them ≥ 0, with a sum below 2^63", ErrParts, m.Minor, m.Currency, weights)
		}
		sum += w
	}
	if sum == 0 {
		return nil, fmt.Errorf("%w: %d %s by weights %v; want one above 0", ErrParts, m.Minor, m.Currency, weights)
	}
	parts, left := make([]Money, len(weights)), magnitude(m.Minor)
	sign := int64(1)
	if m.Minor < 0 {
		sign = -1
	}
	for i, w := range weights {
		high, low := bits.Mul64(magnitude(m.Minor), uint64(w))
		part, _ := bits.Div64(high, low, uint64(sum)) // w ≤ sum, so it fits
		left -= part
		parts[i] = Money{sign * int64(part), m.Currency}
	}
	for i := 0; left > 0; i = (i + 1) % len(parts) {
		if weights[i] > 0 {
			parts[i].Minor += sign
			left--
		}
	}
	return parts, nil
}

// Compare is −1, 0 or 1 as m is less than, equal to, or more than o.
func (m Money) Compare(o Money) (int, error) {
	if err := m.same(o, "compared with"); err != nil {
		return 0, err
	}
	switch {
	case m.Minor < o.Minor:
		return -1, nil
	case m.Minor > o.Minor:
		return 1, nil
	}
	return 0, nil
}

func (m Money) same(o Money, operation string) error {
	if m.Currency != o.Currency || m.Currency == "" {
		return fmt.Errorf("%w: %d %q %s %d %q", ErrMixed, m.Minor, m.Currency, operation, o.Minor, o.Currency)
	}
	return nil
}
