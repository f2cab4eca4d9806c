package store_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/registry"
)

// TestACampaignFollowsItsTable lets everybody who may and may not do anything to a
// campaign do it in any order, while certificates, documents and time come and go,
// beside a model written from docs/campaigns.md. Of each act the model says why it
// must be refused: for one of those reasons it is, and without any it happens.
func TestACampaignFollowsItsTable(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *storeDB) {
		reached := map[campaigns.CampaignState]int{}
		rapid.Check(t, few(60, func(rt *rapid.T) {
			m := newDeskModel(t, db)
			defer m.close()
			acts := m.acts()
			names := slices.Sorted(maps.Keys(acts))
			for range rapid.IntRange(10, 60).Draw(rt, "acts") {
				if rapid.IntRange(0, 2).Draw(rt, "onward") > 0 {
					m.onward(rt)
				} else {
					acts[rapid.SampledFrom(names).Draw(rt, "act")](rt)
				}
				m.check(rt)
			}
			m.checkTold(rt)
			m.audit()
			for state := range m.ever {
				reached[state]++
			}
		}))
		t.Logf("states reached, in sequences: %v", reached)
	})
}

// few limits a property whose sequences are long to so many of them, unless the
// command line says how many it wants (-rapid.checks). What failed is made smaller
// without a limit.
func few(most int, property func(*rapid.T)) func(*rapid.T) {
	if checks := flag.Lookup("rapid.checks"); checks != nil && checks.Value.String() != checks.DefValue {
		return property
	}
	done, failed := 0, false
	return func(t *rapid.T) {
		if done >= most && !failed {
			return
		}
		passed := false
		defer func() {
			if done++; !passed {
				failed = true
			}
		}()
		property(t)
		passed = true
	}
}

// deskModel is what ought to be there.
type deskModel struct {
	*market
	fulfilment *campaigns.Fulfilment
	close      func()
	people     map[string]campaigns.Actor

	state        campaigns.CampaignState
	version      int64
	author       string
	tied         map[string]bool
	complete     bool
	held, public bool
	pending      bool // what the gate looks at has changed, and nobody has asked it since
	identified   bool
	known        bool // its identity, that may have been withdrawn
	stock        int64
	opens        time.Time
	closes       time.Time
	serials      []string // certificates, oldest first
	certificates map[string]certification.CertificateState
	document     bool
	orders       []*modelOrder
	shipments    map[string]string // of the order
	texts        int
	told         map[string]int // by the kind of the notice
	surely       bool           // who may do something does it, and has read the last version
	ever         map[campaigns.CampaignState]bool
}

const (
	modelTarget = 2
	modelStock  = 6
)

func newDeskModel(t *testing.T, db *storeDB) *deskModel {
	m := &deskModel{
		market: newMarket(t, db), state: campaigns.CampaignDraft, version: 1, tied: map[string]bool{}, stock: modelStock, document: true,
		told: map[string]int{}, ever: map[campaigns.CampaignState]bool{}, shipments: map[string]string{},
	}
	m.lazy = true
	clock := func() time.Time { return m.at }
	book := campaigns.NewBook(campaigns.Options{Store: m.store, Now: clock})
	m.close = func() { must(t, book.Stop(context.Background())) }
	m.fulfilment = campaigns.NewFulfilment(campaigns.FulfilmentOptions{Store: db.Fulfilment(), Book: book, Now: clock})
	partner, insider := m.account(), m.account()
	for _, account := range []string{partner, insider} {
		must(t, db.Write(ctx, "INSERT INTO member (org, account, role, since) VALUES ($1, $2, 'member', 1)", m.org, account))
	}
	m.people = map[string]campaigns.Actor{
		"author":       m.startup,
		"partner":      {Account: partner, Orgs: []string{m.org}, Reviewer: true}, // reviews others' campaigns
		"insider":      {Account: insider, Reviewer: true},                        // whose log-in does not know of the membership yet
		"reviewer":     m.reviewer,
		"other review": {Account: m.account(), Reviewer: true},
		"operator":     m.operator,
		"stranger":     {Account: m.account(), Orgs: []string{"org_another"}},
	}
	m.tied[m.startup.Account], m.tied[partner], m.tied[insider] = true, true, true
	m.author = m.startup.Account
	m.serials, m.certificates = []string{m.serial}, map[string]certification.CertificateState{m.serial: certification.Active}
	m.took(m.desk.Create(ctx, m.startup, m.product.ID, m.window()))
	m.opens, m.closes = m.OpensAt, m.ClosesAt
	return m
}

