package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/proofmark/proofmark/campaigns"
)

// Refund is money on its way back.
type Refund struct {
	ID          string     `json:"id" doc:"rfd_…"`
	Order       string     `json:"order" doc:"ord_…"`
	Payment     string     `json:"payment" doc:"pat_…"`
	Kind        string     `json:"kind" enum:"full,partial,orphan,surplus"`
	Units       int64      `json:"units,omitempty" doc:"That it is for."`
	Amount      int64      `json:"amount" doc:"Minor units."`
	Currency    string     `json:"currency"`
	Reason      string     `json:"reason,omitempty"`
	State       string     `json:"state" enum:"queued,sent,processed,failed,manual" doc:"manual: the provider could not, an operator pays it back another way."`
	BankRef     string     `json:"bank_ref,omitempty" doc:"What can be named to the bank."`
	Waits       string     `json:"waits,omitempty" doc:"Why it was not done yet."`
	ByHand      *Hand      `json:"by_hand,omitempty" doc:"For operators: how a person pays it back, or proposes to."`
	CreatedAt   time.Time  `json:"created_at"`
	ProcessedAt *time.Time `json:"processed_at,omitempty"`
}

func refundOf(r campaigns.Refund) Refund {
	out := Refund{
		ID: r.ID, Order: r.OrderID, Payment: r.PaymentID, Kind: string(r.Kind), Units: r.Units, Amount: r.Amount, Currency: r.Currency, Reason: r.Reason,
		State: string(r.State), BankRef: r.BankRef, CreatedAt: instant(r.CreatedAt), ProcessedAt: someday(r.ProcessedAt),
	}
	if r.State != campaigns.RefundProcessed {
		out.Waits = r.LastError
	}
	return out
}

// Hand is a transfer from the escrow account that pays back what no provider could.
type Hand struct {
	ID          string    `json:"id" doc:"hnd_…"`
	BankRef     string    `json:"bank_ref"`
	PaidOn      string    `json:"paid_on" format:"date" doc:"The day of the bank transfer."`
	Reason      string    `json:"reason"`
	ProposedBy  string    `json:"proposed_by" doc:"acc_…"`
	ProposedAt  time.Time `json:"proposed_at"`
	ConfirmedBy string    `json:"confirmed_by,omitempty" doc:"acc_…; never who proposed it."`
}

// operatorsRefundOf is a refund as operators see it.
func operatorsRefundOf(r campaigns.Refund) Refund {
	out := refundOf(r)
	if h := r.Hand; h.ID != "" {
		out.ByHand = &Hand{
			ID: h.ID, BankRef: h.BankRef, PaidOn: h.PaidAt.Format(time.DateOnly), Reason: h.Reason,
			ProposedBy: h.ProposedBy, ProposedAt: instant(h.ProposedAt), ConfirmedBy: h.ConfirmedBy,
		}
	}
	return out
}

// RefundProgress is how far a campaign's refunds are.
type RefundProgress struct {
	Campaign      string     `json:"campaign"`
	Everybody     bool       `json:"everybody" doc:"All backers get their money back: the campaign failed, was cancelled, or lost its certificate."`
	Reason        string     `json:"reason,omitempty"`
	Since         *time.Time `json:"since,omitempty"`
	Currency      string     `json:"currency"`
	Refunds       int64      `json:"refunds" doc:"To be done in all."`
	Amount        int64      `json:"amount" doc:"Of them, in minor units."`
	Done          int64      `json:"done"`
	DoneAmount    int64      `json:"done_amount"`
	Percent       string     `json:"percent" doc:"Of the amount, rounded down: 100.0 only when nothing is left; empty when there is nothing to refund." example:"98.2"`
	ByHand        int64      `json:"by_hand" doc:"Of those not done: the provider could not, a person pays them back."`
	Waiting       int64      `json:"waiting" doc:"Of those not done: the last attempt at them failed, such as for want of balance at the provider."`
	OldestSince   *time.Time `json:"oldest_since,omitempty" doc:"When the oldest of those not done was queued."`
	OldestSeconds int64      `json:"oldest_seconds" doc:"Its age."`
	At            time.Time  `json:"at" doc:"When this was so."`
}

func refundProgressOf(r campaigns.RefundProgress) RefundProgress {
	return RefundProgress{
		Campaign: r.Campaign, Everybody: r.Everybody, Reason: r.Reason, Since: someday(r.StartedAt), Currency: r.Currency,
		Refunds: r.Refunds, Amount: r.Amount, Done: r.Done, DoneAmount: r.DoneAmount, Percent: r.Percent(), ByHand: r.ByHand, Waiting: r.Troubled,
		OldestSince: someday(r.Oldest), OldestSeconds: int64(r.Pending().Seconds()), At: instant(r.At),
	}
}

// OfRefund is the path of what is about one refund.
type OfRefund struct {
	ID string `path:"id" maxLength:"100" doc:"rfd_…"`
}

