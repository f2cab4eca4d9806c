package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/internal/store/dbgen"
	"github.com/proofmark/proofmark/internal/store/micros"
)

// Fulfilment is what fulfilment keeps.
func (db *DB) Fulfilment() campaigns.FulfilmentStore { return campaignStore{db} }

var _ campaigns.FulfilmentStore = campaignStore{}

var (
	insertShipments = newBulk("id text, order_id text, campaign text, units bigint, carrier text, tracking text, serials text, at bigint",
		`INSERT INTO shipment (id, order_id, campaign, units, carrier, tracking, serials, state, created_at, handed_at, delivered_at, changed_at)
SELECT v.id, v.order_id, v.campaign, v.units, v.carrier, v.tracking, v.serials, 'prepared', v.at, 0, 0, v.at FROM v`)
	insertUnits = newBulk("product_id text, serial text, shipment_id text",
		`INSERT INTO shipment_unit (product_id, serial, shipment_id) SELECT v.product_id, v.serial, v.shipment_id FROM v`)
	updateShipments = newBulk("id text, was text, state text, handed_at bigint, delivered_at bigint, changed_at bigint",
		`UPDATE shipment SET state = v.state, handed_at = v.handed_at, delivered_at = v.delivered_at, changed_at = v.changed_at
FROM v WHERE shipment.id = v.id AND shipment.state = v.was`)
	freeUnits = newBulk("shipment_id text",
		`DELETE FROM shipment_unit WHERE shipment_id IN (SELECT v.shipment_id FROM v)`)
	dropShipments = newBulk("order_id text, at bigint",
		`UPDATE shipment SET state = 'dropped', changed_at = v.at FROM v WHERE shipment.order_id = v.order_id AND shipment.state = 'prepared'`)
	freeDropped = newBulk("order_id text",
		`DELETE FROM shipment_unit WHERE shipment_id IN (SELECT s.id FROM v JOIN shipment s ON s.order_id = v.order_id AND s.state = 'dropped')`)
)

func (l *loader) shipments() error {
	l.snapshot.Shipments = make(map[string][]*campaigns.ShipmentRow)
	found, err := find[dbgen.Shipment](l.ctx, l.tx, l.engine, shipmentsOfOrders, rows{keys(l.needs.Shipped)})
	if err != nil {
		return err
	}
	for _, row := range found {
		p, err := shipment(row)
		if err != nil {
			return err
		}
		l.snapshot.Shipments[p.OrderID] = append(l.snapshot.Shipments[p.OrderID], &campaigns.ShipmentRow{Shipment: p, Was: p.State})
	}
	return nil
}

// shipments writes those that are new or moved, and drops those of orders that are
// not wanted any more.
func (s *saver) shipments(c *campaigns.Changes) {
	var id, was, state, freed []string
	var handed, delivered, changed []int64
	for _, p := range c.Shipments {
		if p.Was == "" {
			s.addShipment(p)
			continue
		}
		id, was, state = append(id, p.ID), append(was, string(p.Was)), append(state, string(p.State))
		handed, delivered = append(handed, int64(micros.Of(p.HandedAt))), append(delivered, int64(micros.Of(p.DeliveredAt)))
		changed = append(changed, int64(micros.Of(p.ChangedAt)))
		if p.State == campaigns.ShipmentDropped || p.State == campaigns.ShipmentReturned {
			freed = append(freed, p.ID)
		}
	}
	s.run("shipments", updateShipments, id, was, state, handed, delivered, changed)
	s.some(freeUnits, freed)
	if n := len(c.Dropped); n > 0 {
		at := make([]int64, n)
		for i := range at {
			at[i] = int64(micros.Of(c.Told[0].At))
		}
		s.some(dropShipments, c.Dropped, at)
		s.some(freeDropped, c.Dropped)
	}
}

// some executes a bulk that may change any number of rows.
func (s *saver) some(b *bulk, columns ...any) {
	if s.err == nil && rows(columns).len() > 0 {
		_, s.err = b.exec(s.ctx, s.tx, s.engine, columns)
	}
}

