package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/proofmark/proofmark/campaigns"
)

// InboxEvent is an event of a payment provider.
type InboxEvent struct {
	ID         string     `json:"id" doc:"pev_…"`
	Provider   string     `json:"provider"`
	Event      string     `json:"event" doc:"The provider's name of it, the same for each repetition."`
	Name       string     `json:"name" doc:"The provider's word." example:"payment.captured"`
	Order      string     `json:"order,omitempty" doc:"ord_…, where the provider tells."`
	State      string     `json:"state" enum:"received,applied,stuck"`
	Attempts   int        `json:"attempts"`
	LastError  string     `json:"last_error,omitempty"`
	ReceivedAt time.Time  `json:"received_at"`
	AppliedAt  *time.Time `json:"applied_at,omitempty"`
}

func inboxEventOf(e campaigns.InboxEvent) InboxEvent {
	return InboxEvent{
		ID: e.ID, Provider: e.Provider, Event: e.Event.ID, Name: e.Event.Name, Order: e.Event.OrderID, State: string(e.State), Attempts: e.Attempts,
		LastError: e.LastError, ReceivedAt: instant(e.ReceivedAt), AppliedAt: someday(e.AppliedAt),
	}
}

type inboxList struct {
	Events []InboxEvent `json:"events"`
	Next   string       `json:"next,omitempty" doc:"Give it as after to read on; absent at the end."`
}

func (a *API) mountInbox() {
	operator(a, huma.Operation{
		OperationID: "list-payment-events", Method: http.MethodGet, Path: "/payments/events", Tags: []string{tagPayments},
		Summary: "What payment providers told",
	}, func(ctx context.Context, in *struct {
		Page
		State string `query:"state" enum:"received,applied,stuck" doc:"Only those."`
	},
	) (*reply[inboxList], error) {
		found, err := a.payments.Events(ctx, campaigns.InboxState(in.State), in.After, in.Limit+1)
		var list inboxList
		list.Events, list.Next = cut(found, in.Limit, inboxEventOf, func(e InboxEvent) string { return e.ID })
		return answer(list, err)
	})
	operator(a, huma.Operation{
		OperationID: "retry-payment-event", Method: http.MethodPost, Path: "/payments/events/{id}/retry", Tags: []string{tagPayments},
		Summary: "Have a stuck event applied once more",
	}, func(ctx context.Context, in *struct {
		ID string `path:"id" maxLength:"100" doc:"pev_…"`
	},
	) (*nothing, error) {
		return nil, a.payments.RetryEvent(ctx, in.ID)
	})
}
