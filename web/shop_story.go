package web

import (
	"net/url"
	"strings"
	"time"

	"github.com/proofmark/proofmark/campaigns"
)

const badText = `<script>alert("x")</script><img src=x onerror=alert(1)>`

func sampleCard(state string) CampaignCard {
	c := CampaignCard{
		ID: "cmp_0198f6a2", Title: "Aurora Pure One: an air purifier that shows its work", Tagline: "Clean air for a room of 40 m², and every report of it in the open.",
		Org: "Aurora Air", Category: "air", State: state, Price: "₹6,499", Retail: "₹8,999",
		Progress: ProgressView{State: state, Percent: "134.2", Paid: 671, Target: 500, Bar: 500, Reserved: 12, Left: 117, Backers: 608, Limited: true, Reached: true},
		Opens:    day(2026, 11, 2), Closes: day(2026, 12, 2),
	}
	switch state {
	case "scheduled":
		c.Progress = ProgressView{State: state, Percent: "0.0", Target: 500}
	case "failed":
		c.Progress = ProgressView{State: state, Percent: "62.0", Paid: 310, Target: 500, Bar: 310, Backers: 288}
	}
	return c
}

func sampleCampaign(state string) *CampaignPage {
	card := sampleCard(state)
	p := &CampaignPage{
		Page: Page{Title: card.Title, Path: "/campaigns/" + card.ID, Description: card.Tagline, Now: day(2026, 11, 29), Watch: true},
		Card: card, Public: true, Serial: "PM-2026-000042", Model: "aurora-pure1", CertState: "active", Saving: "₹2,500",
		Ship: "Handed over to the carrier within 90 days of the campaign's success.", Regions: []string{"IN"}, Texts: 2, PerBacker: 3,
		Schedule: []string{"30 % of the price goes to the maker once the campaign has succeeded."},
		Story:    prose("We measured the air of **forty** homes in Delhi for a winter.\n\n## What it does\n\n- reports PM2.5 every ten seconds\n- says when its filter is due, *before* it is\n\nMore at [our page](https://example.com)."),
		Risks:    prose("The filter comes from one supplier. If they fail us, we are late by about six weeks."),
		FAQ:      []QuestionView{{"Does it work without the cloud?", prose("Yes, at home, over MQTT.")}},
		LD:       map[string]any{"@context": "https://schema.org", "@type": "Product", "name": card.Title},
	}
	if p.Talk = sampleTalk(); state == "scheduled" {
		p.Interest = &InterestView{Count: 1412, Join: newForm("#", url.Values{}), Ask: true}
	}
	if state == "live" {
		p.Order = newForm("#", url.Values{"units": {"1"}, "kind": {"var_1"}, "price": {"649900"}})
		p.Kinds = []Option{{"var_1", "White (80 left)"}, {"var_2", "Graphite (37 left)"}}
	}
	return p
}

func init() {
	story("campaign-alive", "campaign", func() Pager {
		p := sampleCampaign("fulfilling")
		p.Alive = 1240
		return p
	})
}

func sampleOrder(state string) *OrderPage {
	row := OrderRow{
		ID: "ord_0198f6a2", Campaign: "cmp_0198f6a2", Title: "Aurora Pure One: an air purifier that shows its work", Kind: "White", State: state, Units: 2,
		Amount: "₹12,998", At: day(2026, 11, 29), PayUntil: day(2026, 11, 29).Add(15 * time.Minute),
	}
	p := &OrderPage{
		Page: Page{Title: "Order", Path: "/orders/" + row.ID, Person: samplePerson, Now: day(2026, 11, 29), Watch: true}, Row: row, Price: "₹6,499",
		Ship: "Handed over to the carrier within 90 days of the campaign's success.", Cancel: newForm("#", url.Values{"units": {"2"}}), Left: 2,
	}
	p.CanPay, p.CanCancel = state == "reserved", state == "reserved" || state == "paid"
	if state != "reserved" {
		p.PaidAt = day(2026, 11, 29)
		p.Tries = []TryRow{{"failed", "", "card", "ending 1111", "the bank declined " + badText, row.Amount, row.At}, {"captured", "paid", "upi", "meera@bank", "", row.Amount, row.At}}
		p.Vouchers = []VoucherRow{{"R2627-00A-000017", "receipt", row.Amount, row.At}}
	}
	if state == "refund_due" {
		p.Refunds = []RefundRow{{"sent", row.Amount, "cancelled by its backer", "", row.At, row.At, time.Time{}, false}, {"processed", "₹1", badText, "UTR 4711", row.At, row.At, row.At, true}}
		p.Vouchers = append(p.Vouchers, VoucherRow{"C2627-00A-000003", "refund", row.Amount, row.At})
	}
	return p
}

