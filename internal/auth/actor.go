package auth

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Role is what somebody may do on this installation.
type Role string

// The roles. An operator grants the first two; the others follow from facts.
const (
	RoleOperator Role = "operator" // runs the installation: may do everything
	RoleReviewer Role = "reviewer" // judges submissions and listings
	RoleStartup  Role = "startup"  // member of an organisation
	RoleBacker   Role = "backer"   // has an e-mail address that was confirmed
)

// Granted says whether the role is one that is granted to an account.
func (r Role) Granted() bool { return r == RoleOperator || r == RoleReviewer }

// OrgRole is what a member is in an organisation.
type OrgRole string

// The roles in an organisation.
const (
	OrgOwner  OrgRole = "owner"  // also invites, removes and changes the organisation
	OrgMember OrgRole = "member" // does its work
)

// Membership is one organisation of an account.
type Membership struct {
	Org  string // org_…
	Role OrgRole
}

// Standing is all that decides what an account may do.
type Standing struct {
	Account Account
	Roles   []Role       // that were granted
	Orgs    []Membership // by id; without those that are blocked
}

// Actor is who makes a request, and as what.
type Actor struct {
	Account string       // acc_…; empty: nobody
	Token   string       // tok_… by which; empty for a session
	Session string       // ses_… by which; empty for a token
	Scopes  []Scope      // of the token; a session has all
	Roles   []Role       // of the account, as far as the scopes reach
	Orgs    []Membership // as far as the scopes reach
}

// Is says whether the actor has the role.
func (a Actor) Is(r Role) bool { return slices.Contains(a.Roles, r) }

// Has says whether the scope reaches that far.
func (a Actor) Has(s Scope) bool { return slices.Contains(a.Scopes, s) }

// MemberOf says whether the actor is a member of the organisation, or its owner.
func (a Actor) MemberOf(org string) bool {
	return slices.ContainsFunc(a.Orgs, func(m Membership) bool { return m.Org == org })
}

// OwnerOf says whether the actor is an owner of the organisation.
func (a Actor) OwnerOf(org string) bool { return slices.Contains(a.Orgs, Membership{org, OrgOwner}) }

// actorOf narrows what the account may do to what the scopes let through. An
// account whose address is not confirmed yet may do nothing but confirm it.
func actorOf(s Standing, scopes []Scope) Actor {
	a := Actor{Account: s.Account.ID}
	if !s.Account.Confirmed() {
		return a
	}
	a.Scopes = scopes
	for _, r := range s.Roles {
		if a.Has(Scope(r)) {
			a.Roles = append(a.Roles, r)
		}
	}
	if a.Has(ScopeStartup) && len(s.Orgs) > 0 {
		a.Roles, a.Orgs = append(a.Roles, RoleStartup), s.Orgs
	}
	if a.Has(ScopeBacker) && s.Account.Email != "" {
		a.Roles = append(a.Roles, RoleBacker)
	}
	return a
}

// Credential is how a request says whose it is: one of the two.
type Credential struct {
	Token   string // the text of an access token
	Session string // what the session's cookie holds
}

// Actor says who presents the credential. ErrBadToken, ErrExpired, ErrNoSession
// and ErrBlocked are final; any other error means that it could not be checked
// now. What changed in another process holds here within Staleness.
func (s *Service) Actor(ctx context.Context, c Credential) (Actor, error) {
	if c.Token != "" {
		t, err := s.Check(ctx, c.Token)
		if err != nil {
			return Actor{}, err
		}
		a, err := s.act(ctx, t.Account, t.Scopes)
		a.Token = t.ID
		return a, err
	}
	session, err := s.session(ctx, c.Session)
	if err != nil {
		return Actor{}, err
	}
	a, err := s.act(ctx, session.Account, scopes)
	a.Session = session.ID
	return a, err
}

func (s *Service) act(ctx context.Context, account string, scopes []Scope) (Actor, error) {
	standing, err := s.standing(ctx, account)
	switch {
	case err != nil:
		return Actor{}, err
	case !standing.Account.BlockedAt.IsZero():
		return Actor{}, fmt.Errorf("%w: account %s, since %s", ErrBlocked, account, standing.Account.BlockedAt.UTC().Format(time.RFC3339))
	}
	return actorOf(standing, scopes), nil
}

// standing is the store's, remembered for Staleness.
func (s *Service) standing(ctx context.Context, account string) (Standing, error) {
	now := s.now()
	known, found, age := s.standings.get(account, now)
	if found {
		return known, nil
	}
	known, err := s.store.Standing(ctx, account)
	if errors.Is(err, ErrNotFound) {
		return Standing{}, fmt.Errorf("%w: account %s is unknown", ErrBadToken, account)
	}
	if err != nil {
		return Standing{}, fmt.Errorf("standing of account %s: %w", account, err)
	}
	s.standings.put(account, known, now, age)
	return known, nil
}