// window is a draft that opens an hour from now.
func (m *deskModel) window() campaigns.Draft {
	return m.offer(func(d *campaigns.Draft) {
		d.TargetUnits, d.StockLimit, d.PerBackerLimit = modelTarget, max(m.stock, modelTarget), 0
		d.OpensAt, d.ClosesAt = m.at.Add(time.Hour).Truncate(time.Millisecond), m.at.Add(25*time.Hour).Truncate(time.Millisecond)
		d.Ship.Days = 30
	})
}

func (m *deskModel) acts() map[string]func(*rapid.T) {
	return map[string]func(*rapid.T){
		"complete": m.finish, "submit": m.submit, "submit it": m.submit, "take back": m.takeBack, "send back": m.sendBack,
		"approve": m.approve, "approve it": m.approve, "cancel": m.cancelIt,
		"edit": m.edit, "new window": m.move, "identify": m.identify,
		"suspend": m.suspends, "reinstate": m.reinstates, "revoke": m.revokes, "certify anew": m.certifies, "document": m.papers,
		"time": m.time, "next date": m.nextDate, "and the next": m.nextDate, "step": m.step, "round": m.round, "reassess": m.askGate,
		"order": m.buy, "order more": m.buy, "pay": m.pays, "pay too": m.pays, "pay at once": m.pays, "back out": m.backOut, "refunded": m.refunded,
		"allocate": m.allocate, "hand over": m.handOver, "deliver": m.deliver,
	}
}

// onward is what usually comes next: without it few campaigns would open.
func (m *deskModel) onward(t *rapid.T) {
	m.surely = true
	defer func() { m.surely = false }()
	var next []func(*rapid.T)
	switch {
	case m.state == campaigns.CampaignDraft && !m.opens.After(m.at):
		next = append(next, m.move)
	case m.state == campaigns.CampaignDraft && !m.complete:
		next = append(next, m.finish)
	case m.state == campaigns.CampaignDraft:
		next = append(next, m.submit)
	case m.state == campaigns.CampaignInReview && !m.identified:
		next = append(next, m.identify)
	case m.carrier() == "":
		next = append(next, m.reinstates, m.certifies, m.papers, m.nextDate, m.askGate)
	case m.held:
		next = append(next, m.askGate)
	case m.state == campaigns.CampaignInReview && !m.opens.After(m.at):
		next = append(next, m.takeBack)
	case m.state == campaigns.CampaignInReview:
		next = append(next, m.approve)
	case m.state == campaigns.CampaignLive:
		next = append(next, m.buy, m.pays, m.buy, m.pays, m.nextDate)
	case m.state == campaigns.CampaignSucceeded, m.state == campaigns.CampaignFulfilling:
		next = append(next, m.allocate, m.handOver, m.deliver, m.handOver, m.deliver, m.refunded, m.backOut, m.round)
	default:
		next = append(next, m.nextDate, m.step, m.pays)
	}
	next[rapid.IntRange(0, len(next)-1).Draw(t, "next")](t)
}

// who does it, mostly somebody who may.
func (m *deskModel) who(t *rapid.T, mostly string) campaigns.Actor {
	if m.surely {
		return m.people[mostly]
	}
	names := append(slices.Sorted(maps.Keys(m.people)), mostly, mostly)
	return m.people[rapid.SampledFrom(names).Draw(t, "who")]
}

