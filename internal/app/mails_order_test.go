package app

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/internal/auth"
)

// one is a backer without an organisation, and the campaign that she supports.
type one struct{}

func (one) Account(_ context.Context, id string) (auth.Account, error) {
	if id != "acc_ann" {
		return auth.Account{}, auth.ErrNotFound
	}
	return auth.Account{ID: id, Email: "ann@example.org"}, nil
}

func (one) Campaign(context.Context, string) (campaigns.Campaign, error) {
	return campaigns.Campaign{Title: "Pure\r\nBcc: x"}, nil
}

func TestBackersAreWrittenWhatBecomesOfTheirOrders(t *testing.T) {
	at := time.Date(2026, 11, 29, 14, 20, 0, 0, time.UTC)
	compose := orderMail(one{}, one{}, "https://proofmark.example/")
	order := campaigns.Order{ID: "ord_1", Campaign: "cmp_1", Backer: "acc_ann", Units: 2, Price: 499_900, Currency: "INR", State: campaigns.OrderPaid}
	for kind, words := range orderMails {
		told := campaigns.Told{Kind: kind, Order: order, At: at, Refund: &campaigns.Refund{ID: "rfd_1", Amount: 499_900}}
		if kind == "order.shipped" {
			told.Shipment = &campaigns.Shipment{ID: "shp_1", Carrier: "Post", Tracking: "T1"}
		}
		n, err := told.Notice()
		if err != nil {
			t.Fatal(err)
		}
		mails, err := compose(t.Context(), n)
		if err != nil || len(mails) != 1 {
			t.Fatalf("%s: %d mails, %v", kind, len(mails), err)
		}
		m := mails[0]
		if m.To != "ann@example.org" || m.Subject != words[0]+": Pure Bcc: x" {
			t.Errorf("%s: to %q, subject %q", kind, m.To, m.Subject)
		}
		for _, part := range []string{words[1], "9,998.00", "4,999.00", "https://proofmark.example/orders/ord_1", "29 November 2026, 14:20 UTC"} {
			if !strings.Contains(m.Text, part) {
				t.Errorf("%s lacks %q:\n%s", kind, part, m.Text)
			}
		}
		if kind == "order.shipped" && !strings.Contains(m.Text, "Post T1") {
			t.Errorf("%s does not name the carrier:\n%s", kind, m.Text)
		}
	}
	told := campaigns.Told{Kind: "order.paid", Order: campaigns.Order{Backer: "acc_gone"}, At: at}
	n, err := told.Notice()
	if err != nil {
		t.Fatal(err)
	}
	if mails, err := compose(t.Context(), n); err != nil || len(mails) != 0 {
		t.Errorf("to somebody who is gone: %d mails, %v", len(mails), err)
	}
}
