package api

import (
	"encoding/json"
	"time"

	"github.com/proofmark/proofmark/campaigns"
)

// CampaignProgress is how far a campaign is.
type CampaignProgress struct {
	Campaign   string        `json:"campaign" doc:"cmp_…"`
	State      string        `json:"state" enum:"draft,in_review,scheduled,live,closing,succeeded,failed,fulfilling,completed,cancelled"`
	Held       bool          `json:"held" doc:"No orders and no shipments now."`
	HeldReason string        `json:"held_reason,omitempty"`
	Percent    string        `json:"percent" example:"120.4" doc:"Paid units against the target, with one decimal, rounded down; it may pass 100."`
	Value      float64       `json:"percent_value" example:"120.4" doc:"The same as a number."`
	Units      ProgressUnits `json:"units"`
	Backers    int64         `json:"backers" doc:"Who have paid units that are not cancelled."`
	Price      int64         `json:"price" doc:"Minor units."`
	Currency   string        `json:"currency"`
	OpensAt    time.Time     `json:"opens_at"`
	ClosesAt   time.Time     `json:"closes_at" doc:"The deadline."`
	ServerTime time.Time     `json:"server_time" doc:"When this was said, by the server's clock."`
	Changes    int64         `json:"changes" doc:"A larger one is newer."`

	Refunds *ProgressRefunds `json:"refunds,omitempty" doc:"Of a campaign that failed or was cancelled."`
}

// ProgressRefunds is how far the refunds are.
type ProgressRefunds struct {
	Percent string `json:"percent" example:"98.2" doc:"Of the amount, rounded down: 100.0 is all of it. Empty: nothing was to be given back."`
	Refunds int64  `json:"refunds" doc:"In all."`
	Done    int64  `json:"done" doc:"Of them."`
	Oldest  *int64 `json:"oldest_days,omitempty" doc:"Age in days of the oldest that is not done; absent: all are."`
}

// ProgressUnits are the units of a campaign.
type ProgressUnits struct {
	Target   int64  `json:"target"`
	Paid     int64  `json:"paid" doc:"And not cancelled: what counts for the target."`
	Reserved int64  `json:"reserved" doc:"With an open pay window."`
	Stock    *int64 `json:"stock,omitempty" doc:"The limit; absent: there is none."`
	Left     *int64 `json:"left,omitempty" doc:"That can still be ordered; absent: no limit."`
	Waiting  int64  `json:"waiting" doc:"Entries of the waiting list."`
}

func progressOf(p campaigns.Progress, now time.Time) CampaignProgress {
	out := CampaignProgress{
		Campaign: p.Campaign, State: string(p.State), Held: p.Held, HeldReason: p.HeldReason,
		Percent: p.Percent(), Value: float64(p.Permille()) / 10, Backers: p.Backers, Price: p.Price, Currency: p.Currency,
		Units:   ProgressUnits{Target: p.Target, Paid: p.Paid, Reserved: p.Reserved, Waiting: p.Waiting},
		OpensAt: instant(p.OpensAt), ClosesAt: instant(p.ClosesAt), ServerTime: instant(now), Changes: p.Changes,
	}
	if p.Stock > 0 {
		out.Units.Stock, out.Units.Left = &p.Stock, &p.Left
	}
	if r := p.Refunds; r != nil {
		out.Refunds = &ProgressRefunds{Percent: r.Percent, Refunds: r.Refunds, Done: r.Done}
		if !r.Oldest.IsZero() {
			days := max(0, int64(now.Sub(r.Oldest)/(24*time.Hour)))
			out.Refunds.Oldest = &days
		}
	}
	return out
}

// EncodeProgress is a progress as it is sent.
func EncodeProgress(p campaigns.Progress, at time.Time) []byte {
	b, err := json.Marshal(progressOf(p, at))
	if err != nil {
		panic(err) // texts, numbers and instants
	}
	return b
}
