package store_test

import (
	"strings"
	"testing"
	"time"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/registry"
)

var talkCases = []conformanceCase{
	{"only who has paid begins a thread, the startup answers, and an operator hides", func(t *testing.T, db *storeDB) {
		m := newMarket(t, db)
		m.live()
		say := func(a campaigns.Actor, c campaigns.Comment) (campaigns.Comment, error) {
			c.Campaign = m.ID
			return m.desk.Comment(ctx, a, c)
		}
		ann := campaigns.Actor{Account: m.backer("ann")}
		_, err := say(ann, campaigns.Comment{Body: "hello"})
		rule(t, err, "comment-backer")
		o := m.order("ann", 1)
		_, err = say(ann, campaigns.Comment{Body: "hello"})
		rule(t, err, "comment-backer") // reserved is not paid
		m.pay(o)
		hostile := "<script>alert(1)</script> \"'&\u202e\n[x](javascript:alert(1))"
		first := get(say(ann, campaigns.Comment{Body: hostile, Key: "k"}))(t)
		same(t, first.Body, hostile)
		again := get(say(ann, campaigns.Comment{Body: hostile, Key: "k"}))(t)
		same(t, again, first)
		_, err = say(m.startup, campaigns.Comment{Body: "we begin"})
		rule(t, err, "comment-backer")
		reply := get(say(m.startup, campaigns.Comment{Body: "thank you", Thread: first.ID}))(t)
		same(t, reply.Role, campaigns.CommentStartup)
		for _, thread := range []string{reply.ID, "cmt_none"} {
			_, err = say(ann, campaigns.Comment{Body: "hm", Thread: thread})
			rule(t, err, "comment-form")
		}
		for _, body := range []string{"", "  \n", "a \x00 b", "a \x1b[31m b", strings.Repeat("x", 5001), "\xff"} {
			_, err = say(ann, campaigns.Comment{Body: body})
			rule(t, err, "comment-form")
		}
		_, err = m.desk.HideComment(ctx, m.startup, first.ID, "we do not like it")
		rule(t, err, "campaign-operator")
		_, err = m.desk.HideComment(ctx, m.operator, first.ID, "short")
		rule(t, err, "campaign-reason")
		_, err = m.desk.HideComment(ctx, m.operator, first.ID, "it carries script, and nothing else")
		must(t, err)
		_, err = m.desk.HideComment(ctx, m.operator, first.ID, "it carries script, and nothing else")
		rule(t, err, "comment-hidden")
		_, err = say(ann, campaigns.Comment{Body: "why?", Thread: first.ID})
		rule(t, err, "comment-hidden")
		all := get(m.desk.Comments(ctx, ann, m.ID, "", 10))(t)
		if len(all) != 2 || all[0].Body != "" || !all[0].Hidden() || all[1].ID != reply.ID {
			t.Fatalf("comments %+v", all)
		}
		m.do(m.cancel(o, 1))
		_, err = say(ann, campaigns.Comment{Body: "bye"})
		rule(t, err, "comment-backer")
	}},
	{"updates are numbered, and one that is sent twice is one", func(t *testing.T, db *storeDB) {
		m := newMarket(t, db)
		m.drafted()
		post := func(a campaigns.Actor, key, title string) (campaigns.Update, error) {
			return m.desk.PostUpdate(ctx, a, campaigns.Update{Campaign: m.ID, Key: key, Title: title, Body: "Tooling is done."})
		}
		_, err := post(m.startup, "", "News")
		rule(t, err, "update-form")
		_, err = post(campaigns.Actor{Account: "acc_other"}, "", "News")
		wantError(t, err, registry.ErrNotFound) // nobody sees a draft
		m.look()
		must(t, second(m.desk.Identify(ctx, m.operator, campaigns.Identity{Org: m.org, LegalName: "Aurora", Registration: "U1", BankAccount: "escrow-1"})))
		m.took(m.desk.Submit(ctx, m.startup, m.ID, m.Version))
		m.took(m.desk.Approve(ctx, m.reviewer, m.ID, m.Version))
		_, err = post(campaigns.Actor{Account: "acc_other"}, "", "News")
		rule(t, err, "campaign-member")
		errs := together(3, func(int) error { return second(post(m.startup, "k", "News")) })
		for _, err := range errs {
			must(t, err)
		}
		must(t, second(post(m.startup, "l", "More")))
		all := get(m.desk.Updates(ctx, campaigns.Actor{}, m.ID))(t)
		if len(all) != 2 || all[0].Number != 2 || all[0].Title != "More" {
			t.Fatalf("updates %+v", all)
		}
		same(t, db.noticesOf(t, m.ID, "campaign.update_posted"), 2)
	}},
	{"the register of an upcoming campaign holds each once, and closes with the opening", func(t *testing.T, db *storeDB) {
		m := newMarket(t, db)
		m.scheduled()
		ann := campaigns.Actor{Account: m.account()}
		for range 2 {
			must(t, second(m.desk.Interest(ctx, ann, m.ID, "")))
			must(t, second(m.desk.Interest(ctx, campaigns.Actor{}, m.ID, "bob@example.org")))
		}
		_, err := m.desk.Interest(ctx, campaigns.Actor{}, m.ID, "")
		rule(t, err, "interest-form")
		same(t, get(m.desk.CountInterest(ctx, campaigns.Actor{}, m.ID))(t), int64(2))
		told := get(db.Campaigns().Interested(ctx, m.ID, "", 10))(t)
		if len(told) != 2 || told[0].Email != ann.Account+"@example.com" || told[1].Email != "bob@example.org" {
			t.Fatalf("interested %+v", told)
		}
		mine := get(m.desk.InterestOf(ctx, m.ID, ann.Account))(t)
		same(t, mine.ID, told[0].Ref)
		same(t, get(m.desk.InterestOf(ctx, m.ID, m.account()))(t).ID, "")
		same(t, get(db.Campaigns().Interest(ctx, told[1].Ref))(t).Email, "bob@example.org")
		j, ok, err := db.Jobs().Lease(ctx, []string{campaigns.JobInterest}, "run", m.at, m.at.Add(time.Minute))
		must(t, err)
		if !ok || string(j.Payload) != told[1].Ref { // who is known by an address only is written to, once
			t.Fatalf("job %+v", j)
		}
		must(t, db.Jobs().Complete(ctx, j, nil))
		if _, more, err := db.Jobs().Lease(ctx, []string{campaigns.JobInterest}, "run", m.at, m.at.Add(time.Minute)); more || err != nil {
			t.Fatalf("a second job: %v", err)
		}
		must(t, m.desk.DropInterest(ctx, m.ID, told[1].Ref))
		same(t, get(m.desk.CountInterest(ctx, campaigns.Actor{}, m.ID))(t), int64(1))
		m.until(m.OpensAt)
		_, err = m.desk.Interest(ctx, ann, m.ID, "")
		rule(t, err, "interest-open")
		m.pay(m.do(&campaigns.Reserve{Order: campaigns.Order{ID: "ord_" + m.ID, Campaign: m.ID, Backer: ann.Account, Key: "k", Units: 1}}).Order)
		backers := get(db.Campaigns().BackersOf(ctx, m.ID, "", 10))(t)
		same(t, backers, []campaigns.Recipient{{Account: ann.Account, Email: ann.Account + "@example.com"}})
	}},
}

