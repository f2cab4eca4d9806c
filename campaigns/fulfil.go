package campaigns

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/registry"
)

// FulfilmentStore keeps what fulfilment needs beside the Store.
type FulfilmentStore interface {
	Store
	AddressStore
	ChangeCampaign(ctx context.Context, id string, now func() time.Time, fn Decision) (Campaign, error)
	Shipment(ctx context.Context, id string) (Shipment, error)
	// ShipmentOfSerial is the one that a unit of a product is in.
	ShipmentOfSerial(ctx context.Context, product, serial string) (Shipment, error)
	ShipmentsOfOrder(ctx context.Context, order string) ([]Shipment, error)
	ShipmentsOfCampaign(ctx context.Context, campaign, after string, limit int) ([]Shipment, error)
	// PaidOrders are those that were ever paid, in the order of payment, those after
	// one; an empty state is any.
	PaidOrders(ctx context.Context, campaign string, state OrderState, after Order, limit int) ([]Order, error)
	// UnshippedOrders are paid, not handed over, and their backers were not told yet
	// that the ship date was missed.
	UnshippedOrders(ctx context.Context, campaign string) ([]Order, error)
	CampaignsInFulfilment(ctx context.Context) ([]string, error)
	// OpenWork counts the paid orders that are neither delivered nor refunded, and
	// those that were handed over.
	OpenWork(ctx context.Context, campaign string) (open, handed int64, err error)
	// Funded are the units of a model that were paid for in campaigns that
	// succeeded, and their spares.
	Funded(ctx context.Context, org, model string) (int64, error)

	// ProposePayout: ErrExists if another one of the campaign is open.
	ProposePayout(ctx context.Context, p PayoutRecord) error
	// PayPayout: ErrConflict if the statement says something else by now, or the
	// escrow account does not hold it.
	PayPayout(ctx context.Context, p PayoutRecord, now time.Time) error
	WithdrawPayout(ctx context.Context, p PayoutRecord, now time.Time) error
	Payout(ctx context.Context, id string) (PayoutRecord, error)
	PayoutsOfCampaign(ctx context.Context, campaign string) ([]PayoutRecord, error)
}

// FulfilmentOptions say what Fulfilment works with. Store and Book are needed.
type FulfilmentOptions struct {
	Store FulfilmentStore
	Book  *Book
	Now   func() time.Time // time.Now when nil
	Log   *slog.Logger     // discards when nil
}

// Fulfilment is what happens to paid orders: units are set aside for them, shipped,
// delivered, and sometimes come back; and the startup gets its money.
type Fulfilment struct {
	store FulfilmentStore
	book  *Book
	now   func() time.Time
	log   *slog.Logger
}

// NewFulfilment makes one.
func NewFulfilment(o FulfilmentOptions) *Fulfilment {
	f := &Fulfilment{store: o.Store, book: o.Book, now: o.Now, log: o.Log}
	if f.now == nil {
		f.now = time.Now
	}
	if f.log == nil {
		f.log = slog.New(slog.DiscardHandler)
	}
	return f
}

// ships says why a campaign hands nothing over; nil if it may.
func (f *Fulfilment) ships(ctx context.Context, campaign string) error {
	c, err := f.store.Campaign(ctx, campaign)
	switch {
	case err != nil:
		return err
	case c.State != CampaignSucceeded && c.State != CampaignFulfilling:
		return fmt.Errorf("campaign %s is %s: %w: only one that succeeded is fulfilled", c.ID, c.State, registry.ErrConflict)
	case c.Held:
		return fmt.Errorf("campaign %s: %w: %s", c.ID, ErrHeld, c.HeldReason)
	}
	return nil
}

// allocatedAtOnce is how many orders are allocated together.
const allocatedAtOnce = 1000