// rarely says, mostly, that something is not done this time.
func (m *deskModel) rarely(t *rapid.T, one int) bool {
	return !m.surely && rapid.IntRange(1, one).Draw(t, "rarely") > 1
}

// reasons for which something must be refused.
type reasons []string

func (r *reasons) add(when bool, why string) {
	if when {
		*r = append(*r, why)
	}
}

// is holds what happened against the reasons: refused for one of them, and not
// refused if there is none. It says whether it happened.
func (r reasons) is(t *rapid.T, what string, err error) bool {
	if err == nil && len(r) == 0 {
		return true
	}
	if err != nil {
		for _, why := range r {
			if slices.Contains(reasonsOf(err), why) {
				return false
			}
		}
	}
	t.Fatalf("%s: %v; the model wants it refused for one of %q", what, err, []string(r))
	return false
}

// reasonsOf are the rules that an error names.
func reasonsOf(err error) (out []string) {
	var several certification.Refusals
	var one *certification.Refusal
	switch {
	case errors.As(err, &several):
		for _, r := range several {
			out = append(out, r.Rule)
		}
	case errors.As(err, &one):
		out = append(out, one.Rule)
	}
	for sentinel, name := range map[error]string{
		registry.ErrNotFound: "not-found", registry.ErrConflict: "conflict", campaigns.ErrHeld: "held", campaigns.ErrNotOpen: "not-open",
		campaigns.ErrSoldOut: "sold-out", campaigns.ErrTooLate: "too-late",
	} {
		if errors.Is(err, sentinel) {
			out = append(out, name)
		}
	}
	return out
}

// reads begins the reasons: nobody changes what he may not see, or has not read.
func (m *deskModel) reads(t *rapid.T, a campaigns.Actor) (r reasons, version int64) {
	r.add(!m.public && !a.Of(m.org) && !a.Reviewer && !a.Operator, "not-found")
	version = m.version
	if !m.surely && rapid.IntRange(0, 9).Draw(t, "stale") == 9 {
		version--
		r.add(true, "conflict")
	}
	return r, version
}

func (m *deskModel) in(states ...campaigns.CampaignState) bool {
	return slices.Contains(states, m.state)
}

// becomes is a move that a person or the service made.
func (m *deskModel) becomes(to campaigns.CampaignState, kind string) {
	m.state = to
	m.version++
	m.told[kind]++
	switch to {
	case campaigns.CampaignDraft:
		m.public, m.held = false, false
	case campaigns.CampaignScheduled:
		m.public = true
	case campaigns.CampaignFailed, campaigns.CampaignCancelled, campaigns.CampaignCompleted:
		m.held = false
	}
	m.ever[to] = true
}

// unfit is why it cannot be submitted or approved as it is.
func (m *deskModel) unfit(r *reasons) {
	r.add(!m.complete, "campaign-complete")
	r.add(!m.opens.After(m.at), "campaign-window")
}

func (m *deskModel) finish(t *rapid.T) {
	a := m.who(t, "author")
	r, version := m.reads(t, a)
	r.add(!a.Of(m.org), "campaign-member")
	r.add(m.in(campaigns.CampaignInReview) || m.state.Final(), "text-state")
	r.add(len(m.look().Page.Pictures) >= 20, "campaign-form")
	c, err := m.desk.AddPicture(ctx, a, m.ID, version, picture)
	if r.is(t, "add a picture", err) {
		m.complete = true
		m.edited(a, c)
	}
}

// edited is what an edit leaves that changed the text.
func (m *deskModel) edited(a campaigns.Actor, c campaigns.Campaign) {
	m.version++
	if m.state == campaigns.CampaignDraft {
		m.author = a.Account
	} else {
		m.told["campaign.edited"]++
	}
	m.stock, m.opens, m.closes = c.StockLimit, c.OpensAt, c.ClosesAt
}