var campaignRuleCases = []conformanceCase{
	{"what a draft must not say", func(t *testing.T, db *storeDB) {
		m := newMarket(t, db)
		for _, c := range []struct {
			rule   string
			change func(*campaigns.Draft)
		}{
			{"campaign-form", func(d *campaigns.Draft) { d.Title = "ab" }},
			{"campaign-form", func(d *campaigns.Draft) { d.Title = "a\nb c" }},
			{"campaign-form", func(d *campaigns.Draft) { d.Category = "weapons" }},
			{"campaign-form", func(d *campaigns.Draft) { d.Page.Story = "\x1b[2J" }},
			{"campaign-form", func(d *campaigns.Draft) { d.Page.Pictures = []campaigns.Picture{{SHA256: "not ours", Alt: "x"}} }},
			{"campaign-form", func(d *campaigns.Draft) { d.Page.FAQ = []campaigns.Question{{Ask: "?", Answer: ""}} }},
			{"campaign-price", func(d *campaigns.Draft) { d.Price = 0 }},
			{"campaign-price", func(d *campaigns.Draft) { d.Currency = "XXQ" }},
			{"campaign-price", func(d *campaigns.Draft) { d.RetailPrice = d.Price - 1 }},
			{"campaign-target", func(d *campaigns.Draft) { d.TargetUnits = 0 }},
			{"campaign-target", func(d *campaigns.Draft) { d.Spares = 2 }},
			{"campaign-stock", func(d *campaigns.Draft) { d.StockLimit = d.TargetUnits - 1 }},
			{"campaign-stock", func(d *campaigns.Draft) {
				d.Variants = []campaigns.Variant{{Name: "white", StockLimit: 4}, {Name: "green", StockLimit: 5}}
			}},
			{"campaign-limit", func(d *campaigns.Draft) { d.PerBackerLimit = -1 }},
			{"campaign-variants", func(d *campaigns.Draft) { d.Variants = []campaigns.Variant{{Name: "white"}, {Name: "White"}} }},
			{"campaign-regions", func(d *campaigns.Draft) { d.Regions = []string{"IN", "IN"} }},
			{"campaign-regions", func(d *campaigns.Draft) { d.Regions = nil }},
			{"campaign-window", func(d *campaigns.Draft) { d.ClosesAt = d.OpensAt }},
			{"campaign-window", func(d *campaigns.Draft) { d.ClosesAt = d.OpensAt.AddDate(0, 0, 91) }},
			{"campaign-ship", func(d *campaigns.Draft) { d.Ship = campaigns.ShipPromise{Kind: "soon"} }},
			{"campaign-ship", func(d *campaigns.Draft) { d.Ship.Days = 360 }}, // and 30 days of window
			{"campaign-ship", func(d *campaigns.Draft) { d.Ship = campaigns.ShipPromise{Kind: campaigns.ShipByDate, By: d.ClosesAt} }},
			{"campaign-ship", func(d *campaigns.Draft) {
				d.Ship = campaigns.ShipPromise{Kind: campaigns.ShipByDate, By: d.OpensAt.AddDate(0, 0, 365)}
			}},
			{"campaign-schedule", func(d *campaigns.Draft) { d.Schedule[0].Share = 5001 }},
			{"campaign-schedule", func(d *campaigns.Draft) {
				d.Schedule = append(d.Schedule, campaigns.Advance{When: campaigns.AdvanceAtHandover, Share: 5001})
			}},
		} {
			_, err := m.desk.Create(ctx, m.startup, m.product.ID, m.offer(c.change))
			rule(t, err, c.rule)
		}
		other := newMarket(t, db)
		_, err := m.desk.Create(ctx, m.startup, other.product.ID, m.offer())
		rule(t, err, "campaign-product")
		_, err = m.desk.Create(ctx, m.startup, "prd_none", m.offer())
		wantError(t, err, registry.ErrNotFound)
	}},
	{"who may approve, and when", func(t *testing.T, db *storeDB) {
		m := newMarket(t, db)
		m.took(m.desk.Create(ctx, m.startup, m.product.ID, m.offer()))
		_, err := m.desk.Submit(ctx, m.startup, m.ID, m.Version)
		rule(t, err, "campaign-complete") // no picture
		m.took(m.desk.AddPicture(ctx, m.startup, m.ID, m.Version, picture))
		opens := m.OpensAt
		m.at = opens
		_, err = m.desk.Submit(ctx, m.startup, m.ID, m.Version)
		rule(t, err, "campaign-window")
		m.at = now
		m.took(m.desk.Submit(ctx, m.startup, m.ID, m.Version))
		_, err = m.desk.Edit(ctx, m.startup, m.ID, m.Version, campaigns.DraftOf(&m.Campaign))
		rule(t, err, "text-state")
		approve := func(a campaigns.Actor) error { return second(m.desk.Approve(ctx, a, m.ID, m.Version)) }
		rule(t, approve(m.operator), "campaign-reviewer")
		self := m.startup
		self.Reviewer = true
		rule(t, approve(self), "campaign-own")
		tied := campaigns.Actor{Account: m.account(), Reviewer: true, Orgs: []string{m.org}}
		rule(t, approve(tied), "campaign-tie")
		left := campaigns.Actor{Account: m.startup.Account, Reviewer: true} // was a member when it was submitted
		rule(t, approve(left), "campaign-own")
		rule(t, approve(m.reviewer), "campaign-identity")
		must(t, second(m.desk.Identify(ctx, m.operator, campaigns.Identity{Org: m.org, LegalName: "Aurora", Registration: "U1", BankAccount: "escrow-1"})))
		m.suspend()
		m.gate.Forget()
		rule(t, approve(m.reviewer), "gate-closed")
		stands := get(m.desk.Stands(ctx, m.startup, m.ID))(t)
		if len(stands) != 1 || stands[0].Rule != "gate-closed" {
			t.Fatalf("stands %v", stands)
		}
		must(t, second(m.desk.WithdrawIdentity(ctx, m.operator, m.org, "its register does not know it")))
		rule(t, approve(m.reviewer), "campaign-identity")
		m.is(campaigns.CampaignInReview, false)
	}},
	{"a certificate that ends before the last unit is shipped carries nothing", func(t *testing.T, db *storeDB) {
		m := newMarket(t, db)
		m.at = now.AddDate(1, 8, 0) // the certificate ends in four months, the shipping in five
		m.drafted()
		must(t, second(m.desk.Identify(ctx, m.operator, campaigns.Identity{Org: m.org, LegalName: "Aurora", Registration: "U1", BankAccount: "escrow-1"})))
		m.took(m.desk.Submit(ctx, m.startup, m.ID, m.Version))
		_, err := m.desk.Approve(ctx, m.reviewer, m.ID, m.Version)
		rule(t, err, "gate-closed")
	}},
	{"of a live campaign only its words change, and its stock only grows", func(t *testing.T, db *storeDB) {
		m := newMarket(t, db)
		m.live(func(d *campaigns.Draft) {
			d.Variants = []campaigns.Variant{{Name: "white", StockLimit: 15}, {Name: "green"}}
		})
		edit := func(change func(*campaigns.Draft)) error {
			d := campaigns.DraftOf(&m.Campaign)
			d.Variants = append([]campaigns.Variant(nil), d.Variants...)
			d.Schedule = append(campaigns.Schedule(nil), d.Schedule...)
			change(&d)
			c, err := m.desk.Edit(ctx, m.startup, m.ID, m.Version, d)
			if err == nil {
				m.Campaign = c
			}
			return err
		}
		for _, change := range []func(*campaigns.Draft){
			func(d *campaigns.Draft) { d.Price++ },
			func(d *campaigns.Draft) { d.TargetUnits-- },
			func(d *campaigns.Draft) { d.ClosesAt = d.ClosesAt.Add(time.Hour) },
			func(d *campaigns.Draft) { d.Ship.Days++ },
			func(d *campaigns.Draft) { d.PerBackerLimit = 0 },
			func(d *campaigns.Draft) { d.Schedule[0].Share++ },
			func(d *campaigns.Draft) { d.Regions = []string{"IN", "EU"} },
			func(d *campaigns.Draft) { d.Variants = d.Variants[:1] },
			func(d *campaigns.Draft) { d.Variants[0].Name = "cream" },
		} {
			rule(t, edit(change), "live-terms")
		}
		rule(t, edit(func(d *campaigns.Draft) { d.StockLimit-- }), "live-stock")
		rule(t, edit(func(d *campaigns.Draft) { d.StockLimit = 0 }), "live-stock")
		rule(t, edit(func(d *campaigns.Draft) { d.Variants[1].StockLimit = 5 }), "live-stock")
		m.is(campaigns.CampaignLive, false)
		must(t, edit(func(d *campaigns.Draft) { d.StockLimit, d.Variants[0].StockLimit = 30, 25 }))
		same(t, get(m.store.Counter(ctx, m.ID))(t).StockLimit, int64(30))
		for _, v := range get(m.store.VariantCounters(ctx, m.ID))(t) {
			if v.Variant == m.Variants[0].ID {
				same(t, v.StockLimit, int64(25))
			}
		}
		must(t, edit(func(d *campaigns.Draft) { d.Page.Story = "Now with <b>pictures</b>" }))
		texts := get(m.desk.Texts(ctx, campaigns.Actor{}, m.ID))(t)
		if len(texts) != 2 || texts[0].Page.Story != "# Why\n\nBecause." || texts[1].Page.Story != "Now with <b>pictures</b>" || m.TextVersion != 2 {
			t.Fatalf("texts %+v", texts)
		}
		version := m.Version
		must(t, edit(func(*campaigns.Draft) {})) // nothing new is nothing
		same(t, m.look().Version, version)
	}},
	{"lists show what everybody may see, in the order of their time", func(t *testing.T, db *storeDB) {
		m := newMarket(t, db)
		m.drafted()
		find := func(shelf campaigns.ShelfName) []campaigns.Shown {
			return get(m.desk.Shelf(ctx, campaigns.ShelfQuery{Shelf: shelf, Words: m.product.Model[:30], Limit: 10}))(t)
		}
		same(t, len(find(campaigns.ShelfUpcoming)), 0)
		_, err := m.desk.Shown(ctx, campaigns.Actor{}, m.ID)
		wantError(t, err, registry.ErrNotFound)
		m.scheduled()
		first := m.ID
		m.scheduled(func(d *campaigns.Draft) { d.OpensAt = d.OpensAt.Add(-time.Minute) })
		up := find(campaigns.ShelfUpcoming)
		if len(up) != 2 || up[0].ID != m.ID || up[1].ID != first || up[0].OrgName != "Aurora "+m.org {
			t.Fatalf("upcoming %+v", up)
		}
		page := get(m.desk.Shelf(ctx, campaigns.ShelfQuery{Shelf: campaigns.ShelfUpcoming, Words: "aurora " + m.org, After: up[0].Cursor, Limit: 10}))(t)
		if len(page) != 1 || page[0].ID != first {
			t.Fatalf("second page %+v", page)
		}
		m.until(m.OpensAt)
		same(t, len(find(campaigns.ShelfLive)), 1)
		m.took(m.desk.Cancel(ctx, m.startup, m.ID, m.Version, "the tooling broke for good"))
		past := find(campaigns.ShelfPast)
		if len(past) != 1 || past[0].ID != m.ID || past[0].Reason != "the tooling broke for good" {
			t.Fatalf("past %+v", past)
		}
		_, err = m.desk.Shelf(ctx, campaigns.ShelfQuery{Shelf: campaigns.ShelfLive, After: "x", Limit: 1})
		wantError(t, err, registry.ErrBadRequest)
	}},
}