// Allocate sets units aside for paid orders, in the order of payment, then of their
// ids. It ends with the first order that the rest of the units does not cover:
// nobody is overtaken. It gives the orders that got theirs.
func (f *Fulfilment) Allocate(ctx context.Context, campaign string, units int64) ([]Order, error) {
	if units < 1 {
		return nil, fmt.Errorf("%w: allocate %d units; want 1 or more", ErrBadOrder, units)
	}
	if err := f.ships(ctx, campaign); err != nil {
		return nil, err
	}
	var got []Order
	var last Order
	for units > 0 {
		next, err := f.store.PaidOrders(ctx, campaign, OrderPaid, last, allocatedAtOnce)
		if err != nil {
			return got, err
		}
		var ops []Op
		for _, o := range next {
			if o.Live() > units {
				units = 0
				break
			}
			units -= o.Live()
			ops = append(ops, &Move{Campaign: campaign, OrderID: o.ID, From: OrderPaid, To: OrderAllocated})
		}
		answers, err := f.book.DoAll(ctx, ops)
		for _, a := range answers {
			switch {
			case a.Err == nil:
				got = append(got, a.Order)
			case !errors.Is(a.Err, registry.ErrConflict): // cancelled meanwhile: its units stay with the startup
				err = errors.Join(err, a.Err)
			}
		}
		if err != nil || len(next) < allocatedAtOnce {
			return got, err
		}
		last = next[len(next)-1]
	}
	return got, nil
}

// Ship prepares a shipment of an allocated order whose backer has said where to:
// an address that was given stays until after the delivery.
func (f *Fulfilment) Ship(ctx context.Context, actor string, s Shipment) (Shipment, error) {
	if err := f.ships(ctx, s.Campaign); err != nil {
		return s, err
	}
	if err := f.addressed(ctx, s.OrderID); err != nil {
		return s, err
	}
	if s.ID == "" {
		s.ID = id.New("shp")
	}
	a, err := f.book.Do(ctx, &Ship{Shipment: s, Actor: actor})
	if errors.Is(err, registry.ErrExists) {
		err = fmt.Errorf("shipment of order %s: a serial number is in another shipment of this product: %w", s.OrderID, registry.ErrExists)
	}
	return a.Shipment, err
}

// Move brings a shipment forward; the reason is for one that comes back.
func (f *Fulfilment) Move(ctx context.Context, actor, shipment string, to ShipmentState, reason string) (Answer, error) {
	s, err := f.store.Shipment(ctx, shipment)
	if err != nil {
		return Answer{}, err
	}
	if to == ShipmentHandedOver {
		if err := f.ships(ctx, s.Campaign); err != nil {
			return Answer{}, err
		}
	}
	a, err := f.book.Do(ctx, &MoveShipment{
		Campaign: s.Campaign, OrderID: s.OrderID, ShipmentID: s.ID, To: to, Reason: reason, RefundID: id.New("rfd"), Actor: actor,
	})
	if err == nil {
		err = f.follow(ctx, s.Campaign)
	}
	return a, err
}

// follow brings a campaign to where its orders are: fulfilling with the first
// hand-over, completed when nothing is left to do.
func (f *Fulfilment) follow(ctx context.Context, campaign string) error {
	open, handed, err := f.store.OpenWork(ctx, campaign)
	if err != nil || handed == 0 && open > 0 {
		return err
	}
	_, err = f.store.ChangeCampaign(ctx, campaign, f.now, func(c *Campaign, _ Counter, at time.Time) (*Change, error) {
		return c.fulfil(handed > 0, open == 0, at)
	})
	return err
}

// fulfil is follow's decision.
func (c *Campaign) fulfil(handed, done bool, at time.Time) (*Change, error) {
	var rec certification.Record
	step := func(to CampaignState) error {
		if err := c.moveTo(to, bySystem); err != nil {
			return err
		}
		c.UpdatedAt = at
		told, err := c.tell(at, audit.System, "campaign."+string(to), nil)
		rec.Entries, rec.Notices = append(rec.Entries, told.Entries...), append(rec.Notices, told.Notices...)
		return err
	}
	if c.State == CampaignSucceeded && (handed || done) {
		if err := step(CampaignFulfilling); err != nil {
			return nil, err
		}
	}
	if c.State == CampaignFulfilling && done {
		if err := step(CampaignCompleted); err != nil {
			return nil, err
		}
	}
	if len(rec.Entries) == 0 {
		return nil, nil
	}
	return &Change{Record: rec}, nil
}

