package web

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/internal/auth"
)

// Payments are the pages on which operators look at what payment providers said, and
// pay back what no provider can.
type Payments struct{ pay *campaigns.Payments }

// NewPayments makes the section.
func NewPayments(pay *campaigns.Payments) *Payments { return &Payments{pay} }

// PaymentsPage is what of money needs a person.
type PaymentsPage struct {
	Page
	States  []campaigns.InboxState
	State   campaigns.InboxState
	Events  []campaigns.InboxEvent
	Next    string // of the events
	Flagged []campaigns.Payment
	Refunds []HandRow // that wait for a person
	Forms   *Forms
}

// HandRow is a refund that waits for a person, or for a second one.
type HandRow struct {
	campaigns.Refund
	Who string // proposed how it is paid
	Own bool   // the reader did: somebody else confirms
}

// Forms are the places that the row's forms are sent to.
func (r *HandRow) Forms() []string {
	steps := []string{"propose", "retry"}
	switch {
	case r.Own:
		steps = []string{"withdraw"}
	case r.Hand.ID != "":
		steps = []string{"confirm", "withdraw"}
	}
	for i, step := range steps {
		steps[i] = fmt.Sprintf("refunds/%s/%s", r.ID, step)
	}
	return steps
}

// Money is an amount in its currency.
func (p *PaymentsPage) Money(minor int64, currency string) string { return amount(minor, currency) }

var inboxStates = []campaigns.InboxState{campaigns.InboxStuck, campaigns.InboxReceived, campaigns.InboxApplied}

const paymentsPath = "/operator/payments"

// Mount implements Section.
func (s *Payments) Mount(p *Pages) {
	operator := Only(auth.RoleOperator)
	p.Get(paymentsPath, operator, func(v *Visit) error { return s.show(v, nil) })
	for place, do := range map[string]func(v *Visit, f *Form) error{
		"events/{id}/retry": func(v *Visit, _ *Form) error { return s.pay.RetryEvent(v.Context(), v.Param("id")) },
		"refunds/{id}/retry": func(v *Visit, _ *Form) error {
			_, err := s.pay.RetryRefund(v.Context(), v.Actor.Account, v.Param("id"))
			return err
		},
		"refunds/{id}/propose":  s.propose,
		"refunds/{id}/confirm":  byHand(s.pay.ConfirmByHand),
		"refunds/{id}/withdraw": byHand(s.pay.WithdrawByHand),
	} {
		p.Post(paymentsPath+"/"+place, operator, func(v *Visit) error {
			return v.act(func(f *Form) error { return s.show(v, f) }, func(f *Form) (string, error) {
				err := do(v, f)
				if err == nil && f.OK() {
					v.Note("good", v.Say("payments.done"))
				}
				return paymentsPath, f.told(f.beside(err, func(*certification.Refusal) string { return "" }))
			}, Place{campaigns.ErrBadOrder, ""})
		})
	}
}

// propose keeps how a refund is paid back, for another operator to confirm.
func (s *Payments) propose(v *Visit, f *Form) error {
	if f.Get("reference") == "" {
		f.Refuse("reference", v.Say("payments.reference-wanted"))
	}
	if f.Get("reason") == "" {
		f.Refuse("reason", v.Say("payments.reason-wanted"))
	}
	day, err := time.Parse(time.DateOnly, f.Get("day"))
	if err != nil {
		f.Refuse("day", v.Say("payments.day-wanted"))
	}
	if !f.OK() {
		return nil
	}
	_, err = s.pay.ProposeByHand(v.Context(), v.Actor.Account, v.Param("id"), campaigns.Hand{BankRef: f.Get("reference"), PaidAt: day, Reason: f.Get("reason")})
	return err
}

// byHand confirms or withdraws what the page showed as proposed.
func byHand(do func(ctx context.Context, actor, refund, proposal string) (campaigns.Refund, error)) func(v *Visit, f *Form) error {
	return func(v *Visit, f *Form) error {
		_, err := do(v.Context(), v.Actor.Account, v.Param("id"), f.Get("proposal"))
		return err
	}
}

func (s *Payments) show(v *Visit, sent *Form) error {
	ctx := v.Context()
	p := &PaymentsPage{
		Page: Page{Title: v.Say("operator.tab.payments"), Wide: true}, States: inboxStates, State: campaigns.InboxState(v.Query("state")),
		Forms: newForms(paymentsPath).with(sent),
	}
	if !slices.Contains(inboxStates, p.State) {
		p.State = campaigns.InboxStuck
	}
	var err error
	if p.Events, err = s.pay.Events(ctx, p.State, v.Query("after"), rowsPerPage+1); err != nil {
		return err
	}
	if len(p.Events) > rowsPerPage {
		p.Events = p.Events[:rowsPerPage]
		p.Next = paymentsPath + "?" + url.Values{"state": {string(p.State)}, "after": {p.Events[rowsPerPage-1].ID}}.Encode()
	}
	if p.Flagged, err = s.pay.Flagged(ctx, "", mostListed); err != nil {
		return err
	}
	waiting, err := s.pay.RefundsInState(ctx, campaigns.RefundManual, "", mostListed)
	if err != nil {
		return err
	}
	for _, r := range waiting {
		p.Refunds = append(p.Refunds, HandRow{r, v.people(r.Hand.ProposedBy).Who(r.Hand.ProposedBy), r.Hand.ProposedBy == v.Actor.Account})
	}
	s.lost(v, p, sent)
	if sent != nil {
		return v.Again("operator-payments", p)
	}
	return v.Show("operator-payments", p)
}

// lost says above the page why a form was refused whose row is not in it any more.
func (s *Payments) lost(v *Visit, p *PaymentsPage, sent *Form) {
	if sent == nil {
		return
	}
	for _, e := range p.Events {
		if p.Forms.Refused(fmt.Sprintf("events/%s/retry", e.ID)) {
			return
		}
	}
	for _, r := range p.Refunds {
		for _, shown := range r.Forms() {
			if p.Forms.Refused(shown) {
				return
			}
		}
	}
	for _, said := range sent.Wrong {
		v.note("bad", said)
	}
}