type refundList struct {
	Refunds []Refund `json:"refunds"`
	Next    string   `json:"next,omitempty" doc:"Give it as after to read on; absent at the end."`
}

func (a *API) mountRefunds() {
	backer(a, huma.Operation{
		OperationID: "list-order-refunds", Method: http.MethodGet, Path: "/orders/{id}/refunds", Tags: []string{tagPayments},
		Summary: "What goes or went back of an order, oldest first",
	}, func(ctx context.Context, in *OfOrder) (*reply[[]Refund], error) {
		if _, err := a.ownOrder(ctx, in.ID); err != nil {
			return nil, err
		}
		found, err := a.payments.RefundsOfOrder(ctx, in.ID)
		return answer(each(found, refundOf), err)
	})
	public(a, huma.Operation{
		OperationID: "get-refund-progress", Method: http.MethodGet, Path: "/campaigns/{id}/refunds", Tags: []string{tagPayments},
		Summary:     "How far a campaign's refunds are, for everybody",
		Description: "Looked up at most once a second. Needs no login.",
	}, func(ctx context.Context, in *OfCampaign) (*reply[RefundProgress], error) {
		r, err := a.payments.RefundProgress(ctx, in.ID)
		return answer(refundProgressOf(r), err)
	})
	operator(a, huma.Operation{
		OperationID: "list-refunds", Method: http.MethodGet, Path: "/refunds", Tags: []string{tagPayments},
		Summary: "Refunds in a state, such as those that wait for a person",
	}, func(ctx context.Context, in *struct {
		Page
		State string `query:"state" enum:"queued,sent,processed,failed,manual" default:"manual"`
	},
	) (*reply[refundList], error) {
		found, err := a.payments.RefundsInState(ctx, campaigns.RefundState(in.State), in.After, in.Limit+1)
		var list refundList
		list.Refunds, list.Next = cut(found, in.Limit, operatorsRefundOf, func(r Refund) string { return r.ID })
		return answer(list, err)
	})
	operator(a, huma.Operation{
		OperationID: "propose-refund-by-hand", Method: http.MethodPost, Path: "/refunds/{id}/propose", Tags: []string{tagPayments},
		Summary:     "Propose to pay a manual refund back from the escrow account; another operator confirms it",
		Description: "While it is proposed the refund is not given to its provider. The same said again by the same person changes nothing.",
	}, func(ctx context.Context, in *struct {
		OfRefund
		Body struct {
			BankRef string `json:"bank_ref" minLength:"1" maxLength:"100" doc:"The reference of the bank transfer."`
			PaidOn  string `json:"paid_on" format:"date" doc:"The day of the bank transfer: from when the refund is due to today."`
			Reason  string `json:"reason" minLength:"1" maxLength:"300" doc:"Why it is paid this way."`
		}
	},
	) (*reply[Refund], error) {
		day, err := time.Parse(time.DateOnly, in.Body.PaidOn)
		if err != nil {
			return nil, fmt.Errorf("%w: paid_on %q is no day; want YYYY-MM-DD", campaigns.ErrBadOrder, in.Body.PaidOn)
		}
		r, err := a.payments.ProposeByHand(ctx, actorOf(ctx).Account, in.ID, campaigns.Hand{BankRef: in.Body.BankRef, PaidAt: day, Reason: in.Body.Reason})
		return answer(operatorsRefundOf(r), err)
	})
	for _, step := range []struct {
		name, path, summary, more string
		do                        func(ctx context.Context, actor, refund, proposal string) (campaigns.Refund, error)
	}{
		{
			"confirm-refund-by-hand", "confirm", "Confirm that a refund was paid back as another operator proposed",
			"It is booked from the escrow account and cannot be taken back. Who proposed it is refused.", a.payments.ConfirmByHand,
		},
		{"withdraw-refund-by-hand", "withdraw", "Withdraw what was proposed for a manual refund", "The refund waits for a person as before.", a.payments.WithdrawByHand},
	} {
		operator(a, huma.Operation{
			OperationID: step.name, Method: http.MethodPost, Path: "/refunds/{id}/" + step.path, Tags: []string{tagPayments},
			Summary: step.summary, Description: step.more,
		}, func(ctx context.Context, in *struct {
			OfRefund
			Body struct {
				Proposal string `json:"proposal" minLength:"1" maxLength:"100" doc:"hnd_…, as it was seen: another one is a conflict."`
			}
		},
		) (*reply[Refund], error) {
			r, err := step.do(ctx, actorOf(ctx).Account, in.ID, in.Body.Proposal)
			return answer(operatorsRefundOf(r), err)
		})
	}
	operator(a, huma.Operation{
		OperationID: "retry-refund", Method: http.MethodPost, Path: "/refunds/{id}/retry", Tags: []string{tagPayments},
		Summary: "Give a manual refund to its provider once more",
	}, func(ctx context.Context, in *OfRefund) (*reply[Refund], error) {
		r, err := a.payments.RetryRefund(ctx, actorOf(ctx).Account, in.ID)
		return answer(operatorsRefundOf(r), err)
	})
}
