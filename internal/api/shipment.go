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

const tagFulfilment = "Fulfilment"

// Shipment is what a carrier takes to a backer.
type Shipment struct {
	ID          string     `json:"id" doc:"shp_…"`
	Order       string     `json:"order" doc:"ord_…"`
	Campaign    string     `json:"campaign" doc:"cmp_…"`
	Units       int64      `json:"units"`
	Carrier     string     `json:"carrier"`
	Tracking    string     `json:"tracking,omitempty"`
	Serials     []string   `json:"serials,omitempty" doc:"Serial numbers or dids of the units."`
	State       string     `json:"state" enum:"prepared,handed_over,delivered,returned,dropped"`
	CreatedAt   time.Time  `json:"created_at"`
	HandedAt    *time.Time `json:"handed_over_at,omitempty"`
	DeliveredAt *time.Time `json:"delivered_at,omitempty"`
}

func shipmentOf(s campaigns.Shipment) Shipment {
	return Shipment{
		ID: s.ID, Order: s.OrderID, Campaign: s.Campaign, Units: s.Units, Carrier: s.Carrier, Tracking: s.Tracking, Serials: s.Serials,
		State: string(s.State), CreatedAt: instant(s.CreatedAt), HandedAt: someday(s.HandedAt), DeliveredAt: someday(s.DeliveredAt),
	}
}

type shipmentList struct {
	Shipments []Shipment `json:"shipments"`
	Next      string     `json:"next,omitempty" doc:"Give it as after to read on; absent at the end."`
}

// OfShipment is the path of what is about one shipment.
type OfShipment struct {
	ID string `path:"id" maxLength:"100" doc:"shp_…"`
}

type shipmentMoved struct {
	Shipment Shipment `json:"shipment"`
	Order    Order    `json:"order"`
	Refund   *Refund  `json:"refund,omitempty" doc:"What goes back, for a return."`
}

// theirCampaign wants a campaign of an organisation of the caller; an operator has all.
func (a *API) theirCampaign(ctx context.Context, campaign string) error {
	c, err := a.campaigns.Campaign(ctx, campaign)
	if err == nil && !isOperator(ctx) && !actorOf(ctx).MemberOf(c.Org) {
		return fmt.Errorf("orders of campaign %s: %w", campaign, registry.ErrNotFound)
	}
	return err
}

func (a *API) mountShipments() {
	backer(a, huma.Operation{
		OperationID: "list-order-shipments", Method: http.MethodGet, Path: "/orders/{id}/shipments", Tags: []string{tagFulfilment},
		Summary: "The shipments of an order of yours",
	}, func(ctx context.Context, in *OfOrder) (*reply[[]Shipment], error) {
		if _, err := a.ownOrder(ctx, in.ID); err != nil {
			return nil, err
		}
		found, err := a.fulfil.ShipmentsOfOrder(ctx, in.ID)
		return answer(each(found, shipmentOf), err)
	})
	startup(a, huma.Operation{
		OperationID: "list-shipments", Method: http.MethodGet, Path: "/campaigns/{id}/shipments", Tags: []string{tagFulfilment},
		Summary: "The shipments of a campaign",
	}, func(ctx context.Context, in *struct {
		OfCampaign
		Page
	},
	) (*reply[shipmentList], error) {
		if err := a.theirCampaign(ctx, in.ID); err != nil {
			return nil, err
		}
		found, err := a.fulfil.ShipmentsOfCampaign(ctx, in.ID, in.After, in.Limit+1)
		var list shipmentList
		list.Shipments, list.Next = cut(found, in.Limit, shipmentOf, func(s Shipment) string { return s.ID })
		return answer(list, err)
	})
	startup(a, huma.Operation{
		OperationID: "ship", Method: http.MethodPost, Path: "/campaigns/{id}/shipments", Tags: []string{tagFulfilment},
		Summary:     "Prepare a shipment of an allocated order",
		Description: "Some of its units may go first. A serial number or did is in one shipment of its product.",
	}, func(ctx context.Context, in *struct {
		OfCampaign
		Body struct {
			Order    string   `json:"order" maxLength:"100" doc:"ord_…"`
			Units    int64    `json:"units" minimum:"1" maximum:"1000"`
			Carrier  string   `json:"carrier" minLength:"1" maxLength:"100"`
			Tracking string   `json:"tracking,omitempty" maxLength:"100"`
			Serials  []string `json:"serials,omitempty" maxItems:"1000" doc:"One for each unit, or none."`
		}
	},
	) (*reply[Shipment], error) {
		if err := a.theirCampaign(ctx, in.ID); err != nil {
			return nil, err
		}
		s, err := a.fulfil.Ship(ctx, actorOf(ctx).Account, campaigns.Shipment{
			OrderID: in.Body.Order, Campaign: in.ID, Units: in.Body.Units, Carrier: in.Body.Carrier, Tracking: in.Body.Tracking, Serials: in.Body.Serials,
		})
		return answer(shipmentOf(s), err)
	})
	for _, step := range []struct {
		name, path, summary string
		to                  campaigns.ShipmentState
	}{
		{"hand-over-shipment", "hand-over", "Hand a shipment over to the carrier: its order can no longer be cancelled", campaigns.ShipmentHandedOver},
		{"drop-shipment", "drop", "Drop a prepared shipment; its units can be shipped again", campaigns.ShipmentDropped},
		{"return-shipment", "return", "Take a shipment back that could not be delivered, or was returned; its price goes back to the backer", campaigns.ShipmentReturned},
	} {
		startup(a, huma.Operation{
			OperationID: step.name, Method: http.MethodPost, Path: "/shipments/{id}/" + step.path, Tags: []string{tagFulfilment}, Summary: step.summary,
		}, func(ctx context.Context, in *struct {
			OfShipment
			Body struct {
				Reason string `json:"reason,omitempty" maxLength:"200"`
			}
		},
		) (*reply[shipmentMoved], error) {
			s, err := a.fulfil.Shipment(ctx, in.ID)
			if err == nil {
				err = a.theirCampaign(ctx, s.Campaign)
			}
			if err != nil {
				return nil, err
			}
			return a.moveShipment(ctx, in.ID, step.to, in.Body.Reason)
		})
	}
	person(a, huma.Operation{
		OperationID: "deliver-shipment", Method: http.MethodPost, Path: "/shipments/{id}/deliver", Tags: []string{tagFulfilment},
		Summary: "Say that a shipment has arrived: its backer, the startup, or an operator for the carrier",
	}, func(ctx context.Context, in *OfShipment) (*reply[shipmentMoved], error) {
		s, err := a.fulfil.Shipment(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		if _, own := a.ownOrder(ctx, s.OrderID); own != nil {
			if err := a.theirCampaign(ctx, s.Campaign); err != nil {
				return nil, fmt.Errorf("shipment %s: %w", in.ID, registry.ErrNotFound)
			}
		}
		return a.moveShipment(ctx, in.ID, campaigns.ShipmentDelivered, "")
	})
}

func (a *API) moveShipment(ctx context.Context, shipment string, to campaigns.ShipmentState, reason string) (*reply[shipmentMoved], error) {
	done, err := a.fulfil.Move(ctx, actorOf(ctx).Account, shipment, to, reason)
	out := shipmentMoved{Shipment: shipmentOf(done.Shipment), Order: orderOf(done.Order)}
	if done.Refund.ID != "" {
		out.Refund = new(refundOf(done.Refund))
	}
	return answer(out, err)
}
