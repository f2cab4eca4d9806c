package money_test

import (
	"errors"
	"math"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/proofmark/proofmark/internal/money"
)

func inr(minor int64) money.Money { return money.Money{Minor: minor, Currency: "INR"} }

func TestAmountsAreWrittenAsPeopleDo(t *testing.T) {
	for _, c := range []struct {
		minor    int64
		currency string
		want     string
		decimal  string
	}{
		{12_345_678, "INR", "₹1,23,456.78", "123456.78"},
		{123_456_789_012, "INR", "₹1,23,45,67,890.12", "1234567890.12"},
		{99_999, "INR", "₹999.99", "999.99"},
		{100_000, "INR", "₹1,000.00", "1000.00"},
		{5, "INR", "₹0.05", "0.05"},
		{-499_900, "INR", "-₹4,999.00", "-4999.00"},
		{0, "INR", "₹0.00", "0.00"},
		{123_456_789, "USD", "$1,234,567.89", "1234567.89"},
		{1_234_567, "JPY", "¥1,234,567", "1234567"},
		{math.MinInt64, "INR", "-₹92,23,37,20,36,85,47,758.08", "-92233720368547758.08"},
		{7, "", "7", "7"},
	} {
		m := money.Money{Minor: c.minor, Currency: c.currency}
		if m.String() != c.want || m.Decimal() != c.decimal {
			t.Errorf("%d %s is written %q and %q, want %q and %q", c.minor, c.currency, m, m.Decimal(), c.want, c.decimal)
		}
	}
}

func TestAmountsAreReadOrRefused(t *testing.T) {
	for text, want := range map[string]int64{
		"1234.5": 123_450, "₹1,23,456.78": 12_345_678, "123,456.78": 12_345_678, "-5": -500, " INR 5.00 ": 500, "0": 0, "007": 700,
		"-92233720368547758.08": math.MinInt64,
	} {
		if m, err := money.Parse(text, "INR"); err != nil || m != inr(want) {
			t.Errorf("%q is read as %v, %v; want %d", text, m, err, want)
		}
	}
	for text, want := range map[string]error{
		"": money.ErrSyntax, "1.": money.ErrSyntax, ".5": money.ErrSyntax, "1.234": money.ErrSyntax, "1,2": money.ErrSyntax, "1,23,45": money.ErrSyntax,
		"--1": money.ErrSyntax, "+1": money.ErrSyntax, "1e5": money.ErrSyntax, "1 000": money.ErrSyntax, "$5": money.ErrSyntax, "١": money.ErrSyntax,
		",": money.ErrSyntax, "92233720368547758.08": money.ErrOverflow, strings.Repeat("9", 40): money.ErrOverflow, strings.Repeat("9", 60): money.ErrSyntax,
	} {
		if m, err := money.Parse(text, "INR"); !errors.Is(err, want) {
			t.Errorf("%q is read as %v, %v; want %v", text, m, err, want)
		}
	}
	for _, code := range []string{"", "inr", "XXQ", "₹"} {
		if _, err := money.Parse("1", code); !errors.Is(err, money.ErrCurrency) {
			t.Errorf("currency %q: %v", code, err)
		}
		if _, err := money.New(1, code); !errors.Is(err, money.ErrCurrency) {
			t.Errorf("currency %q: %v", code, err)
		}
	}
}

func TestCurrenciesAreNotMixed(t *testing.T) {
	for _, o := range []money.Money{{Minor: 1, Currency: "USD"}, {Minor: 1}} {
		_, add := inr(1).Add(o)
		_, sub := inr(1).Sub(o)
		_, compare := inr(1).Compare(o)
		for _, err := range []error{add, sub, compare} {
			if !errors.Is(err, money.ErrMixed) {
				t.Errorf("%v with %v: %v", inr(1), o, err)
			}
		}
	}
}

