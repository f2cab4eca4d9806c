package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/registry"
)

// Balance is what was ever posted to an account of a campaign's books.
type Balance struct {
	Campaign string `json:"campaign,omitempty"`
	Account  string `json:"account" doc:"As in docs/money.md." example:"psp:simulator"`
	Debit    int64  `json:"debit" doc:"Minor units."`
	Credit   int64  `json:"credit" doc:"Minor units."`
	Amount   int64  `json:"amount" doc:"The balance, on the side on which the account grows."`
}

func balanceOf(b campaigns.Balance) Balance {
	return Balance{Campaign: b.Campaign, Account: string(b.Account), Debit: b.Debit, Credit: b.Credit, Amount: b.Amount()}
}

// Transfer is one business event in the books.
type Transfer struct {
	Event    string    `json:"event" doc:"What happened, once." example:"ord_…/reserved"`
	Campaign string    `json:"campaign"`
	At       time.Time `json:"at"`
	Postings []Posting `json:"postings"`
}

// Posting moves an amount from the credited to the debited account.
type Posting struct {
	Debit  string `json:"debit"`
	Credit string `json:"credit"`
	Amount int64  `json:"amount" doc:"Minor units."`
}

// Payout is what a startup gets of a campaign.
type Payout struct {
	Earned   int64 `json:"earned" doc:"By delivery, not paid out before, in minor units; below 0 the startup owes it."`
	Costs    int64 `json:"costs" doc:"Of the payment providers."`
	Fee      int64 `json:"fee" doc:"Of the platform."`
	Payable  int64 `json:"payable"`
	Held     int64 `json:"held" doc:"Of the backers' money, for units not delivered yet."`
	Advanced int64 `json:"advanced" doc:"Of the backers' money, paid to the startup before the delivery."`
	Refunds  int64 `json:"refunds" doc:"To be given back."`
}

func (a *API) mountLedger() {
	operator(a, huma.Operation{
		OperationID: "get-campaign-balances", Method: http.MethodGet, Path: "/campaigns/{id}/balances", Tags: []string{"Ledger"},
		Summary: "The balances of a campaign's books",
	}, func(ctx context.Context, in *OfCampaign) (*reply[[]Balance], error) {
		found, err := a.campaigns.Balances(ctx, in.ID)
		return answer(each(found, balanceOf), err)
	})
	operator(a, huma.Operation{
		OperationID: "get-account-balances", Method: http.MethodGet, Path: "/ledger/balances", Tags: []string{"Ledger"},
		Summary: "An account's balance in each campaign, such as what each has at a provider",
	}, func(ctx context.Context, in *struct {
		Account string `query:"account" required:"true" maxLength:"100" example:"psp:simulator"`
	},
	) (*reply[[]Balance], error) {
		found, err := a.campaigns.BalancesOfAccount(ctx, campaigns.Account(in.Account))
		return answer(each(found, balanceOf), err)
	})
	operator(a, huma.Operation{
		OperationID: "list-transfers", Method: http.MethodGet, Path: "/ledger/transfers", Tags: []string{"Ledger"},
		Summary: "The transfers about an order, a payment, a refund or a campaign",
	}, func(ctx context.Context, in *struct {
		Subject string `query:"subject" required:"true" maxLength:"100" doc:"ord_…, pat_…, rfd_…, cmp_…"`
	},
	) (*reply[[]Transfer], error) {
		found, err := a.campaigns.TransfersOf(ctx, in.Subject)
		return answer(each(found, transferOf), err)
	})
	person(a, huma.Operation{
		OperationID: "get-payout", Method: http.MethodGet, Path: "/campaigns/{id}/payout", Tags: []string{"Ledger"},
		Summary: "What the startup has coming: for its members and for operators",
	}, func(ctx context.Context, in *OfCampaign) (*reply[Payout], error) {
		c, err := a.campaigns.Campaign(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		if !isOperator(ctx) && !actorOf(ctx).MemberOf(c.Org) {
			return nil, fmt.Errorf("payout of campaign %s: %w", in.ID, registry.ErrNotFound)
		}
		found, err := a.campaigns.Balances(ctx, in.ID)
		p := campaigns.PayoutOf(in.ID, found, campaigns.PlatformShare)
		return answer(Payout{
			Earned: p.Earned, Costs: p.Costs, Fee: p.Fee, Payable: p.Payable, Held: p.Held, Advanced: p.Advanced, Refunds: p.Refunds,
		}, err)
	})
}

func transferOf(t campaigns.Transfer) Transfer {
	return Transfer{Event: t.Event, Campaign: t.Campaign, At: instant(t.At), Postings: each(t.Postings, func(p campaigns.Posting) Posting {
		return Posting{Debit: string(p.Debit), Credit: string(p.Credit), Amount: p.Amount}
	})}
}
