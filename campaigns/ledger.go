package campaigns

import (
	"errors"
	"fmt"
	"time"
)

// ErrUnbalanced is wrapped by the errors about a transfer that must not be written.
var ErrUnbalanced = errors.New("bad transfer")

// Transfer is one business event in the books: one or several postings that
// stand or fall together. It is unique on its event, so that nothing is ever
// booked twice, and it never changes once it is written.
type Transfer struct {
	Event    string // what happened, once: "<id of the thing>/<what>", as "ord_…/reserved"
	Campaign string
	At       time.Time
	Postings []Posting
}

// Posting moves an amount from one account to another. It has one debit and one
// credit, so whatever is written is balanced.
type Posting struct {
	Debit  Account
	Credit Account
	Amount int64 // minor units, > 0
}

// Check says why t must not be written; nil if it may.
func (t *Transfer) Check() error {
	if t.Event == "" || t.Campaign == "" || t.At.IsZero() || len(t.Postings) == 0 {
		return fmt.Errorf("%w %q of campaign %q with %d postings: it needs an event, a campaign, an instant and a posting", ErrUnbalanced, t.Event, t.Campaign, len(t.Postings))
	}
	for _, p := range t.Postings {
		switch {
		case p.Amount <= 0:
			return fmt.Errorf("%w %s: amount %d from %s to %s; want more than 0", ErrUnbalanced, t.Event, p.Amount, p.Credit, p.Debit)
		case p.Debit.Kind() == 0 || p.Credit.Kind() == 0 || p.Debit == p.Credit:
			return fmt.Errorf("%w %s: debit %q, credit %q; want two accounts of the chart", ErrUnbalanced, t.Event, p.Debit, p.Credit)
		case (p.Debit.Kind() == Memorandum) != (p.Credit.Kind() == Memorandum):
			return fmt.Errorf("%w %s: debit %q, credit %q; a promise is no money", ErrUnbalanced, t.Event, p.Debit, p.Credit)
		}
	}
	return nil
}

// Balance is what was ever posted to an account of a campaign. It is kept in the
// transaction of the postings, under the lock of the campaign's counter.
type Balance struct {
	Campaign string
	Account  Account
	Debit    int64
	Credit   int64
}

// Amount is the balance on the side on which the account grows.
func (b Balance) Amount() int64 {
	if k := b.Account.Kind(); k == Asset || b.Account == AccountPledges {
		return b.Debit - b.Credit
	}
	return b.Credit - b.Debit
}

// Schedule is when a startup gets what the backers paid: shares of the price in
// basis points (1/100 of a percent). What it leaves comes with the delivery. It is
// part of the campaign's page, and fixed once the campaign is live.
type Schedule []Advance

// Advance is a part of the price that is paid out before the delivery.
type Advance struct {
	When  AdvanceWhen `json:"when"`
	Share int         `json:"share_bp"` // 1–10,000
}

// AdvanceWhen is the event that makes an advance due.
type AdvanceWhen string

// Events that make an advance due.
const (
	AdvanceAtSuccess  AdvanceWhen = "success"   // of all paid units, when the campaign has succeeded
	AdvanceAtHandover AdvanceWhen = "hand_over" // of the units that are handed over to the carrier
)

// Check says why the schedule cannot be published; nil if it can.
func (s Schedule) Check() error {
	var sum int
	seen := map[AdvanceWhen]bool{}
	for _, a := range s {
		if a.When != AdvanceAtSuccess && a.When != AdvanceAtHandover || seen[a.When] {
			return fmt.Errorf("%w: advance at %q; want each of %s and %s at most once", ErrBadOrder, a.When, AdvanceAtSuccess, AdvanceAtHandover)
		}
		if a.Share < 1 || a.Share > wholeShare {
			return fmt.Errorf("%w: advance at %s of %d basis points; want 1 to %d", ErrBadOrder, a.When, a.Share, wholeShare)
		}
		seen[a.When] = true
		sum += a.Share
	}
	if sum > wholeShare {
		return fmt.Errorf("%w: the advances come to %d basis points; want at most %d, the price", ErrBadOrder, sum, wholeShare)
	}
	return nil
}

// wholeShare is 100 % in basis points.
const wholeShare = 10_000

// Share is the part that comes at an event, in basis points.
func (s Schedule) Share(when AdvanceWhen) int {
	for _, a := range s {
		if a.When == when {
			return a.Share
		}
	}
	return 0
}