func (s *saver) addShipment(p *campaigns.ShipmentRow) {
	serials, err := json.Marshal(p.Serials)
	if err != nil && s.err == nil {
		s.err = err
	}
	s.run("shipments", insertShipments, []string{p.ID}, []string{p.OrderID}, []string{p.Campaign}, []int64{p.Units},
		[]string{text(p.Carrier)}, []string{text(p.Tracking)}, []string{string(serials)}, []int64{int64(micros.Of(p.CreatedAt))})
	n := len(p.Serials)
	product, in := make([]string, n), make([]string, n)
	for i := range p.Serials {
		product[i], in[i] = p.Product, p.ID
	}
	s.run("units", insertUnits, product, p.Serials, in)
}

func shipment(s dbgen.Shipment) (campaigns.Shipment, error) {
	out := campaigns.Shipment{
		ID: s.ID, OrderID: s.OrderID, Campaign: s.Campaign, Units: s.Units, Carrier: s.Carrier, Tracking: s.Tracking, State: campaigns.ShipmentState(s.State),
		CreatedAt: s.CreatedAt.Time(), HandedAt: s.HandedAt.Time(), DeliveredAt: s.DeliveredAt.Time(), ChangedAt: s.ChangedAt.Time(),
	}
	if err := json.Unmarshal([]byte(s.Serials), &out.Serials); err != nil {
		return out, fmt.Errorf("serial numbers of shipment %s as they were stored: %w", s.ID, err)
	}
	return out, nil
}

