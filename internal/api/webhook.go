package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/proofmark/proofmark/internal/webhook"
)

// Webhook is somebody's endpoint, without its secret.
type Webhook struct {
	ID          string        `json:"id" doc:"whk_…"`
	Org         string        `json:"org,omitempty" doc:"org_… whose notices it hears; absent: the operators', which hear all."`
	URL         string        `json:"url"`
	Kinds       []string      `json:"kinds" doc:"Kinds of notices." example:"certificate.*"`
	Description string        `json:"description"`
	State       webhook.State `json:"state" enum:"pending,active,disabled"`
	Reason      string        `json:"reason,omitempty" doc:"Why it is disabled."`
	CreatedBy   string        `json:"created_by"`
	CreatedAt   time.Time     `json:"created_at"`
	ConfirmedAt *time.Time    `json:"confirmed_at,omitempty"`
	Sequence    int64         `json:"sequence" doc:"Of its newest delivery."`
	FailingAt   *time.Time    `json:"failing_since,omitempty" doc:"Since when every attempt failed; it is disabled after five days."`
	FormerUntil *time.Time    `json:"former_secret_until,omitempty" doc:"Until when the secret before the last rotation signs too."`
}

func (a *API) webhookOf(e webhook.Endpoint) Webhook {
	w := Webhook{
		ID: e.ID, Org: e.Org, URL: e.URL, Kinds: e.Kinds, Description: e.Description, State: e.State, Reason: e.Reason,
		CreatedBy: e.CreatedBy, CreatedAt: instant(e.CreatedAt), ConfirmedAt: someday(e.ConfirmedAt),
		Sequence: e.Sequence, FailingAt: someday(e.Failing),
	}
	if time.Now().Before(e.Until) {
		w.FormerUntil = someday(e.Until)
	}
	return w
}

type webhookSecret struct {
	Webhook
	Secret string `json:"secret" doc:"whsec_…: signs what is sent. It is shown here and never again."`
}

type webhookList struct {
	Webhooks []Webhook `json:"webhooks"`
	Next     string    `json:"next,omitempty" doc:"Give it as after to read on; absent at the end."`
}

// OfWebhook is the path of everything that is about one endpoint.
type OfWebhook struct {
	ID string `path:"id" maxLength:"100" doc:"whk_…"`
}

// OfDelivery is the path of everything that is about one delivery.
type OfDelivery struct {
	OfWebhook
	Delivery string `path:"delivery" maxLength:"100" doc:"whd_…"`
}

// WebhookDelivery is one notice on its way to one endpoint.
type WebhookDelivery struct {
	ID        string                `json:"id" doc:"whd_…"`
	Notice    string                `json:"notice" doc:"evt_…: the webhook-id that the receiver sees."`
	Type      string                `json:"type" example:"certificate.suspended"`
	Sequence  int64                 `json:"sequence"`
	State     webhook.DeliveryState `json:"state" enum:"waiting,delivered,failed"`
	Attempts  int                   `json:"attempts"`
	DueAt     *time.Time            `json:"due_at,omitempty" doc:"When the next attempt is due."`
	CreatedAt time.Time             `json:"created_at"`
	EndedAt   *time.Time            `json:"ended_at,omitempty"`
}

func deliveryOf(d webhook.Delivery) WebhookDelivery {
	out := WebhookDelivery{
		ID: d.ID, Notice: d.Notice, Type: d.Kind, Sequence: d.Sequence, State: d.State, Attempts: d.Attempts,
		CreatedAt: instant(d.CreatedAt), EndedAt: someday(d.EndedAt),
	}
	if d.State == webhook.Waiting {
		out.DueAt = someday(d.DueAt)
	}
	return out
}

// WebhookAttempt is one request that was made.
type WebhookAttempt struct {
	Number     int       `json:"number"`
	At         time.Time `json:"at"`
	DurationMS int64     `json:"duration_ms"`
	Status     int       `json:"status,omitempty" doc:"Absent: there was no answer."`
	Error      string    `json:"error,omitempty" doc:"Absent: it was taken."`
	Response   string    `json:"response,omitempty" doc:"The first 4 KiB of the answer as text, without secrets."`
}

func attemptOf(a webhook.Attempt) WebhookAttempt {
	return WebhookAttempt{a.Number, instant(a.At), a.Duration.Milliseconds(), a.Status, a.Error, a.Response}
}

type deliveryList struct {
	Deliveries []WebhookDelivery `json:"deliveries"`
	Next       int64             `json:"next,omitempty" doc:"Give it as before to read on; absent at the end."`
}

type deliveryWhole struct {
	WebhookDelivery
	Body json.RawMessage  `json:"body" doc:"What is sent."`
	Log  []WebhookAttempt `json:"log" doc:"The attempts, by number."`
}

