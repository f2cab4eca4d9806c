package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/registry"
)

// market is a startup with a certified product, and those who judge it. Its clock
// is its own.
type market struct {
	*shop // its orders, once there is a campaign
	desk  *campaigns.Desk
	gate  *certification.Gate
	life  *certification.Life
	paper certification.RegulatoryDocument

	org      string
	product  registry.Product
	serial   string
	startup  campaigns.Actor // its author
	reviewer campaigns.Actor
	operator campaigns.Actor
}

func newMarket(t testing.TB, db *storeDB) *market {
	t.Helper()
	m := &market{shop: &shop{t: t, db: db, at: now, store: db.Campaigns()}, org: id.New("org")}
	m.startup = campaigns.Actor{Account: m.account(), Orgs: []string{m.org}}
	m.reviewer = campaigns.Actor{Account: m.account(), Reviewer: true}
	m.operator = campaigns.Actor{Account: m.account(), Operator: true}
	must(t, db.Auth().CreateOrg(ctx, auth.Org{ID: m.org, Name: "Aurora " + m.org, CreatedAt: now}, m.startup.Account, decision(m.org)))
	m.product, _ = db.product(t)
	must(t, db.Registry().GiveProduct(ctx, m.product.ID, m.org))
	m.serial = m.certify()
	for _, scheme := range []string{"BIS-CRS", "WPC-ETA"} {
		d := certification.RegulatoryDocument{
			ID: id.New("reg"), Org: m.org, Region: "IN", Scheme: scheme, Number: "R-1", Holder: "Aurora", Models: []string{m.product.Model},
			Issued: now.Add(-time.Hour), Expires: now.AddDate(1, 11, 0), State: certification.RegulatoryVerified, CreatedAt: now,
		}
		if scheme == "WPC-ETA" {
			d.Expires = time.Time{}
		}
		must(t, db.Programme().CreateRegulatory(ctx, d, certification.Record{}))
		m.paper = d
	}
	clock := func() time.Time { return m.at }
	m.gate = certification.NewGate(db.Programme(), clock)
	m.life = certification.NewLife(db.Programme(), clock, nil)
	m.desk = campaigns.NewDesk(campaigns.DeskOptions{Store: db.Campaigns(), Gate: m.gate, Expire: m.expire, Now: clock})
	return m
}

// account is one of somebody with a confirmed address.
func (m *market) account() string {
	a := auth.Account{ID: id.New("acc"), CreatedAt: now, ConfirmedAt: now}
	a.Email = a.ID + "@example.com"
	must(m.t, m.db.Auth().CreatePerson(ctx, auth.Standing{Account: a}, "", auth.Identity{}, decision(a.ID)))
	return a.ID
}

// certify puts an active certificate of the product where the issuer would.
func (m *market) certify() string {
	m.t.Helper()
	sub := certification.Submission{ID: id.New("sub"), Org: m.org, Model: m.product.Model, State: certification.Certified, Round: 1, CreatedAt: now}
	must(m.t, m.db.Programme().CreateSubmission(ctx, sub, nil, nil))
	c := certification.Certificate{
		Serial: "PM-" + sub.ID, Submission: sub.ID, Org: m.org, Product: m.product.ID, Model: m.product.Model, Regions: []string{"IN"},
		IssuedAt: now.Add(-time.Hour), ExpiresAt: now.AddDate(2, 0, 0), State: certification.Active, Since: now.Add(-time.Hour), Rev: 1,
	}
	body, err := json.Marshal(c)
	must(m.t, err)
	must(m.t, m.db.Write(ctx, `INSERT INTO certificate (serial, submission, org, model, state, since, rev, issued_at, expires_at, log_index, payload, jws, body, words)
VALUES ($1, $2, $3, $4, 'active', $5, 1, $5, $6, 0, '', '', $7, '')`,
		c.Serial, c.Submission, c.Org, c.Model, c.Since.UnixMicro(), c.ExpiresAt.UnixMicro(), string(body)))
	return c.Serial
}

