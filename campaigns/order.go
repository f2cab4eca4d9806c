package campaigns

import "time"

// OrderState is how far an order is.
type OrderState string

// States of an order.
const (
	OrderReserved  OrderState = "reserved"  // stock is kept until PayUntil
	OrderPaid      OrderState = "paid"      // the whole amount was captured
	OrderAllocated OrderState = "allocated" // units were set aside for it
	OrderShipped   OrderState = "shipped"   // handed over to the carrier: too late to cancel
	OrderDelivered OrderState = "delivered"
	OrderBound     OrderState = "bound" // its device was claimed and is live
	OrderExpired   OrderState = "expired"
	OrderCancelled OrderState = "cancelled" // before it was paid
	OrderRefundDue OrderState = "refund_due"
	OrderRefunded  OrderState = "refunded"
	OrderReturned  OrderState = "returned"
)

var orderNext = next[OrderState]{
	OrderReserved:  {OrderPaid, OrderExpired, OrderCancelled},
	OrderPaid:      {OrderAllocated, OrderRefundDue},
	OrderAllocated: {OrderShipped, OrderPaid, OrderRefundDue}, // paid: the allocation is taken back
	OrderShipped:   {OrderDelivered, OrderReturned},           // returned: it could not be delivered
	OrderDelivered: {OrderBound, OrderReturned},
	OrderBound:     {OrderReturned},
	OrderExpired:   {OrderPaid}, // a late capture, while live and in stock
	OrderRefundDue: {OrderRefunded},
	OrderRefunded:  {OrderRefundDue}, // the bank sent the refund back
}

// CanBecome says whether an order may go from s to to.
func (s OrderState) CanBecome(to OrderState) bool { return orderNext.can(s, to) }

// Order is what one backer wants of a campaign.
type Order struct {
	ID        string // ord_…
	Campaign  string
	Backer    string // acc_…
	Key       string // the backer's own name for it: the same one never makes a second order
	Variant   string // var_…; empty where the campaign has none
	Units     int64  // wanted; what is cancelled before it is paid is taken off
	Cancelled int64  // of Units, cancelled after they were paid
	Returned  int64  // of Units, came back after the hand-over
	Price     int64  // of a unit, as it was when ordered
	Currency  string
	Advanced  int64 // of its amount, paid to the startup before the delivery
	State     OrderState
	Entry     string // wtg_… of the waiting list that it was made for; empty for others
	CreatedAt time.Time
	PayUntil  time.Time // end of the pay window
	PaidAt    time.Time
	ChangedAt time.Time // when it came into State
	MissedAt  time.Time // when its backer was told that the promised ship date was missed
}

// Amount is what has to be paid for it, in minor units.
func (o *Order) Amount() int64 { return o.Units * o.Price }

// Live is how many of its units are wanted still.
func (o *Order) Live() int64 { return o.Units - o.Cancelled - o.Returned }

// WaitingState is what became of an entry of the waiting list.
type WaitingState string

// States of an entry of the waiting list.
const (
	WaitingWaits   WaitingState = "waits"
	WaitingOffered WaitingState = "offered" // an order was made for it
	WaitingLeft    WaitingState = "left"    // its backer does not want it any more
	WaitingEnded   WaitingState = "ended"   // the campaign closed first
)

var waitingNext = next[WaitingState]{WaitingWaits: {WaitingOffered, WaitingLeft, WaitingEnded}}

// CanBecome says whether an entry may go from s to to.
func (s WaitingState) CanBecome(to WaitingState) bool { return waitingNext.can(s, to) }

// Waiting is an entry of a campaign's waiting list. Entries are served in the
// order of their ids. One that wants more units than came free gets those.
type Waiting struct {
	ID        string // wtg_…
	Campaign  string
	Variant   string
	Backer    string // waits once per campaign and variant
	Units     int64
	State     WaitingState
	Order     string // ord_… that was made for it
	CreatedAt time.Time
	ChangedAt time.Time
}
