package store_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/registry"
)

// TestOrdersFollowTheirModel runs any sequence of orders, payments, cancellations,
// deliveries, refunds and of time against the store and against a model that
// knows only units and paise, and audits the books on the way.
func TestOrdersFollowTheirModel(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *storeDB) {
		rapid.Check(t, func(rt *rapid.T) {
			limit := rapid.SampledFrom([]int64{0, 2, 5}).Draw(rt, "per backer")
			s := newShop(t, db, int64(rapid.IntRange(1, 8).Draw(rt, "stock")), func(c *campaigns.Campaign) { c.PerBackerLimit = limit })
			s.lazy = true
			m := &orderModel{shop: s}
			defer s.audit()
			rt.Repeat(map[string]func(*rapid.T){
				"order": m.order, "order again": m.orderAgain, "pay": m.pay, "be told again": m.toldAgain, "cancel": m.cancel, "cancel again": m.cancelAgain,
				"time passes": m.expire, "fulfil": m.fulfil, "settle and advance": m.advance, "refund": m.refund, "refund comes back": m.refundBack, "wait": m.wait, "": m.check,
			})
		})
	})
}

// orderModel is what ought to be there.
type orderModel struct {
	*shop
	orders  []*modelOrder
	refunds []*campaigns.Refund
	waiting []*campaigns.Waiting
	cash    int64 // at the provider, or settled by it
	settled int64 // of cash
	bank    int64 // what of that was not advanced
	told    []*campaigns.Capture
	cancels []*campaigns.Cancel
	steps   int
}

type modelOrder struct {
	campaigns.Order
	wish *campaigns.Reserve
}

func (m *orderModel) used() (n int64) {
	for _, o := range m.orders {
		switch {
		case o.State == campaigns.OrderReserved:
			n += o.Units
		case !o.PaidAt.IsZero():
			n += o.Units - o.Cancelled
		}
	}
	return n
}

func (m *orderModel) of(backer string) (n int64) {
	for _, o := range m.orders {
		if o.Backer == backer && (o.State == campaigns.OrderReserved || !o.PaidAt.IsZero()) {
			n += o.Units - o.Cancelled
		}
	}
	return n
}

// refusal is why an order does not fit; nil if it does.
func (m *orderModel) refusal(backer string, units int64) error {
	switch {
	case len(m.waiting) > 0, m.used()+units > m.StockLimit:
		return campaigns.ErrSoldOut
	case m.PerBackerLimit > 0 && m.of(backer)+units > m.PerBackerLimit:
		return campaigns.ErrLimit
	}
	return nil
}

func (m *orderModel) who(t *rapid.T) string {
	return rapid.SampledFrom([]string{"ann", "bob", "carol"}).Draw(t, "backer")
}

func (m *orderModel) order(t *rapid.T) {
	w := m.wish(m.who(t), rapid.Int64Range(1, 4).Draw(t, "units"))
	want := m.refusal(w.Order.Backer, w.Order.Units)
	a := m.apply(w)[0]
	if !errors.Is(a.Err, want) || want == nil && a.Err != nil {
		t.Fatalf("ordering %d of %d, %d used: %v, want %v", w.Order.Units, m.StockLimit, m.used(), a.Err, want)
	}
	if a.Err == nil {
		m.orders = append(m.orders, &modelOrder{a.Order, w})
	}
}

// some picks one of the orders that match.
func (m *orderModel) some(t *rapid.T, match func(*modelOrder) bool) *modelOrder {
	var found []*modelOrder
	for _, o := range m.orders {
		if match(o) {
			found = append(found, o)
		}
	}
	if len(found) == 0 {
		t.Skip("no such order")
	}
	return found[rapid.IntRange(0, len(found)-1).Draw(t, "order")]
}

func (m *orderModel) orderAgain(t *rapid.T) {
	o := m.some(t, func(o *modelOrder) bool { return o.wish != nil && o.Units == o.wish.Order.Units })
	again := *o.wish
	again.Order.ID = id.New("ord")
	a := m.do(&again)
	same(m.t, a.Order, o.Order)
	same(m.t, a.Repeat, true)
}

