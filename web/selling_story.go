package web

import (
	"strings"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/certification"
)

func sampleSold(state campaigns.CampaignState) campaigns.Campaign {
	c := campaigns.Campaign{
		ID: "cmp_1", Org: "org_1", ProductID: "prd_1", Model: "aurora-pure1", Title: "Pure: an air purifier that shows its work", Category: "air",
		Page: campaigns.Page{
			Tagline: "Clean air for a room of 40 m²", Story: "# Why\n\nBecause.", Risks: "The filter comes from one supplier.",
			FAQ: []campaigns.Question{{Ask: "Does it work without the cloud?", Answer: "Yes, at home."}},
		},
		Regions: []string{"IN"}, Price: 649_900, RetailPrice: 899_900, Currency: "INR", TargetUnits: 500, StockLimit: 800, PerBackerLimit: 3, Spares: 20,
		OpensAt: day(2026, 12, 1), ClosesAt: day(2026, 12, 31), Ship: campaigns.ShipPromise{Kind: campaigns.ShipAfterSuccess, Days: 120},
		Schedule: campaigns.Schedule{{When: campaigns.AdvanceAtSuccess, Share: 3050}}, State: state, Version: 7,
		Variants: []campaigns.Variant{{ID: "var_1", Name: "White", StockLimit: 500}, {ID: "var_2", Name: "Graphite"}},
	}
	if state != campaigns.CampaignDraft && state != campaigns.CampaignInReview {
		c.PublishedAt, c.Certificate = day(2026, 11, 20), "PM-2026-000042"
	}
	return c
}

func sampleSell(state campaigns.CampaignState) *SellPage {
	c := sampleSold(state)
	return &SellPage{
		OrgPage: sampleOrgPage("campaigns", c.Title), Campaign: c, Progress: sampleCard("live").Progress, Price: "₹6,499", Ship: "Handed over to the carrier within 120 days of the campaign's success.",
		MayWrite: state != campaigns.CampaignInReview, MayCancel: true, Forms: newForms("/startup/campaigns/cmp_1").at(7),
	}
}

func sampleDraft(d campaigns.Draft) *DraftPage {
	p := &DraftPage{OrgPage: sampleOrgPage("campaigns", "Edit"), Campaign: sampleSold(campaigns.CampaignDraft), Form: newForm("#", pairsOf(draftValues(d)))}
	p.Form.Rev = 7
	words, err := readWords()
	if err != nil {
		panic(err) // they are embedded, and a test reads them
	}
	p.fill(words.say)
	return p
}

