package api

import (
	"context"
	"encoding/csv"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-chi/chi/v5"

	"github.com/proofmark/proofmark/campaigns"
)

// SoldOrder is an order as the startup sees it: nothing about the backer but the
// account's id.
type SoldOrder struct {
	Order
	Backer string `json:"backer" doc:"acc_…"`
}

func soldOf(o campaigns.Order) SoldOrder { return SoldOrder{orderOf(o), o.Backer} }

type soldList struct {
	Orders []SoldOrder `json:"orders"`
	Next   string      `json:"next,omitempty" doc:"Give it as after to read on; absent at the end."`
}

// place is an order's place in the order of payment, as a page's end: "<µs>.<id>".
func place(o campaigns.Order) string { return fmt.Sprintf("%d.%s", o.PaidAt.UnixMicro(), o.ID) }

func placeOf(text string) (campaigns.Order, error) {
	if text == "" {
		return campaigns.Order{}, nil
	}
	at, order, _ := strings.Cut(text, ".")
	micros, err := strconv.ParseInt(at, 10, 64)
	if err != nil || order == "" {
		return campaigns.Order{}, newProblem(kindInvalid, fmt.Sprintf("after %q is no end of a page of this list", text))
	}
	return campaigns.Order{ID: order, PaidAt: time.UnixMicro(micros)}, nil
}

const soldCSV = prefix + "/campaigns/{id}/orders.csv"

func (a *API) mountSold(r chi.Router) {
	startup(a, huma.Operation{
		OperationID: "list-campaign-orders", Method: http.MethodGet, Path: "/campaigns/{id}/orders", Tags: []string{tagFulfilment},
		Summary:     "The paid orders of a campaign, in the order of payment",
		Description: "That is the order in which units are allocated. `GET …/orders.csv` gives all of them as a table.",
	}, func(ctx context.Context, in *struct {
		OfCampaign
		Page
		State string `query:"state" enum:"paid,allocated,shipped,delivered,bound,refund_due,refunded,returned" doc:"Only those."`
	},
	) (*reply[soldList], error) {
		if err := a.theirCampaign(ctx, in.ID); err != nil {
			return nil, err
		}
		after, err := placeOf(in.After)
		if err != nil {
			return nil, err
		}
		found, err := a.fulfil.Orders(ctx, in.ID, campaigns.OrderState(in.State), after, in.Limit+1)
		var list soldList
		list.Orders, _ = cut(found, in.Limit, soldOf, func(o SoldOrder) string { return o.ID })
		if len(found) > in.Limit {
			list.Next = place(found[in.Limit-1])
		}
		return answer(list, err)
	})
	startup(a, huma.Operation{
		OperationID: "allocate", Method: http.MethodPost, Path: "/campaigns/{id}/allocations", Tags: []string{tagFulfilment},
		Summary:     "Set finished units aside for paid orders, in the order of payment",
		Description: "It ends with the first order that the rest of the units does not cover: nobody is overtaken.",
	}, func(ctx context.Context, in *struct {
		OfCampaign
		Body struct {
			Units int64 `json:"units" minimum:"1" maximum:"10000000"`
		}
	},
	) (*reply[soldList], error) {
		if err := a.theirCampaign(ctx, in.ID); err != nil {
			return nil, err
		}
		got, err := a.fulfil.Allocate(ctx, in.ID, in.Body.Units)
		return answer(soldList{Orders: each(got, soldOf)}, err)
	})
	r.Get(soldCSV, a.ordersCSV)
}

// ordersCSV writes a campaign's paid orders as a table, page after page. Cells that
// a spreadsheet would take for a formula cannot occur: all are ids, numbers, states and times.
func (a *API) ordersCSV(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	if actorOf(ctx).Account == "" {
		noToken().write(w, r)
		return
	}
	campaign := chi.URLParam(r, "id")
	if err := a.theirCampaign(ctx, campaign); err != nil {
		a.problem(ctx, err).write(w, r)
		return
	}
	const page = 1000
	var last campaigns.Order
	found, err := a.fulfil.Orders(ctx, campaign, "", last, page)
	if err != nil {
		a.problem(ctx, err).write(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="orders.csv"`)
	table := csv.NewWriter(w)
	_ = table.Write([]string{"order", "backer", "variant", "state", "units", "cancelled", "returned", "price", "currency", "paid_at"})
	for len(found) > 0 && err == nil {
		for _, o := range found {
			_ = table.Write([]string{
				o.ID, o.Backer, o.Variant, string(o.State), strconv.FormatInt(o.Units, 10), strconv.FormatInt(o.Cancelled, 10), strconv.FormatInt(o.Returned, 10),
				strconv.FormatInt(o.Price, 10), o.Currency, instant(o.PaidAt).Format(time.RFC3339),
			})
		}
		last = found[len(found)-1]
		found, err = a.fulfil.Orders(ctx, campaign, "", last, page)
	}
	table.Flush()
	if err != nil { // the head is sent: all that is left is to cut it off
		a.log.Error("a table of orders was cut off", "campaign", campaign, "err", err)
		panic(http.ErrAbortHandler)
	}
}