func (m *orderModel) pay(t *rapid.T) {
	o := m.some(t, func(o *modelOrder) bool { return true })
	amount := o.Amount() + rapid.SampledFrom([]int64{0, 0, 0, -1, 100}).Draw(t, "off by")
	var c *campaigns.Capture
	if i := slices.IndexFunc(m.told, func(c *campaigns.Capture) bool { return c.OrderID == o.ID }); i >= 0 && rapid.Bool().Draw(t, "on the same provider order") {
		c = capture(campaigns.Payment{ID: m.told[i].Payment, Campaign: m.ID, OrderID: o.ID, Provider: m.told[i].Provider}, amount)
		c.Captured.Ref = id.New("pay")
	} else {
		c = capture(m.attempt(o.Order), amount)
	}
	a := m.do(c)
	m.told = append(m.told, c)
	m.cash += amount
	taken := amount >= o.Amount() && (o.State == campaigns.OrderReserved || o.State == campaigns.OrderExpired && m.refusal(o.Backer, o.Units) == nil)
	if taken != (a.Outcome != campaigns.CaptureOrphan) {
		t.Fatalf("capturing %d for an order of %d that is %s: %s", amount, o.Amount(), o.State, a.Outcome)
	}
	if taken {
		o.State, o.PaidAt, o.ChangedAt = campaigns.OrderPaid, m.at, m.at
	}
	if back := a.Refund; back.ID != "" {
		m.refunds = append(m.refunds, &back)
	} else if amount != o.Amount() || !taken {
		t.Fatalf("captured %d for %d and nothing goes back", amount, o.Amount())
	}
}

// toldAgain has a provider say again what it has said, under other names of ours:
// check sees that nothing changes.
func (m *orderModel) toldAgain(t *rapid.T) {
	if len(m.told) == 0 {
		t.Skip("nothing was paid")
	}
	again := *rapid.SampledFrom(m.told).Draw(t, "capture")
	again.SpareID, again.RefundID = id.New("pat"), id.New("rfd")
	same(m.t, m.do(&again).Repeat, true)
}

func (m *orderModel) cancel(t *rapid.T) {
	o := m.some(t, func(o *modelOrder) bool { return o.Live() > 0 })
	units := rapid.Int64Range(1, o.Live()).Draw(t, "units")
	c := m.shop.cancel(o.Order, units)
	a := m.apply(c)[0]
	switch o.State {
	case campaigns.OrderReserved:
		must(m.t, a.Err)
		m.cancels = append(m.cancels, c)
		if o.ChangedAt = m.at; units == o.Units {
			o.State = campaigns.OrderCancelled
		} else {
			o.Units -= units
		}
	case campaigns.OrderPaid, campaigns.OrderAllocated:
		must(m.t, a.Err)
		m.cancels = append(m.cancels, c)
		back := o.Advanced // the whole advance with the last unit
		if units < o.Live() {
			back = o.Advanced / o.Live() * units
		}
		o.Advanced -= back
		o.Cancelled, o.State, o.ChangedAt = o.Cancelled+units, campaigns.OrderPaid, m.at
		if o.Live() == 0 {
			o.State = campaigns.OrderRefundDue
		}
		same(m.t, a.Refund.Amount, units*price)
		m.refunds = append(m.refunds, &a.Refund)
	default:
		wantError(m.t, a.Err, campaigns.ErrTooLate)
		return
	}
	m.feed()
}

// cancelAgain gives a cancellation that was done once more, whatever has become of
// the order since: check sees that nothing changes.
func (m *orderModel) cancelAgain(t *rapid.T) {
	if len(m.cancels) == 0 {
		t.Skip("nothing was cancelled")
	}
	a := m.do(rapid.SampledFrom(m.cancels).Draw(t, "cancellation"))
	same(m.t, a.Repeat, true)
}

