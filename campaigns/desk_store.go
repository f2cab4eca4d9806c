package campaigns

import (
	"context"
	"time"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/registry"
)

// DeskStore keeps what a Desk works on. Errors are as those of Store.
type DeskStore interface {
	// CreateCampaign adds a campaign with its variants and counters, and gives it its number.
	CreateCampaign(ctx context.Context, c Campaign, rec ...certification.Record) (Campaign, error)
	Campaign(ctx context.Context, id string) (Campaign, error)
	Counter(ctx context.Context, campaign string) (Counter, error)
	// ChangeCampaign lets fn decide on a campaign under the lock of its counter, and
	// stores what it decided in the same transaction: the campaign, which fn changes
	// in place, and the change. A nil change, or an error, stores nothing. The
	// instant is never before one that any process has seen of the campaign.
	ChangeCampaign(ctx context.Context, id string, now func() time.Time, fn Decision) (Campaign, error)
	// Shelf lists the campaigns that everybody sees.
	Shelf(ctx context.Context, q ShelfQuery) ([]Shown, error)
	// CampaignsOf lists those of a startup, newest first, those before an id.
	CampaignsOf(ctx context.Context, org, before string, limit int) ([]Campaign, error)
	// CampaignsInReview are those that wait for a reviewer, longest first.
	CampaignsInReview(ctx context.Context) ([]Campaign, error)
	// CampaignsDue have something to become by then: open, close, or be judged.
	CampaignsDue(ctx context.Context, at time.Time) ([]string, error)
	// CampaignsGated are those of which the gate is asked again and again; of an
	// organisation and a model where these are given.
	CampaignsGated(ctx context.Context, org, model string) ([]Campaign, error)
	// Tied says whether an account belongs to the startup, or did when it submitted.
	Tied(ctx context.Context, campaign, account string) (bool, error)
	// Texts are the published versions of what a campaign says, oldest first.
	Texts(ctx context.Context, campaign string) ([]Text, error)
	Product(ctx context.Context, id string) (registry.Product, error)
	CertificatesOf(ctx context.Context, model string) ([]certification.Certificate, error)
	OrgName(ctx context.Context, org string) (string, error)

	TalkStore
	InterestStore

	Identity(ctx context.Context, org string) (Identity, error)
	SaveIdentity(ctx context.Context, i Identity, rec certification.Record) error
}

// Decision decides on a campaign, which it may change, and its counter. It is
// called within a transaction and does nothing else.
type Decision func(c *Campaign, n Counter, at time.Time) (*Change, error)

// Change is what is stored beside a campaign that was changed.
type Change struct {
	certification.Record
	Due  []Due
	Hold bool   // only Held, HeldReason, HeldAt and Certificate were changed: Version stays
	Text string // acc_… who wrote a new version of a published text; empty: it is the same
	Tie  bool   // who is a member of the startup now is tied to the campaign
}

// Due is a job of a campaign.
type Due struct {
	Kind string
	Key  string // beside the campaign's id
	At   time.Time
}

// The jobs of campaigns. The payload of each is the campaign's id, but for JobInterest.
const (
	// JobStep does what is due of a campaign: Desk.Step.
	JobStep = "campaigns.step"
	// JobGiveBack gives everybody back what was paid for units that are not handed
	// over: the campaign failed, or was cancelled. It is queued in the transaction
	// that says so; it may run again.
	JobGiveBack = "campaigns.refund-all"
	// JobAdvance pays the startup what its schedule makes due at success.
	JobAdvance = "campaigns.advance"
	// JobInterest writes to who registered by an address how to take it back: it may
	// have been somebody else. The payload is the id of the Interest.
	JobInterest = "campaigns.interest"
)