func sampleAddress(name string) campaigns.Address {
	return campaigns.Address{
		Order: "ord_1", Name: name, Line1: "14, 3rd Cross", Line2: "Jayanagar 4th Block", City: "Bengaluru", State: "Karnataka", Postcode: "560011", Country: "IN",
		Phone: "+919845012345", ChangedAt: day(2026, 11, 28),
	}
}

func sampleTalk() TalkView {
	at := day(2026, 11, 20)
	return TalkView{
		Newest: true, Older: "#", Latest: prose("The first **fifty** have left the line. [Pictures](https://example.com)."),
		Updates: []UpdateRow{{2, "The tools are cut", at, "#"}, {1, "Thank you all", day(2026, 11, 9), "#"}},
		Threads: []ThreadView{{Comments: []CommentView{
			{ID: "cmt_1", Who: "Meera", Body: "Does it run on an inverter at night?\n\nOurs gives a square wave.", Role: "backer", At: at},
			{ID: "cmt_2", Who: "Aurora Air", Body: "It does: 9 W in the night mode.", Role: "startup", At: at},
		}}, {Comments: []CommentView{{ID: "cmt_3", Who: "Ravi", Role: "backer", At: at, HiddenAt: at, Reason: "it held somebody's telephone number"}}}},
	}
}

