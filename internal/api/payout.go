package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/proofmark/proofmark/campaigns"
)

// PayoutStep is a payout that was proposed, paid or withdrawn.
type PayoutStep struct {
	ID         string     `json:"id" doc:"pay_…"`
	Campaign   string     `json:"campaign"`
	Earned     int64      `json:"earned" doc:"Minor units, as the others."`
	Costs      int64      `json:"costs"`
	Fee        int64      `json:"fee"`
	Payable    int64      `json:"payable"`
	State      string     `json:"state" enum:"proposed,paid,withdrawn"`
	ProposedBy string     `json:"proposed_by" doc:"acc_…"`
	EndedBy    string     `json:"ended_by,omitempty" doc:"Who paid it is never who proposed it."`
	BankRef    string     `json:"bank_ref,omitempty"`
	CreatedAt  time.Time  `json:"created_at"`
	EndedAt    *time.Time `json:"ended_at,omitempty"`
}

func payoutOf(p campaigns.PayoutRecord) PayoutStep {
	return PayoutStep{
		ID: p.ID, Campaign: p.Campaign, Earned: p.Earned, Costs: p.Costs, Fee: p.Fee, Payable: p.Payable, State: string(p.State),
		ProposedBy: p.ProposedBy, EndedBy: p.EndedBy, BankRef: p.BankRef, CreatedAt: instant(p.CreatedAt), EndedAt: someday(p.EndedAt),
	}
}

func (a *API) mountPayouts() {
	startup(a, huma.Operation{
		OperationID: "list-payouts", Method: http.MethodGet, Path: "/campaigns/{id}/payouts", Tags: []string{"Ledger"},
		Summary: "The payouts of a campaign, oldest first: for the startup's members and operators",
	}, func(ctx context.Context, in *OfCampaign) (*reply[[]PayoutStep], error) {
		if err := a.theirCampaign(ctx, in.ID); err != nil {
			return nil, err
		}
		found, err := a.fulfil.Payouts(ctx, in.ID)
		return answer(each(found, payoutOf), err)
	})
	operator(a, huma.Operation{
		OperationID: "propose-payout", Method: http.MethodPost, Path: "/campaigns/{id}/payouts", Tags: []string{"Ledger"},
		Summary: "Propose to pay a startup what it has earned; another operator pays it",
	}, func(ctx context.Context, in *OfCampaign) (*reply[PayoutStep], error) {
		p, err := a.fulfil.ProposePayout(ctx, actorOf(ctx).Account, in.ID)
		return answer(payoutOf(p), err)
	})
	for _, step := range []struct {
		name, path, summary string
		to                  campaigns.PayoutState
	}{
		{"pay-payout", "pay", "Pay a payout that another operator proposed", campaigns.PayoutPaid},
		{"withdraw-payout", "withdraw", "Withdraw a proposed payout", campaigns.PayoutWithdrawn},
	} {
		operator(a, huma.Operation{
			OperationID: step.name, Method: http.MethodPost, Path: "/payouts/{id}/" + step.path, Tags: []string{"Ledger"}, Summary: step.summary,
		}, func(ctx context.Context, in *struct {
			ID   string `path:"id" maxLength:"100" doc:"pay_…"`
			Body struct {
				BankRef string `json:"bank_ref,omitempty" maxLength:"100" doc:"The reference of the bank transfer."`
			}
		},
		) (*reply[PayoutStep], error) {
			p, err := a.fulfil.EndPayout(ctx, actorOf(ctx).Account, in.ID, in.Body.BankRef, step.to)
			return answer(payoutOf(p), err)
		})
	}
	operator(a, huma.Operation{
		OperationID: "record-settlement", Method: http.MethodPost, Path: "/campaigns/{id}/settlements", Tags: []string{"Ledger"},
		Summary:     "Book that a provider paid to the escrow account what it held for a campaign",
		Description: "With an amount below 0: that the balance at the provider was topped up from the escrow account, for refunds. The same reference books once.",
	}, func(ctx context.Context, in *struct {
		OfCampaign
		Body struct {
			Provider  string `json:"provider" minLength:"1" maxLength:"32" example:"simulator"`
			Reference string `json:"reference" minLength:"1" maxLength:"64" doc:"The provider's, or the bank's."`
			Amount    int64  `json:"amount" doc:"Minor units that arrived; below 0: that were sent."`
			Fee       int64  `json:"fee,omitempty" minimum:"0" doc:"That the provider kept."`
		}
	},
	) (*nothing, error) {
		if _, err := a.campaigns.Campaign(ctx, in.ID); err != nil {
			return nil, err
		}
		return nil, a.fulfil.Settled(ctx, actorOf(ctx).Account, in.ID, in.Body.Provider, in.Body.Reference, in.Body.Amount, in.Body.Fee)
	})
}
