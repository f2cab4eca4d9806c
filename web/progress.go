package web

import (
	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/internal/money"
)

// ProgressView is how far a campaign is, as a page shows it. Percent is the true
// figure, past 100 too; Bar fills at the target.
type ProgressView struct {
	State                    string
	Percent                  string
	Paid, Target, Bar        int64
	Reserved, Left, Backers  int64
	Waiting                  int64
	Limited, Reached, Closed bool
}

func progressView(p campaigns.Progress) ProgressView {
	return ProgressView{
		State: string(p.State), Percent: p.Percent(), Paid: p.Paid, Target: p.Target, Bar: min(p.Paid, p.Target), Reserved: p.Reserved,
		Left: p.Left, Backers: p.Backers, Waiting: p.Waiting, Limited: p.Stock > 0, Reached: p.Paid >= p.Target,
		Closed: p.State != campaigns.CampaignLive && p.State != campaigns.CampaignScheduled,
	}
}

// amount writes money as people read it: whole amounts without ".00".
func amount(minor int64, currency string) string {
	m := money.Money{Minor: minor, Currency: currency}
	text := m.String()
	if n := len(text); n > 3 && text[n-3:] == ".00" {
		return text[:n-3]
	}
	return text
}

// campaignKinds and orderKinds are the colours of states; the word says the same.
var campaignKinds = map[string]string{
	"in_review": "info", "scheduled": "info", "live": "good", "closing": "warn", "succeeded": "good", "failed": "bad", "fulfilling": "info",
	"completed": "good", "cancelled": "bad",
}

var orderKinds = map[string]string{
	"reserved": "warn", "paid": "good", "allocated": "info", "shipped": "info", "delivered": "good", "bound": "good", "expired": "",
	"cancelled": "", "refund_due": "warn", "refunded": "info", "returned": "info",
}
