package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/mail"
	"github.com/proofmark/proofmark/internal/money"
	"github.com/proofmark/proofmark/internal/notice"
	"github.com/proofmark/proofmark/registry"
)

// orderMails are what a backer is written about: a subject, then what it means.
// The words stand before the name of what was ordered.
var orderMails = map[string][2]string{
	"order.offered":          {"Units came free for you", "You were on the waiting list, and an order was made for you. Pay it by the time below, or it goes to the next in line."},
	"order.paid":             {"Your order is paid", "Thank you. This is the receipt of your payment; your order and its numbered voucher are on its page."},
	"order.expired":          {"Your order has run out", "It was not paid in time, and its units are for sale again. Should your bank pay late, the money counts if there is stock, and else goes back by itself."},
	"order.cancelled":        {"Your order was cancelled", "What you paid for it goes back by itself; you need do nothing."},
	"order.refunded":         {"Your money is on its way back", "The refund was processed. Your bank may take some days to show it."},
	"refund.processed":       {"Your money is on its way back", "A refund was processed. Your bank may take some days to show it."},
	"payment.orphaned":       {"A payment goes back to you", "Your payment came when its order could not take it any more, or it was of another amount. All of it goes back by itself."},
	"order.allocated":        {"A unit is set aside for you", "Yours is among the first that are ready. You can still cancel, until it is handed over to the carrier."},
	"order.shipped":          {"Your order is on its way", "It was handed over to the carrier."},
	"order.delivered":        {"Your order has arrived", "It was delivered. Should something be wrong with it, tell the startup."},
	"order.returned":         {"Your return has arrived", "Its price goes back to you by itself."},
	"order.address-missing":  {"Where shall it go?", "Your order has no delivery address yet, and nothing is sent without one. Please give it on the order's page; you can change it until the hand-over. Only you and the members of the startup see it, and it is deleted 90 days after the order's end."},
	"order.ship-date-missed": {"The promised ship date has passed", "The startup promised to hand your order over by now and has not. You have the right to cancel it until it is handed over, and get back all that you paid; the button is on the order's page."},
}

// toldOrder are the members of a notice about an order.
type toldOrder struct {
	Order, Campaign, Backer, Currency   string
	Units, Amount                       int64
	PayUntil                            time.Time `json:"pay_until"`
	Back                                int64     `json:"refund_amount"`
	Refund, Shipment, Carrier, Tracking string
}

// buyers finds whom a mail about an order goes to, and what was ordered.
type buyers interface {
	Account(ctx context.Context, id string) (auth.Account, error)
}

type titles interface {
	Campaign(ctx context.Context, id string) (campaigns.Campaign, error)
}

// orderMail writes to the backer of an order.
func orderMail(people buyers, offers titles, url string) mail.Composer {
	return func(ctx context.Context, n notice.Notice) ([]mail.Message, error) {
		words, ok := orderMails[n.Kind]
		if !ok {
			return nil, nil
		}
		var o toldOrder
		if err := json.Unmarshal(n.Data, &o); err != nil {
			return nil, fmt.Errorf("data of notice %s: %w", n.ID, err)
		}
		who, err := people.Account(ctx, o.Backer)
		if errors.Is(err, auth.ErrNotFound) || err == nil && who.Email == "" {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		c, err := offers.Campaign(ctx, o.Campaign)
		if err != nil && !errors.Is(err, registry.ErrNotFound) {
			return nil, err
		}
		title := strings.Join(strings.Fields(c.Title), " ") // a subject is one line
		return []mail.Message{{
			Account: who.ID, To: who.Email, Subject: strings.TrimSuffix(words[0]+": "+title, ": "), Text: o.write(n, words[1], title, url),
		}}, nil
	}
}

func (o *toldOrder) write(n notice.Notice, sentence, title, url string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", sentence)
	line := func(label, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%-10s %s\n", label+":", value)
		}
	}
	amount := func(minor int64) string {
		m, err := money.New(minor, o.Currency)
		if err != nil || minor == 0 {
			return ""
		}
		return m.String()
	}
	line("Ordered", fmt.Sprintf("%d × %s", o.Units, title))
	line("Amount", amount(o.Amount))
	line("Goes back", amount(o.Back))
	if n.Kind == "order.offered" {
		line("Pay until", o.PayUntil.UTC().Format("2 January 2006, 15:04 UTC"))
	}
	line("Carrier", strings.TrimSpace(o.Carrier+" "+o.Tracking))
	fmt.Fprintf(&b, "\n%s, %s\n%s/orders/%s\n", o.Order, n.At.UTC().Format("2 January 2006, 15:04 UTC"), strings.TrimSuffix(url, "/"), o.Order)
	return b.String()
}

// operatorMail writes to the operators about a refund that waits for them, and to
// a startup about its payout.
func operatorMail(people mail.People) mail.Composer {
	plain := mail.Plain(people)
	return func(ctx context.Context, n notice.Notice) ([]mail.Message, error) {
		if n.Kind == "refund.manual" {
			n.Org = "" // the operators
		}
		return plain(ctx, n)
	}
}