func init() {
	front := func() *FrontPage {
		upcoming, past := sampleCard("scheduled"), sampleCard("failed")
		upcoming.Title, past.Title = "Kiran Desk Two", badText
		held := sampleCard("live")
		held.Held, held.Title = true, strings.Repeat("averylongnamewithoutabreak", 4)
		return &FrontPage{
			Page: Page{Title: "Back gadgets that have passed their test", Path: "/", Now: day(2026, 11, 29)}, Categories: []Option{{"", "Any"}, {"air", "Air"}},
			Shelves:   []ShelfView{{"live", []CampaignCard{sampleCard("live"), held}, "#"}, {"upcoming", []CampaignCard{upcoming}, ""}, {"past", []CampaignCard{past}, ""}},
			Certified: []CertificateRow{sampleRow("PM-2026-000042", "Aurora Pure One", "Aurora Air Private Limited", "aurora-pure1", "active")},
		}
	}
	story("front", "front", func() Pager { return front() })
	story("front-empty", "front", func() Pager {
		return &FrontPage{Page: Page{Title: "Front", Path: "/"}, Categories: []Option{{"", "Any"}}, Shelves: []ShelfView{{Name: "live"}, {Name: "upcoming"}, {Name: "past"}}}
	})
	story("front-found", "front", func() Pager {
		p := front()
		p.Found, p.Query, p.Category = true, badText, "air"
		return p
	})
	story("front-nothing", "front", func() Pager {
		return &FrontPage{Page: Page{Title: "Front", Path: "/campaigns"}, Found: true, Query: "toaster", Categories: []Option{{"", "Any"}}, Shelves: []ShelfView{{Name: "live"}, {Name: "past"}}}
	})
	for _, state := range []string{"draft", "scheduled", "live", "failed", "cancelled"} {
		story("campaign-"+state, "campaign", func() Pager {
			p := sampleCampaign(state)
			p.Public = state != "draft"
			switch state {
			case "failed":
				p.Decided = day(2026, 11, 20)
				p.Refunds = &RefundsView{Percent: "98.2", Done: 283, All: 288, Amount: "₹20,14,690", Oldest: 3}
			case "cancelled":
				p.Reason = "certificate PM-2026-000042 was revoked: " + badText
			}
			return p
		})
	}
	story("campaign-held", "campaign", func() Pager {
		p := sampleCampaign("held")
		p.Card.State, p.Card.Held, p.HeldReason, p.CertState = "live", true, "certificate PM-2026-000042 is suspended.", "suspended"
		return p
	})
	story("campaign-sold-out", "campaign", func() Pager {
		p := sampleCampaign("live")
		p.Order, p.Wait = nil, newForm("#", url.Values{"units": {"1"}, "kind": {"var_2"}})
		p.Waiting = []WaitingRow{{"wtg_1", "White", 1, 17}}
		return p
	})
	story("campaign-refused", "campaign", func() Pager {
		p := sampleCampaign("live")
		p.Order.Refuse("units", "More units than one backer may have: 5, at most 3.")
		p.Order.Values.Set("units", `5"><script>`)
		return p
	})
	story("campaign-backer", "campaign", func() Pager {
		p := sampleCampaign("live")
		p.Person, p.Talk.Comment = samplePerson, newForms("#").Of("comments")
		p.Talk.Threads[0].Answer = newForms("#").Of("comments/cmt_1/answers")
		return p
	})
	story("campaign-comment-refused", "campaign", func() Pager {
		p := sampleCampaign("live")
		p.Person, p.Talk.Comment = samplePerson, newForms("#").Of("comments", "body", " "+badText)
		p.Talk.Comment.Refuse("body", "The comment has 0 characters; want 1 to 5000.")
		return p
	})
	story("campaign-operator", "campaign", func() Pager {
		p := sampleCampaign("failed")
		p.Talk.Threads[0].Comments[0].Hide = newForms("#").Of("comments/cmt_1/hide")
		return p
	})
	story("campaign-told", "campaign", func() Pager {
		p := sampleCampaign("scheduled")
		p.Interest, p.Talk = &InterestView{Count: 1, Leave: "#"}, TalkView{Newest: true}
		return p
	})
	story("campaign-interest-refused", "campaign", func() Pager {
		p := sampleCampaign("scheduled")
		p.Interest.Join.Values.Set("email", badText)
		p.Interest.Join.Refuse("email", "“"+badText+"” is no e-mail address; want one as anna@example.org.")
		return p
	})
	story("interest", "interest", func() Pager {
		return &InterestPage{Page: Page{Title: "You will be told"}, Campaign: sampleCard("scheduled"), Leave: "#"}
	})
	story("interest-over", "interest", func() Pager {
		return &InterestPage{Page: Page{Title: "You will be told"}, Campaign: sampleCard("live"), Leave: "#"}
	})
	story("update", "update", func() Pager {
		return &UpdatePage{
			Page: Page{Title: "Update 2: The tools are cut"}, Campaign: sampleCard("live"), Number: 2, Name: "The tools are cut " + badText,
			Body: article("Ten weeks of steel.\n\n## What comes next\n\nThe first hundred." + badText), Posted: day(2026, 11, 20), Older: &UpdateRow{1, "Thank you all", day(2026, 11, 9), "#"},
		}
	})
	story("campaign-hostile", "campaign", func() Pager {
		p := sampleCampaign("live")
		p.Card.Title, p.Card.Tagline, p.Card.Org, p.Model = badText, badText, badText, badText
		p.Story, p.Risks = prose(badText+"\n\n![a picture](https://evil.example/x.png)\n\n[click](javascript:alert(1)) <https://example.com>\n\n# a first heading"), prose("<iframe src=//evil.example></iframe>")
		p.FAQ = []QuestionView{{badText, prose(badText)}}
		p.Kinds = []Option{{`"><script>`, badText}}
		p.LD = map[string]any{"name": `</script><script>alert(1)</script>`}
		p.Talk.Latest, p.Talk.Updates[0].Title, p.Talk.Updates[1].Title = prose(badText), badText, badText
		p.Talk.Threads[0].Comments[0].Body, p.Talk.Threads[0].Comments[0].Who, p.Talk.Threads[1].Comments[0].Reason = badText, badText, badText
		return p
	})
	story("orders", "orders", func() Pager {
		p := &OrdersPage{Page: Page{Title: "My orders", Path: "/orders", Person: samplePerson}}
		for _, state := range []string{"reserved", "paid", "allocated", "shipped", "delivered", "bound", "expired", "cancelled", "refund_due", "refunded", "returned"} {
			p.Rows = append(p.Rows, sampleOrder(state).Row)
		}
		p.Rows[0].Title = badText
		return p
	})
	story("orders-none", "orders", func() Pager {
		return &OrdersPage{Page: Page{Title: "My orders", Path: "/orders", Person: samplePerson}}
	})
	delivered := func(state string, a *AddressView) *OrderPage {
		p := sampleOrder(state)
		p.Address = a
		if a.Form != nil {
			a.Form.Prefix = "address"
		}
		a.Countries, a.States = []Option{{"IN", "IN"}}, []Option{{"", "Choose one"}}
		for _, state := range campaigns.IndianStates {
			a.States = append(a.States, Option{state, state})
		}
		return p
	}
	story("order-unaddressed", "order", func() Pager {
		p := delivered("paid", &AddressView{Needed: true, Form: newForm("#", url.Values{"name": {"Meera"}, "country": {"IN"}})})
		p.Missed = day(2026, 11, 20)
		return p
	})
	story("order-address-refused", "order", func() Pager {
		f := newForm("#", url.Values{"name": {badText}, "line1": {badText}, "postcode": {"056001"}, "country": {"IN"}})
		f.Refuse("postcode", "The PIN code is \"056001\"; want six digits, of which the first is not 0.")
		f.Refuse("city", "The city has 0 characters; want 2 to 60.")
		return delivered("allocated", &AddressView{Needed: true, Form: f})
	})
	story("order-shipped", "order", func() Pager {
		p := delivered("shipped", &AddressView{Address: sampleAddress("Meera " + badText)})
		p.Cancel, p.CanCancel = nil, false
		at := day(2026, 11, 27)
		p.Shipments = []ParcelView{
			{Shipment: campaigns.Shipment{ID: "shp_1", Units: 1, Carrier: "India Post", Tracking: "EA000041700IN", Serials: []string{"AUR1-001-1"}, State: campaigns.ShipmentDelivered, CreatedAt: at, HandedAt: at, DeliveredAt: at}},
			{Shipment: campaigns.Shipment{ID: "shp_2", Units: 1, Carrier: badText, Tracking: badText, Serials: []string{badText}, State: campaigns.ShipmentHandedOver, CreatedAt: at, HandedAt: at}, Arrived: newForms("#").Of("shipments/shp_2/delivered")},
		}
		return p
	})
	for _, state := range []string{"reserved", "paid", "refund_due", "expired"} {
		story("order-"+strings.ReplaceAll(state, "_", "-"), "order", func() Pager { return sampleOrder(state) })
	}
	story("order-pending", "order", func() Pager {
		p := sampleOrder("reserved")
		p.Pending, p.CanPay = true, false
		return p
	})
	story("order-refused", "order", func() Pager {
		p := sampleOrder("paid")
		p.Cancel.Refuse("", "The order can no longer be changed: it was handed over.")
		return p
	})
	story("receipt", "receipt", func() Pager {
		o := sampleOrder("paid")
		return &ReceiptPage{
			Page: Page{Title: "R2627-00A-000017", Path: "/orders/x/receipts", Person: samplePerson}, Voucher: o.Vouchers[0], Order: o.Row, Price: o.Price,
			Seller: `Aurora Air ` + badText, Buyer: samplePerson.Name, Email: "meera@example.com",
		}
	})
	story("pay", "pay", func() Pager {
		return &PayPage{Page: Page{Title: "Pay", Person: samplePerson}, URL: "https://pay.example/p?a=1", Site: "pay.example", Until: day(2026, 11, 29), Order: "ord_1"}
	})
}