func (m *deskModel) edit(t *rapid.T) {
	a := m.who(t, "author")
	r, version := m.reads(t, a)
	r.add(!a.Of(m.org), "campaign-member")
	r.add(m.in(campaigns.CampaignInReview) || m.state.Final(), "text-state")
	now := m.look()
	d := campaigns.DraftOf(&now)
	what := rapid.SampledFrom([]string{"text", "price", "more stock", "less stock", "no stock limit"}).Draw(t, "what")
	draft, selling := m.state == campaigns.CampaignDraft, m.state == campaigns.CampaignLive && m.at.Before(m.closes)
	switch what {
	case "text":
		m.texts++
		d.Title = fmt.Sprint("Pure ", m.texts)
	case "price":
		d.Price++
		r.add(!draft, "live-terms")
	case "more stock":
		d.StockLimit++
		r.add(!draft && m.stock == 0, "live-stock")
		r.add(!draft && !selling, "live-terms")
		r.add(m.stock == 0, "campaign-stock") // 1 is below the target
	case "less stock":
		if d.StockLimit--; m.stock == 0 {
			return
		}
		r.add(selling, "live-stock")
		r.add(!draft && !selling, "live-terms")
		r.add(d.StockLimit < modelTarget && d.StockLimit != 0, "campaign-stock")
	case "no stock limit":
		if d.StockLimit = 0; m.stock == 0 {
			return
		}
		r.add(selling, "live-stock")
		r.add(!draft && !selling, "live-terms")
	}
	c, err := m.desk.Edit(ctx, a, m.ID, version, d)
	if r.is(t, "edit "+what, err) {
		if d.Price != now.Price {
			c.Price = d.Price
		}
		m.edited(a, c)
	}
}

// move gives a draft another window; of anything else the dates stay.
func (m *deskModel) move(t *rapid.T) {
	a := m.who(t, "author")
	r, version := m.reads(t, a)
	r.add(!a.Of(m.org), "campaign-member")
	r.add(m.in(campaigns.CampaignInReview) || m.state.Final(), "text-state")
	now := m.look()
	d, next := campaigns.DraftOf(&now), m.window()
	if d.OpensAt.Equal(next.OpensAt) {
		return
	}
	d.OpensAt, d.ClosesAt = next.OpensAt, next.ClosesAt
	r.add(m.state != campaigns.CampaignDraft, "live-terms")
	c, err := m.desk.Edit(ctx, a, m.ID, version, d)
	if r.is(t, "another window", err) {
		m.edited(a, c)
	}
}

func (m *deskModel) submit(t *rapid.T) {
	a := m.who(t, "author")
	r, version := m.reads(t, a)
	r.add(!a.Of(m.org), "campaign-member")
	r.add(m.state != campaigns.CampaignDraft, "campaign-table")
	m.unfit(&r)
	_, err := m.desk.Submit(ctx, a, m.ID, version)
	if r.is(t, "submit", err) {
		m.author = a.Account
		m.becomes(campaigns.CampaignInReview, "campaign.submitted")
	}
}

func (m *deskModel) takeBack(t *rapid.T) {
	if m.rarely(t, 3) {
		return
	}
	a := m.who(t, "author")
	r, version := m.reads(t, a)
	r.add(!a.Of(m.org), "campaign-member")
	r.add(!m.in(campaigns.CampaignInReview, campaigns.CampaignScheduled), "campaign-table")
	_, err := m.desk.TakeBack(ctx, a, m.ID, version)
	if r.is(t, "take back", err) {
		m.becomes(campaigns.CampaignDraft, "campaign.taken_back")
	}
}

// why is a reason, or one that is none.
func (m *deskModel) why(t *rapid.T, r *reasons) string {
	why := rapid.SampledFrom([]string{"it has to be said better", "it is not as it ought to be", "no", "with a \x1b[31m control"}).Draw(t, "reason")
	r.add(len(why) < 10 || strings.Contains(why, "\x1b"), "campaign-reason")
	return why
}