// advance has the provider settle some of what it holds, and pays what 30 % of the
// price makes due: all of it, or nothing.
func (m *orderModel) advance(t *rapid.T) {
	const share = 3000
	if held := m.cash - m.settled; held > 0 {
		amount := held
		if rapid.IntRange(0, 3).Draw(t, "in part") == 3 {
			amount = rapid.Int64Range(1, held).Draw(t, "settled")
		}
		m.do(&campaigns.Post{Transfer: campaigns.SettlementTransfer(m.ID, "simulator", id.New("st"), amount, 0)})
		m.settled, m.bank = m.settled+amount, m.bank+amount
	}
	advances := map[*modelOrder]int64{}
	var due int64
	for _, o := range m.orders {
		switch o.State {
		case campaigns.OrderPaid, campaigns.OrderAllocated, campaigns.OrderShipped:
			if share := o.Live() * price * share / 10_000; share > o.Advanced {
				advances[o], due = share, due+share-o.Advanced
			}
		}
	}
	paid, err := m.store.PayAdvance(ctx, m.ID, id.New("adv"), share, false, m.at)
	if due > m.bank {
		wantError(m.t, err, registry.ErrConflict)
		return
	}
	must(m.t, err)
	same(m.t, paid, due)
	m.bank -= due
	for o, share := range advances {
		o.Advanced = share
	}
}

// feed takes over the orders that were made for who waits, by the rule: in order,
// as much as there is, no more than one may have.
func (m *orderModel) feed() {
	for len(m.waiting) > 0 && m.used() < m.StockLimit {
		w := m.waiting[0]
		m.waiting = m.waiting[1:]
		units := min(w.Units, m.StockLimit-m.used())
		if m.PerBackerLimit > 0 {
			units = min(units, m.PerBackerLimit-m.of(w.Backer))
		}
		if units <= 0 {
			continue
		}
		made := get(m.store.OrdersOfBacker(ctx, w.Backer, "", 0))(m.t)
		i := slices.IndexFunc(made, func(o campaigns.Order) bool { return o.Entry == w.ID })
		if i < 0 || made[i].Units != units {
			m.t.Fatalf("%s waits for %d units, %d are due; the orders: %+v", w.Backer, w.Units, units, made)
		}
		m.orders = append(m.orders, &modelOrder{Order: made[i]})
	}
}

func (m *orderModel) expire(t *rapid.T) {
	m.pass(time.Duration(rapid.IntRange(1, 20).Draw(t, "minutes")) * time.Minute)
	for _, o := range slices.Clone(m.orders) {
		if o.State != campaigns.OrderReserved && !rapid.Bool().Draw(t, "looked at too late") {
			continue
		}
		a := m.do(&campaigns.Expire{Campaign: m.ID, OrderID: o.ID})
		if o.State == campaigns.OrderReserved && !m.at.Before(o.PayUntil) {
			o.State, o.ChangedAt = campaigns.OrderExpired, m.at
			m.feed()
		}
		same(m.t, a.Order.State, o.State)
	}
}

func (m *orderModel) fulfil(t *rapid.T) {
	following := map[campaigns.OrderState]campaigns.OrderState{
		campaigns.OrderPaid: campaigns.OrderAllocated, campaigns.OrderAllocated: campaigns.OrderShipped,
		campaigns.OrderShipped: campaigns.OrderDelivered, campaigns.OrderDelivered: campaigns.OrderReturned,
	}
	o := m.some(t, func(o *modelOrder) bool { return following[o.State] != "" })
	a := m.do(&campaigns.Move{Campaign: m.ID, OrderID: o.ID, From: o.State, To: following[o.State], RefundID: id.New("rfd")})
	o.State, o.ChangedAt = following[o.State], m.at
	if o.State == campaigns.OrderDelivered {
		o.Advanced = 0 // it is earned
	}
	if o.State == campaigns.OrderReturned {
		same(m.t, a.Refund.Amount, o.Live()*price)
		m.refunds = append(m.refunds, &a.Refund)
		o.Returned = o.Live()
	}
}