func (a *API) mountWebhooks() {
	op := func(id, method, path, summary, description string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: "/webhooks" + path, Tags: []string{"Webhooks"}, Summary: summary, Description: description}
	}
	create := op("create-webhook", http.MethodPost, "", "Register a webhook", "It hears nothing until it is confirmed. The answer holds its secret, once.")
	create.DefaultStatus = http.StatusCreated
	startup(a, create, a.createWebhook)
	startup(a, op("list-webhooks", http.MethodGet, "", "List webhooks", "Those of an organisation; without one, the operators'."), a.listWebhooks)
	startup(a, op("get-webhook", http.MethodGet, "/{id}", "Read a webhook", ""), func(ctx context.Context, in *OfWebhook) (*reply[Webhook], error) {
		e, err := a.ownWebhook(ctx, in.ID)
		return answer(a.webhookOf(e), err)
	})
	startup(a, op("change-webhook", http.MethodPatch, "/{id}", "Change a webhook", "What is absent stays. A new URL has to be confirmed anew; what waits meanwhile stays."), a.changeWebhook)
	startup(a, op("delete-webhook", http.MethodDelete, "/{id}", "Delete a webhook with its deliveries", ""), func(ctx context.Context, in *OfWebhook) (*nothing, error) {
		if _, err := a.ownWebhook(ctx, in.ID); err != nil {
			return nil, err
		}
		return nil, a.webhooks.Delete(ctx, actorOf(ctx).Account, in.ID)
	})
	startup(a, op("confirm-webhook", http.MethodPost, "/{id}/confirm", "Confirm a webhook", "Sends a challenge now, and waits for the reply that proves the secret."), func(ctx context.Context, in *OfWebhook) (*reply[Webhook], error) {
		if _, err := a.ownWebhook(ctx, in.ID); err != nil {
			return nil, err
		}
		e, err := a.webhooks.Confirm(ctx, actorOf(ctx).Account, in.ID)
		return answer(a.webhookOf(e), err)
	})
	startup(a, op("rotate-webhook-secret", http.MethodPost, "/{id}/rotate", "Replace a webhook's secret", "The answer holds the new one, once. The former one signs too for a day."), func(ctx context.Context, in *OfWebhook) (*reply[webhookSecret], error) {
		if _, err := a.ownWebhook(ctx, in.ID); err != nil {
			return nil, err
		}
		e, secret, err := a.webhooks.Rotate(ctx, actorOf(ctx).Account, in.ID)
		return answer(webhookSecret{a.webhookOf(e), secret}, err)
	})
	test := op("test-webhook", http.MethodPost, "/{id}/test", "Send a test event", "An event of type webhook.test, whatever the webhook asked for.")
	test.DefaultStatus = http.StatusAccepted
	startup(a, test, func(ctx context.Context, in *OfWebhook) (*reply[WebhookDelivery], error) {
		if _, err := a.ownWebhook(ctx, in.ID); err != nil {
			return nil, err
		}
		d, err := a.webhooks.Test(ctx, in.ID)
		return answer(deliveryOf(d), err)
	})
	startup(a, op("list-deliveries", http.MethodGet, "/{id}/deliveries", "List deliveries", "The newest first; kept for 30 days."), a.listDeliveries)
	startup(a, op("get-delivery", http.MethodGet, "/{id}/deliveries/{delivery}", "Read a delivery with its attempts", ""), func(ctx context.Context, in *OfDelivery) (*reply[deliveryWhole], error) {
		d, attempts, err := a.ownDelivery(ctx, in)
		return answer(deliveryWhole{deliveryOf(d), d.Body, each(attempts, attemptOf)}, err)
	})
	again := op("redeliver", http.MethodPost, "/{id}/deliveries/{delivery}/redeliver", "Send a delivery again", "The same bytes under the same webhook-id.")
	again.DefaultStatus = http.StatusAccepted
	startup(a, again, func(ctx context.Context, in *OfDelivery) (*reply[WebhookDelivery], error) {
		if _, _, err := a.ownDelivery(ctx, in); err != nil {
			return nil, err
		}
		if err := a.webhooks.Redeliver(ctx, actorOf(ctx).Account, in.Delivery); err != nil {
			return nil, err
		}
		d, _, err := a.webhooks.Delivery(ctx, in.Delivery)
		return answer(deliveryOf(d), err)
	})
}

func (a *API) createWebhook(ctx context.Context, in *struct {
	Body struct {
		Org         string   `json:"org,omitempty" maxLength:"100" doc:"org_…; only operators may leave it out: they hear everything."`
		URL         string   `json:"url" maxLength:"2000" doc:"https://…" example:"https://example.org/proofmark"`
		Kinds       []string `json:"kinds" minItems:"1" maxItems:"50" doc:"certificate.suspended, certificate.* or *."`
		Description string   `json:"description,omitempty" maxLength:"500"`
	}
},
) (*reply[webhookSecret], error) {
	if err := mayActFor(ctx, in.Body.Org); err != nil {
		return nil, err
	}
	e, secret, err := a.webhooks.Create(ctx, actorOf(ctx).Account, webhook.NewEndpoint{
		Org: in.Body.Org, URL: in.Body.URL, Kinds: in.Body.Kinds, Description: in.Body.Description,
	})
	return answer(webhookSecret{a.webhookOf(e), secret}, err)
}