// Every operation is that of big integers, or says that it overflows.
func TestArithmeticIsExactOrRefused(t *testing.T) {
	amount := rapid.OneOf(rapid.Int64(), rapid.SampledFrom([]int64{0, 1, -1, math.MaxInt64, math.MinInt64, math.MaxInt64 / 2, 1 << 32}))
	rapid.Check(t, func(t *rapid.T) {
		a, b := amount.Draw(t, "a"), amount.Draw(t, "b")
		share := rapid.Int64Range(0, 20_000).Draw(t, "basis points")
		x, y := big.NewInt(a), big.NewInt(b)
		portion := new(big.Int).Mul(x, big.NewInt(share))
		for _, o := range []struct {
			name string
			want *big.Int
			do   func() (money.Money, error)
		}{
			{"add", new(big.Int).Add(x, y), func() (money.Money, error) { return inr(a).Add(inr(b)) }},
			{"sub", new(big.Int).Sub(x, y), func() (money.Money, error) { return inr(a).Sub(inr(b)) }},
			{"mul", new(big.Int).Mul(x, y), func() (money.Money, error) { return inr(a).Mul(b) }},
			{"share", portion.Quo(portion, big.NewInt(10_000)), func() (money.Money, error) { return inr(a).Share(share) }},
		} {
			got, err := o.do()
			switch {
			case err == nil && (!o.want.IsInt64() || got != inr(o.want.Int64())):
				t.Fatalf("%s of %d and %d: %v, want %v", o.name, a, b, got, o.want)
			case err != nil && (!errors.Is(err, money.ErrOverflow) || o.want.IsInt64() && a != math.MinInt64):
				t.Fatalf("%s of %d and %d: %v, want %v", o.name, a, b, err, o.want)
			}
		}
	})
}

func TestDividingLosesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := inr(rapid.Int64().Draw(t, "amount"))
		weights := rapid.SliceOfN(rapid.Int64Range(0, 1_000_000), 1, 12).Draw(t, "weights")
		parts, err := m.Divide(weights...)
		var sum, whole int64
		for _, w := range weights {
			whole += w
		}
		if whole == 0 {
			if !errors.Is(err, money.ErrParts) {
				t.Fatalf("weights %v: %v", weights, err)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		for i, p := range parts {
			sum += p.Minor
			if weights[i] == 0 && p.Minor != 0 || m.Minor >= 0 && p.Minor < 0 || m.Minor <= 0 && p.Minor > 0 {
				t.Fatalf("part %d of %v by %v is %v", i, m, weights, p)
			}
			exact := new(big.Int).Mul(big.NewInt(m.Minor), big.NewInt(weights[i]))
			exact.Quo(exact, big.NewInt(whole))
			if off := p.Minor - exact.Int64(); off < -1 || off > 1 {
				t.Fatalf("part %d of %v by %v is %v, off by %d", i, m, weights, p, off)
			}
		}
		if sum != m.Minor {
			t.Fatalf("%v by %v gives %v, which is %d", m, weights, parts, sum)
		}
	})
}

func TestWhatIsWrittenIsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		currency := rapid.SampledFrom([]string{"INR", "USD", "JPY", "BHD", "EUR", "CHF"}).Draw(t, "currency")
		m := money.Money{Minor: rapid.Int64().Draw(t, "amount"), Currency: currency}
		for _, text := range []string{m.String(), m.Decimal()} {
			if got, err := money.Parse(text, currency); err != nil || got != m {
				t.Fatalf("%q of %d %s is read as %v, %v", text, m.Minor, currency, got, err)
			}
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"₹1,23,456.78", "-5", "1.", "9,99,999"} {
		f.Add(s, "INR")
	}
	f.Add("¥1,000", "JPY")
	f.Fuzz(func(t *testing.T, text, currency string) {
		m, err := money.Parse(text, currency)
		if err != nil {
			return
		}
		again, err := money.Parse(m.String(), currency)
		if err != nil || again != m {
			t.Errorf("%q is %v, which is read as %v, %v", text, m, again, err)
		}
	})
}
