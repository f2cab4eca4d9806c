package campaigns

import (
	"time"

	"github.com/proofmark/proofmark/internal/audit"
)

// Op is something to be done to the orders of one campaign. A Book puts those
// that come at the same time into one transaction, and Decide decides them one
// after the other.
//
// Each can be given again after an unknown outcome: what was done already is
// found again and not done twice.
type Op interface {
	about() string      // the campaign
	needs(n *Needs)     // what must be loaded to decide it
	decide(d *decision) // sets d.answer
}

// Answer is what became of an Op. With an Err nothing was done.
type Answer struct {
	Order    Order
	Payment  Payment        // of a Capture
	Outcome  CaptureOutcome // of a Capture
	Refund   Refund         // zero if no money goes back
	Entry    Waiting        // of a Join or Leave
	Shipment Shipment       // of a Ship or MoveShipment
	Repeat   bool           // it had been done before
	Err      error
}

// Needs is what a batch must know, as sets.
type Needs struct {
	Campaigns map[string]bool
	Keys      map[BackerKey]bool
	Backers   map[CampaignBacker]bool
	Orders    map[string]bool
	Payments  map[string]bool
	Captures  map[ProviderPaymentRef]bool
	Refunds   map[string]bool
	Events    map[string]bool
	Entries   map[string]bool
	Waiters   map[CampaignBacker]bool // their entries
	Releases  map[string]bool         // campaigns whose waiting list may be served
	Facts     map[string]bool         // campaigns whose Facts are needed
	Shipped   map[string]bool         // orders whose shipments are needed
}

// BackerKey names an order as its backer does.
type BackerKey struct{ Backer, Key string }

// CampaignBacker is a backer in one campaign.
type CampaignBacker struct{ Campaign, Backer string }

// ProviderPaymentRef names a payment as its provider does.
type ProviderPaymentRef struct{ Provider, Ref string }

// Plain says whether all ops are new orders, which a blind Snapshot can decide.
func Plain(ops []Op) bool {
	for _, op := range ops {
		if _, ok := op.(*Reserve); !ok {
			return false
		}
	}
	return true
}

// NeedsOf is what ops need.
func NeedsOf(ops []Op) Needs {
	n := Needs{Campaigns: make(map[string]bool, 1)}
	for _, op := range ops {
		n.Campaigns[op.about()] = true
		op.needs(&n)
	}
	return n
}

// add puts a key into a set that may not have been made.
func add[K comparable](set *map[K]bool, key K) {
	if *set == nil {
		*set = make(map[K]bool)
	}
	(*set)[key] = true
}

// Snapshot is what was loaded for a batch, under the locks of its campaigns'
// counters. Decide changes it.
//
// A blind one has neither Keys nor Backers: it takes every key for new and every
// backer for within his limit. Who loads it has to see, when the orders are
// written, that it was so, and that nobody was refused; if not, nothing may be
// committed, and the batch is decided again with all that it needs. Most orders
// are new, so that looking first would cost more than it saves.
type Snapshot struct {
	Blind     bool
	Counters  map[string]*Counter
	Variants  map[string]*VariantCounter
	Facts     map[string]Facts
	Keys      map[BackerKey]*OrderRow
	Backers   map[CampaignBacker]*BackerCount
	Orders    map[string]*OrderRow
	Payments  map[string]*PaymentRow
	Captures  map[ProviderPaymentRef]*PaymentRow
	Paying    map[string]*PaymentRow // by order: the payment that paid it
	Refunds   map[string]*RefundRow
	Owed      map[string]int // by order: its refunds that are not processed, but for orphans and surplus
	Events    map[string]bool
	Entries   map[string]*WaitingRow
	Shipments map[string][]*ShipmentRow // by order
	Waiting   map[string][]*WaitingRow  // by campaign, in order; the first of them
	Vouchers  map[string]int64          // by series, the last number
}

// Facts are what does not change about a campaign that sells.
type Facts struct {
	Org     string
	Number  int64
	Product string
}

// BackerCount is how many units a backer has of a campaign.
type BackerCount struct {
	CampaignBacker
	Reserved int64 // of a blind Snapshot: what is added
	Paid     int64 // and not cancelled
	changed  bool
}

// OrderRow is an order as it was loaded, in the state Was; the write is
// conditional on it. An empty Was means that the row is new. So it is with the
// rows below.
type OrderRow struct {
	Order
	Was     OrderState
	changed bool
}

// PaymentRow is a payment as it was loaded.
type PaymentRow struct {
	Payment
	Was     PaymentState
	changed bool
}

// RefundRow is a refund as it was loaded.
type RefundRow struct {
	Refund
	Was     RefundState
	changed bool
}

// ShipmentRow is a shipment as it was loaded.
type ShipmentRow struct {
	Shipment
	Product string // of its campaign
	Was     ShipmentState
	changed bool
}

// WaitingRow is an entry of the waiting list as it was loaded.
type WaitingRow struct {
	Waiting
	Was     WaitingState
	changed bool
}

// Changes is what a batch writes.
type Changes struct {
	Counters  []*Counter
	Sells     map[string]bool // campaigns of which stock was given out: they must be open
	Variants  []*VariantCounter
	Backers   []*BackerCount
	Limits    map[string]int64 // of a blind Snapshot: the campaigns' limits per backer, where there is one
	Orders    []*OrderRow
	Payments  []*PaymentRow
	Refunds   []*RefundRow
	Waiting   []*WaitingRow
	Shipments []*ShipmentRow
	Dropped   []string // orders whose prepared shipments are dropped

	Transfers []Transfer
	Vouchers  []Voucher
	Told      []Told
	Decided   []audit.Entry // what a person decided
}

// Told is a change of an order that others may wait for.
type Told struct {
	Kind string // of the notice: "order.paid"
	Org  string
	Order
	Refund   *Refund
	Shipment *Shipment
	At       time.Time
}

// Empty says whether there is nothing to write.
func (c *Changes) Empty() bool {
	return len(c.Counters) == 0 && len(c.Orders) == 0 && len(c.Payments) == 0 && len(c.Refunds) == 0 &&
		len(c.Waiting) == 0 && len(c.Shipments) == 0 && len(c.Transfers) == 0
}

// Balances is the sum of the transfers by account, in the order of their names.
func (c *Changes) Balances() []Balance { return sumOf(c.Transfers) }
