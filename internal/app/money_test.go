package app_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/internal/api"
	"github.com/proofmark/proofmark/internal/payments/simulator"
)

const unit = int64(499_900) // paise

func readJSON(t *testing.T, file string, out any) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(b, out)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestMoneyFromListingToItsEnd goes the ways of a campaign over HTTP, each after the
// other in one service: the target missed, the target met, the certificate suspended.
func TestMoneyFromListingToItsEnd(t *testing.T) {
	if testing.Short() {
		t.Skip("it judges a recorded day first")
	}
	b := openBazaar(t)
	t.Run("the target is missed, and everybody has everything back", func(t *testing.T) { b.at(t).missed() })
	t.Run("the target is met, units are shipped, and the startup is paid", func(t *testing.T) { b.at(t).met() })
	t.Run("a backer ends the news by one click, and nothing else", func(t *testing.T) { b.at(t).unsubscribes() })
	t.Run("a suspension stops a flash sale within a second", func(t *testing.T) { b.at(t).suspended() })
	if audited, err := b.Audited(t.Context()); err != nil || audited < 3 {
		t.Errorf("audited %d campaigns: %v", audited, err)
	}
}

// at has a part of the test speak for the bazaar.
func (b *bazaar) at(t *testing.T) *bazaar { b.t = t; return b }

func (b *bazaar) missed() {
	t := b.t
	s := b.live(5, 10)
	first, second := s.bought(0, 2), s.bought(1, 1)
	open := s.order(2, 1, "open")
	again := s.order(2, 1, "open")
	if again.ID != open.ID {
		t.Errorf("the same key made %s and %s", open.ID, again.ID)
	}
	s.as(s.buyers[1], "POST", "/api/v1/orders/"+second.ID+"/cancel", object{}, nil, "Idempotency-Key", "c1")
	s.until("what was cancelled is refunded", func() bool {
		return s.read(1, second.ID).State == "refunded"
	})
	s.balances(map[string]int64{"psp:simulator": 2 * unit, "backers": 2 * unit, "pledges": unit, "pledgers": unit})
	b.pass(24 * time.Hour)
	s.refused(s.buyers[0], "POST", s.path("/orders"), object{"units": 1}, http.StatusConflict, "", "Idempotency-Key", "late")
	s.becomes("failed")
	var progress api.RefundProgress
	s.until("everybody is refunded", func() bool {
		progress = api.RefundProgress{}
		s.as("", "GET", s.path("/refunds"), nil, &progress)
		return progress.Percent == "100.0"
	})
	if !progress.Everybody || progress.Refunds != 2 || progress.Done != 2 || progress.DoneAmount != 3*unit || progress.OldestSince != nil {
		t.Errorf("public refunds %+v", progress)
	}
	for buyer, order := range map[int]string{0: first.ID, 1: second.ID} {
		if o := s.read(buyer, order); o.State != "refunded" {
			t.Errorf("order %s is %s", order, o.State)
		}
		if got := s.vouchers(buyer, order); got != "receipt refund" {
			t.Errorf("vouchers of %s: %q", order, got)
		}
	}
	if o := s.read(2, open.ID); o.State != "expired" && o.State != "cancelled" {
		t.Errorf("what was never paid is %s", o.State)
	}
	s.balances(map[string]int64{})
	var held simulator.Balance
	if b.psp("GET", "/balance", nil, &held); held.Pending+held.Settled != 0 {
		t.Errorf("the provider holds %+v", held)
	}
}

