package campaigns

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/registry"
)

// Hand is how a person pays back a refund that no provider could do: by a transfer
// from the escrow account that one operator proposes and another confirms. While it
// is proposed the refund goes to no provider, since the money may be on its way.
type Hand struct {
	ID          string    // hnd_…; empty: nobody proposed anything
	BankRef     string    // of the bank transfer, 1 to 100 bytes
	PaidAt      time.Time // the day of the bank transfer, its midnight in UTC
	Reason      string    // why it is paid this way
	ProposedBy  string    // acc_…
	ProposedAt  time.Time
	ConfirmedBy string // acc_…, never ProposedBy; empty: it waits
}

// Limits of what is proposed.
const (
	MaxBankRef    = 100 // bytes
	MaxHandReason = 300 // bytes
)

// check says whether it is a payment that may have been made at that time of a
// refund that is due since the other.
func (h *Hand) check(at, due time.Time) error {
	const day = 24 * time.Hour
	switch {
	case h.BankRef == "" || len(h.BankRef) > MaxBankRef:
		return fmt.Errorf("%w: bank reference %q has %d bytes; want 1 to %d", ErrBadOrder, h.BankRef, len(h.BankRef), MaxBankRef)
	case h.Reason == "":
		return fmt.Errorf("%w: a refund by hand without a reason; the operator who confirms it wants to know why", ErrBadOrder)
	// A day more on both sides: the bank's calendar may be ahead of UTC, or behind it.
	case h.PaidAt.After(at.Add(day)) || h.PaidAt.Before(due.Add(-2*day)):
		return fmt.Errorf("%w: bank transfer of %s for a refund that is due since %s; want a day from then to today (%s)",
			ErrBadOrder, h.PaidAt.Format(time.DateOnly), due.Format(time.DateOnly), at.Format(time.DateOnly))
	}
	return nil
}

// ProposeHand keeps how a refund that waits for a person is to be paid back, for
// another operator to confirm; or, with Withdraw, forgets that again.
type ProposeHand struct {
	Campaign, OrderID, RefundID, PaymentID string

	Hand     Hand   // of a withdrawal only its ID counts
	Withdraw bool   // it is not paid that way after all
	Actor    string // acc_…
}

func (p *ProposeHand) about() string { return p.Campaign }

func (p *ProposeHand) needs(n *Needs) {
	add(&n.Orders, p.OrderID)
	add(&n.Refunds, p.RefundID)
	add(&n.Payments, p.PaymentID)
	add(&n.Facts, p.Campaign)
}

func (p *ProposeHand) decide(d *decision) {
	r := d.s.Refunds[p.RefundID]
	switch {
	case r == nil || r.Campaign != p.Campaign:
		d.refuse(fmt.Errorf("refund %s: %w", p.RefundID, registry.ErrNotFound))
		return
	case r.State != RefundManual:
		d.refuse(fmt.Errorf("refund %s is %s; only a %s one is paid back by hand: %w", r.ID, r.State, RefundManual, registry.ErrConflict))
		return
	}
	action, detail := "refund.proposed", p.Hand
	switch {
	case p.Withdraw && r.Hand.ID != p.Hand.ID:
		d.refuse(r.otherHand(p.Hand.ID))
		return
	case p.Withdraw:
		action, detail = "refund.withdrawn", r.Hand
		r.Hand = Hand{}
	case r.Hand.ID != "" && r.Hand.sameAs(&p.Hand):
		d.answer = Answer{Refund: r.Refund, Repeat: true}
		return
	case r.Hand.ID != "":
		d.refuse(fmt.Errorf("refund %s: %w", r.ID, r.proposed()))
		return
	default:
		if err := p.Hand.check(d.at, r.CreatedAt); err != nil {
			d.refuse(fmt.Errorf("refund %s: %w", r.ID, err))
			return
		}
		r.Hand = p.Hand
		r.Hand.ProposedAt = d.at
	}
	r.changed, r.ChangedAt = true, d.at
	d.decided(p.Actor, action, r.ID, map[string]any{
		"order": r.OrderID, "amount": r.Amount, "currency": r.Currency, "proposal": detail.ID, "bank_ref": detail.BankRef,
		"paid_on": detail.PaidAt.Format(time.DateOnly), "reason": detail.Reason,
	})
	d.answer = Answer{Refund: r.Refund}
}

// sameAs says whether the same person proposes the same once more.
func (h *Hand) sameAs(other *Hand) bool {
	return h.ProposedBy == other.ProposedBy && h.BankRef == other.BankRef && h.PaidAt.Equal(other.PaidAt) && h.Reason == other.Reason
}

