package store_test

import (
	"slices"

	"pgregory.net/rapid"

	"github.com/proofmark/proofmark/campaigns"
)

// settled is what has to be so in the end.
func (m *paymentModel) settled(t *rapid.T) {
	m.audit()
	stuck := slices.DeleteFunc(get(m.pay.Events(ctx, campaigns.InboxStuck, "", 1000))(m.t), func(e campaigns.InboxEvent) bool { return !slices.Contains(m.orders, e.Event.OrderID) })
	if len(stuck) > 0 {
		t.Fatalf("stuck: %+v", stuck)
	}
	var there, reserved, progress int64 // at the provider, by each order
	for _, name := range m.orders {
		o := get(m.store.Order(ctx, name))(m.t)
		m.seen[string(o.State)]++
		there += m.settledOrder(t, o)
		switch {
		case o.State == campaigns.OrderReserved:
			reserved += o.Units
		case !o.PaidAt.IsZero():
			progress += o.Units - o.Cancelled
		}
		if m.ended && o.State != campaigns.OrderRefunded && o.State != campaigns.OrderCancelled && o.State != campaigns.OrderExpired {
			t.Errorf("the campaign was cancelled, and order %s is %s", o.ID, o.State)
		}
	}
	n := get(m.store.Counter(ctx, m.ID))(m.t)
	if n.Reserved != reserved || n.Progress() != progress || reserved+progress > m.StockLimit {
		t.Errorf("the counter has %d reserved, %d paid for; the orders %d and %d; the stock is %d", n.Reserved, n.Progress(), reserved, progress, m.StockLimit)
	}
	b := m.psp.Balance()
	if got := b.Pending + b.Settled; got != there+b.ToppedUp-b.PaidOut {
		t.Errorf("the provider has %d, by its orders %d, topped up %d, paid out %d", got, there, b.ToppedUp, b.PaidOut)
	}
	m.balance(campaigns.AccountProvider("simulator"), b.Pending+b.Settled)
	m.balance(campaigns.AccountBank, m.bank)
	m.balance(campaigns.AccountOrphans, 0)
	m.balance(campaigns.AccountRefunds, 0)
	p := get(m.pay.RefundProgress(ctx, m.ID))(m.t)
	if p.Done != p.Refunds || p.DoneAmount != p.Amount || !p.Oldest.IsZero() || m.ended && p.Refunds > 0 && p.Percent() != "100.0" {
		t.Errorf("the refunds are said to be at %+v", p)
	}
}

// settledOrder holds an order against the provider's word: who has units has paid
// their price, who has none has his money. It gives what the provider has of it.
func (m *paymentModel) settledOrder(t *rapid.T, o campaigns.Order) (there int64) {
	psp := m.psp.Client()
	var refs []string
	attempts := get(m.pay.Attempts(ctx, o.ID))(m.t)
	for _, a := range attempts {
		if a.ProviderRef == "" || slices.Contains(refs, a.ProviderRef) {
			continue
		}
		refs = append(refs, a.ProviderRef)
		for _, p := range get(psp.Fetch(ctx, a.ProviderRef))(m.t).Payments {
			if p.State == campaigns.PaymentCaptured {
				there += p.Amount
			}
		}
	}
	var byHand int64
	whole := map[string]int{}
	for _, r := range m.refundsOf(o) {
		if r.State != campaigns.RefundProcessed {
			t.Errorf("refund %s of order %s is %s: %s", r.ID, o.ID, r.State, r.LastError)
		}
		if r.Kind == campaigns.RefundFull || r.Kind == campaigns.RefundOrphan {
			if whole[r.PaymentID]++; whole[r.PaymentID] > 1 {
				t.Errorf("payment %s is refunded as a whole %d times", r.PaymentID, whole[r.PaymentID])
			}
		}
		if r.ByHand {
			byHand += r.Amount
		}
		of := attempts[slices.IndexFunc(attempts, func(a campaigns.Payment) bool { return a.ID == r.PaymentID })]
		for tried := r; tried.Try >= 1; tried.Try-- {
			told, err := psp.FetchRefund(ctx, campaigns.RefundQuery{PaymentRef: of.PaymentRef, Key: tried.Key()})
			if err == nil && told.State != campaigns.RefundFailed {
				there -= told.Amount
			}
		}
	}
	var want int64
	switch o.State {
	case campaigns.OrderPaid, campaigns.OrderAllocated:
		want = o.Live() * o.Price
	case campaigns.OrderReserved, campaigns.OrderRefundDue:
		t.Errorf("order %s is %s still", o.ID, o.State)
	}
	if there-byHand != want {
		t.Errorf("order %s is %s with %d units: the provider has %d, %d were paid back by hand, and its price is %d", o.ID, o.State, o.Live(), there, byHand, want)
	}
	return there
}