func (m *deskModel) reviews(r *reasons, a campaigns.Actor) {
	r.add(!a.Reviewer, "campaign-reviewer")
	r.add(a.Account == m.author, "campaign-own")
	r.add(m.tied[a.Account], "campaign-tie")
}

func (m *deskModel) sendBack(t *rapid.T) {
	if m.rarely(t, 3) {
		return
	}
	a := m.who(t, "reviewer")
	r, version := m.reads(t, a)
	why := m.why(t, &r)
	m.reviews(&r, a)
	r.add(m.state != campaigns.CampaignInReview, "campaign-table")
	_, err := m.desk.SendBack(ctx, a, m.ID, version, why)
	if r.is(t, "send back", err) {
		m.becomes(campaigns.CampaignDraft, "campaign.sent_back")
	}
}

func (m *deskModel) approve(t *rapid.T) {
	a := m.who(t, "reviewer")
	r, version := m.reads(t, a)
	m.reviews(&r, a)
	r.add(m.state != campaigns.CampaignInReview, "campaign-table")
	r.add(!m.identified, "campaign-identity")
	r.add(m.carrier() == "", "gate-closed")
	m.unfit(&r)
	_, err := m.desk.Approve(ctx, a, m.ID, version)
	if r.is(t, "approve", err) {
		m.becomes(campaigns.CampaignScheduled, "campaign.scheduled")
		m.asked()
	}
}

func (m *deskModel) cancelIt(t *rapid.T) {
	if m.rarely(t, 4) {
		return
	}
	a := m.who(t, "operator")
	r, version := m.reads(t, a)
	why := m.why(t, &r)
	switch {
	case a.Of(m.org):
		r.add(!m.in(campaigns.CampaignDraft, campaigns.CampaignInReview, campaigns.CampaignScheduled, campaigns.CampaignLive), "campaign-table")
	case a.Operator:
		r.add(!m.in(campaigns.CampaignInReview, campaigns.CampaignScheduled, campaigns.CampaignLive, campaigns.CampaignClosing, campaigns.CampaignSucceeded, campaigns.CampaignFulfilling), "campaign-table")
	default:
		r.add(true, "campaign-member")
	}
	_, err := m.desk.Cancel(ctx, a, m.ID, version, why)
	if r.is(t, "cancel", err) {
		m.becomes(campaigns.CampaignCancelled, "campaign.cancelled")
	}
}

func (m *deskModel) identify(t *rapid.T) {
	a := m.who(t, "operator")
	withdraw := !m.surely && rapid.Bool().Draw(t, "withdraw")
	var r reasons
	r.add(!a.Operator, "campaign-operator")
	var err error
	if withdraw {
		r.add(!m.known, "not-found")
		_, err = m.desk.WithdrawIdentity(ctx, a, m.org, "its register struck it off")
	} else {
		_, err = m.desk.Identify(ctx, a, campaigns.Identity{Org: m.org, LegalName: "Aurora Pvt Ltd", Registration: "U1", BankAccount: "escrow-1"})
	}
	if r.is(t, "identify", err) {
		m.identified, m.known = !withdraw, true
	}
}

func (m *deskModel) time(t *rapid.T) {
	m.pass(time.Duration(rapid.IntRange(1, 90).Draw(t, "minutes")) * time.Minute)
}

// nextDate goes to the next instant at which something is due, or just before it.
func (m *deskModel) nextDate(t *rapid.T) {
	for _, at := range []time.Time{m.opens, m.closes, m.closes.Add(campaigns.PayWindow)} {
		if at.After(m.at) {
			m.at = at.Add(-rapid.SampledFrom([]time.Duration{0, 0, 0, time.Microsecond, time.Minute}).Draw(t, "before"))
			break
		}
	}
	m.step(t)
}

