package campaigns

import (
	"encoding/json"
	"time"
)

// CampaignState is how far a campaign is.
type CampaignState string

// States of a campaign. Held is no state but a flag on any that is not final.
const (
	CampaignDraft      CampaignState = "draft"
	CampaignInReview   CampaignState = "in_review"
	CampaignScheduled  CampaignState = "scheduled"  // approved; opens at OpensAt
	CampaignLive       CampaignState = "live"       // takes orders
	CampaignClosing    CampaignState = "closing"    // past its deadline; open pay windows run out
	CampaignSucceeded  CampaignState = "succeeded"  // paid − cancelled units reached the target
	CampaignFailed     CampaignState = "failed"     // they did not: everybody is refunded
	CampaignFulfilling CampaignState = "fulfilling" // units are handed over
	CampaignCompleted  CampaignState = "completed"  // each is delivered or refunded
	CampaignCancelled  CampaignState = "cancelled"  // by the startup or an operator: everybody is refunded
)

var campaignNext = next[CampaignState]{
	CampaignDraft:      {CampaignInReview, CampaignCancelled},
	CampaignInReview:   {CampaignDraft, CampaignScheduled, CampaignCancelled}, // draft: changes were asked for
	CampaignScheduled:  {CampaignLive, CampaignDraft, CampaignCancelled},      // draft: its author takes it back
	CampaignLive:       {CampaignClosing, CampaignCancelled},
	CampaignClosing:    {CampaignSucceeded, CampaignFailed, CampaignCancelled},
	CampaignSucceeded:  {CampaignFulfilling, CampaignCancelled},
	CampaignFulfilling: {CampaignCompleted, CampaignCancelled},
}

// CanBecome says whether a campaign may go from s to to.
func (s CampaignState) CanBecome(to CampaignState) bool { return campaignNext.can(s, to) }

// Final says whether a campaign in s stays there; it can no longer be held.
func (s CampaignState) Final() bool { return campaignNext.final(s) }

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
	Page        json.RawMessage // story, pictures, risks, FAQ: an object that the pages know

	Price          int64 // of a unit, in minor units (paise), > 0
	RetailPrice    int64 // what it will cost later; 0: not said
	Currency       string
	TargetUnits    int64 // ≥ 1
	StockLimit     int64 // most units to be sold, ≥ TargetUnits; 0: no limit
	PerBackerLimit int64 // most units of one backer; 0: no limit
	OpensAt        time.Time
	ClosesAt       time.Time
	Ship           ShipPromise
	Schedule       Schedule

	State      CampaignState
	Held       bool
	HeldReason string
	HeldAt     time.Time
	Version    int64 // counts changes; who edits says which one was read
	CreatedAt  time.Time
	UpdatedAt  time.Time
	DecidedAt  time.Time // when it succeeded or failed

	Variants []Variant // none: there is only one kind of unit
}

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