// Tick tells backers of missed ship dates, asks for addresses, pays what the schedule makes due at the
// hand-over, and follows campaigns to their end.
func (f *Fulfilment) Tick(ctx context.Context, _ time.Time) error {
	campaigns, err := f.store.CampaignsInFulfilment(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, campaign := range campaigns {
		errs = append(errs, f.missed(ctx, campaign), f.remind(ctx, campaign), f.advance(ctx, campaign), f.follow(ctx, campaign))
	}
	return errors.Join(errs...)
}

// missed tells the backers of a campaign whose units should have been handed over.
func (f *Fulfilment) missed(ctx context.Context, campaign string) error {
	c, err := f.store.Campaign(ctx, campaign)
	if err != nil {
		return err
	}
	orders, err := f.store.UnshippedOrders(ctx, campaign)
	if err != nil {
		return err
	}
	var ops []Op
	now := f.now()
	for _, o := range orders {
		if due := c.Ship.Due(o.CreatedAt, c.DecidedAt); !due.IsZero() && !now.Before(due) {
			ops = append(ops, &Miss{Campaign: campaign, OrderID: o.ID, Due: due})
		}
	}
	return f.book.doEach(ctx, ops)
}

// advance pays what the published schedule makes due at the hand-over. What the
// escrow account does not hold yet waits for the next turn.
func (f *Fulfilment) advance(ctx context.Context, campaign string) error {
	c, err := f.store.Campaign(ctx, campaign)
	if err != nil {
		return err
	}
	share := c.Schedule.Share(AdvanceAtHandover)
	if share == 0 || c.Held {
		return nil
	}
	// The order remembers what was advanced: the share at success is part of it.
	_, err = f.store.PayAdvance(ctx, campaign, id.New("adv"), share+c.Schedule.Share(AdvanceAtSuccess), true, f.now())
	if errors.Is(err, registry.ErrConflict) {
		f.log.Warn("an advance waits for the escrow account", "campaign", campaign, "err", err)
		return nil
	}
	return err
}

// Allowance is how many factory keys a startup may have made for a model: one for
// each unit that was paid for in a campaign that succeeded, and the agreed spares.
func (f *Fulfilment) Allowance(ctx context.Context, org, model string) (int, error) {
	n, err := f.store.Funded(ctx, org, model)
	return int(n), err
}

// Orders are the paid orders of a campaign in the order of payment.
func (f *Fulfilment) Orders(ctx context.Context, campaign string, state OrderState, after Order, limit int) ([]Order, error) {
	return f.store.PaidOrders(ctx, campaign, state, after, limit)
}

// Shipment reads one.
func (f *Fulfilment) Shipment(ctx context.Context, shipment string) (Shipment, error) {
	return f.store.Shipment(ctx, shipment)
}

// ShipmentsOfOrder are the shipments of an order, oldest first.
func (f *Fulfilment) ShipmentsOfOrder(ctx context.Context, order string) ([]Shipment, error) {
	return f.store.ShipmentsOfOrder(ctx, order)
}

// ShipmentsOfCampaign lists them, those after an id.
func (f *Fulfilment) ShipmentsOfCampaign(ctx context.Context, campaign, after string, limit int) ([]Shipment, error) {
	return f.store.ShipmentsOfCampaign(ctx, campaign, after, limit)
}

// ShipmentOfSerial finds whose unit a serial number or did of a product is.
func (f *Fulfilment) ShipmentOfSerial(ctx context.Context, product, serial string) (Shipment, error) {
	return f.store.ShipmentOfSerial(ctx, product, serial)
}

// Alive takes note that a device is alive in its backer's home: nobody needs to say
// any more that its shipment arrived, and an order that was delivered is bound. A
// device that no shipment names is none of ours.
func (f *Fulfilment) Alive(ctx context.Context, product, did string) error {
	s, err := f.store.ShipmentOfSerial(ctx, product, did)
	if errors.Is(err, registry.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if s.State == ShipmentHandedOver {
		if _, err := f.Move(ctx, audit.System, s.ID, ShipmentDelivered, ""); err != nil {
			return err
		}
	}
	_, err = f.book.Do(ctx, &Move{Campaign: s.Campaign, OrderID: s.OrderID, From: OrderDelivered, To: OrderBound})
	if errors.Is(err, registry.ErrConflict) {
		return nil // a part of it is still on its way, or it was returned
	}
	return err
}
