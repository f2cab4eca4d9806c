package campaigns

import (
	"strconv"
	"time"
)

// Progress is how far a campaign is, as everybody sees it.
type Progress struct {
	Campaign   string
	State      CampaignState
	Held       bool
	HeldReason string

	Target   int64 // units
	Paid     int64 // units that were paid and not cancelled: what counts for the target
	Reserved int64 // units with an open pay window
	Stock    int64 // limit in units; 0: none
	Left     int64 // units that can still be ordered, where there is a limit
	Backers  int64
	Waiting  int64 // entries of the waiting list

	Price    int64
	Currency string
	OpensAt  time.Time
	ClosesAt time.Time
	Changes  int64 // larger is newer

	Refunds *Refunded // of one that failed or was cancelled, where it is known
}

// Refunded is how far the refunds of a campaign are.
type Refunded struct {
	Percent string    // of the amount, with one decimal; empty: nothing was to be given back
	Refunds int64     // in all
	Done    int64     // of them
	Oldest  time.Time // when the oldest of those that are not done was queued; zero: all are
}

// ProgressOf is a pure function of a campaign and its counter.
func ProgressOf(c *Campaign, n *Counter) Progress {
	p := Progress{
		Campaign: c.ID, State: c.State, Held: c.Held, HeldReason: c.HeldReason, Target: c.TargetUnits, Stock: c.StockLimit,
		Price: c.Price, Currency: c.Currency, OpensAt: c.OpensAt, ClosesAt: c.ClosesAt,
	}
	p.count(Counted{Changes: n.Changes, Reserved: n.Reserved, Paid: n.Paid, Cancelled: n.Cancelled, Backers: n.Backers, Waiting: n.Waiting})
	return p
}

// count takes over the figures of a counter.
func (p *Progress) count(n Counted) {
	p.Paid, p.Reserved, p.Backers, p.Waiting, p.Changes = n.Paid-n.Cancelled, n.Reserved, n.Backers, n.Waiting, n.Changes
	p.Left = 0
	if p.Stock > 0 {
		p.Left = max(0, p.Stock-p.Reserved-p.Paid)
	}
}

// Permille is the share of the target that is reached, in tenths of a percent,
// rounded down: 1,000 is the target, and it may be more.
func (p *Progress) Permille() int64 {
	if p.Target <= 0 {
		return 0
	}
	return p.Paid * 1000 / p.Target
}

// Percent is Permille for people: "98.2".
func (p *Progress) Percent() string { return tenths(p.Permille()) }

// tenths writes 982 as 98.2.
func tenths(n int64) string { return strconv.FormatInt(n/10, 10) + "." + strconv.FormatInt(n%10, 10) }
