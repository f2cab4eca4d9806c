package api

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-chi/chi/v5"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/registry"
)

// Order is what a backer wants of a campaign.
type Order struct {
	ID        string     `json:"id" doc:"ord_…"`
	Campaign  string     `json:"campaign" doc:"cmp_…"`
	Variant   string     `json:"variant,omitempty" doc:"var_…, where the campaign has variants."`
	Units     int64      `json:"units" doc:"Wanted; without those cancelled before they were paid."`
	Cancelled int64      `json:"cancelled,omitempty" doc:"Of the units, cancelled after they were paid."`
	Returned  int64      `json:"returned,omitempty" doc:"Of the units, came back after the hand-over."`
	Price     int64      `json:"price" doc:"Of a unit, in minor units (paise), as it was when ordered."`
	Amount    int64      `json:"amount" doc:"To be paid: units × price, in minor units."`
	Currency  string     `json:"currency" doc:"ISO 4217."`
	State     string     `json:"state" enum:"reserved,paid,allocated,shipped,delivered,bound,expired,cancelled,refund_due,refunded,returned"`
	Entry     string     `json:"entry,omitempty" doc:"wtg_… of the waiting list that it was made for."`
	CreatedAt time.Time  `json:"created_at"`
	PayUntil  time.Time  `json:"pay_until" doc:"The stock is kept until then."`
	PaidAt    *time.Time `json:"paid_at,omitempty"`
	MissedAt  *time.Time `json:"ship_date_missed_at,omitempty" doc:"When its backer was told that the promised ship date was missed."`
}

func orderOf(o campaigns.Order) Order {
	return Order{
		ID: o.ID, Campaign: o.Campaign, Variant: o.Variant, Units: o.Units, Cancelled: o.Cancelled, Returned: o.Returned, Price: o.Price, Amount: o.Amount(),
		Currency: o.Currency, State: string(o.State), Entry: o.Entry,
		CreatedAt: instant(o.CreatedAt), PayUntil: instant(o.PayUntil), PaidAt: someday(o.PaidAt), MissedAt: someday(o.MissedAt),
	}
}

type orderList struct {
	Orders []Order `json:"orders"`
	Next   string  `json:"next,omitempty" doc:"Give it as after to read on; absent at the end."`
}

// OfOrder is the path of what is about one order.
type OfOrder struct {
	ID string `path:"id" maxLength:"100" doc:"ord_…"`
}

type orderCancelled struct {
	Order  Order   `json:"order"`
	Refund *Refund `json:"refund,omitempty" doc:"What goes back, where something was paid."`
}

// Voucher is the numbered proof of a payment or a refund.
type Voucher struct {
	Number   string    `json:"number" doc:"Its series has no gaps." example:"R2627-001-000001"`
	Kind     string    `json:"kind" enum:"receipt,refund"`
	Amount   int64     `json:"amount" doc:"Minor units."`
	Currency string    `json:"currency"`
	At       time.Time `json:"at"`
}

// ordersRoute is the hot path of a flash sale.
const ordersRoute = prefix + "/campaigns/{id}/orders"

// orderTimeout is how long an order may wait for its commit.
const orderTimeout = 10 * time.Second

// mayBack is for people with a confirmed address and for the app of a home.
func mayBack(actor auth.Actor) bool { return actor.Is(auth.RoleBacker) || actor.Has(auth.ScopeApp) }

const backing = "an account with a confirmed e-mail address and scope backer, or scope app"

