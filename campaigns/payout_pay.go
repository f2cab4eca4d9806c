package campaigns

import (
	"context"
	"fmt"
	"time"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/internal/notice"
	"github.com/proofmark/proofmark/registry"
)

// PayoutState is how far a payout is.
type PayoutState string

// States of a payout: proposed → paid | withdrawn.
const (
	PayoutProposed  PayoutState = "proposed"
	PayoutPaid      PayoutState = "paid"
	PayoutWithdrawn PayoutState = "withdrawn"
)

// PayoutRecord is a statement that an operator proposed to pay. Another one pays
// it: nobody sends money out alone.
type PayoutRecord struct {
	ID string // pay_…
	Payout
	State      PayoutState
	ProposedBy string // acc_…
	EndedBy    string
	BankRef    string // of the bank transfer
	CreatedAt  time.Time
	EndedAt    time.Time

	certification.Record // what is recorded with the change
}

// Still says whether a statement is the one that was proposed.
func (p *PayoutRecord) Still(now Payout) error {
	if now.Payable != p.Payable || now.Costs != p.Costs || now.Fee != p.Fee {
		return fmt.Errorf("payout %s was proposed with %d payable, it is %d now; propose it anew: %w", p.ID, p.Payable, now.Payable, registry.ErrConflict)
	}
	return nil
}

// ProposePayout keeps what a startup has coming now, for another operator to pay.
func (f *Fulfilment) ProposePayout(ctx context.Context, actor, campaign string) (PayoutRecord, error) {
	c, err := f.store.Campaign(ctx, campaign)
	if err != nil {
		return PayoutRecord{}, err
	}
	balances, err := f.store.Balances(ctx, campaign)
	if err != nil {
		return PayoutRecord{}, err
	}
	p := PayoutRecord{
		ID: id.New("pay"), Payout: PayoutOf(campaign, balances, PlatformShare), State: PayoutProposed, ProposedBy: actor, CreatedAt: f.now().UTC().Truncate(time.Microsecond),
	}
	if p.Payable == 0 {
		return p, fmt.Errorf("payout of campaign %s: earned %d, costs %d, fee %d leave nothing to pay: %w", campaign, p.Earned, p.Costs, p.Fee, registry.ErrConflict)
	}
	if c.Held {
		return p, fmt.Errorf("payout of campaign %s: %w: %s", campaign, ErrHeld, c.HeldReason)
	}
	entry, err := audit.New(p.CreatedAt, actor, "payout.proposed", p.ID, c.Org, map[string]any{"campaign": campaign, "payable": p.Payable})
	p.Entries = []audit.Entry{entry}
	if err != nil {
		return p, err
	}
	return p, f.store.ProposePayout(ctx, p)
}

// EndPayout pays a proposed payout, or withdraws it. Who proposed it may only withdraw it.
func (f *Fulfilment) EndPayout(ctx context.Context, actor, payout, bankRef string, to PayoutState) (PayoutRecord, error) {
	p, err := f.store.Payout(ctx, payout)
	if err != nil {
		return p, err
	}
	c, err := f.store.Campaign(ctx, p.Campaign)
	switch {
	case err != nil:
		return p, err
	case p.State != PayoutProposed:
		return p, fmt.Errorf("payout %s is %s: %w", p.ID, p.State, registry.ErrConflict)
	case to == PayoutPaid && p.ProposedBy == actor:
		return p, certification.Refuse(certification.ErrForbidden, "payout-two", "payout %s was proposed by %s: another operator pays it", p.ID, actor)
	case to == PayoutPaid && c.Held:
		return p, fmt.Errorf("payout of campaign %s: %w: %s", p.Campaign, ErrHeld, c.HeldReason)
	}
	now := f.now().UTC().Truncate(time.Microsecond)
	p.State, p.EndedBy, p.EndedAt, p.BankRef = to, actor, now, line(bankRef, 100)
	entry, err := audit.New(now, actor, "payout."+string(to), p.ID, c.Org, map[string]any{"campaign": p.Campaign, "payable": p.Payable, "bank_ref": p.BankRef})
	if err != nil {
		return p, err
	}
	p.Entries = []audit.Entry{entry}
	if to == PayoutWithdrawn {
		return p, f.store.WithdrawPayout(ctx, p, now)
	}
	n, err := notice.New(now, "payout.paid", p.ID, c.Org, map[string]any{"campaign": p.Campaign, "payable": p.Payable, "fee": p.Fee, "costs": p.Costs, "bank_ref": p.BankRef})
	if err != nil {
		return p, err
	}
	p.Notices = []notice.Notice{n}
	return p, f.store.PayPayout(ctx, p, now)
}

// Payouts are those of a campaign, oldest first.
func (f *Fulfilment) Payouts(ctx context.Context, campaign string) ([]PayoutRecord, error) {
	return f.store.PayoutsOfCampaign(ctx, campaign)
}

// Settled books that a provider paid to the escrow account what it held for a
// campaign, less its fee; or, with an amount below 0, that the balance at the
// provider was topped up from the escrow account, for refunds.
func (f *Fulfilment) Settled(ctx context.Context, actor, campaign, provider, reference string, amount, fee int64) error {
	if amount == 0 || fee < 0 || amount < 0 && fee > 0 {
		return fmt.Errorf("%w: settlement of %d with a fee of %d; want an amount above 0, or below 0 without a fee for a top-up", ErrBadOrder, amount, fee)
	}
	if err := checkKey(reference); err != nil {
		return fmt.Errorf("settlement of campaign %s: %w", campaign, err)
	}
	t := SettlementTransfer(campaign, provider, reference, amount, fee)
	if amount < 0 {
		t = Transfer{Event: campaign + "/topped-up/" + provider + "/" + reference, Campaign: campaign, Postings: []Posting{
			{Debit: AccountProvider(provider), Credit: AccountBank, Amount: -amount},
		}}
	}
	_, err := f.book.Do(ctx, &Post{Transfer: t, Actor: actor})
	return err
}
