package campaigns

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Provider is a payment service provider (PSP). It takes the money, it is asked
// what became of it, it gives it back, and it tells by signed events what
// happened meanwhile.
//
// What is true at the provider is read by Fetch and FetchRefund; an event only
// says that it is time to look, and may come twice, late, out of order or never.
// Both carry the same values, so one function can apply either.
//
// A method that gives ErrUnknown may have done its work: ask again, with the same
// key, until there is an answer. Every other error is final for that call.
// Methods may be called from any goroutine.
type Provider interface {
	// Name is the provider in paths, columns and settings: lower-case letters.
	Name() string
	// Methods are the ways to pay that the provider's page offers, in its order.
	Methods() []PaymentMethod

	// CreateOrder opens an order and the page on which it is paid. The same Key
	// with the same content gives the same order again, also after a restart of
	// either side; the same Key with other content gives ErrRefused.
	CreateOrder(ctx context.Context, o NewProviderOrder) (ProviderOrder, error)
	// Fetch tells the present state of an order with all its payments, oldest
	// first; ErrNotAtProvider if there is none of that ref.
	Fetch(ctx context.Context, ref string) (ProviderOrder, error)
	// CloseOrder takes no further payments for an order and tells its state as it
	// is then: a payment that was quicker stands, and one that is under way may
	// still be captured. It does nothing to an order that is closed. Where a
	// provider has no such thing it is a Fetch.
	CloseOrder(ctx context.Context, ref string) (ProviderOrder, error)

	// Refund gives back a captured payment or a part of it, once per Key. An
	// answer means that the provider took it on; Processed or Failed come later.
	// More than what is left of the capture gives ErrRefused; a balance that does
	// not cover it gives ErrInsufficientBalance, and then the same Key may be
	// tried again.
	Refund(ctx context.Context, r NewProviderRefund) (ProviderRefund, error)
	// FetchRefund finds a refund by its ref, or, when the answer to Refund was
	// lost, by its payment and our key; ErrNotAtProvider means the provider has
	// not done it.
	FetchRefund(ctx context.Context, q RefundQuery) (ProviderRefund, error)

	// ParseEvent checks the signature over the raw body, then reads it. Names in
	// headers are in their canonical form ("X-Signature"). ErrBadSignature means
	// that the sender is not the provider, or that the body is not as it was sent,
	// or that it is too old to be taken.
	ParseEvent(headers map[string][]string, body []byte) (ProviderEvent, error)
}

// ReturnVerifier is a Provider that signs the way back of a buyer from the pay
// page to our ReturnURL. A return that verifies is still only a reason to Fetch.
type ReturnVerifier interface {
	// VerifyReturn tells the order's ref from the query or form that came back.
	VerifyReturn(form map[string][]string) (orderRef string, err error)
}

// Errors of a Provider. Errors wrap them with the provider, the thing and what
// the provider said.
var (
	// ErrUnknown: no final answer. Timed out, cut off, or the provider was out of
	// order: the work may be done or not. Ask again.
	ErrUnknown = errors.New("outcome at the payment provider is unknown")
	// ErrRefused: the provider said no, and will say it again.
	ErrRefused = errors.New("payment provider refused")
	// ErrInsufficientBalance: the balance at the provider does not cover a refund
	// now. Nothing was done.
	ErrInsufficientBalance = errors.New("balance at the payment provider does not cover the refund")
	// ErrBadSignature: not from the provider, or not as it was sent, or too old.
	ErrBadSignature = errors.New("bad signature of a payment event")
	// ErrBadEvent: rightly signed, but not what the provider documents.
	ErrBadEvent = errors.New("payment event cannot be read")
	// ErrNotAtProvider: the provider knows no such order, payment or refund.
	ErrNotAtProvider = errors.New("unknown to the payment provider")
)

// RefusedError is an ErrRefused with the provider's own words.
type RefusedError struct {
	Code   string // the provider's code, such as "amount_too_large"; for programs
	Reason string // the provider's sentence; for people
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("%v: %s (%s)", ErrRefused, e.Reason, e.Code)
}

// Unwrap makes it an ErrRefused.
func (e *RefusedError) Unwrap() error { return ErrRefused }

// PaymentMethod is a way to pay.
type PaymentMethod string

// The ways to pay. A provider may name others.
const (
	MethodUPI        PaymentMethod = "upi"
	MethodCard       PaymentMethod = "card"
	MethodNetbanking PaymentMethod = "netbanking"
	MethodWallet     PaymentMethod = "wallet"
	MethodPayLater   PaymentMethod = "paylater" // a credit partner pays at once, the buyer pays the partner
)

// NewProviderOrder is what CreateOrder needs. Amounts are in the currency's minor
// unit (paise), above 0.
type NewProviderOrder struct {
	Key         string // ours, stable over repetitions: the payment attempt's id; at most 40 bytes of [A-Za-z0-9_-]
	OrderID     string // ours, ord_…; comes back in every event
	Amount      int64
	Currency    string // ISO 4217, "INR"
	Description string // a line for the pay page
	Customer    Customer
	ExpiresAt   time.Time // end of the pay window; a provider may know only a longer one
	ReturnURL   string    // where the buyer's browser goes afterwards, absolute; whatever happened
}

// Customer is whom the provider may write to about a payment.
type Customer struct {
	Name, Email, Phone string // each may be empty; Phone as +919876543210
}

// ProviderOrder is an order as the provider tells it.
type ProviderOrder struct {
	Ref       string // the provider's name for it
	OrderID   string // ours
	Amount    int64
	Currency  string
	State     ProviderOrderState
	ExpiresAt time.Time // zero if the provider knows no end
	PayPage   PayPage   // zero once there is nothing left to pay
	Payments  []ProviderPayment
}

