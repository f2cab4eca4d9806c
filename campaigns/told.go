package campaigns

import (
	"time"

	"github.com/proofmark/proofmark/internal/notice"
)

// toldOrder is what listeners hear of an order.
type toldOrder struct {
	Order     string    `json:"order"`
	Campaign  string    `json:"campaign"`
	Backer    string    `json:"backer"`
	Variant   string    `json:"variant,omitempty"`
	State     string    `json:"state"`
	Units     int64     `json:"units"`
	Cancelled int64     `json:"cancelled,omitempty"`
	Amount    int64     `json:"amount"` // minor units
	Currency  string    `json:"currency"`
	PayUntil  time.Time `json:"pay_until,omitzero"`
	Refund    string    `json:"refund,omitempty"`
	Back      int64     `json:"refund_amount,omitempty"`
	Shipment  string    `json:"shipment,omitempty"`
	Carrier   string    `json:"carrier,omitempty"`
	Tracking  string    `json:"tracking,omitempty"`
}

// Notice is the durable form of the change.
func (t *Told) Notice() (notice.Notice, error) {
	o := toldOrder{
		Order: t.ID, Campaign: t.Campaign, Backer: t.Backer, Variant: t.Variant, State: string(t.State),
		Units: t.Units, Cancelled: t.Cancelled, Amount: t.Amount(), Currency: t.Currency,
	}
	if t.State == OrderReserved {
		o.PayUntil = t.PayUntil
	}
	if t.Refund != nil {
		o.Refund, o.Back = t.Refund.ID, t.Refund.Amount
	}
	if t.Shipment != nil {
		o.Shipment, o.Carrier, o.Tracking = t.Shipment.ID, t.Shipment.Carrier, t.Shipment.Tracking
	}
	return notice.New(t.At, t.Kind, t.ID, t.Org, o)
}
