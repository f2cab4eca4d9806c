package store_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/registry"
)

var deskCases = []conformanceCase{
	{"a campaign goes from its draft to its success", func(t *testing.T, db *storeDB) {
		m := newMarket(t, db)
		m.scheduled()
		m.is(campaigns.CampaignScheduled, false)
		same(t, m.Certificate, m.serial)
		m.refused(m.wish("ann", 1), campaigns.ErrNotOpen)
		m.until(m.OpensAt.Add(-time.Second))
		m.is(campaigns.CampaignScheduled, false)
		m.until(m.OpensAt)
		m.is(campaigns.CampaignLive, false)
		m.pay(m.order("ann", 9))
		late := m.order("bob", 1)
		m.at = m.ClosesAt.Add(-time.Minute)
		last := m.order("carol", 1)
		m.until(m.ClosesAt)
		m.is(campaigns.CampaignClosing, false) // carol's pay window is open, bob's has run out
		m.state(late, campaigns.OrderExpired)
		m.refused(m.wish("dora", 1), campaigns.ErrNotOpen)
		m.pay(last)
		m.until(m.at)
		m.is(campaigns.CampaignSucceeded, false)
		same(t, m.DecidedAt, m.at)
	}},
	{"a campaign fails by one unit, and is judged only when no pay window is open", func(t *testing.T, db *storeDB) {
		m := newMarket(t, db)
		m.live()
		paid := m.pay(m.order("ann", 10)).Order
		m.do(m.cancel(paid, 1))
		m.at = m.ClosesAt.Add(-time.Second)
		m.order("bob", 1)
		m.until(m.ClosesAt.Add(campaigns.PayWindow - 2*time.Second))
		m.is(campaigns.CampaignClosing, false)
		m.until(m.ClosesAt.Add(campaigns.PayWindow))
		m.is(campaigns.CampaignFailed, false)
		jobs := db.jobsOf(t, campaigns.JobGiveBack, m.ID)
		same(t, jobs, 1)
	}},
	{"a version that was changed meanwhile is not changed", func(t *testing.T, db *storeDB) {
		m := newMarket(t, db)
		m.drafted()
		_, err := m.desk.Edit(ctx, m.startup, m.ID, m.Version-1, m.offer())
		wantError(t, err, registry.ErrConflict)
		errs := together(4, func(int) error {
			_, err := m.desk.Submit(ctx, m.startup, m.ID, m.Version)
			return err
		})
		var done int
		for _, err := range errs {
			if err == nil {
				done++
			} else {
				wantError(t, err, registry.ErrConflict)
			}
		}
		same(t, done, 1)
	}},
	{"a suspension stops the sale in its own transaction, and its end lets it go on", func(t *testing.T, db *storeDB) {
		m := newMarket(t, db)
		m.live()
		paid := m.order("ann", 1)
		m.suspend()
		m.is(campaigns.CampaignLive, true) // nobody has asked the gate yet
		m.refused(m.wish("bob", 1), campaigns.ErrHeld)
		m.pay(paid) // what was reserved may be paid, and cancelled
		version := m.Version
		m.reassess()
		m.is(campaigns.CampaignLive, true)
		same(t, m.Version, version)
		c := get(db.Programme().Certificate(ctx, m.serial))(t)
		_, err := m.life.Reinstate(ctx, m.reviewer, m.serial, c.Rev, "the heater was mended")
		must(t, err)
		m.reassess()
		m.is(campaigns.CampaignLive, false)
		m.order("bob", 1)
		same(t, db.noticesOf(t, m.ID, "campaign.held"), 1)
		same(t, db.noticesOf(t, m.ID, "campaign.released"), 1)
	}},
	{"another certificate of the model takes the place of the one that was suspended", func(t *testing.T, db *storeDB) {
		m := newMarket(t, db)
		m.live()
		second := m.certify()
		m.suspend()
		m.reassess()
		m.is(campaigns.CampaignLive, false)
		same(t, m.Certificate, second)
	}},
	{"a revocation cancels the campaign, and everybody is given back", func(t *testing.T, db *storeDB) {
		m := newMarket(t, db)
		m.live()
		m.pay(m.order("ann", 1))
		c := get(db.Programme().Certificate(ctx, m.serial))(t)
		c, err := m.life.ProposeRevocation(ctx, m.reviewer, m.serial, c.Rev, "the heater burns")
		must(t, err)
		other := campaigns.Actor{Account: "acc_other", Reviewer: true}
		_, err = m.life.Revoke(ctx, other, m.serial, c.Rev)
		must(t, err)
		m.is(campaigns.CampaignLive, true)
		m.reassess()
		m.is(campaigns.CampaignCancelled, false)
		same(t, db.jobsOf(t, campaigns.JobGiveBack, m.ID), 1)
		m.refused(m.wish("bob", 1), campaigns.ErrNotOpen)
	}},
	{"a document that runs out holds the campaign, one that is renewed lets it go", func(t *testing.T, db *storeDB) {
		m := newMarket(t, db)
		m.live()
		paper := get(db.Programme().Regulatory(ctx, m.paper.ID))(t)
		paper.State = certification.RegulatoryWithdrawn
		must(t, db.Programme().SaveRegulatory(ctx, certification.RegulatoryVerified, paper, certification.Record{}))
		m.reassess()
		m.is(campaigns.CampaignLive, true)
		m.refused(m.wish("ann", 1), campaigns.ErrHeld)
		paper.ID, paper.State, paper.Rev = id.New("reg"), certification.RegulatoryVerified, 0
		must(t, db.Programme().CreateRegulatory(ctx, paper, certification.Record{}))
		m.reassess()
		m.is(campaigns.CampaignLive, false)
	}},
	{"what is held at its opening opens with the gate, or is cancelled when its window has passed", func(t *testing.T, db *storeDB) {
		m := newMarket(t, db)
		m.scheduled()
		m.suspend()
		m.until(m.OpensAt)
		m.is(campaigns.CampaignScheduled, true)
		c := get(db.Programme().Certificate(ctx, m.serial))(t)
		_, err := m.life.Reinstate(ctx, m.reviewer, m.serial, c.Rev, "the heater was mended")
		must(t, err)
		m.gate.Forget()
		m.until(m.OpensAt.Add(time.Minute))
		m.is(campaigns.CampaignLive, false)

		late := newMarket(t, db)
		late.scheduled()
		late.suspend()
		late.until(late.ClosesAt)
		late.is(campaigns.CampaignCancelled, false)
	}},
	{"no order is accepted after the commit of a suspension, in the middle of a flash sale", func(t *testing.T, db *storeDB) {
		m := newMarket(t, db)
		m.live(func(d *campaigns.Draft) { d.StockLimit, d.PerBackerLimit = 0, 0 })
		m.lazy = true
		book := campaigns.NewBook(campaigns.Options{Store: m.store, Now: func() time.Time { return m.at }})
		t.Cleanup(func() { _ = book.Stop(ctx) })
		suspended, accepted := make(chan struct{}), make(chan string, 100_000)
		begun := make(chan struct{}, 64)
		var late atomic.Int64
		var buyers sync.WaitGroup
		for i := range 32 {
			buyers.Go(func() {
				for n := 0; ; n++ {
					after := false
					select {
					case <-suspended: // the commit was made before this order was sent
						after = true
					default:
					}
					a, err := book.Do(ctx, m.wish(fmt.Sprintf("b%d-%d", i, n), 1))
					switch {
					case err == nil && after:
						late.Add(1)
					case err == nil:
						accepted <- a.Order.ID
					case !errors.Is(err, campaigns.ErrHeld):
						t.Errorf("order: %v", err)
					}
					if n == 3 {
						begun <- struct{}{}
					}
					if after {
						return
					}
				}
			})
		}
		for range 32 {
			<-begun
		}
		m.suspend()
		close(suspended)
		buyers.Wait()
		close(accepted)
		same(t, late.Load(), int64(0))
		n := get(m.store.Counter(ctx, m.ID))(t)
		same(t, n.Reserved, int64(len(accepted))) // none lost, none half done
		m.audit()
	}},
}

// suspend suspends the certificate as a reviewer does.
func (m *market) suspend() {
	m.t.Helper()
	c := get(m.db.Programme().Certificate(ctx, m.serial))(m.t)
	_, err := m.life.Suspend(ctx, m.reviewer, m.serial, c.Rev, "the heater stays on for ever")
	must(m.t, err)
}

// reassess is what an event of a certificate brings.
func (m *market) reassess() {
	m.t.Helper()
	m.gate.Forget()
	must(m.t, m.desk.Reassess(ctx, m.org, ""))
}

// noticesOf counts the notices about a subject.
func (db *storeDB) noticesOf(t *testing.T, subject, kind string) (n int) {
	t.Helper()
	must(t, db.Pool().QueryRowContext(ctx, `SELECT COUNT(*) FROM notice WHERE subject = $1 AND kind = $2`, subject, kind).Scan(&n))
	return n
}

// jobsOf counts the live jobs of a kind and a key.
func (db *storeDB) jobsOf(t *testing.T, kind, key string) (n int) {
	t.Helper()
	must(t, db.Pool().QueryRowContext(ctx, `SELECT COUNT(*) FROM job WHERE kind = $1 AND key = $2`, kind, key).Scan(&n))
	return n
}
