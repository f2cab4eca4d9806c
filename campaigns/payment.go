package campaigns

import (
	"fmt"
	"strings"
	"time"
)

// Payment is one attempt to pay an order: a provider's order with what we know
// of its payment. Its states are those of the provider (PaymentState).
type Payment struct {
	ID          string // pat_…; the key under which the provider's order is made
	OrderID     string // ord_…
	Campaign    string
	Backer      string
	Provider    string // Provider.Name
	ProviderRef string // of the provider's order; empty until it is made
	PaymentRef  string // of its payment; empty until the buyer chose one. Unique per provider.
	Method      PaymentMethod
	Hint        string // ProviderPayment.Hint
	Amount      int64
	Currency    string
	Fee         int64
	State       PaymentState
	Outcome     CaptureOutcome // what a capture was good for; empty until captured
	Failure     string
	CreatedAt   time.Time
	ChangedAt   time.Time
	CapturedAt  time.Time
	AskAt       time.Time // when the provider is asked about it next; zero: no more
	Flag        string    // why a person should look at it; empty: nothing is odd
}

// CaptureOutcome is what became of captured money.
type CaptureOutcome string

// Outcomes of a capture.
const (
	// CapturePaid: the order is paid.
	CapturePaid CaptureOutcome = "paid"
	// CaptureReadmitted: the order had expired, the campaign still had stock, and
	// it is paid now.
	CaptureReadmitted CaptureOutcome = "readmitted"
	// CaptureOrphan: the order cannot take the money (expired and sold out,
	// cancelled, paid already, less than its amount); a refund of all of it is queued.
	CaptureOrphan CaptureOutcome = "orphan"
)

// RefundKind says how much of a payment is given back, and why.
type RefundKind string

// Kinds of refunds.
const (
	RefundFull    RefundKind = "full"    // of the order's whole payment: at most one per payment
	RefundPartial RefundKind = "partial" // some of several units were cancelled
	RefundOrphan  RefundKind = "orphan"  // the whole of a payment that no order could take
	RefundSurplus RefundKind = "surplus" // what was captured beyond the order's amount
)

// Refund is money on its way back.
type Refund struct {
	ID          string // rfd_…; the key under which the provider does it once
	PaymentID   string // pat_…
	OrderID     string
	Campaign    string
	Kind        RefundKind
	Units       int64 // that it is for; 0 for orphan and surplus
	Amount      int64
	Currency    string
	Reason      string
	State       RefundState
	ProviderRef string // the provider's name for it
	BankRef     string
	Attempts    int
	LastError   string
	CreatedAt   time.Time
	ChangedAt   time.Time
	ProcessedAt time.Time
	WakeAt      time.Time // when there is something to be done about it next; zero: nothing
	Try         int       // which one this is, from 1: a new one after each that the provider failed
	ByHand      bool      // paid back by a person, outside the provider
	Hand        Hand      // how a person does, or proposes to
}

// Key is the name under which the provider does this try of the refund once: what
// failed there has used up its name.
func (r *Refund) Key() string {
	if r.Try <= 1 {
		return r.ID
	}
	return fmt.Sprintf("rf%d%s", r.Try, strings.TrimPrefix(r.ID, "rfd"))
}

// refundOfKey is the id and the try of the refund that has the key.
func refundOfKey(key string) (id string, try int) {
	if len(key) < 4 || key[:2] != "rf" || key[3] != '_' {
		return "", 0
	}
	if key[2] == 'd' {
		return key, 1
	}
	return "rfd" + key[3:], int(key[2] - '0')
}

// maxTries is how often a refund is given to the provider anew after it failed
// there, before a person must pay it back another way.
const maxTries = 2
