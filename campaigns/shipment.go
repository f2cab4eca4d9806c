package campaigns

import "time"

// ShipmentState is where a shipment is.
type ShipmentState string

// States of a shipment.
const (
	ShipmentPrepared   ShipmentState = "prepared"
	ShipmentHandedOver ShipmentState = "handed_over"
	ShipmentDelivered  ShipmentState = "delivered"
	ShipmentReturned   ShipmentState = "returned"
	ShipmentDropped    ShipmentState = "dropped" // before the hand-over: its order was cancelled
)

var shipmentNext = next[ShipmentState]{
	ShipmentPrepared:   {ShipmentHandedOver, ShipmentDropped},
	ShipmentHandedOver: {ShipmentDelivered, ShipmentReturned},
	ShipmentDelivered:  {ShipmentReturned},
}

// CanBecome says whether a shipment may go from s to to.
func (s ShipmentState) CanBecome(to ShipmentState) bool { return shipmentNext.can(s, to) }

// Shipment is what a carrier takes to a backer: the units of one order.
type Shipment struct {
	ID          string // shp_…
	OrderID     string
	Campaign    string
	Units       int64
	Carrier     string
	Tracking    string
	Serials     []string // dids or serial numbers of the units
	State       ShipmentState
	CreatedAt   time.Time
	HandedAt    time.Time
	DeliveredAt time.Time
	ChangedAt   time.Time
}
