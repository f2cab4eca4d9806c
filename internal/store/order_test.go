package store_test

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/registry"
)

const price = 499_900 // newCampaign's

var orderCases = []conformanceCase{
	{"an order is reserved at the price of the moment", func(t *testing.T, db *storeDB) {
		s := newShop(t, db, 10)
		o := s.order("ann", 2)
		same(t, o.State, campaigns.OrderReserved)
		same(t, o.PayUntil, now.Add(campaigns.PayWindow))
		same(t, o.Amount(), int64(2*price))
		same(t, get(s.store.Order(ctx, o.ID))(t), o)
		same(t, get(s.store.OrdersOfBacker(ctx, s.backer("ann"), "", 0))(t), []campaigns.Order{o})
		s.counts("2 0 0 0 0")
		s.balance(campaigns.AccountPledges, 2*price)
		later := s.wish("ann", 1)
		later.Order.Price = price + 1 // what an old page showed
		s.refused(later, campaigns.ErrBadOrder)
	}},
	{"the same key never makes a second order", func(t *testing.T, db *storeDB) {
		s := newShop(t, db, 10)
		w := s.wish("bob", 1)
		again, other, twice := *w, *w, *w
		again.Order.ID, other.Order.ID, twice.Order.ID = id.New("ord"), id.New("ord"), id.New("ord")
		other.Order.Units = 2
		o := s.do(w).Order
		a := s.do(&again)
		same(t, a.Order, o)
		same(t, a.Repeat, true)
		s.refused(&other, campaigns.ErrKeyReused)
		s.counts("1 0 0 0 0")
		// Given once more after an unknown outcome, it is the same and no repeat.
		a = s.do(w)
		same(t, a.Order, o)
		same(t, a.Repeat, false)
		// Twice in one batch, and from another campaign.
		fresh := s.wish("bob", 3)
		double := *fresh
		double.Order.ID = id.New("ord")
		answers := s.apply(fresh, &double)
		same(t, answers[1].Order.ID, fresh.Order.ID)
		same(t, answers[1].Repeat, true)
		elsewhere := newShop(t, db, 0)
		twice.Order.Campaign = elsewhere.ID
		elsewhere.refused(&twice, campaigns.ErrKeyReused)
		s.counts("4 0 0 0 0")
		// A key is its backer's own.
		carol := *w
		carol.Order.ID, carol.Order.Backer = id.New("ord"), s.backer("carol")
		same(t, s.do(&carol).Repeat, false)
	}},
	{"a key that is known is answered when nothing is left", func(t *testing.T, db *storeDB) {
		s := newShop(t, db, 1)
		w := s.wish("dan", 1)
		s.do(w)
		again := *w
		again.Order.ID = id.New("ord")
		answers := s.apply(s.wish("eve", 1), &again)
		wantError(t, answers[0].Err, campaigns.ErrSoldOut)
		same(t, answers[1].Order.ID, w.Order.ID)
	}},
	{"the first that fit get in", func(t *testing.T, db *storeDB) {
		s := newShop(t, db, 5)
		var got []string
		for i, a := range s.apply(s.wish("a", 2), s.wish("b", 2), s.wish("c", 2), s.wish("d", 1), s.wish("e", 1)) {
			word := fmt.Sprint(i, " in")
			if a.Err != nil {
				wantError(t, a.Err, campaigns.ErrSoldOut)
				word = fmt.Sprint(i, " out")
			}
			got = append(got, word)
		}
		same(t, got, []string{"0 in", "1 in", "2 out", "3 in", "4 out"})
		s.counts("5 0 0 0 0")
	}},
	{"a variant has stock of its own", func(t *testing.T, db *storeDB) {
		s := newShop(t, db, 4, func(c *campaigns.Campaign) {
			c.Variants = []campaigns.Variant{{ID: id.New("var"), Campaign: c.ID, Name: "white", StockLimit: 2}, {ID: id.New("var"), Campaign: c.ID, Name: "green"}}
		})
		white, green := s.Variants[0].ID, s.Variants[1].ID
		of := func(variant string, units int64) *campaigns.Reserve {
			w := s.wish("ann", units)
			w.Order.Variant = variant
			return w
		}
		s.do(of(white, 2))
		s.refused(of(white, 1), campaigns.ErrSoldOut)
		s.refused(s.wish("ann", 1), campaigns.ErrBadOrder)
		s.refused(of("var_none", 1), campaigns.ErrBadOrder)
		s.refused(of(green, 3), campaigns.ErrSoldOut) // the campaign has two left
		s.do(of(green, 2))
	}},
	{"nobody has more than the limit", func(t *testing.T, db *storeDB) {
		s := newShop(t, db, 0, func(c *campaigns.Campaign) { c.PerBackerLimit = 3 })
		first := s.order("ann", 2)
		s.refused(s.wish("ann", 2), campaigns.ErrLimit)
		s.order("ann", 1)
		answers := s.apply(s.wish("bob", 3), s.wish("bob", 1), s.wish("carol", 1))
		must(t, answers[0].Err)
		wantError(t, answers[1].Err, campaigns.ErrLimit)
		must(t, answers[2].Err)
		s.pay(first)
		s.refused(s.wish("ann", 1), campaigns.ErrLimit)
		s.do(s.cancel(first, 1))
		s.order("ann", 1)
	}},
	{"nothing is sold that is not open", func(t *testing.T, db *storeDB) {
		draft := newShop(t, db, 0, func(c *campaigns.Campaign) { c.State = campaigns.CampaignScheduled })
		draft.refused(draft.wish("ann", 1), campaigns.ErrNotOpen)
		held := newShop(t, db, 0, func(c *campaigns.Campaign) { c.Held = true })
		held.refused(held.wish("ann", 1), campaigns.ErrHeld)
		s := newShop(t, db, 0)
		s.at = s.OpensAt.Add(-1)
		s.refused(s.wish("ann", 1), campaigns.ErrNotOpen)
		s.at = s.ClosesAt.Add(-1)
		s.order("ann", 1)
		s.at = s.ClosesAt
		s.refused(s.wish("ann", 1), campaigns.ErrNotOpen)
		s.at = s.ClosesAt.Add(-time.Minute) // a node whose clock is behind
		s.refused(s.wish("ann", 1), campaigns.ErrNotOpen)
		s.refused(&campaigns.Reserve{Order: campaigns.Order{ID: id.New("ord"), Campaign: "cmp_none", Key: "k", Units: 1}}, registry.ErrNotFound)
	}},
	{"a reservation expires and gives its stock back", func(t *testing.T, db *storeDB) {
		s := newShop(t, db, 2)
		o := s.order("ann", 2)
		expire := &campaigns.Expire{Campaign: s.ID, OrderID: o.ID}
		s.pass(campaigns.PayWindow - 1)
		same(t, len(s.overdue()), 0)
		s.do(expire)
		s.state(o, campaigns.OrderReserved)
		s.pass(1)
		same(t, s.overdue(), []campaigns.Expire{*expire})
		s.do(expire)
		s.do(expire) // once more does nothing
		s.state(o, campaigns.OrderExpired)
		s.counts("0 0 0 0 0")
		s.balance(campaigns.AccountPledges, 0)
		s.order("bob", 2)
	}},
	{"a paid order is paid once", func(t *testing.T, db *storeDB) {
		s := newShop(t, db, 10)
		o := s.order("ann", 2)
		p := s.attempt(o)
		c := capture(p, o.Amount())
		a := s.do(c)
		same(t, a.Outcome, campaigns.CapturePaid)
		same(t, a.Order.State, campaigns.OrderPaid)
		s.counts("0 2 0 1 0")
		s.balance(campaigns.AccountBackers, 2*price)
		s.balance(campaigns.AccountProvider("simulator"), 2*price)
		same(t, get(s.store.Payment(ctx, p.ID))(t), a.Payment)
		again := *c // the event after the return page
		again.SpareID, again.RefundID = id.New("pat"), id.New("rfd")
		same(t, s.do(&again).Repeat, true)
		s.counts("0 2 0 1 0")
		// A second payment on the same page of the provider goes back.
		second := *c
		second.Captured.Ref, second.SpareID, second.RefundID = "pay_other", id.New("pat"), id.New("rfd")
		a = s.do(&second)
		same(t, a.Outcome, campaigns.CaptureOrphan)
		same(t, a.Refund.Amount, int64(2*price))
		same(t, a.Payment.ID, second.SpareID)
		s.balance(campaigns.AccountOrphans, 2*price)
		s.processed(a.Refund)
		s.balance(campaigns.AccountOrphans, 0)
		s.state(o, campaigns.OrderPaid)
		vouchers := get(s.store.VouchersOfOrder(ctx, o.ID))(t)
		same(t, len(vouchers), 1)
		same(t, vouchers[0].Seq, int64(1))
	}},
	{"two captures of one order in one batch pay it once", func(t *testing.T, db *storeDB) {
		s := newShop(t, db, 10)
		o := s.order("ann", 1)
		first, second := s.attempt(o), s.attempt(o)
		answers := s.apply(capture(first, price), capture(second, price))
		same(t, answers[0].Outcome, campaigns.CapturePaid)
		same(t, answers[1].Outcome, campaigns.CaptureOrphan)
	}},
	{"too much is given back, too little does not pay", func(t *testing.T, db *storeDB) {
		s := newShop(t, db, 10)
		o := s.order("ann", 1)
		a := s.do(capture(s.attempt(o), price-1))
		same(t, a.Outcome, campaigns.CaptureOrphan)
		s.state(o, campaigns.OrderReserved)
		a = s.do(capture(s.attempt(o), price+100))
		same(t, a.Outcome, campaigns.CapturePaid)
		same(t, a.Refund.Kind, campaigns.RefundSurplus)
		same(t, a.Refund.Amount, int64(100))
	}},
	{"a late capture is taken while there is stock, and goes back when there is none", func(t *testing.T, db *storeDB) {
		s := newShop(t, db, 1)
		o := s.order("ann", 1)
		p, late := s.attempt(o), s.attempt(o)
		s.pass(campaigns.PayWindow)
		s.do(&campaigns.Expire{Campaign: s.ID, OrderID: o.ID})
		other := s.order("bob", 1)
		a := s.do(capture(p, price))
		same(t, a.Outcome, campaigns.CaptureOrphan)
		s.state(o, campaigns.OrderExpired)
		s.do(s.cancel(other, 0))
		a = s.do(capture(late, price))
		same(t, a.Outcome, campaigns.CaptureReadmitted)
		s.state(o, campaigns.OrderPaid)
		s.counts("0 1 0 1 0")
	}},
	{"cancelling gives the money back until the hand-over", func(t *testing.T, db *storeDB) {
		s := newShop(t, db, 10)
		o := s.order("ann", 3)
		s.do(s.cancel(o, 1)) // not paid yet: two are left to pay
		o = get(s.store.Order(ctx, o.ID))(t)
		same(t, o.Units, int64(2))
		s.pay(o)
		s.counts("0 2 0 1 0")
		some := s.cancel(o, 1)
		a := s.do(some)
		same(t, a.Refund.Kind, campaigns.RefundPartial)
		same(t, a.Order.State, campaigns.OrderPaid)
		same(t, s.do(some).Repeat, true) // the same click
		s.counts("0 2 1 1 0")
		s.refused(s.cancel(o, 2), campaigns.ErrBadOrder)
		rest := s.do(s.cancel(o, 0))
		same(t, rest.Order.State, campaigns.OrderRefundDue)
		same(t, s.do(s.cancel(o, 0)).Repeat, true) // another one
		s.counts("0 2 2 0 0")
		s.balance(campaigns.AccountRefunds, 2*price)
		s.processed(a.Refund)
		s.state(o, campaigns.OrderRefundDue)
		s.processed(rest.Refund)
		s.state(o, campaigns.OrderRefunded)
		s.balance(campaigns.AccountRefunds, 0)
		s.balance(campaigns.AccountProvider("simulator"), 0)
		// The bank sends it back: the order waits again.
		s.do(s.moved(rest.Refund, campaigns.RefundProcessed, campaigns.RefundFailed))
		s.state(o, campaigns.OrderRefundDue)
		s.do(s.moved(rest.Refund, campaigns.RefundFailed, campaigns.RefundQueued))
		s.processed(rest.Refund)
		s.state(o, campaigns.OrderRefunded)
		s.refused(s.wrong(o), registry.ErrNotFound)
	}},
	{"what was handed over cannot be cancelled", func(t *testing.T, db *storeDB) {
		s := newShop(t, db, 10)
		o := s.order("ann", 1)
		s.pay(o)
		for _, step := range [][2]campaigns.OrderState{{campaigns.OrderPaid, campaigns.OrderAllocated}, {campaigns.OrderAllocated, campaigns.OrderShipped}} {
			s.do(&campaigns.Move{Campaign: s.ID, OrderID: o.ID, From: step[0], To: step[1]})
		}
		s.refused(s.cancel(o, 0), campaigns.ErrTooLate)
		s.refused(&campaigns.Move{Campaign: s.ID, OrderID: o.ID, From: campaigns.OrderPaid, To: campaigns.OrderAllocated}, registry.ErrConflict)
		s.do(&campaigns.Move{Campaign: s.ID, OrderID: o.ID, From: campaigns.OrderShipped, To: campaigns.OrderDelivered})
		s.balance(campaigns.AccountStartup, price)
		s.balance(campaigns.AccountBackers, 0)
		a := s.do(&campaigns.Move{Campaign: s.ID, OrderID: o.ID, From: campaigns.OrderDelivered, To: campaigns.OrderReturned, RefundID: id.New("rfd")})
		s.balance(campaigns.AccountStartup, 0)
		s.processed(a.Refund)
		s.state(o, campaigns.OrderReturned)
	}},
	{"a campaign that fails refunds and keeps what it reached", func(t *testing.T, db *storeDB) {
		s := newShop(t, db, 10)
		o := s.order("ann", 2)
		s.pay(o)
		c := s.cancel(o, 0)
		c.Cause, c.Backer = campaigns.CauseCampaign, ""
		a := s.do(c)
		same(t, a.Refund.Kind, campaigns.RefundFull)
		s.counts("0 2 0 1 0")
		s.processed(a.Refund)
		s.state(o, campaigns.OrderRefunded)
	}},
	{"advances are taken back with the units", func(t *testing.T, db *storeDB) {
		s := newShop(t, db, 10)
		a, b, c := s.order("ann", 1), s.order("bob", 2), s.order("carol", 1)
		for _, o := range []campaigns.Order{a, b, c} {
			s.pay(o)
		}
		_, err := s.store.PayAdvance(ctx, s.ID, "success", 3000, false, s.at)
		wantError(t, err, registry.ErrConflict) // the provider has not settled
		s.do(&campaigns.Post{Transfer: campaigns.SettlementTransfer(s.ID, "simulator", "st_1", 4*price-8000, 8000)})
		same(t, get(s.store.PayAdvance(ctx, s.ID, "success", 3000, false, s.at))(t), int64(4*149_970))
		s.audit()
		same(t, get(s.store.PayAdvance(ctx, s.ID, "success", 3000, false, s.at))(t), int64(0))
		s.do(s.cancel(b, 1))
		s.audit()
		for _, step := range [][2]campaigns.OrderState{{campaigns.OrderPaid, campaigns.OrderAllocated}, {campaigns.OrderAllocated, campaigns.OrderShipped}, {campaigns.OrderShipped, campaigns.OrderDelivered}} {
			s.do(&campaigns.Move{Campaign: s.ID, OrderID: a.ID, From: step[0], To: step[1]})
		}
		s.do(s.cancel(c, 0))
		p := campaigns.PayoutOf(s.ID, get(s.store.Balances(ctx, s.ID))(t), 500)
		// One delivered at 4,999.00, less its advance; two advances of 1,499.70 recalled.
		same(t, p.Earned, int64(price-3*149_970))
		same(t, p.Costs, int64(8000))
		same(t, p.Payable, p.Earned-p.Costs-p.Fee)
		transfer, err := p.Transfer("po_1")
		must(t, err)
		s.do(&campaigns.Post{Transfer: transfer})
		same(t, s.do(&campaigns.Post{Transfer: transfer}).Repeat, true)
		s.balance(campaigns.AccountStartup, 0)
		s.balance(campaigns.AccountFees, p.Fee)
	}},
	{"the books can only be added to", func(t *testing.T, db *storeDB) {
		s := newShop(t, db, 10)
		o := s.order("ann", 1)
		s.pay(o)
		for _, table := range []string{"ledger_transfer", "ledger_posting", "voucher"} {
			for _, statement := range []string{"DELETE FROM " + table, "UPDATE " + table + " SET campaign = 'x'"} {
				if table == "ledger_posting" {
					statement = map[bool]string{true: "DELETE FROM ledger_posting", false: "UPDATE ledger_posting SET amount = 1"}[statement[0] == 'D']
				}
				if err := db.Write(ctx, statement); err == nil {
					t.Errorf("%s was allowed", statement)
				}
			}
		}
		if err := db.Write(ctx, "INSERT INTO ledger_posting (event, seq, debit, credit, amount) VALUES ('x', 1, 'bank', 'fees', 0)"); err == nil {
			t.Error("a posting of nothing was allowed")
		}
		transfers := get(s.store.TransfersOf(ctx, o.ID))(t)
		same(t, transfers, []campaigns.Transfer{{Event: o.ID + "/reserved", Campaign: s.ID, At: now, Postings: []campaigns.Posting{
			{Debit: campaigns.AccountPledges, Credit: campaigns.AccountPledgers, Amount: price},
		}}})
	}},
	{"the audit sees what does not agree", func(t *testing.T, db *storeDB) {
		s := newShop(t, db, 10)
		s.pay(s.order("ann", 1))
		must(t, db.Write(ctx, "UPDATE campaign_counter SET paid = 2 WHERE campaign = '"+s.ID+"'"))
		must(t, db.Write(ctx, "UPDATE ledger_balance SET debit = debit + 1 WHERE account = 'psp:simulator' AND campaign = '"+s.ID+"'"))
		rules := map[string]bool{}
		for _, b := range get(s.store.Books(ctx))(t) {
			for _, breach := range campaigns.Audit(b) {
				rules[breach.Rule] = true
			}
		}
		same(t, rules, map[string]bool{"the counter is the sum of the orders": true, "a balance is the sum of its postings": true})
		must(t, db.Write(ctx, "UPDATE campaign_counter SET paid = 1 WHERE campaign = '"+s.ID+"'"))
		must(t, db.Write(ctx, "UPDATE ledger_balance SET debit = debit - 1 WHERE account = 'psp:simulator' AND campaign = '"+s.ID+"'"))
		s.audit()
	}},
}

