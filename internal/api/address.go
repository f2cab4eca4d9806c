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

// PostalAddress is where an order is brought, as its backer writes it.
type PostalAddress struct {
	Name     string `json:"name" maxLength:"320" doc:"Of who takes the parcel."`
	Line1    string `json:"line1" maxLength:"480"`
	Line2    string `json:"line2,omitempty" maxLength:"480"`
	City     string `json:"city" maxLength:"240"`
	State    string `json:"state,omitempty" maxLength:"240" doc:"In India a state or union territory by its name."`
	Postcode string `json:"postcode" maxLength:"40" doc:"In India the PIN code: six digits." example:"560011"`
	Country  string `json:"country" maxLength:"2" doc:"ISO 3166, two letters; one that the campaign's regions allow." example:"IN"`
	Phone    string `json:"phone" maxLength:"40" doc:"An Indian mobile number, or + with country code (ITU-T E.164)." example:"+919845012345"`
}

// Address is the address of an order.
type Address struct {
	PostalAddress
	Order     string    `json:"order" doc:"ord_…"`
	ChangedAt time.Time `json:"changed_at"`
}

func addressOf(a campaigns.Address) Address {
	return Address{PostalAddress{a.Name, a.Line1, a.Line2, a.City, a.State, a.Postcode, a.Country, a.Phone}, a.Order, instant(a.ChangedAt)}
}

// Label is a prepared shipment and where it goes.
type Label struct {
	Shipment Shipment `json:"shipment"`
	Address  Address  `json:"address"`
}

type labelList struct {
	Labels []Label `json:"labels"`
}

func (a *API) mountAddresses() {
	backer(a, huma.Operation{
		OperationID: "get-order-address", Method: http.MethodGet, Path: "/orders/{id}/address", Tags: []string{tagFulfilment},
		Summary: "Where an order of yours is brought",
	}, func(ctx context.Context, in *OfOrder) (*reply[Address], error) {
		o, err := a.ownOrder(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		found, err := a.fulfil.Address(ctx, in.ID)
		if err == nil && (found.Order == "" || o.Backer != actorOf(ctx).Account) { // an operator sees none
			err = fmt.Errorf("address of order %s: %w", in.ID, registry.ErrNotFound)
		}
		return answer(addressOf(found), err)
	})
	backer(a, huma.Operation{
		OperationID: "set-order-address", Method: http.MethodPut, Path: "/orders/{id}/address", Tags: []string{tagFulfilment},
		Summary:     "Say where an order of yours is to be brought",
		Description: "Until it is handed over to the carrier. You and the members of the startup see it; it is deleted 90 days after the order's end.",
	}, func(ctx context.Context, in *struct {
		OfOrder
		Body PostalAddress
	},
	) (*reply[Address], error) {
		b := in.Body
		saved, err := a.fulfil.SetAddress(ctx, actorOf(ctx).Account, campaigns.Address{
			Order: in.ID, Name: b.Name, Line1: b.Line1, Line2: b.Line2, City: b.City, State: b.State, Postcode: b.Postcode, Country: b.Country, Phone: b.Phone,
		})
		return answer(addressOf(saved), err)
	})
	startup(a, huma.Operation{
		OperationID: "list-labels", Method: http.MethodGet, Path: "/campaigns/{id}/labels", Tags: []string{tagFulfilment},
		Summary: "The prepared shipments of a campaign and where they go", Description: "For the carrier. Who asked for it is in the audit log.",
	}, func(ctx context.Context, in *OfCampaign) (*reply[labelList], error) {
		c, err := a.campaigns.Campaign(ctx, in.ID)
		if err == nil && !actorOf(ctx).MemberOf(c.Org) { // an operator sees none
			err = fmt.Errorf("labels of campaign %s: %w", in.ID, registry.ErrNotFound)
		}
		if err != nil {
			return nil, err
		}
		out := labelList{Labels: []Label{}}
		err = a.fulfil.Labels(ctx, actorOf(ctx).Account, in.ID, func(l campaigns.Label) error {
			out.Labels = append(out.Labels, Label{shipmentOf(l.Shipment), addressOf(l.Address)})
			return nil
		})
		return answer(out, err)
	})
}
