package money

import (
	"fmt"
	"strconv"
	"strings"
)

// maxText bounds what Parse reads: the longest amount with its grouping is shorter.
const maxText = 48

// String writes m for people: "₹1,23,456.78", "-$5.00", "¥1,000". What has no
// known currency is written with its code, in minor units.
func (m Money) String() string {
	c := known(m.Currency)
	if c == nil {
		return strings.TrimSpace(strconv.FormatInt(m.Minor, 10) + " " + m.Currency)
	}
	sign := ""
	if m.Minor < 0 {
		sign = "-"
	}
	symbol := c.Grapheme
	if len(symbol) > 1 && symbol[len(symbol)-1] < 0x80 && isLetter(symbol[len(symbol)-1]) {
		symbol += " " // "CHF 5.00"
	}
	whole, part := digits(m.Minor, c.Fraction)
	if part != "" {
		part = "." + part
	}
	return sign + symbol + group(whole, m.Currency == "INR") + part
}

func isLetter(b byte) bool { return b|0x20 >= 'a' && b|0x20 <= 'z' }

// Decimal writes m for programs: "123456.78", without symbol and grouping.
func (m Money) Decimal() string {
	c := known(m.Currency)
	if c == nil {
		return strconv.FormatInt(m.Minor, 10)
	}
	whole, part := digits(m.Minor, c.Fraction)
	if part != "" {
		whole += "." + part
	}
	if m.Minor < 0 {
		return "-" + whole
	}
	return whole
}

// digits are the magnitude's, before and behind the point.
func digits(minor int64, fraction int) (whole, part string) {
	s := strconv.FormatUint(magnitude(minor), 10)
	if short := fraction + 1 - len(s); short > 0 {
		s = strings.Repeat("0", short) + s
	}
	return s[:len(s)-fraction], s[len(s)-fraction:]
}

// group sets commas: by threes, or as in India by twos above the thousands.
func group(whole string, lakhs bool) string {
	if len(whole) <= 3 {
		return whole
	}
	step := 3
	if lakhs {
		step = 2
	}
	head, tail := whole[:len(whole)-3], whole[len(whole)-3:]
	for len(head) > step {
		tail = head[len(head)-step:] + "," + tail
		head = head[:len(head)-step]
	}
	return head + "," + tail
}

// Lakhs writes a whole number as India groups its digits: "12,34,567".
func Lakhs(n int64) string {
	text := group(strconv.FormatUint(magnitude(n), 10), true)
	if n < 0 {
		return "-" + text
	}
	return text
}

// Parse reads an amount of a currency as people and programs write it: "1234.5",
// "₹1,23,456.78", "-5". Grouping may be by threes or, for rupees, by lakhs; it
// has to be right where there is one. More decimals than the currency has are
// refused, not rounded.
func Parse(text, currency string) (Money, error) {
	bad := func(rule string) (Money, error) {
		return Money{}, fmt.Errorf("%w: %.48q in %s: %s", ErrSyntax, text, currency, rule)
	}
	places, err := fraction(currency)
	if err != nil {
		return Money{}, err
	}
	if len(text) > maxText {
		return bad("it is too long")
	}
	s := strings.TrimSpace(text)
	s, negative := strings.CutPrefix(s, "-")
	s = strings.TrimSpace(strings.TrimPrefix(strings.TrimPrefix(s, known(currency).Grapheme), currency))
	whole, part, point := strings.Cut(s, ".")
	if whole == "" || point && part == "" || !onlyDigits(part) {
		return bad("want digits, and digits behind a point")
	}
	if len(part) > places {
		return bad(fmt.Sprintf("it has %d decimals, the currency %d", len(part), places))
	}
	plain := strings.ReplaceAll(whole, ",", "")
	if !onlyDigits(plain) || plain == "" {
		return bad("want digits before the point")
	}
	if strings.Contains(whole, ",") && whole != group(plain, false) && (currency != "INR" || whole != group(plain, true)) {
		return bad("its commas stand wrong")
	}
	n, err := strconv.ParseUint(plain+part+strings.Repeat("0", places-len(part)), 10, 64)
	switch {
	case err != nil || n > 1<<63 || n == 1<<63 && !negative:
		return Money{}, fmt.Errorf("%w: %.48q in %s", ErrOverflow, text, currency)
	case negative:
		return Money{-int64(n), currency}, nil
	}
	return Money{int64(n), currency}, nil
}

func onlyDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}
