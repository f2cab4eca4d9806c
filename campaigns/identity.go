package campaigns

import (
	"context"
	"fmt"
	"time"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/registry"
)

// Identity is an operator's word that it is known who a startup is, and to whom
// it is paid.
type Identity struct {
	Org          string
	LegalName    string
	Registration string // number in its register, such as a CIN
	BankAccount  string // a reference to the account, never its number
	VerifiedBy   string // acc_…
	VerifiedAt   time.Time
	WithdrawnAt  time.Time // zero: it stands
	Reason       string    // of the withdrawal
}

// Stands says whether it holds.
func (i Identity) Stands() bool { return !i.VerifiedAt.IsZero() && i.WithdrawnAt.IsZero() }

// Identify records who a startup is.
func (d *Desk) Identify(ctx context.Context, a Actor, i Identity) (Identity, error) {
	if err := d.mayIdentify(ctx, a, i.Org); err != nil {
		return i, err
	}
	var rs refusals
	rs.line("identity-form", "the legal name", i.LegalName, 2, 200)
	rs.line("identity-form", "the registration number", i.Registration, 2, 200)
	rs.line("identity-form", "the reference of the bank account", i.BankAccount, 2, 200)
	if err := rs.err(); err != nil {
		return i, err
	}
	i.VerifiedBy, i.VerifiedAt, i.WithdrawnAt, i.Reason = a.Account, stored(d.now()), time.Time{}, ""
	entry, err := audit.New(i.VerifiedAt, a.Account, "identity.recorded", i.Org, i.Org, map[string]string{"legal_name": i.LegalName, "registration": i.Registration})
	if err != nil {
		return i, err
	}
	return i, d.store.SaveIdentity(ctx, i, certification.Record{Entries: []audit.Entry{entry}})
}

// WithdrawIdentity says that it does not hold any more: nothing new of the
// startup is scheduled. What sells already goes on.
func (d *Desk) WithdrawIdentity(ctx context.Context, a Actor, org, reason string) (Identity, error) {
	if err := d.mayIdentify(ctx, a, org); err != nil {
		return Identity{}, err
	}
	if err := checkReason("withdrawing the identity of "+org, reason); err != nil {
		return Identity{}, err
	}
	i, err := d.store.Identity(ctx, org)
	if err != nil {
		return i, err
	}
	i.WithdrawnAt, i.Reason = stored(d.now()), reason
	entry, err := audit.New(i.WithdrawnAt, a.Account, "identity.withdrawn", org, org, map[string]string{"reason": reason})
	if err != nil {
		return i, err
	}
	return i, d.store.SaveIdentity(ctx, i, certification.Record{Entries: []audit.Entry{entry}})
}

// Identity reads it, for the startup itself, reviewers and operators.
func (d *Desk) Identity(ctx context.Context, a Actor, org string) (Identity, error) {
	if !a.MayRead(org) {
		return Identity{}, fmt.Errorf("identity of organisation %s: %w", org, registry.ErrNotFound)
	}
	return d.store.Identity(ctx, org)
}

func (d *Desk) mayIdentify(ctx context.Context, a Actor, org string) error {
	switch {
	case !a.Operator:
		return certification.Refuse(certification.ErrForbidden, "campaign-operator", "account %s is no operator", a.Account)
	case a.Of(org):
		return certification.Refuse(certification.ErrForbidden, "campaign-tie", "account %s is a member of %s itself", a.Account, org)
	}
	_, err := d.store.OrgName(ctx, org)
	return err
}
