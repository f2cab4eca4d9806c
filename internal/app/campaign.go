package app

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/internal/api"
	"github.com/proofmark/proofmark/internal/bus"
	"github.com/proofmark/proofmark/internal/jobs"
	"github.com/proofmark/proofmark/internal/notice"
)

// The recurring jobs of campaigns.
const (
	jobPayWindows  = "campaigns.pay-windows"
	jobAudit       = "campaigns.audit"
	jobCampaigns   = "campaigns.tick"
	jobFulfil      = "campaigns.fulfil"
	jobForgetInbox = "campaigns.forget-events"
	jobAddresses   = "campaigns.forget-addresses"
)

func (a *App) startCampaigns(context.Context) error {
	a.book = campaigns.NewBook(campaigns.Options{
		Store: a.db.Campaigns(), Bus: a.bus, Now: a.cfg.Now, Log: a.log.With("part", "orders"), OneByOne: a.cfg.OneByOne,
	})
	a.onStop("orders", a.book.Stop)
	a.desk = a.deskAt(a.cfg.Now)
	a.board = campaigns.NewBoard(campaigns.BoardOptions{
		Store: a.db.Campaigns(), Encode: api.EncodeProgress, Now: a.cfg.Now, Log: a.log.With("part", "campaigns"),
		Refunds: func(ctx context.Context, campaign string) (campaigns.Refunded, error) {
			r, err := a.pay.RefundProgress(ctx, campaign) // nothing is shown before payments are up
			return campaigns.Refunded{Percent: r.Percent(), Refunds: r.Refunds, Done: r.Done, Oldest: r.Oldest}, err
		},
	})
	a.progress = api.NewProgress(a.board, a.metrics.observe)
	if err := a.board.Listen(a.bus); err != nil {
		return err
	}
	return a.watchGate()
}

func (a *App) deskAt(now func() time.Time) *campaigns.Desk {
	return campaigns.NewDesk(campaigns.DeskOptions{
		Store: a.db.Campaigns(), Gate: a.certs.gate, Expire: a.endPayWindows, Now: now, Log: a.log.With("part", "campaigns"),
	})
}

// watchGate asks the gate again at every event of a certificate or a document. It
// comes after watchCertificates, which drops what the gate remembers: subscribers
// hear of an event one by one, so it drops it once more.
func (a *App) watchGate() error {
	for _, pattern := range []string{notice.Topic("certificate.>"), notice.Topic("regulatory.>")} {
		_, err := a.bus.Subscribe(pattern, func(m bus.Message) {
			var n notice.Notice
			if err := json.Unmarshal(m.Data, &n); err != nil {
				a.log.Warn("an event is no notice", "subject", m.Subject, "err", err)
				return
			}
			a.certs.gate.Forget()
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			if err := a.desk.Reassess(ctx, n.Org, ""); err != nil {
				a.log.Warn("campaigns wait for the next turn to be held or released", "org", n.Org, "err", err)
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// endPayWindows asks providers before an order expires.
func (a *App) endPayWindows(ctx context.Context, now time.Time) error {
	return a.pay.EndPayWindows(ctx, now)
}

// registerCampaigns adds the jobs of campaigns.
func (a *App) registerCampaigns() {
	a.jobs.Register(campaigns.JobGiveBack, func(ctx context.Context, j jobs.Job) error { return a.pay.GiveBack(ctx, string(j.Payload)) })
	a.jobs.Register(campaigns.JobStep, func(ctx context.Context, j jobs.Job) error { return a.desk.Step(ctx, string(j.Payload)) })
	a.jobs.Register(campaigns.JobInterest, func(ctx context.Context, j jobs.Job) error { return a.confirmInterest(ctx, string(j.Payload)) })
	a.jobs.Register(campaigns.JobAdvance, func(ctx context.Context, j jobs.Job) error {
		return a.desk.PayAdvance(ctx, a.db.Campaigns(), string(j.Payload))
	})
}

// auditBooks is the nightly look at every campaign's books. What does not agree is
// logged, one line a breach: nobody but a person can mend it.
func (a *App) auditBooks(ctx context.Context, _ time.Time) error {
	_, err := campaigns.AuditAll(ctx, a.db.Campaigns())
	var audit *campaigns.AuditError
	if errors.As(err, &audit) {
		for _, b := range audit.Breaches {
			a.log.Error("the books do not agree", "campaign", b.Campaign, "rule", b.Rule, "detail", b.Detail)
		}
		return nil // running it again does not mend it
	}
	return err
}
