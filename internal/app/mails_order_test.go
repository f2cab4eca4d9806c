package app

import (
	"context"
	"fmt"
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

func TestABackerIsAskedForAnAddress(t *testing.T) {
	told := campaigns.Told{
		Kind: "order.address-missing", At: time.Date(2026, 11, 29, 14, 20, 0, 0, time.UTC),
		Order: campaigns.Order{ID: "ord_1", Campaign: "cmp_1", Backer: "acc_ann", Units: 2, Price: 499_900, Currency: "INR", State: campaigns.OrderPaid},
	}
	n, err := told.Notice()
	if err != nil {
		t.Fatal(err)
	}
	mails, err := orderMail(one{}, one{}, "https://proofmark.example/")(t.Context(), n)
	if err != nil || len(mails) != 1 {
		t.Fatalf("%d mails, %v", len(mails), err)
	}
	m := mails[0]
	if m.To != "ann@example.org" || m.Account != "acc_ann" || m.Subject != "Where shall it go?: Pure Bcc: x" {
		t.Errorf("to %q (%s), subject %q", m.To, m.Account, m.Subject)
	}
	for _, part := range []string{
		"no delivery address yet, and nothing is sent without one", "https://proofmark.example/orders/ord_1", "change it until the hand-over",
		"Only you and the members of the startup see it", fmt.Sprintf("deleted %d days after the order's end", campaigns.AddressKept/(24*time.Hour)),
	} {
		if !strings.Contains(m.Text, part) {
			t.Errorf("lacks %q:\n%s", part, m.Text)
		}
	}
}

func TestWhoAskedToBeToldCanTakeItBack(t *testing.T) {
	opens := time.Date(2026, 12, 24, 23, 30, 0, 0, time.FixedZone("IST", 19_800))
	c := campaigns.Campaign{ID: "cmp_1", Title: "Pure\r\nBcc: x", OpensAt: opens}
	i := campaigns.Interest{ID: "int_1", Campaign: c.ID, Email: "meera@example.com"}
	for _, url := range []string{"https://proofmark.example", "https://proofmark.example/"} {
		m := interestMail(&i, &c, url)
		if m.To != i.Email || m.Account != "" || m.Subject != "You will be told when Pure Bcc: x opens" {
			t.Errorf("to %q (%s), subject %q", m.To, m.Account, m.Subject)
		}
		if again := interestMail(&i, &c, url); m.Key == "" || again.Key != m.Key {
			t.Errorf("key %q, then %q: the same registration is confirmed twice", m.Key, again.Key)
		}
		for _, part := range []string{
			"when Pure Bcc: x opens.", "It opens on 24 December 2026, 18:00 UTC.", "We write once, and use the address for nothing else.",
			"if it was not you:\nhttps://proofmark.example/campaigns/cmp_1/interest/int_1\n",
		} {
			if !strings.Contains(m.Text, part) {
				t.Errorf("lacks %q:\n%s", part, m.Text)
			}
		}
	}
	if other := interestMail(&campaigns.Interest{ID: "int_2"}, &c, ""); other.Key == interestMail(&i, &c, "").Key {
		t.Error("two registrations have one key: one of them would not be confirmed")
	}
}