func (b *bazaar) met() {
	t := b.t
	s := b.live(3, 10)
	late := s.order(2, 1, "late")
	a := s.bought(0, 2)
	c := s.bought(1, 1)
	s.as(s.buyers[2], "POST", "/api/v1/orders/"+late.ID+"/cancel", object{}, nil)
	d := s.bought(3, 1)
	b.pass(24 * time.Hour)
	s.becomes("succeeded")
	s.refused(s.maya, "POST", s.path("/allocations"), object{"units": 0}, http.StatusUnprocessableEntity, "units")

	// The advance waits for the escrow account.
	total := 4 * unit
	b.pass(48 * time.Hour)
	b.psp("POST", "/balance/payout", object{"amount": total - unit}, nil)
	s.as(s.omar, "POST", s.path("/settlements"), object{"provider": "simulator", "reference": "st_1", "amount": total - unit}, nil)
	advance := total * 3 / 10
	s.until("the advance is paid", func() bool {
		var found []api.Balance
		s.as(s.omar, "GET", s.path("/balances"), nil, &found)
		for _, x := range found {
			if x.Account == "advance" {
				return x.Amount == advance
			}
		}
		return false
	})
	s.balances(map[string]int64{"psp:simulator": unit, "bank": total - unit - advance, "backers": total, "advance": advance})

	// Units go out in the order of payment: three cover the first two orders.
	var got struct{ Orders []api.SoldOrder }
	s.as(s.maya, "POST", s.path("/allocations"), object{"units": 3}, &got)
	if len(got.Orders) != 2 || got.Orders[0].ID != a.ID || got.Orders[1].ID != c.ID {
		t.Fatalf("allocated %+v, want %s and %s", got.Orders, a.ID, c.ID)
	}
	s.refused(s.maya, "POST", s.path("/shipments"), object{"order": a.ID, "units": 2, "carrier": "India Post"}, http.StatusConflict, "address")
	for buyer, o := range map[int]string{0: a.ID, 1: c.ID, 3: d.ID} {
		s.as(s.buyers[buyer], "PUT", "/api/v1/orders/"+o+"/address", object{
			"name": "A backer", "line1": "1, Sample Road", "city": "Bengaluru", "state": "Karnataka", "postcode": "560011", "country": "IN", "phone": "9845000001",
		}, nil)
	}
	var whole, part api.Shipment
	s.as(s.maya, "POST", s.path("/shipments"), object{"order": a.ID, "units": 2, "carrier": "India Post", "serials": []string{"E1", "E2"}}, &whole)
	s.refused(s.maya, "POST", s.path("/shipments"), object{"order": d.ID, "units": 1, "carrier": "India Post"}, http.StatusConflict, "allocate")
	s.as(s.maya, "POST", s.path("/shipments"), object{"order": c.ID, "units": 1, "carrier": "India Post", "serials": []string{"E3"}}, &part)
	for _, shipment := range []string{whole.ID, part.ID} {
		s.as(s.maya, "POST", "/api/v1/shipments/"+shipment+"/hand-over", object{}, nil)
	}
	s.becomes("fulfilling")
	s.refused(s.buyers[0], "POST", "/api/v1/orders/"+a.ID+"/cancel", object{}, http.StatusConflict, "handed over")
	s.as(s.buyers[0], "POST", "/api/v1/shipments/"+whole.ID+"/deliver", object{}, nil)
	s.as(s.omar, "POST", "/api/v1/shipments/"+part.ID+"/deliver", object{}, nil)
	if o := s.read(0, a.ID); o.State != "delivered" {
		t.Fatalf("order %s is %s", a.ID, o.State)
	}

	// One unit comes back before the startup is paid.
	var back struct{ Refund api.Refund }
	s.as(s.maya, "POST", "/api/v1/shipments/"+part.ID+"/return", object{"reason": "it rattles"}, &back)
	if back.Refund.Amount != unit {
		t.Errorf("the return refunds %+v", back.Refund)
	}
	s.until("the returned unit is refunded", func() bool {
		var found []api.Refund
		s.as(s.buyers[1], "GET", "/api/v1/orders/"+c.ID+"/refunds", nil, &found)
		return len(found) == 1 && found[0].State == "processed"
	})
	if got := s.vouchers(1, c.ID); got != "receipt refund" {
		t.Errorf("vouchers of the return: %q", got)
	}

	// Two operators pay: earned are two delivered units, of which 30 % were advanced;
	// the advance of the unit that came back is a debt.
	earned := 2*unit - 3*unit*3/10
	fee := earned * 5 / 100
	var pay api.PayoutStep
	s.as(s.omar, "POST", s.path("/payouts"), object{}, &pay)
	if pay.Earned != earned || pay.Fee != fee || pay.Payable != earned-fee {
		t.Fatalf("the statement is %+v; want %d earned, a fee of %d", pay, earned, fee)
	}
	s.refused(s.omar, "POST", "/api/v1/payouts/"+pay.ID+"/pay", object{"bank_ref": "NEFT 1"}, http.StatusForbidden, "payout-two")
	s.as(s.olga, "POST", "/api/v1/payouts/"+pay.ID+"/pay", object{"bank_ref": "NEFT 1"}, &pay)
	if pay.State != "paid" || pay.EndedBy == pay.ProposedBy {
		t.Errorf("the payout is %+v", pay)
	}
	held := unit * 3 / 10 // of the advance, for the order that is still to be shipped
	s.balances(map[string]int64{
		"bank": total - unit - advance - pay.Payable, "backers": unit, "advance": held, "fees": fee,
	})

	// The last order is cancelled: the campaign is completed.
	b.psp("POST", "/balance/topup", object{"amount": unit}, nil)
	s.as(s.omar, "POST", s.path("/settlements"), object{"provider": "simulator", "reference": "tu_1", "amount": -unit}, nil)
	s.as(s.buyers[3], "POST", "/api/v1/orders/"+d.ID+"/cancel", object{}, nil)
	s.until("the last order is refunded", func() bool {
		return s.read(3, d.ID).State == "refunded"
	})
	b.pass(2 * time.Minute)
	s.becomes("completed")
}