func (a *API) mountOrders(r chi.Router) {
	r.Post(ordersRoute, a.createOrder)
	a.documentOrders()
	backer(a, huma.Operation{
		OperationID: "list-orders", Method: http.MethodGet, Path: "/orders", Tags: []string{"Orders"},
		Summary: "List your orders",
	}, func(ctx context.Context, in *Page) (*reply[orderList], error) {
		found, err := a.campaigns.OrdersOfBacker(ctx, actorOf(ctx).Account, in.After, in.Limit+1)
		var list orderList
		list.Orders, list.Next = cut(found, in.Limit, orderOf, func(o Order) string { return o.ID })
		return answer(list, err)
	})
	backer(a, huma.Operation{
		OperationID: "get-order", Method: http.MethodGet, Path: "/orders/{id}", Tags: []string{"Orders"},
		Summary: "Read an order of yours",
	}, func(ctx context.Context, in *OfOrder) (*reply[Order], error) {
		o, err := a.ownOrder(ctx, in.ID)
		return answer(orderOf(o), err)
	})
	backer(a, huma.Operation{
		OperationID: "cancel-order", Method: http.MethodPost, Path: "/orders/{id}/cancel", Tags: []string{"Orders"},
		Summary:     "Cancel an order, or some of its units",
		Description: "Possible until it is handed over to the carrier. What was paid goes back by itself. With an Idempotency-Key, the same request again cancels nothing more.",
	}, a.cancelOrder)
	backer(a, huma.Operation{
		OperationID: "list-vouchers", Method: http.MethodGet, Path: "/orders/{id}/vouchers", Tags: []string{"Orders"},
		Summary: "The receipts and refund vouchers of an order",
	}, func(ctx context.Context, in *OfOrder) (*reply[[]Voucher], error) {
		if _, err := a.ownOrder(ctx, in.ID); err != nil {
			return nil, err
		}
		found, err := a.campaigns.VouchersOfOrder(ctx, in.ID)
		return answer(each(found, func(v campaigns.Voucher) Voucher {
			return Voucher{Number: v.Number(), Kind: string(v.Kind), Amount: v.Amount, Currency: v.Currency, At: instant(v.At)}
		}), err)
	})
}

// ownOrder is an order of the caller; an operator sees all. Who may not see one
// learns nothing about it.
func (a *API) ownOrder(ctx context.Context, orderID string) (campaigns.Order, error) {
	o, err := a.campaigns.Order(ctx, orderID)
	if err == nil && o.Backer != actorOf(ctx).Account && !isOperator(ctx) {
		return o, fmt.Errorf("order %s: %w", orderID, registry.ErrNotFound)
	}
	return o, err
}

func (a *API) cancelOrder(ctx context.Context, in *struct {
	OfOrder
	Key  string `header:"Idempotency-Key" maxLength:"64"`
	Body struct {
		Units  int64  `json:"units,omitempty" minimum:"0" maximum:"1000" doc:"0 or absent: all that are left."`
		Reason string `json:"reason,omitempty" maxLength:"200"`
	}
},
) (*reply[orderCancelled], error) {
	o, err := a.ownOrder(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if in.Key == "" {
		in.Key = id.New("can")
	}
	done, err := a.decided(ctx, &campaigns.Cancel{
		ID: in.Key, Campaign: o.Campaign, OrderID: o.ID, Units: in.Body.Units, Cause: campaigns.CauseBacker,
		Reason: in.Body.Reason, RefundID: id.New("rfd"),
	})
	out := orderCancelled{Order: orderOf(done.Order)}
	if r := done.Refund; r.ID != "" {
		out.Refund = new(refundOf(r))
	}
	return answer(out, err)
}

// decided has an op done, as long as a request may take.
func (a *API) decided(ctx context.Context, op campaigns.Op) (campaigns.Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, orderTimeout)
	defer cancel()
	return a.book.Do(ctx, op)
}

// createOrder is the hot path of a flash sale: no reflection over schemas, and a
// body of a few words.
func (a *API) createOrder(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	actor := actorOf(ctx)
	switch {
	case actor.Account == "":
		noToken().write(w, r)
		return
	case !mayBack(actor):
		newProblem(kindForbidden, "create-order needs "+backing+"; "+describeActor(actor)).write(w, r)
		return
	}
	wish, err := readOrder(w, r)
	if err != nil {
		a.problem(ctx, err).write(w, r)
		return
	}
	made, err := a.decided(ctx, &campaigns.Reserve{Order: campaigns.Order{
		ID: id.New("ord"), Campaign: chi.URLParam(r, "id"), Backer: actor.Account, Key: r.Header.Get("Idempotency-Key"),
		Variant: wish.Variant, Units: wish.Units, Price: wish.Price,
	}})
	if err != nil {
		a.problem(ctx, err).write(w, r)
		return
	}
	status := http.StatusCreated
	if made.Repeat {
		status = http.StatusOK
	}
	writeJSON(w, status, orderOf(made.Order))
}

// orderLimit bounds the body of an order, in bytes.
const orderLimit = 1 << 10

func readOrder(w http.ResponseWriter, r *http.Request) (newOrder, error) {
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTimeout)) // a recorder in a test has none
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, orderLimit))
	_ = r.Body.Close()
	if err != nil {
		return newOrder{}, bodyProblem(err)
	}
	return parseOrder(body)
}
