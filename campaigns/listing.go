package campaigns

import (
	"context"
	"fmt"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/registry"
)

// Gate says whether a model may be offered now: certification.Gate.
type Gate interface {
	Check(ctx context.Context, q certification.GateQuestion) (certification.Certificate, error)
}

// Listing is a campaign that the gate lets through. Only the gate makes one: what
// schedules and opens a campaign takes a Listing, so that nothing without a valid
// certificate can be offered. It is of one version of its campaign.
type Listing struct {
	campaign    string
	version     int64
	certificate certification.Certificate
}

// List asks the gate, and gives the listing of the campaign as it is. A Refusal
// says why there is none; any other error means that it could not be told.
func List(ctx context.Context, gate Gate, c Campaign) (Listing, error) {
	certificate, err := gate.Check(ctx, c.question())
	if err != nil {
		return Listing{}, err
	}
	return Listing{c.ID, c.Version, certificate}, nil
}

// Certificate is the one on which the listing stands.
func (l Listing) Certificate() certification.Certificate { return l.certificate }

// of says whether the listing is of this very campaign.
func (l Listing) of(c *Campaign) error {
	if l.certificate.Serial == "" || l.campaign != c.ID || l.version != c.Version {
		return fmt.Errorf("campaign %s at version %d: its listing is of version %d of %q: %w", c.ID, c.Version, l.version, l.campaign, registry.ErrConflict)
	}
	return nil
}

// question is what the campaign asks of the gate.
func (c *Campaign) question() certification.GateQuestion {
	return certification.GateQuestion{Org: c.Org, Model: c.Model, Regions: c.Regions, Until: c.Latest()}
}