func (b *bazaar) suspended() {
	t := b.t
	s := b.live(3, 0)
	var c certification.Certificate
	b.as("", "GET", "/api/v1/certificates/"+s.Certificate, nil, &c)
	type answer struct {
		at     time.Time
		status int
		body   []byte
	}
	stop, answers := make(chan struct{}), make(chan []answer, 4)
	for buyer := range 4 {
		go func() {
			var mine []answer
			for n := 0; ; n++ {
				select {
				case <-stop:
					answers <- mine
					return
				default:
				}
				sent := time.Now()
				status, body := b.try(b.buyers[buyer], "POST", s.path("/orders"), object{"units": 1}, "Idempotency-Key", fmt.Sprint("flash", n))
				mine = append(mine, answer{sent, status, body})
			}
		}()
	}
	sold := func() int64 {
		var p api.CampaignProgress
		b.as("", "GET", s.path("/progress"), nil, &p)
		return p.Units.Reserved
	}
	b.until("the sale has begun", func() bool { return sold() >= 20 })
	b.as(b.lina, "POST", "/api/v1/certificates/"+s.Certificate+"/suspend", object{"rev": c.Rev, "reason": "the heater stays on for ever"}, &c)
	suspended := time.Now()
	b.until("the page says so", func() bool {
		b.as(b.maya, "GET", s.path(""), nil, &s.Campaign)
		return s.Held
	})
	b.until("an order after it was answered", func() bool {
		status, _ := b.try(b.buyers[0], "POST", s.path("/orders"), object{"units": 1}, "Idempotency-Key", "after")
		return status == http.StatusConflict
	})
	close(stop)
	var accepted, refused int
	for range 4 {
		for _, a := range <-answers {
			switch {
			case a.status/100 == 2:
				accepted++
				if a.at.After(suspended) { // sent after the suspension was answered
					t.Errorf("an order that was sent %s after the suspension was accepted", a.at.Sub(suspended))
				}
			case a.status == http.StatusConflict && strings.Contains(string(a.body), "held"):
				refused++
			case a.status != http.StatusTooManyRequests:
				t.Errorf("order: %d: %s", a.status, a.body)
			}
		}
	}
	if accepted == 0 || int64(accepted) != sold() {
		t.Errorf("%d orders were acknowledged, %d units are reserved", accepted, sold())
	}
	b.as(b.lina, "POST", "/api/v1/certificates/"+s.Certificate+"/reinstate", object{"rev": c.Rev, "reason": "the heater was mended"}, nil)
	b.until("it sells again", func() bool {
		status, _ := b.try(b.buyers[0], "POST", s.path("/orders"), object{"units": 1}, "Idempotency-Key", "again")
		return status/100 == 2
	})
	t.Logf("%d orders accepted before the suspension, %d refused", accepted, refused)
}