func init() {
	sold := sampleSold(campaigns.CampaignDraft)
	story("selling", "selling", func() Pager {
		bad := sampleSold(campaigns.CampaignLive)
		bad.Title, bad.Reason, bad.Held = hostileText, hostileText, true
		return &SellingPage{OrgPage: sampleOrgPage("campaigns", "Campaigns"), Rows: []campaigns.Campaign{sold, sampleSold(campaigns.CampaignInReview), bad, sampleSold(campaigns.CampaignFulfilling)}, Next: "#"}
	})
	story("selling-none", "selling", func() Pager { return &SellingPage{OrgPage: sampleOrgPage("campaigns", "Campaigns")} })
	story("sell-draft", "sell", func() Pager {
		p := sampleSell(campaigns.CampaignDraft)
		p.MaySubmit = true
		p.Stands = certification.Refusals{certification.Refuse(certification.ErrInvalid, "campaign-complete", "campaign cmp_1 has no picture"), certification.Refuse(certification.ErrState, "gate-closed", "%s", hostileText)}
		return p
	})
	story("sell-live", "sell", func() Pager {
		p := sampleSell(campaigns.CampaignLive)
		p.Ships, p.Campaign.Title = true, hostileText
		p.Updates = []campaigns.Update{{ID: "upd_1", Title: hostileText, Body: hostileText, At: day(2026, 11, 21)}}
		return p
	})
	story("sell-refused", "sell", func() Pager {
		p := sampleSell(campaigns.CampaignInReview)
		p.MayTake = true
		f := newForm("/startup/campaigns/cmp_1/cancel", pairsOf([]string{"reason", hostileText}))
		f.Refuse("reason", "The reason for cancelling campaign cmp_1 has 3 characters; want 10 to 1000 of plain text.")
		p.Forms.with(f)
		return p
	})
	story("draft-new", "draft", func() Pager {
		p := sampleDraft(campaigns.Draft{})
		p.Campaign, p.Products = campaigns.Campaign{}, []Option{{"prd_1", hostileText}}
		return p
	})
	story("draft-edit", "draft", func() Pager { return sampleDraft(campaigns.DraftOf(&sold)) })
	story("draft-refused", "draft", func() Pager {
		d := campaigns.DraftOf(&sold)
		d.Title, d.Page.Story, d.Page.Tagline = hostileText, hostileText, strings.Repeat("wordwithoutend", 12)
		d.Page.FAQ = []campaigns.Question{{Ask: hostileText, Answer: hostileText}}
		d.Variants = []campaigns.Variant{{ID: `"><script>`, Name: hostileText}}
		p := sampleDraft(d)
		for _, r := range d.Check() {
			p.Form.Refuse(draftField(r), sentence(r.Detail))
		}
		p.Form.Refuse("", "Somebody else changed it meanwhile.")
		return p
	})
	listing := func(state campaigns.CampaignState) *ListingPage {
		return &ListingPage{
			Page: workPage("Pure"), Campaign: sampleSold(state), OrgName: hostileText, Author: "Kiran", Price: "₹6,499", Ship: "By then.", Schedule: []string{"30.5 % at success."},
			Story: prose(badText + "\n\n# Why"), Risks: prose(badText), FAQ: []QuestionView{{hostileText, prose(badText)}}, MayDecide: state == campaigns.CampaignInReview,
			Identity: campaigns.Identity{Org: "org_1", LegalName: hostileText, Registration: "U1", VerifiedAt: day(2026, 11, 1)}, Forms: newForms("/review/listings/cmp_1").at(7),
		}
	}
	story("listings", "listings", func() Pager {
		bad := sampleSold(campaigns.CampaignInReview)
		bad.Title = hostileText
		return &ListingsPage{Page: workPage("Listings"), Rows: []campaigns.Campaign{bad, sampleSold(campaigns.CampaignInReview)}}
	})
	story("listings-none", "listings", func() Pager { return &ListingsPage{Page: workPage("Listings")} })
	story("listing", "listing", func() Pager { return listing(campaigns.CampaignInReview) })
	story("listing-refused", "listing", func() Pager {
		p := listing(campaigns.CampaignInReview)
		p.Identity, p.Operator, p.MayCancel = campaigns.Identity{}, true, true
		p.Stands = certification.Refusals{certification.Refuse(certification.ErrState, "campaign-identity", "%s", hostileText)}
		f := newForm("/review/listings/cmp_1/send-back", pairsOf([]string{"reason", hostileText}))
		f.Refuse("reason", "The reason has 3 characters; want 10 to 1000 of plain text.")
		p.Forms.with(f)
		return p
	})
	identity := func(i campaigns.Identity) *IdentityPage {
		p := &IdentityPage{Page: workPage("Identity"), Org: sampleOrgPage("", "").Org, Identity: i, Forms: newForms("/operator/organisations/org_1/identity")}
		p.fill()
		return p
	}
	story("identity-none", "identity", func() Pager { return identity(campaigns.Identity{}) })
	story("identity", "identity", func() Pager {
		return identity(campaigns.Identity{Org: "org_1", LegalName: hostileText, Registration: hostileText, BankAccount: "escrow-1", VerifiedAt: day(2026, 11, 1)})
	})
	shipping := func() *ShippingPage {
		order := func(id string, state campaigns.OrderState) campaigns.Order {
			return campaigns.Order{ID: id, Campaign: "cmp_1", Units: 3, Price: 649_900, Currency: "INR", State: state, PaidAt: day(2026, 12, 2)}
		}
		return &ShippingPage{
			OrgPage: sampleOrgPage("campaigns", "Orders"), Campaign: sampleSold(campaigns.CampaignFulfilling), States: shippingStates, Next: "#", Forms: newForms("/startup/campaigns/cmp_1/orders"),
			Rows: []ShippingRow{
				shippingRow(order("ord_1", campaigns.OrderPaid), "White", "Meera", campaigns.Address{}, nil),
				shippingRow(order("ord_2", campaigns.OrderAllocated), hostileText, hostileText, sampleAddress(hostileText), []campaigns.Shipment{
					{ID: "shp_1", Units: 1, Carrier: hostileText, Tracking: hostileText, Serials: []string{hostileText}, State: campaigns.ShipmentPrepared},
				}),
				shippingRow(order("ord_3", campaigns.OrderShipped), "White", "Asha", sampleAddress("Asha Rao"), []campaigns.Shipment{
					{ID: "shp_2", Units: 1, Carrier: "Post", State: campaigns.ShipmentHandedOver}, {ID: "shp_3", Units: 2, Carrier: "Post", State: campaigns.ShipmentDelivered},
				}),
			},
		}
	}
	story("shipping", "shipping", func() Pager { return shipping() })
	story("shipping-refused", "shipping", func() Pager {
		p := shipping()
		f := newForm("/startup/campaigns/cmp_1/orders/ord_2/ship", pairsOf([]string{"units", "2", "carrier", hostileText, "serials", hostileText}))
		f.Refuse("serials", "A serial number is in another shipment of this product.")
		p.Forms.with(f)
		return p
	})
	story("shipping-none", "shipping", func() Pager {
		p := shipping()
		p.Rows, p.Next = nil, ""
		return p
	})
	payouts := func(operator bool, rows ...PayoutRow) Pager {
		return &PayoutPage{
			OrgPage: sampleOrgPage("campaigns", "Payouts"), Campaign: sampleSold(campaigns.CampaignFulfilling), Operator: operator, Rows: rows, Forms: newForms("/startup/campaigns/cmp_1/payouts"),
			Lines: statement(campaigns.Payout{Earned: 1_299_800, Costs: 26_000, Fee: 64_990, Payable: 1_208_810, Held: 99_000_000}, "INR"),
		}
	}
	story("payouts", "payouts", func() Pager { return payouts(false) })
	story("payouts-operator", "payouts", func() Pager {
		return payouts(
			true, PayoutRow{campaigns.PayoutRecord{ID: "pay_1", State: campaigns.PayoutPaid, BankRef: hostileText, CreatedAt: sampleNow}, "₹12,088.10", hostileText},
			PayoutRow{campaigns.PayoutRecord{ID: "pay_2", State: campaigns.PayoutProposed, CreatedAt: sampleNow}, "₹1", "Olga"},
		)
	})
	story("operator-payments-none", "operator-payments", func() Pager {
		return &PaymentsPage{Page: workPage("Payments"), States: inboxStates, State: campaigns.InboxStuck, Forms: newForms(paymentsPath)}
	})
	story("operator-payments", "operator-payments", func() Pager {
		proposed := campaigns.Hand{ID: "hnd_1", BankRef: "UTR 4711", PaidAt: day(2026, 11, 23), Reason: hostileText, ProposedBy: "acc_2", ProposedAt: day(2026, 11, 24)}
		p := &PaymentsPage{
			Page: workPage("Payments"), States: inboxStates, State: campaigns.InboxStuck, Next: "#", Forms: newForms(paymentsPath),
			Events:  []campaigns.InboxEvent{{ID: "pev_1", Provider: "simulator", State: campaigns.InboxStuck, Attempts: 9, LastError: hostileText, Event: campaigns.ProviderEvent{ID: hostileText, Name: "payment.captured", OrderID: "ord_1"}, ReceivedAt: sampleNow}},
			Flagged: []campaigns.Payment{{ID: "pat_1", OrderID: "ord_1", Provider: "simulator", PaymentRef: hostileText, Amount: 649_900, Currency: "INR", Flag: hostileText}},
			Refunds: []HandRow{
				{Refund: campaigns.Refund{ID: "rfd_1", OrderID: "ord_1", Amount: 649_900, Currency: "INR", Reason: hostileText, LastError: hostileText, CreatedAt: day(2026, 11, 20)}},
				{Refund: campaigns.Refund{ID: "rfd_2", OrderID: "ord_2", Amount: 100, Currency: "INR", CreatedAt: day(2026, 11, 21), Hand: proposed}, Who: hostileText},
				{Refund: campaigns.Refund{ID: "rfd_3", OrderID: "ord_3", Amount: 499_900, Currency: "INR", CreatedAt: day(2026, 11, 22), Hand: proposed}, Who: "Olga", Own: true},
			},
		}
		f := newForm(paymentsPath+"/refunds/rfd_1/propose", nil)
		f.Refuse("reference", "The reference of the bank transfer is wanted.")
		p.Forms.with(f)
		return p
	})
}