// expire is what the book does to orders whose pay window has run out.
func (m *market) expire(_ context.Context, at time.Time) error {
	overdue, err := m.store.OverdueOrders(ctx, at, 0)
	if err != nil || m.Campaign.ID == "" {
		return err
	}
	for _, e := range overdue {
		if e.Campaign == m.ID {
			m.do(&e)
		}
	}
	return nil
}

// offer is a draft that lacks nothing: 30 days, 10 units at ₹4,999.
func (m *market) offer(change ...func(*campaigns.Draft)) campaigns.Draft {
	d := campaigns.Draft{
		Title: "Pure", Category: "air", Page: campaigns.Page{Tagline: "Clean air", Story: "# Why\n\nBecause.", Risks: "It may be late."},
		Regions: []string{"IN"}, Price: 499_900, RetailPrice: 699_900, Currency: "INR", TargetUnits: 10, StockLimit: 20, PerBackerLimit: 20,
		OpensAt: m.at.Add(time.Hour), ClosesAt: m.at.Add(30 * 24 * time.Hour),
		Ship: campaigns.ShipPromise{Kind: campaigns.ShipAfterSuccess, Days: 120}, Schedule: campaigns.Schedule{{When: campaigns.AdvanceAtSuccess, Share: 3000}},
	}
	for _, f := range change {
		f(&d)
	}
	return d
}

var picture = campaigns.Picture{SHA256: "ab12", Media: "image/png", Width: 10, Height: 10, Size: 99, Alt: "a white box"}

// took replaces the market's campaign by what an act made of it.
func (m *market) took(c campaigns.Campaign, err error) campaigns.Campaign {
	m.t.Helper()
	must(m.t, err)
	m.Campaign = c
	return c
}

// drafted writes a campaign that can be submitted.
func (m *market) drafted(change ...func(*campaigns.Draft)) {
	m.t.Helper()
	m.took(m.desk.Create(ctx, m.startup, m.product.ID, m.offer(change...)))
	m.took(m.desk.AddPicture(ctx, m.startup, m.ID, m.Version, picture))
}

// scheduled has it approved.
func (m *market) scheduled(change ...func(*campaigns.Draft)) {
	m.t.Helper()
	m.drafted(change...)
	_, err := m.desk.Identify(ctx, m.operator, campaigns.Identity{Org: m.org, LegalName: "Aurora Pvt Ltd", Registration: "U1", BankAccount: "escrow-1"})
	must(m.t, err)
	m.took(m.desk.Submit(ctx, m.startup, m.ID, m.Version))
	m.took(m.desk.Approve(ctx, m.reviewer, m.ID, m.Version))
}

// live waits until it is open.
func (m *market) live(change ...func(*campaigns.Draft)) {
	m.t.Helper()
	m.scheduled(change...)
	m.until(m.OpensAt)
}

// until lets time pass and does what is due then.
func (m *market) until(at time.Time) {
	m.t.Helper()
	m.at = at
	must(m.t, m.desk.Step(ctx, m.ID))
	m.look()
}

func (m *market) look() campaigns.Campaign {
	m.t.Helper()
	return m.took(m.store.(campaigns.DeskStore).Campaign(ctx, m.ID))
}

// is wants the campaign in a state.
func (m *market) is(want campaigns.CampaignState, held bool) {
	m.t.Helper()
	c := m.look()
	if c.State != want || c.Held != held {
		m.t.Fatalf("campaign is %s, held %v (%s); want %s, %v", c.State, c.Held, c.HeldReason, want, held)
	}
	n := get(m.store.Counter(ctx, m.ID))(m.t)
	if n.Open != (want == campaigns.CampaignLive) || n.Held != held {
		m.t.Fatalf("its counter is open %v, held %v", n.Open, n.Held)
	}
}

// rule wants a refusal by a rule.
func rule(t testing.TB, err error, want string) {
	t.Helper()
	var several certification.Refusals
	var one *certification.Refusal
	switch {
	case errors.As(err, &several):
		for _, r := range several {
			if r.Rule == want {
				return
			}
		}
	case errors.As(err, &one) && one.Rule == want:
		return
	}
	t.Fatalf("error %v; want the rule %s", err, want)
}