func shipments(rows []dbgen.Shipment) ([]campaigns.Shipment, error) {
	out := make([]campaigns.Shipment, len(rows))
	for i, row := range rows {
		var err error
		if out[i], err = shipment(row); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (s campaignStore) Shipment(ctx context.Context, id string) (campaigns.Shipment, error) {
	row, err := s.read.Shipment(ctx, id)
	if err != nil {
		return campaigns.Shipment{}, s.wrap(ctx, err, "shipment %s", id)
	}
	return shipment(row)
}

func (s campaignStore) ShipmentOfSerial(ctx context.Context, product, serial string) (campaigns.Shipment, error) {
	row, err := s.read.ShipmentOfSerial(ctx, dbgen.ShipmentOfSerialParams{ProductID: product, Serial: serial})
	if err != nil {
		return campaigns.Shipment{}, s.wrap(ctx, err, "shipment of %s", serial)
	}
	return shipment(row)
}

func (s campaignStore) ShipmentsOfOrder(ctx context.Context, order string) ([]campaigns.Shipment, error) {
	rows, err := s.read.ShipmentsOfOrder(ctx, order)
	if err != nil {
		return nil, s.wrap(ctx, err, "shipments of order %s", order)
	}
	return shipments(rows)
}

func (s campaignStore) ShipmentsOfCampaign(ctx context.Context, campaign, after string, limit int) ([]campaigns.Shipment, error) {
	rows, err := s.read.ShipmentsOfCampaign(ctx, dbgen.ShipmentsOfCampaignParams{Campaign: campaign, After: after, Most: most(limit)})
	if err != nil {
		return nil, s.wrap(ctx, err, "shipments of campaign %s", campaign)
	}
	return shipments(rows)
}

func (s campaignStore) PaidOrders(ctx context.Context, campaign string, state campaigns.OrderState, after campaigns.Order, limit int) ([]campaigns.Order, error) {
	rows, err := s.read.PaidOrders(ctx, dbgen.PaidOrdersParams{
		Campaign: campaign, State: string(state), AfterAt: micros.Of(after.PaidAt), After: after.ID, Most: most(limit),
	})
	return list(rows, order), s.wrap(ctx, err, "paid orders of campaign %s", campaign)
}

func (s campaignStore) UnshippedOrders(ctx context.Context, campaign string) ([]campaigns.Order, error) {
	rows, err := s.read.UnshippedOrders(ctx, campaign)
	return list(rows, order), s.wrap(ctx, err, "unshipped orders of campaign %s", campaign)
}

func (s campaignStore) CampaignsInFulfilment(ctx context.Context) ([]string, error) {
	ids, err := s.read.CampaignsInFulfilment(ctx)
	return ids, s.wrap(ctx, err, "campaigns in fulfilment")
}

func (s campaignStore) OpenWork(ctx context.Context, campaign string) (open, handed int64, err error) {
	row, err := s.read.OpenWork(ctx, campaign)
	return row.Open, row.Handed, s.wrap(ctx, err, "open orders of campaign %s", campaign)
}

func (s campaignStore) Funded(ctx context.Context, org, model string) (int64, error) {
	n, err := s.read.FundedOfModel(ctx, dbgen.FundedOfModelParams{Org: org, Model: model})
	return n, s.wrap(ctx, err, "funded units of model %s", model)
}

// ProposePayout keeps a statement for another operator to look at.
func (s campaignStore) ProposePayout(ctx context.Context, p campaigns.PayoutRecord) error {
	err := s.transact(ctx, func(q *dbgen.Queries) error {
		if err := q.InsertPayout(ctx, dbgen.InsertPayoutParams{
			ID: p.ID, Campaign: p.Campaign, Earned: p.Earned, Costs: p.Costs, Fee: p.Fee, Payable: p.Payable,
			ProposedBy: p.ProposedBy, CreatedAt: micros.Of(p.CreatedAt),
		}); err != nil {
			return err
		}
		return record(ctx, q, p.Entries, nil)
	})
	return s.wrap(ctx, err, "propose a payout of campaign %s", p.Campaign)
}

// PayPayout books a proposed payout if the statement still says the same and the
// escrow account holds it.
func (s campaignStore) PayPayout(ctx context.Context, p campaigns.PayoutRecord, now time.Time) error {
	err := s.writer.within(ctx, func(tx dbgen.DBTX) error {
		q := dbgen.New(tx)
		row, err := q.LockCounter(ctx, dbgen.LockCounterParams{Campaign: p.Campaign, At: micros.Of(now)})
		if err != nil {
			return err
		}
		balances, err := q.Balances(ctx, p.Campaign)
		if err != nil {
			return err
		}
		due := campaigns.PayoutOf(p.Campaign, list(balances, balance), campaigns.PlatformShare)
		if err := p.Still(due); err != nil {
			return err
		}
		if err := covered(ctx, q, p.Campaign, due.Payable); err != nil {
			return err
		}
		if err := still(q.EndPayout(ctx, dbgen.EndPayoutParams{ID: p.ID, State: string(campaigns.PayoutPaid), EndedBy: p.EndedBy, BankRef: text(p.BankRef), At: micros.Of(now)})); err != nil {
			return err
		}
		transfer, err := due.Transfer(p.ID)
		if err != nil {
			return err
		}
		transfer.At = (&campaigns.Counter{SeenAt: row.SeenAt.Time()}).Time(now)
		if err := record(ctx, q, p.Entries, p.Notices); err != nil {
			return err
		}
		return save(ctx, tx, s.engine, &campaigns.Changes{Transfers: []campaigns.Transfer{transfer}}, false)
	})
	if err == nil {
		s.told()
	}
	return s.wrap(ctx, err, "pay out %s", p.ID)
}

func (s campaignStore) WithdrawPayout(ctx context.Context, p campaigns.PayoutRecord, now time.Time) error {
	err := s.transact(ctx, func(q *dbgen.Queries) error {
		if err := still(q.EndPayout(ctx, dbgen.EndPayoutParams{ID: p.ID, State: string(campaigns.PayoutWithdrawn), EndedBy: p.EndedBy, At: micros.Of(now)})); err != nil {
			return err
		}
		return record(ctx, q, p.Entries, nil)
	})
	return s.wrap(ctx, err, "withdraw payout %s", p.ID)
}

func (s campaignStore) Payout(ctx context.Context, id string) (campaigns.PayoutRecord, error) {
	p, err := s.read.Payout(ctx, id)
	return payout(p), s.wrap(ctx, err, "payout %s", id)
}

func (s campaignStore) PayoutsOfCampaign(ctx context.Context, campaign string) ([]campaigns.PayoutRecord, error) {
	rows, err := s.read.PayoutsOfCampaign(ctx, campaign)
	return list(rows, payout), s.wrap(ctx, err, "payouts of campaign %s", campaign)
}

func payout(p dbgen.Payout) campaigns.PayoutRecord {
	return campaigns.PayoutRecord{
		ID: p.ID, Payout: campaigns.Payout{Campaign: p.Campaign, Earned: p.Earned, Costs: p.Costs, Fee: p.Fee, Payable: p.Payable},
		State: campaigns.PayoutState(p.State), ProposedBy: p.ProposedBy, EndedBy: p.EndedBy, BankRef: p.BankRef,
		CreatedAt: p.CreatedAt.Time(), EndedAt: p.EndedAt.Time(),
	}
}
