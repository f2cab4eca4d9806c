package auth

import (
	"context"
	"fmt"
	"strings"
	"time"

	"golang.org/x/text/language"

	"github.com/proofmark/proofmark/internal/id"
)

// Org is an organisation: the startup that submits products and opens campaigns.
type Org struct {
	ID        string // org_…
	Name      string // by which people know it
	LegalName string // as it is registered
	Country   string // where; ISO 3166-1, two letters
	CreatedAt time.Time
	BlockedAt time.Time // zero unless an operator blocked it
}

// CreateOrg makes an organisation, whose first owner is who makes it.
func (s *Service) CreateOrg(ctx context.Context, by Actor, o Org) (Org, error) {
	if !by.Has(ScopeStartup) { // nobody has it before the address is confirmed
		return Org{}, fmt.Errorf("%w: to make an organisation needs scope %s", ErrNotYours, ScopeStartup)
	}
	o, err := checkOrg(o)
	if err != nil {
		return Org{}, err
	}
	o.ID, o.CreatedAt = id.New("org"), s.now()
	e, err := s.entry(by, "org.created", o.ID, o.ID, orgDetail(o))
	if err != nil {
		return Org{}, err
	}
	defer s.standings.forget(by.Account)
	if err := s.store.CreateOrg(ctx, o, by.Account, e); err != nil {
		return Org{}, fmt.Errorf("create organisation %q: %w", o.Name, err)
	}
	return o, nil
}

// ChangeOrg changes an organisation's names and country.
func (s *Service) ChangeOrg(ctx context.Context, by Actor, o Org) error {
	if err := mayOwn(by, o.ID); err != nil {
		return err
	}
	o, err := checkOrg(o)
	if err != nil {
		return err
	}
	e, err := s.entry(by, "org.changed", o.ID, o.ID, orgDetail(o))
	if err != nil {
		return err
	}
	return s.store.ChangeOrg(ctx, o, e)
}

// orgDetail is what must stay known of an organisation: it is no person.
func orgDetail(o Org) any {
	return map[string]any{"name": o.Name, "legal_name": o.LegalName, "country": o.Country}
}

func checkOrg(o Org) (Org, error) {
	o.Name, o.LegalName = strings.TrimSpace(o.Name), strings.TrimSpace(o.LegalName)
	if o.LegalName == "" {
		o.LegalName = o.Name
	}
	for _, name := range []string{o.Name, o.LegalName} {
		if err := checkName(name); err != nil {
			return o, err
		}
	}
	region, err := language.ParseRegion(o.Country)
	if err != nil || !region.IsCountry() || region.String() != o.Country {
		return o, fmt.Errorf("%w: country %q; want two capital letters of ISO 3166-1, such as IN", ErrBadName, o.Country)
	}
	return o, nil
}

// Org returns an organisation to its members and to operators.
func (s *Service) Org(ctx context.Context, by Actor, org string) (Org, error) {
	if err := mayBelong(by, org); err != nil {
		return Org{}, err
	}
	return s.store.Org(ctx, org)
}

// Orgs lists organisations in the order of their ids: for operators all, for
// others their own.
func (s *Service) Orgs(ctx context.Context, by Actor, after string, limit int) ([]Org, error) {
	switch {
	case by.Is(RoleOperator):
		return s.store.Orgs(ctx, after, limit)
	case !by.Has(ScopeStartup):
		return nil, nil
	}
	return s.store.OrgsOf(ctx, by.Account, after, limit)
}

// BlockOrg takes their organisation from its members: here at once, elsewhere
// within Staleness.
func (s *Service) BlockOrg(ctx context.Context, by Actor, org, reason string) error {
	return s.blockOrg(ctx, by, "org.blocked", org, reason, s.now())
}

// UnblockOrg takes a block back.
func (s *Service) UnblockOrg(ctx context.Context, by Actor, org, reason string) error {
	return s.blockOrg(ctx, by, "org.unblocked", org, reason, time.Time{})
}

func (s *Service) blockOrg(ctx context.Context, by Actor, action, org, reason string, at time.Time) error {
	if err := mayOperate(by, action); err != nil {
		return err
	}
	e, err := s.entry(by, action, org, org, map[string]any{"reason": reason})
	if err != nil {
		return err
	}
	defer s.standings.clear()
	if err := s.store.BlockOrg(ctx, org, at, e); err != nil {
		return fmt.Errorf("%s %s: %w", action, org, err)
	}
	return nil
}

// mayOwn refuses who is neither an owner nor an operator. An organisation that is
// not there gets the same answer: who is no member learns nothing.
func mayOwn(by Actor, org string) error {
	if by.OwnerOf(org) || by.Is(RoleOperator) {
		return nil
	}
	return fmt.Errorf("%w: account %s is no owner of organisation %s", ErrNotYours, by.Account, org)
}

func mayBelong(by Actor, org string) error {
	if by.MemberOf(org) || by.Is(RoleOperator) {
		return nil
	}
	return fmt.Errorf("%w: account %s is no member of organisation %s", ErrNotYours, by.Account, org)
}