// Captured is the first captured payment of an order.
func (o ProviderOrder) Captured() (ProviderPayment, bool) {
	for _, p := range o.Payments {
		if p.State == PaymentCaptured {
			return p, true
		}
	}
	return ProviderPayment{}, false
}

// PayPage is where the buyer's browser is sent. With a Form it is sent there by
// POST with these fields, without by GET.
type PayPage struct {
	URL  string
	Form map[string]string
}

// ProviderOrderState is what can still happen to an order at the provider.
type ProviderOrderState string

// States of an order at the provider.
const (
	ProviderOrderOpen    ProviderOrderState = "open"    // can be paid
	ProviderOrderPaid    ProviderOrderState = "paid"    // a payment was captured
	ProviderOrderExpired ProviderOrderState = "expired" // takes no new payments; one under way may still be captured
)

// ProviderPayment is one attempt to pay an order.
type ProviderPayment struct {
	Ref       string
	OrderRef  string
	OrderID   string // ours; empty where the provider does not tell
	State     PaymentState
	Method    PaymentMethod
	Hint      string // for the receipt: "card ending 1111"; never more of a card than its last four digits
	Amount    int64
	Currency  string
	Fee       int64  // what the provider keeps, tax included; 0 if not known yet
	Failure   string // why it failed, for the buyer; empty otherwise
	CreatedAt time.Time
	ChangedAt time.Time // when it came into State, as far as the provider tells; else CreatedAt
}

// PaymentState is how far a payment is.
type PaymentState string

// States of a payment: created → pending → authorized → captured, or failed.
const (
	PaymentCreated    PaymentState = "created"    // ours alone so far: the provider has heard of it, the buyer has not chosen
	PaymentPending    PaymentState = "pending"    // the buyer's bank was asked
	PaymentAuthorized PaymentState = "authorized" // the bank agreed, the money is held
	PaymentCaptured   PaymentState = "captured"   // the money was taken
	PaymentFailed     PaymentState = "failed"     // refused or given up; may still become captured
)

var paymentRank = map[PaymentState]int{
	PaymentCreated: 1, PaymentPending: 2, PaymentAuthorized: 3, PaymentFailed: 4, PaymentCaptured: 5,
}

// CanBecome says whether a payment may go from s to next: forward only, with any
// steps left out. Captured is the end of all, also of failed: a bank's late yes
// to a payment that was given up is money taken.
func (s PaymentState) CanBecome(next PaymentState) bool {
	from, known := paymentRank[s]
	return known && paymentRank[next] > from
}

// NewProviderRefund is what Refund needs.
type NewProviderRefund struct {
	Key        string // ours, stable over repetitions: the refund's id; at most 40 bytes of [A-Za-z0-9_-]
	PaymentRef string
	Amount     int64 // minor units, above 0
	Currency   string
	Reason     string // one line, for the provider's records
}

// RefundQuery names a refund: by Ref, or, where that is empty, by PaymentRef and Key.
type RefundQuery struct {
	Ref        string
	PaymentRef string
	Key        string
}

// ProviderRefund is a refund as the provider tells it.
type ProviderRefund struct {
	Ref        string
	Key        string // ours; empty where the provider does not tell
	PaymentRef string
	Amount     int64
	Currency   string
	State      RefundState // RefundSent, RefundProcessed or RefundFailed
	Failure    string      // why it failed
	BankRef    string      // what the buyer can name to the bank (ARN, RRN), once known
	CreatedAt  time.Time
	ChangedAt  time.Time // when it came into State, as far as the provider tells; else CreatedAt
}

// RefundState is how far a refund is.
type RefundState string

// States of a refund: queued → sent → processed | failed → queued | manual → processed.
const (
	RefundQueued    RefundState = "queued"    // ours: to be sent
	RefundSent      RefundState = "sent"      // the provider took it on
	RefundProcessed RefundState = "processed" // the money is on its way to the buyer
	RefundFailed    RefundState = "failed"    // the provider could not
	RefundManual    RefundState = "manual"    // a person must pay it back another way
)

var refundNext = map[RefundState][]RefundState{
	RefundQueued: {RefundSent, RefundProcessed, RefundFailed},
	RefundSent:   {RefundProcessed, RefundFailed},
	// A bank may send back what was processed: the account is closed.
	RefundProcessed: {RefundFailed},
	RefundFailed:    {RefundQueued, RefundManual},
	// Somebody paid it back, or found out that the provider can after all.
	RefundManual: {RefundProcessed, RefundQueued},
}

// CanBecome says whether a refund may go from s to next.
func (s RefundState) CanBecome(next RefundState) bool {
	return slices.Contains(refundNext[s], next)
}

// ProviderEvent is one thing that the provider says happened. Which of Payment
// and Refund is set goes by Kind.
type ProviderEvent struct {
	ID       string // the provider's, the same for each repetition
	Kind     ProviderEventKind
	Name     string // the provider's own word, "payment.captured"
	At       time.Time
	OrderRef string // empty where the provider does not tell: then by the payment's or refund's ref
	OrderID  string // ours; likewise
	Payment  *ProviderPayment
	Refund   *ProviderRefund
}

// ProviderEventKind is what an event is about.
type ProviderEventKind string

// Kinds of events.
const (
	EventPayment ProviderEventKind = "payment" // Payment came into a state
	EventRefund  ProviderEventKind = "refund"  // Refund came into a state
	EventOrder   ProviderEventKind = "order"   // the order was paid or expired: Fetch it
	EventOther   ProviderEventKind = "other"   // nothing that concerns orders: keep it, do nothing
)
