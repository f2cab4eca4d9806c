package store

import (
	"context"
	"fmt"
	"time"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/notice"
	"github.com/proofmark/proofmark/internal/store/dbgen"
	"github.com/proofmark/proofmark/internal/store/micros"
)

var addressesOf = newBulk("id text", `SELECT a.* FROM v JOIN order_address a ON a.order_id = v.id`)

// SaveAddress implements campaigns.AddressStore.
func (s campaignStore) SaveAddress(ctx context.Context, a campaigns.Address) error {
	err := s.transact(ctx, func(q *dbgen.Queries) error {
		if _, err := q.LockCounter(ctx, dbgen.LockCounterParams{Campaign: a.Campaign, At: micros.Of(a.ChangedAt)}); err != nil {
			return err
		}
		n, err := q.SaveAddress(ctx, dbgen.SaveAddressParams{
			OrderID: a.Order, Name: text(a.Name), Line1: text(a.Line1), Line2: text(a.Line2), City: text(a.City), State: text(a.State),
			Postcode: text(a.Postcode), Country: text(a.Country), Phone: text(a.Phone), Changed: int64(micros.Of(a.ChangedAt)),
		})
		if err == nil && n == 0 {
			err = fmt.Errorf("%w: it was handed over, or is not wanted any more", campaigns.ErrTooLate)
		}
		return err
	})
	return s.wrap(ctx, err, "address of order %s", a.Order)
}

func address(a dbgen.OrderAddress) campaigns.Address {
	return campaigns.Address{
		Order: a.OrderID, Campaign: a.Campaign, Name: a.Name, Line1: a.Line1, Line2: a.Line2, City: a.City, State: a.State,
		Postcode: a.Postcode, Country: a.Country, Phone: a.Phone, ChangedAt: a.ChangedAt.Time(),
	}
}

// Address implements campaigns.AddressStore.
func (s campaignStore) Address(ctx context.Context, order string) (campaigns.Address, error) {
	a, err := s.read.Address(ctx, order)
	return address(a), s.wrap(ctx, err, "address of order %s", order)
}

// AddressesOfBacker implements campaigns.AddressStore.
func (s campaignStore) AddressesOfBacker(ctx context.Context, backer string) ([]campaigns.Address, error) {
	rows, err := s.read.AddressesOfBacker(ctx, backer)
	return list(rows, address), s.wrap(ctx, err, "addresses of backer %s", backer)
}

// AddressesOf implements campaigns.AddressStore.
func (s campaignStore) AddressesOf(ctx context.Context, orders []string) ([]campaigns.Address, error) {
	if len(orders) == 0 {
		return nil, nil
	}
	rows, err := find[dbgen.OrderAddress](ctx, s.pool, s.engine, addressesOf, rows{orders})
	return list(rows, address), s.wrap(ctx, err, "addresses of %d orders", len(orders))
}

// PreparedShipments implements campaigns.AddressStore.
func (s campaignStore) PreparedShipments(ctx context.Context, campaign, after string, limit int) ([]campaigns.Shipment, error) {
	rows, err := s.read.PreparedShipments(ctx, dbgen.PreparedShipmentsParams{Campaign: campaign, After: after, Most: most(limit)})
	if err != nil {
		return nil, s.wrap(ctx, err, "prepared shipments of campaign %s", campaign)
	}
	return shipments(rows)
}

// Unaddressed implements campaigns.AddressStore.
func (s campaignStore) Unaddressed(ctx context.Context, campaign string, since time.Time, times, limit int) ([]campaigns.Order, error) {
	rows, err := s.read.Unaddressed(ctx, dbgen.UnaddressedParams{Campaign: campaign, Times: int64(times), Since: int64(micros.Of(since)), Most: most(limit)})
	return list(rows, order), s.wrap(ctx, err, "orders of campaign %s without an address", campaign)
}

// CountUnaddressed implements campaigns.AddressStore.
func (s campaignStore) CountUnaddressed(ctx context.Context, campaign string) (int64, error) {
	n, err := s.read.CountUnaddressed(ctx, campaign)
	return n, s.wrap(ctx, err, "orders of campaign %s without an address", campaign)
}

// Remind implements campaigns.AddressStore.
func (s campaignStore) Remind(ctx context.Context, order string, at time.Time, n notice.Notice) error {
	err := s.transact(ctx, func(q *dbgen.Queries) error {
		if err := still(q.Remind(ctx, dbgen.RemindParams{OrderID: order, At: micros.Of(at)})); err != nil {
			return err
		}
		return record(ctx, q, nil, []notice.Notice{n})
	})
	if err == nil {
		s.told()
	}
	return s.wrap(ctx, err, "remind the backer of order %s of its address", order)
}

// ForgetAddresses implements campaigns.AddressStore.
func (s campaignStore) ForgetAddresses(ctx context.Context, before time.Time) error {
	err := s.writer.statement(ctx, func(q *dbgen.Queries) error { return q.ForgetAddresses(ctx, micros.Of(before)) })
	return s.wrap(ctx, err, "forget addresses of orders that ended before %s", before)
}

// RecordLook implements campaigns.AddressStore.
func (s campaignStore) RecordLook(ctx context.Context, e audit.Entry) error {
	err := s.transact(ctx, func(q *dbgen.Queries) error { return record(ctx, q, []audit.Entry{e}, nil) })
	return s.wrap(ctx, err, "record that %s looked at %s", e.Actor, e.Subject)
}
