package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/internal/store/dbgen"
)

// holdCampaigns holds what a certificate carried in the transaction in which it
// ceases to hold: no order is taken after that commit, whatever becomes of the
// event. If another certificate carries the campaign, the gate says so when it is
// asked, a moment later, and lets it go again.
func holdCampaigns(ctx context.Context, q *dbgen.Queries, was certification.CertificateState, c certification.Certificate) error {
	if was == c.State || c.State == certification.Active || c.State == certification.Superseded {
		return nil
	}
	rows, err := q.CampaignsGated(ctx, dbgen.CampaignsGatedParams{Org: c.Org, Model: c.Model})
	if err != nil {
		return err
	}
	reason := strings.TrimSuffix(fmt.Sprintf("certificate %s is %s: %s", c.Serial, c.State, c.Reason), ": ")
	for _, row := range rows { // in the order of their ids, as everybody takes the locks of counters
		if row.Certificate != c.Serial {
			continue
		}
		if _, err := changeCampaign(ctx, q, row.ID, func() time.Time { return c.Since }, func(m *campaigns.Campaign, _ campaigns.Counter, at time.Time) (*campaigns.Change, error) {
			if m.Held {
				return nil, nil
			}
			return m.Hold(reason, at)
		}); err != nil {
			return fmt.Errorf("hold campaign %s: %w", row.ID, err)
		}
	}
	return nil
}