func (m *deskModel) expires() {
	for _, o := range m.orders {
		if o.State == campaigns.OrderReserved && !m.at.Before(o.PayUntil) {
			o.State = campaigns.OrderExpired
		}
	}
}

func (m *deskModel) step(*rapid.T) {
	must(m.t, m.desk.Step(ctx, m.ID))
	if m.state == campaigns.CampaignScheduled && !m.at.Before(m.opens) {
		switch open := m.carrier() != ""; {
		case open:
			m.becomes(campaigns.CampaignLive, "campaign.opened")
			m.asked()
		case !m.at.Before(m.closes):
			m.becomes(campaigns.CampaignCancelled, "campaign.cancelled")
		default:
			m.asked()
		}
	}
	if m.state == campaigns.CampaignLive && !m.at.Before(m.closes) {
		m.becomes(campaigns.CampaignClosing, "campaign.closing")
	}
	if m.state == campaigns.CampaignClosing {
		m.expires()
		switch reserved, paid := m.units(); {
		case reserved > 0:
		case paid >= modelTarget:
			m.becomes(campaigns.CampaignSucceeded, "campaign.succeeded")
		default:
			m.becomes(campaigns.CampaignFailed, "campaign.failed")
		}
	}
}

func (m *deskModel) check(t *rapid.T) {
	c := m.look()
	n := get(m.store.Counter(ctx, m.ID))(m.t)
	type seen struct {
		State                     campaigns.CampaignState
		Held, Public, Open, Gated bool
		Version, Reserved, Paid   int64
		Author                    string
		Jobs                      int
	}
	reserved, paid := m.units()
	want := seen{m.state, m.held, m.public, m.state == campaigns.CampaignLive, m.held, m.version, reserved, paid, m.author, 0}
	if m.in(campaigns.CampaignFailed, campaigns.CampaignCancelled) {
		want.Jobs = 1 // gives everybody back
	}
	got := seen{c.State, c.Held, c.Public(), n.Open, n.Held, c.Version, n.Reserved, n.Progress(), c.Author, m.db.jobsOf(m.t.(*testing.T), campaigns.JobGiveBack, m.ID)}
	if got != want {
		t.Fatalf("the campaign is %+v\nthe model says   %+v", got, want)
	}
	if c.State.Gated() && !c.Held && m.certificates[c.Certificate] != certification.Active {
		t.Fatalf("campaign %s is %s and not held, with a certificate that is %s", c.ID, c.State, m.certificates[c.Certificate])
	}
	if open := m.carrier() != ""; c.State.Gated() && !m.pending && c.Held == open {
		t.Fatalf("the gate is open: %v; held: %v (%s)", open, c.Held, c.HeldReason)
	}
	stored := map[string]campaigns.OrderState{}
	for _, backer := range []string{"ann", "bob"} {
		for _, o := range get(m.store.OrdersOfBacker(ctx, m.backer(backer), "", 100))(m.t) {
			stored[o.ID] = o.State
		}
	}
	for _, o := range m.orders {
		if stored[o.ID] != o.State {
			t.Fatalf("order %s is %s, the model says %s", o.ID, stored[o.ID], o.State)
		}
	}
}

// checkTold wants a notice of each change, and no other.
func (m *deskModel) checkTold(t *rapid.T) {
	rows, err := m.db.Pool().QueryContext(ctx, `SELECT kind, COUNT(*) FROM notice WHERE subject = $1 GROUP BY kind`, m.ID)
	must(m.t, err)
	defer rows.Close()
	told := map[string]int{}
	for rows.Next() {
		var kind string
		var n int
		must(m.t, rows.Scan(&kind, &n))
		told[kind] = n
	}
	must(m.t, rows.Err())
	if !maps.Equal(told, m.told) {
		t.Fatalf("told %v\nwant %v", told, m.told)
	}
}
