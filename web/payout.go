package web

import (
	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/internal/auth"
)

// PayoutPage is what a startup gets for what was delivered.
type PayoutPage struct {
	OrgPage
	Campaign campaigns.Campaign
	Lines    []MoneyLine
	Rows     []PayoutRow
	Operator bool
	Forms    *Forms
}

// MoneyLine is a line of the statement.
type MoneyLine struct{ Name, Amount string }

// PayoutRow is a payout that was proposed, paid or withdrawn.
type PayoutRow struct {
	campaigns.PayoutRecord
	Amount, Who string
}

func (s *Sellers) mountPayouts(p *Pages) {
	member := func(a auth.Actor) bool { return Only(auth.RoleStartup)(a) || a.Is(auth.RoleOperator) }
	operator := Only(auth.RoleOperator)
	const at = sellPath + "{campaign}/payouts"
	p.Get(at, member, func(v *Visit) error { return s.payouts(v, nil) })
	act := func(place string, do func(v *Visit, c campaigns.Campaign, f *Form) error) {
		p.Post(at+"/"+place, operator, func(v *Visit) error {
			x, err := s.owned(v)
			if err != nil {
				return err
			}
			return v.act(func(f *Form) error { return s.payouts(v, f) }, func(f *Form) (string, error) {
				err := do(v, x.Campaign, f)
				return sellPath + x.ID + "/payouts", f.told(f.beside(err, func(*certification.Refusal) string { return "" }))
			}, Place{campaigns.ErrHeld, ""})
		})
	}
	act("propose", func(v *Visit, c campaigns.Campaign, _ *Form) error {
		_, err := s.Fulfil.ProposePayout(v.Context(), v.Actor.Account, c.ID)
		return err
	})
	for place, to := range map[string]campaigns.PayoutState{"pay": campaigns.PayoutPaid, "withdraw": campaigns.PayoutWithdrawn} {
		act("{payout}/"+place, func(v *Visit, c campaigns.Campaign, f *Form) error {
			all, err := s.Fulfil.Payouts(v.Context(), c.ID)
			if err != nil {
				return err
			}
			for _, p := range all {
				if p.ID == v.Param("payout") {
					_, err = s.Fulfil.EndPayout(v.Context(), v.Actor.Account, p.ID, f.Get("reference"), to)
					return err
				}
			}
			return errAbsent
		})
	}
}

func (s *Sellers) payouts(v *Visit, sent *Form) error {
	x, err := s.owned(v)
	if err != nil {
		return err
	}
	head, err := orgHead(v, s.Auth, x.Org, "campaigns", v.Say("selling.payouts"))
	if err != nil {
		return err
	}
	balances, err := s.Ledger.Balances(v.Context(), x.ID)
	if err != nil {
		return err
	}
	all, err := s.Fulfil.Payouts(v.Context(), x.ID)
	if err != nil {
		return err
	}
	p := &PayoutPage{
		OrgPage: head, Campaign: x.Campaign, Lines: statement(campaigns.PayoutOf(x.ID, balances, campaigns.PlatformShare), x.Currency),
		Operator: v.Actor.Is(auth.RoleOperator), Forms: newForms(sellPath + x.ID + "/payouts").with(sent),
	}
	for _, r := range all {
		p.Rows = append(p.Rows, PayoutRow{r, amount(r.Payable, x.Currency), v.people(r.ProposedBy).Who(r.ProposedBy)})
	}
	if sent != nil {
		return v.Again("payouts", p)
	}
	return v.Show("payouts", p)
}

// statement are the lines of what a startup has coming.
func statement(p campaigns.Payout, currency string) []MoneyLine {
	var out []MoneyLine
	for _, line := range []struct {
		name   string
		amount int64
	}{
		{"earned", p.Earned}, {"costs", p.Costs}, {"fee", p.Fee}, {"payable", p.Payable}, {"held", p.Held}, {"advanced", p.Advanced}, {"refunds", p.Refunds},
	} {
		out = append(out, MoneyLine{line.name, amount(line.amount, currency)})
	}
	return out
}
