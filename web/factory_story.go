package web

import (
	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/registry/factory"
)

func init() {
	page := func() *FactoryPage {
		return &FactoryPage{
			ProductHead: sampleHead("factory", "Factory"), Left: 21, Quota: factory.Quota{Granted: 25, Made: 550}, Funded: 546, Forms: newForms("/products/prd_1/factory"),
			Sources: []FundedView{{sampleSold(campaigns.CampaignFulfilling), 526}}, Grants: []factory.Grant{{Units: 30, Reason: hostileText}, {Units: -5, Reason: "They were not needed."}},
			Batches: []factory.Batch{
				{ID: "bat_3", Units: 50, State: factory.Made, Certificate: "PM-2026-000042", CreatedAt: sampleNow},
				{ID: "bat_2", Units: 500, State: factory.Delivered, Certificate: "PM-2026-000042", CreatedAt: day(2026, 11, 20), DeliveredAt: day(2026, 11, 21)},
				{ID: "bat_1", Units: 10, State: factory.Revoked, Reason: hostileText, CreatedAt: day(2026, 11, 10), RevokedAt: day(2026, 11, 11)},
				{ID: "bat_0", Units: 8, State: factory.Imported, Reason: "A run of prototypes.", CreatedAt: day(2026, 11, 2)},
			},
		}
	}
	story("factory", "factory", func() Pager { return page() })
	story("factory-none", "factory", func() Pager {
		return &FactoryPage{ProductHead: sampleHead("factory", "Factory"), Forms: newForms("/products/prd_1/factory")}
	})
	story("factory-refused", "factory", func() Pager {
		p := page()
		f := newForm("/products/prd_1/factory/batches", pairsOf([]string{"units", "900", "recipient", hostileText}))
		f.Refuse("units", "900 units asked, 21 of 25 granted and 546 funded are left.")
		f.Refuse("recipient", "The factory's key is no age public key (age1…).")
		p.Forms.with(f)
		return p
	})
	story("factory-rows", "factory", func() Pager {
		p := page()
		p.Operator = true
		p.RowErrs = factory.RowErrors{{Line: 3, What: "secret_hash is not 32 bytes in hex"}, {Line: 7, What: hostileText}}
		f := newForm("/products/prd_1/factory/import", nil)
		f.Refuse("file", "2 lines are wrong; nothing of the file was stored.")
		p.Forms.with(f)
		return p
	})
}