// proposed says that a refund is on its way by hand already.
func (r *Refund) proposed() error {
	return fmt.Errorf("%s proposed to pay it by hand, with bank reference %q (%s): confirm or withdraw that first: %w",
		r.Hand.ProposedBy, r.Hand.BankRef, r.Hand.ID, registry.ErrConflict)
}

// otherHand says that what somebody wanted to confirm or withdraw is not proposed any more.
func (r *Refund) otherHand(wanted string) error {
	now := "nothing"
	if r.Hand.ID != "" {
		now = fmt.Sprintf("%s with bank reference %q", r.Hand.ID, r.Hand.BankRef)
	}
	return fmt.Errorf("refund %s is %s and what is proposed for it is %s, not %q: look at it again: %w", r.ID, r.State, now, wanted, registry.ErrConflict)
}

// byHand says why m may not move r as it does, in view of what is proposed.
func (m *MoveRefund) byHand(r *Refund) error {
	switch {
	case m.From != RefundManual:
		if m.Hand != "" {
			return fmt.Errorf("%w: refund %s from %s to %s by hand; only a %s one is paid back by hand", ErrBadOrder, r.ID, m.From, m.To, RefundManual)
		}
		return nil
	case m.Hand == "" && r.Hand.ID != "":
		return fmt.Errorf("refund %s to %s: %w", r.ID, m.To, r.proposed())
	case m.Hand == "":
		return nil
	case m.To != RefundProcessed:
		return fmt.Errorf("%w: refund %s from %s to %s by hand", ErrBadOrder, r.ID, m.From, m.To)
	case r.Hand.ID != m.Hand:
		return r.otherHand(m.Hand)
	case m.Actor == "" || m.Actor == r.Hand.ProposedBy:
		return certification.Refuse(certification.ErrForbidden, "refund-two",
			"refund %s: %s proposed to pay it by hand: another operator confirms it", r.ID, r.Hand.ProposedBy)
	}
	return nil
}

// ProposeByHand says that a refund which no provider could do is paid back by a
// transfer from the escrow account. Another operator confirms it. The same said
// again by the same person changes nothing.
func (p *Payments) ProposeByHand(ctx context.Context, actor, refund string, h Hand) (Refund, error) {
	h.ID, h.BankRef, h.Reason = id.New("hnd"), strings.TrimSpace(h.BankRef), line(h.Reason, MaxHandReason)
	h.PaidAt, h.ProposedBy, h.ProposedAt, h.ConfirmedBy = h.PaidAt.UTC().Truncate(24*time.Hour), actor, time.Time{}, ""
	return p.hand(ctx, refund, func(r *Refund) Op {
		return &ProposeHand{Campaign: r.Campaign, OrderID: r.OrderID, RefundID: r.ID, PaymentID: r.PaymentID, Hand: h, Actor: actor}
	})
}

// WithdrawByHand takes back what was proposed. Any operator may.
func (p *Payments) WithdrawByHand(ctx context.Context, actor, refund, proposal string) (Refund, error) {
	return p.hand(ctx, refund, func(r *Refund) Op {
		return &ProposeHand{Campaign: r.Campaign, OrderID: r.OrderID, RefundID: r.ID, PaymentID: r.PaymentID, Hand: Hand{ID: proposal}, Withdraw: true, Actor: actor}
	})
}

// ConfirmByHand says that what another operator proposed has been paid, and books
// it. The proposal is named, so that nobody confirms one that he has not seen.
func (p *Payments) ConfirmByHand(ctx context.Context, actor, refund, proposal string) (Refund, error) {
	if proposal == "" {
		return Refund{}, fmt.Errorf("%w: refund %s: no proposal is named that is confirmed", ErrBadOrder, refund)
	}
	r, err := p.hand(ctx, refund, func(r *Refund) Op {
		return &MoveRefund{
			Campaign: r.Campaign, OrderID: r.OrderID, RefundID: r.ID, PaymentID: r.PaymentID,
			From: RefundManual, To: RefundProcessed, Hand: proposal, Actor: actor,
		}
	})
	if err == nil && r.Hand.ID != proposal { // processed before, and otherwise
		err = r.otherHand(proposal)
	}
	return r, err
}

func (p *Payments) hand(ctx context.Context, refund string, op func(r *Refund) Op) (Refund, error) {
	r, err := p.store.Refund(ctx, refund)
	if err != nil {
		return r, err
	}
	a, err := p.book.Do(ctx, op(&r))
	return a.Refund, err
}
