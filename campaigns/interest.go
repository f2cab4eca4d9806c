package campaigns

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/registry"
)

// Interest is somebody's wish to hear when a campaign opens: of an account, or of
// an address. It is told once: a campaign opens once.
type Interest struct {
	ID       string // int_…; who knows it may take it back
	Campaign string
	Account  string // acc_…, or
	Email    string
	At       time.Time
}

// Recipient is somebody who is mailed.
type Recipient struct {
	Account string // empty: only the address is known
	Email   string
	Ref     string // the id of the Interest, where it is one
}

// InterestStore keeps who wants to hear of a campaign.
type InterestStore interface {
	// AddInterest adds one, with a JobInterest where only its address is known, or
	// gives the one that is there.
	AddInterest(ctx context.Context, i Interest) (Interest, error)
	Interest(ctx context.Context, id string) (Interest, error)
	InterestOf(ctx context.Context, campaign, account string) (Interest, error)
	DropInterest(ctx context.Context, campaign, id string) error
	// Interested are all of them, by id, after one.
	Interested(ctx context.Context, campaign, after string, limit int) ([]Recipient, error)
	CountInterest(ctx context.Context, campaign string) (int64, error)
	// BackersOf are those who have paid units of a campaign, by account, after one.
	BackersOf(ctx context.Context, campaign, after string, limit int) ([]Recipient, error)
}

// Interest registers an account, or who is not logged in by an address. A second
// time is the first one: whether an address is known here is not said.
func (d *Desk) Interest(ctx context.Context, a Actor, campaign, email string) (Interest, error) {
	c, err := d.Campaign(ctx, a, campaign)
	if err != nil {
		return Interest{}, err
	}
	if c.State != CampaignScheduled {
		return Interest{}, certification.Refuse(certification.ErrState, "interest-open", "campaign %s is %s: its register is open from its approval until it opens", c.ID, c.State)
	}
	i := Interest{ID: id.New("int"), Campaign: c.ID, Account: a.Account, At: stored(d.now())}
	if a.Account == "" {
		if email == "" {
			return i, certification.Refuse(certification.ErrInvalid, "interest-form", "neither a login nor an e-mail address says who wants to know when campaign %s opens", c.ID)
		}
		i.Email = email
	}
	known, err := d.store.AddInterest(ctx, i)
	if err != nil || a.Account != "" {
		return known, err
	}
	return i, nil // the other's id is for whom it was given to
}

// InterestOf is that of an account; the id is empty where there is none.
func (d *Desk) InterestOf(ctx context.Context, campaign, account string) (Interest, error) {
	i, err := d.store.InterestOf(ctx, campaign, account)
	if errors.Is(err, registry.ErrNotFound) {
		return Interest{}, nil
	}
	return i, err
}

// DropInterest takes it back; of one that is not there it says nothing.
func (d *Desk) DropInterest(ctx context.Context, campaign, interest string) error {
	return d.store.DropInterest(ctx, campaign, interest)
}

// CountInterest is how many want to hear of a campaign.
func (d *Desk) CountInterest(ctx context.Context, a Actor, campaign string) (int64, error) {
	c, err := d.Campaign(ctx, a, campaign)
	if err != nil {
		return 0, err
	}
	if !c.Public() {
		return 0, fmt.Errorf("register of campaign %s: %w", campaign, registry.ErrNotFound)
	}
	return d.store.CountInterest(ctx, campaign)
}
