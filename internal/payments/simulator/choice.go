package simulator

import (
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/proofmark/proofmark/campaigns"
)

var (
	cardExpiry = regexp.MustCompile(`^(0[1-9]|1[0-2]) ?/ ?([0-9]{2})$`)
	cardCode   = regexp.MustCompile(`^[0-9]{3,4}$`)
)

// choice reads what a buyer chose: the instrument and what may be kept of it, or
// what is wrong with it. A card number goes no further than this function.
func choice(form url.Values, now time.Time) (in Instrument, hint, problem string) {
	method, typed := campaigns.PaymentMethod(form.Get("method")), strings.TrimSpace(form.Get("instrument"))
	switch method {
	case campaigns.MethodUPI:
		typed = strings.ToLower(typed)
	case campaigns.MethodCard:
		typed = strings.NewReplacer(" ", "", "-", "").Replace(typed)
	}
	in, known := instrumentOf(method, typed)
	switch {
	case method == campaigns.MethodCard && !known:
		return in, "", "Only the test cards below are taken. Never type the number of a real card here."
	case method == campaigns.MethodCard:
		if problem = cardProblem(form.Get("expiry"), form.Get("code"), now); problem != "" {
			return in, "", problem
		}
	case method == campaigns.MethodUPI && !known:
		return in, "", "Only the test addresses below are taken, such as success@test."
	case !known:
		return in, "", "Please choose one of the list."
	}
	return in, in.hint(), ""
}

func cardProblem(expiry, code string, now time.Time) string {
	m := cardExpiry.FindStringSubmatch(strings.TrimSpace(expiry))
	if m == nil {
		return "The card's expiry date is written as MM/YY, such as 12/34."
	}
	month, _ := strconv.Atoi(m[1]) // digits, by the pattern
	year, _ := strconv.Atoi(m[2])
	if !time.Date(2000+year, time.Month(month)+1, 1, 0, 0, 0, 0, time.UTC).After(now) {
		return "The card has expired: type a date that is still to come."
	}
	if !cardCode.MatchString(strings.TrimSpace(code)) {
		return "The security code has 3 or 4 digits."
	}
	return ""
}
