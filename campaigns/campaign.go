package campaigns

import "time"

// Campaign is one offer of one certified product.
type Campaign struct {
	ID          string // cmp_…
	Number      int64  // counts all campaigns; part of the numbers of its vouchers
	Org         string // org_… the startup
	Author      string // acc_… who wrote it; never its reviewer
	ProductID   string // prd_…
	Model       string
	Certificate string   // the serial that the gate looks at
	Regions     []string // to which it sells, such as IN; each needs its documents
	Title       string
	Category    Category
	Page        Page

	Price          int64 // of a unit, in minor units (paise), > 0
	RetailPrice    int64 // what it will cost later; 0: not said
	Currency       string
	TargetUnits    int64 // ≥ 1
	StockLimit     int64 // most units to be sold, ≥ TargetUnits; 0: no limit
	PerBackerLimit int64 // most units of one backer; 0: no limit
	Spares         int64 // units that are made beyond those paid for, for repairs and losses
	OpensAt        time.Time
	ClosesAt       time.Time
	Ship           ShipPromise
	Schedule       Schedule

	State       CampaignState
	Held        bool // while the certificate gate is closed: no orders, no shipments
	HeldReason  string
	HeldAt      time.Time
	Reviewer    string // acc_… who approved it
	Reason      string // of the last move, where there is one: what has to change, why it was cancelled
	Version     int64  // counts changes; who edits says which one was read
	TextVersion int64  // counts the published texts, from 1
	CreatedAt   time.Time
	UpdatedAt   time.Time
	PublishedAt time.Time // when it was approved: from then on everybody sees it
	DecidedAt   time.Time // when it succeeded or failed

	Variants []Variant // none: there is only one kind of unit
}

// Public says whether everybody may see the campaign.
func (c *Campaign) Public() bool { return !c.PublishedAt.IsZero() }

// ShipPromise is by when a unit is handed over.
type ShipPromise struct {
	Kind ShipKind
	By   time.Time // for ShipByDate
	Days int       // for the others, 1–365
}

// ShipKind is what a ship promise counts from.
type ShipKind string

// Kinds of ship promises.
const (
	ShipByDate       ShipKind = "date"
	ShipAfterSuccess ShipKind = "success" // within Days of the campaign's success
	ShipAfterOrder   ShipKind = "order"   // within Days of the later of order and success
)

// Due is the day by which a unit that was ordered then must be handed over; zero
// as long as it depends on a success that has not come.
func (p ShipPromise) Due(ordered, succeeded time.Time) time.Time {
	switch {
	case p.Kind == ShipByDate:
		return p.By
	case succeeded.IsZero():
		return time.Time{}
	case p.Kind == ShipAfterOrder && ordered.After(succeeded):
		return ordered.AddDate(0, 0, p.Days)
	}
	return succeeded.AddDate(0, 0, p.Days)
}

// Variant is a kind of unit, such as a colour. It has stock of its own, and sells
// from the campaign's stock too.
type Variant struct {
	ID         string // var_…
	Campaign   string
	Position   int // on the page
	Name       string
	StockLimit int64 // 0: only the campaign's
}

// Counter is the hot row of a campaign: all that decides whether an order fits,
// and nothing else. Whoever changes an order's state holds it.
type Counter struct {
	Campaign       string
	Open           bool // the campaign is live
	Held           bool
	OpensAt        time.Time
	ClosesAt       time.Time
	SeenAt         time.Time // the latest time that any process came with; none goes back before it
	Price          int64
	Currency       string
	StockLimit     int64
	PerBackerLimit int64

	Reserved  int64 // units with an open pay window
	Paid      int64 // units ever paid, also those cancelled or refunded later
	Cancelled int64 // units that were paid and then cancelled
	Backers   int64 // who have paid units that are not cancelled
	Waiting   int64 // entries of the waiting list that wait
	Changes   int64 // counts commits: a larger one is newer
}

// Time is now, but never before what any process has seen of the campaign: one
// whose clock is behind must not open what is closed.
func (c *Counter) Time(now time.Time) time.Time {
	if now.Before(c.SeenAt) {
		return c.SeenAt
	}
	return now
}

// Progress is what counts for the target: paid − cancelled units.
func (c *Counter) Progress() int64 { return c.Paid - c.Cancelled }

// Free is how many units are left; the second result is false when there is no limit.
func (c *Counter) Free() (units int64, limited bool) {
	return c.StockLimit - c.Reserved - c.Paid + c.Cancelled, c.StockLimit > 0
}

// VariantCounter is a variant's part of its campaign's Counter, under the same lock.
type VariantCounter struct {
	Variant    string
	Campaign   string
	StockLimit int64
	Reserved   int64
	Paid       int64
	Cancelled  int64
	Waiting    int64
}

// Free is as Counter.Free.
func (c *VariantCounter) Free() (units int64, limited bool) {
	return c.StockLimit - c.Reserved - c.Paid + c.Cancelled, c.StockLimit > 0
}
