package simulator

import (
	"strings"
	"time"

	"github.com/proofmark/proofmark/campaigns"
)

// Instrument is something to pay with that exists only here, and how a payment
// with it goes.
type Instrument struct {
	Method campaigns.PaymentMethod
	ID     string // what the buyer types or chooses
	Label  string // what it does, for the buyer of a demonstration

	Delay       time.Duration // from the buyer's last step to the bank's answer
	Failure     string        // the bank's answer is no, for this reason
	Late        time.Duration // after the no, the bank takes the money all the same
	AtExpiry    bool          // the bank's yes comes in the instant in which the pay window ends
	Short       int64         // the bank takes so many minor units less than was asked
	RefundFails bool          // what is refunded comes back

	asks challenge
}

// Instruments are all that this PSP takes.
func Instruments() []Instrument {
	return append([]Instrument(nil), instruments...)
}

var instruments = []Instrument{
	{Method: campaigns.MethodUPI, ID: "success@test", Label: "pays at once"},
	{Method: campaigns.MethodUPI, ID: "app@test", Label: "asks in the simulated UPI app", asks: asksApproval},
	{Method: campaigns.MethodUPI, ID: "declined@test", Label: "declines", Failure: "the bank declined the payment"},
	{Method: campaigns.MethodUPI, ID: "slow@test", Label: "pays after 15 seconds", Delay: 15 * time.Second},
	{Method: campaigns.MethodUPI, ID: "late@test", Label: "fails after 5 seconds, pays a minute later all the same", Delay: 5 * time.Second, Failure: "the bank did not answer in time", Late: time.Minute},
	{Method: campaigns.MethodUPI, ID: "expiry@test", Label: "pays in the instant in which the time runs out", AtExpiry: true},
	{Method: campaigns.MethodUPI, ID: "afterwards@test", Label: "fails, pays 20 minutes later: after the time has run out", Failure: "the bank did not answer in time", Late: 20 * time.Minute},
	{Method: campaigns.MethodUPI, ID: "short@test", Label: "pays one rupee too little", Short: 100},
	{Method: campaigns.MethodUPI, ID: "norefund@test", Label: "pays at once; a refund comes back", RefundFails: true},

	{Method: campaigns.MethodCard, ID: "4111111111111111", Label: "pays at once"},
	{Method: campaigns.MethodCard, ID: "4000000000003220", Label: "asks for a code", asks: asksCode},
	{Method: campaigns.MethodCard, ID: "4000000000000002", Label: "is declined", Failure: "the card was declined by its bank"},
	{Method: campaigns.MethodCard, ID: "4000000000009995", Label: "has not enough money", Failure: "there is not enough money on the card"},
	{Method: campaigns.MethodCard, ID: "4000000000005126", Label: "pays at once; a refund comes back", RefundFails: true},

	{Method: campaigns.MethodNetbanking, ID: "north", Label: "Bank of the North: asks you to approve", asks: asksApproval},
	{Method: campaigns.MethodNetbanking, ID: "patience", Label: "Patience Bank: pays after 20 seconds", Delay: 20 * time.Second},
	{Method: campaigns.MethodNetbanking, ID: "holiday", Label: "Holiday Bank: is out of service", Failure: "the bank is out of service"},

	{Method: campaigns.MethodWallet, ID: "full", Label: "Full wallet: pays at once"},
	{Method: campaigns.MethodWallet, ID: "empty", Label: "Empty wallet: has not enough money", Failure: "there is not enough money in the wallet"},

	{Method: campaigns.MethodPayLater, ID: "trusting", Label: "Trusting Credit: approves at once"},
	{Method: campaigns.MethodPayLater, ID: "careful", Label: "Careful Credit: asks for a code first", asks: asksCode},
	{Method: campaigns.MethodPayLater, ID: "strict", Label: "Strict Credit: declines", Failure: "the credit partner declined: the limit is used up"},
}

// methods are the ways to pay, in the order of the page.
var methods = []campaigns.PaymentMethod{
	campaigns.MethodUPI, campaigns.MethodCard, campaigns.MethodNetbanking, campaigns.MethodWallet, campaigns.MethodPayLater,
}

func instrumentOf(m campaigns.PaymentMethod, name string) (Instrument, bool) {
	for _, in := range instruments {
		if in.Method == m && in.ID == name {
			return in, true
		}
	}
	return Instrument{}, false
}

// name is what is kept of the instrument: of a card its last four digits.
func (in Instrument) name() string {
	if in.Method == campaigns.MethodCard {
		return in.ID[len(in.ID)-4:]
	}
	return in.ID
}

// with is the instrument that a payment was made with.
func (pay *payment) with() Instrument {
	for _, in := range instruments {
		if in.Method == pay.Method && in.name() == pay.Instrument {
			return in
		}
	}
	return Instrument{Method: pay.Method, ID: pay.Instrument} // an older program's
}

func instrumentsOf(m campaigns.PaymentMethod) []Instrument {
	var of []Instrument
	for _, in := range instruments {
		if in.Method == m {
			of = append(of, in)
		}
	}
	return of
}

// hint is what may be kept and shown of the instrument.
func (in Instrument) hint() string {
	switch in.Method {
	case campaigns.MethodUPI:
		return in.ID
	case campaigns.MethodCard:
		return "card ending " + in.name()
	}
	name, _, _ := strings.Cut(in.Label, ":")
	return name
}

// script is what will happen to a payment of o with the instrument, once the
// buyer has done all that was asked.
func (in Instrument) script(now time.Time, o *order) []step {
	at := now.Add(in.Delay)
	switch {
	case in.Failure != "" && in.Late > 0:
		return []step{{At: at, State: campaigns.PaymentFailed, Failure: in.Failure}, {At: at.Add(in.Late), State: campaigns.PaymentCaptured}}
	case in.Failure != "":
		return []step{{At: at, State: campaigns.PaymentFailed, Failure: in.Failure}}
	case in.AtExpiry:
		at = o.ends()
	}
	return []step{{At: at, State: campaigns.PaymentAuthorized}, {At: at, State: campaigns.PaymentCaptured}}
}

// challenge is what a payment waits for.
type challenge string

const (
	asksNothing  challenge = ""
	asksCode     challenge = "code"     // a one-time code
	asksApproval challenge = "approval" // yes or no, in an app or at a bank
)

// testCode is the one-time code that is right.
const testCode = "123456"

// maxWrong is how often a code may be wrong.
const maxWrong = 3

// verdict is what an answer leads to: right, wrong, or the reason why the payment fails.
type verdict string

const (
	answerRight verdict = ""
	answerWrong verdict = "wrong"
)

func (c challenge) judge(said string, wrongBefore int) verdict {
	switch {
	case said == "cancel":
		return "the buyer gave up"
	case c == asksCode && said == testCode, c == asksApproval && said == "approve":
		return answerRight
	case c == asksApproval && said == "decline":
		return "the buyer declined"
	case c == asksCode && wrongBefore+1 >= maxWrong:
		return "the code was wrong three times"
	}
	return answerWrong
}
