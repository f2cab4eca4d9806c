package store_test

import (
	"testing"
	"time"

	"github.com/proofmark/proofmark/campaigns"
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
}

// jobsOf counts the live jobs of a kind and a key.
func (db *storeDB) jobsOf(t *testing.T, kind, key string) (n int) {
	t.Helper()
	must(t, db.Pool().QueryRowContext(ctx, `SELECT COUNT(*) FROM job WHERE kind = $1 AND key = $2`, kind, key).Scan(&n))
	return n
}
