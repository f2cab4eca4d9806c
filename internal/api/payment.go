package api

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-chi/chi/v5"

	"github.com/proofmark/proofmark/campaigns"
)

const tagPayments = "Payments"

// Payment is one attempt to pay an order.
type Payment struct {
	ID         string     `json:"id" doc:"pat_…"`
	Order      string     `json:"order" doc:"ord_…"`
	Provider   string     `json:"provider" example:"simulator"`
	State      string     `json:"state" enum:"created,pending,authorized,captured,failed" doc:"A failed one may still become captured: a bank's late yes."`
	Outcome    string     `json:"outcome,omitempty" enum:"paid,readmitted,orphan" doc:"What captured money was good for; an orphan goes back by itself."`
	Method     string     `json:"method,omitempty" example:"upi"`
	Hint       string     `json:"hint,omitempty" doc:"For the receipt." example:"card ending 1111"`
	Amount     int64      `json:"amount" doc:"Minor units: asked for, or once it is captured what was."`
	Currency   string     `json:"currency"`
	Failure    string     `json:"failure,omitempty" doc:"Why it failed, in the provider's words."`
	Flag       string     `json:"flag,omitempty" doc:"Why an operator should look at it."`
	CreatedAt  time.Time  `json:"created_at"`
	CapturedAt *time.Time `json:"captured_at,omitempty"`
}

func paymentOf(p campaigns.Payment) Payment {
	return Payment{
		ID: p.ID, Order: p.OrderID, Provider: p.Provider, State: string(p.State), Outcome: string(p.Outcome), Method: string(p.Method), Hint: p.Hint,
		Amount: p.Amount, Currency: p.Currency, Failure: p.Failure, Flag: p.Flag, CreatedAt: instant(p.CreatedAt), CapturedAt: someday(p.CapturedAt),
	}
}

// Paying is an attempt to pay and where it is paid.
type Paying struct {
	Payment Payment  `json:"payment"`
	Order   Order    `json:"order" doc:"As it is now; it may turn out to be paid."`
	Page    *PayPage `json:"page,omitempty" doc:"Where to send the browser; absent if there is nothing left to pay."`
}

// PayPage is the provider's page.
type PayPage struct {
	URL  string            `json:"url"`
	Form map[string]string `json:"form,omitempty" doc:"Where present, send the browser there by POST with these fields; else by GET."`
}

type paymentList struct {
	Payments []Payment `json:"payments"`
	Next     string    `json:"next,omitempty" doc:"Give it as after to read on; absent at the end."`
}

// providerTimeout is how long a request may wait for a provider.
const providerTimeout = 20 * time.Second

func (a *API) mountPayments() {
	backer(a, huma.Operation{
		OperationID: "pay-order", Method: http.MethodPost, Path: "/orders/{id}/pay", Tags: []string{tagPayments},
		Summary: "Open the pay page of a reserved order",
		Description: "Ask again after a time-out, or twice: it is the same page, and nothing is paid twice. When the browser comes back the order is read " +
			"at the provider; events and the reconciler do the same if it never does.",
	}, func(ctx context.Context, in *OfOrder) (*reply[Paying], error) {
		o, err := a.ownOrder(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		ctx, cancel := context.WithTimeout(ctx, providerTimeout)
		defer cancel()
		paying, err := a.payments.Pay(ctx, o)
		out := Paying{Payment: paymentOf(paying.Payment), Order: orderOf(paying.Order)}
		if paying.Page.URL != "" {
			out.Page = &PayPage{URL: paying.Page.URL, Form: paying.Page.Form}
		}
		return answer(out, err)
	})
	backer(a, huma.Operation{
		OperationID: "list-order-payments", Method: http.MethodGet, Path: "/orders/{id}/payments", Tags: []string{tagPayments},
		Summary: "The attempts to pay an order, oldest first",
	}, func(ctx context.Context, in *OfOrder) (*reply[[]Payment], error) {
		if _, err := a.ownOrder(ctx, in.ID); err != nil {
			return nil, err
		}
		found, err := a.payments.Attempts(ctx, in.ID)
		return answer(each(found, paymentOf), err)
	})
	operator(a, huma.Operation{
		OperationID: "list-flagged-payments", Method: http.MethodGet, Path: "/payments/flagged", Tags: []string{tagPayments},
		Summary:     "Payments that somebody should look at",
		Description: "Captured for no order, or with another amount or currency than was asked for. What is too much goes back by itself.",
	}, func(ctx context.Context, in *Page) (*reply[paymentList], error) {
		found, err := a.payments.Flagged(ctx, in.After, in.Limit+1)
		var list paymentList
		list.Payments, list.Next = cut(found, in.Limit, paymentOf, func(p Payment) string { return p.ID })
		return answer(list, err)
	})
	operator(a, huma.Operation{
		OperationID: "reconcile-payments", Method: http.MethodPost, Path: "/payments/reconcile", Tags: []string{tagPayments},
		Summary: "Ask the providers about every payment that is due, now",
	}, func(ctx context.Context, _ *struct{}) (*reply[reconciled], error) {
		n, err := a.payments.Reconcile(ctx, time.Now())
		return answer(reconciled{n}, err)
	})
	a.mountInbox()
}

type reconciled struct {
	Asked int `json:"asked" doc:"Payments about which a provider was asked."`
}

// Paths of what providers and browsers that come back from them call. They are
// outside the JSON API: raw bodies, no login, and no page of ours to come from.
const (
	eventsRoute = prefix + "/payments/{provider}/events"
	returnRoute = prefix + "/orders/{id}/return"
)

func (a *API) mountProviders(r chi.Router) {
	r.Post(eventsRoute, a.takeEvent)
	r.Get(returnRoute, a.payReturn)
	r.Post(returnRoute, a.payReturn)
}

// eventLimit bounds the body of an event, in bytes.
const eventLimit = 256 << 10

// takeEvent answers 204 once the event is stored: the provider may forget it then.
func (a *API) takeEvent(w http.ResponseWriter, r *http.Request) {
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTimeout)) // a recorder in a test has none
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, eventLimit))
	if err != nil {
		a.problem(r.Context(), bodyProblem(err)).write(w, r)
		return
	}
	if err := a.payments.Take(r.Context(), chi.URLParam(r, "provider"), r.Header, body); err != nil {
		a.problem(r.Context(), err).write(w, r)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// returnLimit bounds the form with which a browser comes back, in bytes.
const returnLimit = 16 << 10

// payReturn asks the provider what became of an order, and sends the browser to
// the order's page, whatever it was.
func (a *API) payReturn(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), providerTimeout)
	defer cancel()
	order := chi.URLParam(r, "id")
	r.Body = http.MaxBytesReader(w, r.Body, returnLimit)
	if err := r.ParseForm(); err != nil {
		newProblem(kindUnreadable, "the form of the return cannot be read: "+err.Error()).write(w, r)
		return
	}
	_, err := a.payments.Returned(ctx, order, r.Form)
	switch {
	case err == nil, errors.Is(err, campaigns.ErrUnknown), errors.Is(err, campaigns.ErrBadSignature):
		// The page shows the order as we know it, and follows it from there.
		http.Redirect(w, r, "/orders/"+order, http.StatusSeeOther)
	default:
		a.problem(ctx, err).write(w, r)
	}
}
