package simulator

import (
	"fmt"
	"strconv"
	"strings"
)

// amount writes minor units as a reader expects them: ₹1,49,999.00, the rupees
// grouped by lakh and crore; other currencies by their code.
func amount(minor int64, currency string) string {
	sign, whole := "", uint64(minor)
	if minor < 0 {
		sign, whole = "−", uint64(-minor)
	}
	digits, rest := strconv.FormatUint(whole/100, 10), fmt.Sprintf(".%02d", whole%100)
	if currency != "INR" {
		return sign + currency + " " + digits + rest
	}
	if len(digits) <= 3 {
		return sign + "₹" + digits + rest
	}
	head, tail := digits[:len(digits)-3], digits[len(digits)-3:]
	var b strings.Builder
	for i, d := range head {
		if i > 0 && (len(head)-i)%2 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return sign + "₹" + b.String() + "," + tail + rest
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