// wrong is a cancellation by somebody else.
func (s *shop) wrong(o campaigns.Order) *campaigns.Cancel {
	c := s.cancel(o, 0)
	c.Backer = "acc_mallory"
	return c
}

var waitingCases = []conformanceCase{
	{"what expires is offered to who waits, in order", func(t *testing.T, db *storeDB) {
		s := newShop(t, db, 3)
		o := s.order("ann", 3)
		join := func(backer string, units int64) *campaigns.Join {
			return &campaigns.Join{Entry: campaigns.Waiting{ID: id.New("wtg"), Campaign: s.ID, Backer: s.backer(backer), Units: units}}
		}
		bob := s.do(join("bob", 2)).Entry
		same(t, s.do(join("bob", 1)).Entry, bob) // he waits already
		carol := s.do(join("carol", 2)).Entry
		dan := s.do(join("dan", 1)).Entry
		s.counts("3 0 0 0 3")
		same(t, get(s.store.WaitingAhead(ctx, dan))(t), int64(2))
		s.pass(campaigns.PayWindow)
		s.do(&campaigns.Expire{Campaign: s.ID, OrderID: o.ID})
		s.counts("3 0 0 0 1") // bob has two, carol the one that was left
		made := get(s.store.OrdersOfBacker(ctx, s.backer("bob"), "", 0))(t)
		same(t, len(made), 1)
		same(t, made[0].Entry, bob.ID)
		same(t, made[0].Units, int64(2))
		same(t, made[0].PayUntil, s.at.Add(campaigns.OfferWindow))
		same(t, get(s.store.OrdersOfBacker(ctx, s.backer("carol"), "", 0))(t)[0].Units, int64(1))
		s.refused(s.wish("eve", 1), campaigns.ErrSoldOut)
		s.do(&campaigns.Leave{Campaign: s.ID, EntryID: dan.ID, Backer: dan.Backer})
		s.refused(&campaigns.Leave{Campaign: s.ID, EntryID: carol.ID, Backer: "acc_mallory"}, registry.ErrNotFound)
		s.counts("3 0 0 0 0")
		s.pay(made[0])
		same(t, get(s.store.WaitingOfBacker(ctx, s.ID, s.backer("dan")))(t)[0].State, campaigns.WaitingLeft)
	}},
	{"nobody waits for what can be ordered, and nobody overtakes", func(t *testing.T, db *storeDB) {
		s := newShop(t, db, 2)
		entry := campaigns.Waiting{ID: id.New("wtg"), Campaign: s.ID, Backer: s.backer("bob"), Units: 2}
		s.refused(&campaigns.Join{Entry: entry}, campaigns.ErrInStock)
		o := s.order("ann", 1)
		s.do(&campaigns.Join{Entry: entry}) // one is left, he wants two
		s.refused(s.wish("carol", 1), campaigns.ErrSoldOut)
		same(t, slices.Contains(get(s.store.CampaignsToFeed(ctx, s.at))(t), s.ID), true)
		s.do(&campaigns.Feed{Campaign: s.ID})
		s.counts("2 0 0 0 0")
		same(t, get(s.store.OrdersOfBacker(ctx, s.backer("bob"), "", 0))(t)[0].Units, int64(1))
		s.do(s.cancel(o, 0))
		s.order("carol", 1)
	}},
	{"the list ends with the campaign", func(t *testing.T, db *storeDB) {
		s := newShop(t, db, 1)
		s.order("ann", 1)
		s.do(&campaigns.Join{Entry: campaigns.Waiting{ID: id.New("wtg"), Campaign: s.ID, Backer: s.backer("bob"), Units: 1}})
		s.at = s.ClosesAt
		s.do(&campaigns.Feed{Campaign: s.ID})
		same(t, get(s.store.WaitingOfBacker(ctx, s.ID, s.backer("bob")))(t)[0].State, campaigns.WaitingEnded)
		s.counts("1 0 0 0 0")
	}},
}

