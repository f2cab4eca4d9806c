package simulator

import (
	"strconv"
	"strings"

	"github.com/proofmark/proofmark/internal/money"
)

// amount writes minor units as a reader expects them: ₹1,49,999.00.
func amount(minor int64, currency string) string {
	return money.Money{Minor: minor, Currency: currency}.String()
}

// plural is "1 minute", "2 minutes"; or with a word of its own for many.
func plural(n int, one string, many ...string) string {
	switch {
	case n == 1:
		return "1 " + one
	case len(many) > 0:
		return strconv.Itoa(n) + " " + many[0]
	}
	return strconv.Itoa(n) + " " + one + "s"
}

func clip(s string, most int) string {
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "")
	}
	return s
}
