package app

import (
	"context"
	"errors"
	"time"

	"github.com/proofmark/proofmark/campaigns"
)

// The recurring jobs of campaigns.
const (
	jobPayWindows  = "campaigns.pay-windows"
	jobForgetInbox = "campaigns.forget-events"
	jobAudit       = "campaigns.audit"
)

func (a *App) startCampaigns(context.Context) error {
	a.book = campaigns.NewBook(campaigns.Options{
		Store: a.db.Campaigns(), Bus: a.bus, Log: a.log.With("part", "orders"), OneByOne: a.cfg.OneByOne,
	})
	a.onStop("orders", a.book.Stop)
	return nil
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