func (a *API) listWebhooks(ctx context.Context, in *struct {
	Page
	Org string `query:"org" maxLength:"100" doc:"org_…"`
},
) (*reply[webhookList], error) {
	if err := mayActFor(ctx, in.Org); err != nil {
		return nil, err
	}
	found, err := a.webhooks.Endpoints(ctx, in.Org, in.After, in.Limit+1)
	var list webhookList
	list.Webhooks, list.Next = cut(found, in.Limit, a.webhookOf, func(w Webhook) string { return w.ID })
	return answer(list, err)
}

func (a *API) changeWebhook(ctx context.Context, in *struct {
	OfWebhook
	Body struct {
		URL         *string  `json:"url,omitempty" maxLength:"2000"`
		Kinds       []string `json:"kinds,omitempty" minItems:"1" maxItems:"50"`
		Description *string  `json:"description,omitempty" maxLength:"500"`
		Enabled     *bool    `json:"enabled,omitempty" doc:"False: nothing is sent and nothing is queued. True: what waits goes out."`
	}
},
) (*reply[Webhook], error) {
	if _, err := a.ownWebhook(ctx, in.ID); err != nil {
		return nil, err
	}
	e, err := a.webhooks.Update(ctx, actorOf(ctx).Account, in.ID, webhook.Change{
		URL: in.Body.URL, Kinds: in.Body.Kinds, Description: in.Body.Description, Enabled: in.Body.Enabled,
	})
	return answer(a.webhookOf(e), err)
}

func (a *API) listDeliveries(ctx context.Context, in *struct {
	OfWebhook
	Before int64 `query:"before" minimum:"1" doc:"The next of the page before; absent for the newest."`
	Limit  int   `query:"limit" minimum:"1" maximum:"1000" default:"100"`
},
) (*reply[deliveryList], error) {
	if _, err := a.ownWebhook(ctx, in.ID); err != nil {
		return nil, err
	}
	found, err := a.webhooks.Deliveries(ctx, in.ID, in.Before, in.Limit+1)
	list := deliveryList{Deliveries: each(found[:min(len(found), in.Limit)], deliveryOf)}
	if len(found) > in.Limit {
		list.Next = list.Deliveries[in.Limit-1].Sequence
	}
	return answer(list, err)
}

// mayActFor refuses who is not a member of the organisation; the empty one is the
// operators'.
func mayActFor(ctx context.Context, org string) error {
	switch actor := actorOf(ctx); {
	case isOperator(ctx), org != "" && actor.MemberOf(org):
		return nil
	case org == "":
		return newProblem(kindForbidden, "say which organisation: only operators have webhooks without one")
	default:
		return newProblem(kindForbidden, fmt.Sprintf("account %s is no member of %s", actor.Account, org))
	}
}

// ownWebhook is an endpoint of the caller's. One of another is as if it were not
// there.
func (a *API) ownWebhook(ctx context.Context, id string) (webhook.Endpoint, error) {
	e, err := a.webhooks.Endpoint(ctx, id)
	if err == nil && mayActFor(ctx, e.Org) != nil {
		err = fmt.Errorf("endpoint %s: %w", id, webhook.ErrNotFound)
	}
	return e, err
}

func (a *API) ownDelivery(ctx context.Context, in *OfDelivery) (webhook.Delivery, []webhook.Attempt, error) {
	if _, err := a.ownWebhook(ctx, in.ID); err != nil {
		return webhook.Delivery{}, nil, err
	}
	d, attempts, err := a.webhooks.Delivery(ctx, in.Delivery)
	if err == nil && d.Endpoint != in.ID {
		err = fmt.Errorf("delivery %s of endpoint %s: %w", in.Delivery, in.ID, webhook.ErrNotFound)
	}
	return d, attempts, err
}

// problemOfWebhook maps the errors of package webhook; nil for others.
func problemOfWebhook(err error) *Problem {
	var refused *webhook.Refusal
	switch {
	case errors.As(err, &refused):
		p := newProblem(kindHookRefused, refused.Error())
		p.Rule = string(refused.Rule)
		return p
	case errors.Is(err, webhook.ErrNotFound):
		return newProblem(kindNotFound, plain(err, webhook.ErrNotFound))
	case errors.Is(err, webhook.ErrConflict):
		return newProblem(kindConflict, plain(err, webhook.ErrConflict))
	}
	return nil
}