// 5,008 units sell exactly, whoever shouts, through two processes.
func TestAStockOf5008SellsExactly(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *storeDB) {
		s := newShop(t, db, 5008)
		other := db
		if db.Engine() == "postgres" {
			other = open(t, db.url)
		}
		books := []*campaigns.Book{
			campaigns.NewBook(campaigns.Options{Store: db.Campaigns(), Now: func() time.Time { return now }}),
			campaigns.NewBook(campaigns.Options{Store: other.Campaigns(), Now: func() time.Time { return now }}),
		}
		var in, out atomic.Int64
		for _, err := range together(256, func(i int) error {
			for n := range 40 {
				_, err := books[i%2].Do(ctx, s.wish(fmt.Sprint(i, "-", n), 1))
				switch {
				case err == nil:
					in.Add(1)
				case errors.Is(err, campaigns.ErrSoldOut):
					out.Add(1)
				default:
					return err
				}
			}
			return nil
		}) {
			must(t, err)
		}
		same(t, in.Load(), int64(5008))
		same(t, out.Load(), int64(256*40-5008))
		s.counts("5008 0 0 0 0")
		for _, b := range books {
			must(t, b.Stop(ctx))
		}
		s.audit()
	})
}

func BenchmarkReserve(b *testing.B) {
	eachEngine(b, func(b *testing.B, db *storeDB) {
		s := newShop(b, db, 0, func(c *campaigns.Campaign) { c.PerBackerLimit = 1 << 30 })
		for _, size := range []int{1, 48, 256} {
			b.Run(fmt.Sprint(size), func(b *testing.B) {
				n := 0
				for b.Loop() {
					ops := make([]campaigns.Op, size)
					for i := range ops {
						n++
						ops[i] = s.wish(fmt.Sprintf("01890000-0000-7000-8000-%012d", n%5000), 1)
					}
					applied, err := db.Campaigns().Apply(ctx, ops, func() time.Time { return now })
					must(b, err)
					for _, a := range applied.Answers {
						must(b, a.Err)
					}
				}
				b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "orders/s")
			})
		}
	})
}