func (m *orderModel) refund(t *rapid.T) {
	open := slices.DeleteFunc(slices.Clone(m.refunds), func(r *campaigns.Refund) bool { return r.State == campaigns.RefundProcessed })
	if len(open) == 0 {
		t.Skip("no open refund")
	}
	r := open[rapid.IntRange(0, len(open)-1).Draw(t, "refund")]
	m.processed(*r)
	r.State = campaigns.RefundProcessed
	m.cash -= r.Amount
	for _, o := range m.orders {
		if o.ID == r.OrderID && o.State == campaigns.OrderRefundDue && !slices.ContainsFunc(m.refunds, func(other *campaigns.Refund) bool {
			return other.OrderID == o.ID && other.State != campaigns.RefundProcessed && (other.Kind == campaigns.RefundFull || other.Kind == campaigns.RefundPartial)
		}) {
			o.State, o.ChangedAt = campaigns.OrderRefunded, m.at
		}
	}
}

// refundBack is a bank that sends back what was refunded: it is owed again.
func (m *orderModel) refundBack(t *rapid.T) {
	done := slices.DeleteFunc(slices.Clone(m.refunds), func(r *campaigns.Refund) bool { return r.State != campaigns.RefundProcessed })
	if len(done) == 0 {
		t.Skip("no refund was done")
	}
	r := rapid.SampledFrom(done).Draw(t, "refund")
	failed := m.do(m.moved(*r, campaigns.RefundProcessed, campaigns.RefundFailed))
	r.State = campaigns.RefundQueued
	m.cash += r.Amount
	for _, o := range m.orders {
		if o.ID == r.OrderID && o.State == campaigns.OrderRefunded && (r.Kind == campaigns.RefundFull || r.Kind == campaigns.RefundPartial) {
			o.State, o.ChangedAt = campaigns.OrderRefundDue, m.at
			same(m.t, failed.Order, o.Order) // at once, not only with the next try
		}
	}
	m.do(m.moved(*r, campaigns.RefundFailed, campaigns.RefundQueued))
}

func (m *orderModel) wait(t *rapid.T) {
	w := campaigns.Waiting{ID: id.New("wtg"), Campaign: m.ID, Backer: m.backer(m.who(t)), Units: rapid.Int64Range(1, 3).Draw(t, "units")}
	known := slices.ContainsFunc(m.waiting, func(o *campaigns.Waiting) bool { return o.Backer == w.Backer })
	want := m.refusal(w.Backer, w.Units)
	a := m.apply(&campaigns.Join{Entry: w})[0]
	switch {
	case known:
		same(m.t, a.Repeat, true)
	case want == nil:
		wantError(m.t, a.Err, campaigns.ErrInStock)
	case errors.Is(want, campaigns.ErrSoldOut):
		must(m.t, a.Err)
		m.waiting = append(m.waiting, &a.Entry)
	default:
		wantError(m.t, a.Err, want)
	}
}

func (m *orderModel) check(*rapid.T) {
	if m.steps++; m.steps%25 == 0 {
		m.audit()
	}
	var reserved, paid, cancelled int64
	backers := map[string]bool{}
	for _, o := range m.orders {
		same(m.t, get(m.store.Order(ctx, o.ID))(m.t), o.Order)
		if o.State == campaigns.OrderReserved {
			reserved += o.Units
		}
		if !o.PaidAt.IsZero() {
			paid, cancelled = paid+o.Units, cancelled+o.Cancelled
			if o.Units > o.Cancelled {
				backers[o.Backer] = true
			}
		}
	}
	m.counts(fmt.Sprint(reserved, paid, cancelled, len(backers), len(m.waiting)))
	m.balance(campaigns.AccountProvider("simulator"), m.cash-m.settled)
	m.balance(campaigns.AccountBank, m.bank)
	m.balance(campaigns.AccountPledges, reserved*price)
	if reserved+paid-cancelled > m.StockLimit {
		m.t.Fatalf("%d reserved, %d paid, %d cancelled of %d", reserved, paid, cancelled, m.StockLimit)
	}
}
