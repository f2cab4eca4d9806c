package api_test

import (
	"encoding/csv"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/internal/api"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/payments/simulator"
)

// till gives the house a payment provider. What it says is applied when a test has
// the inbox worked.
func (h *house) till(c *api.Config) {
	h.Helper()
	psp, err := simulator.Open(simulator.Options{File: filepath.Join(h.TempDir(), "psp.db"), ProcessRefund: -1})
	if err != nil {
		h.Fatal(err)
	}
	h.Cleanup(func() { _ = psp.Close() })
	h.psp = psp
	h.payments = campaigns.NewPayments(campaigns.PaymentsOptions{
		Store: h.db.Payments(), Book: h.book, Providers: []campaigns.Provider{psp.Client()},
		ReturnURL: func(order string) string { return "http://service.invalid/api/v1/orders/" + order + "/return" },
	})
	c.Payments = h.payments
	c.Fulfil = campaigns.NewFulfilment(campaigns.FulfilmentOptions{Store: h.db.Fulfilment(), Book: h.book})
}

// settle does what the service does beside requests: events and refunds.
func (h *house) settle() {
	h.Helper()
	for h.psp.Waiting() > 0 {
		if err := h.Context().Err(); err != nil {
			h.Fatal(err)
		}
	}
	for _, work := range []func() (int, error){
		func() (int, error) { return h.payments.WorkInbox(h.Context()) },
		func() (int, error) { return h.payments.SendRefunds(h.Context()) },
	} {
		for n := 1; n > 0; {
			var err error
			if n, err = work(); err != nil {
				h.Fatal(err)
			}
		}
	}
}

// buy orders and pays units as somebody.
func (h *house) buy(campaign string, who []string, key string, units int) api.Order {
	h.Helper()
	o := want[api.Order](h, h.call("POST", "/api/v1/campaigns/"+campaign+"/orders", object{"units": units}, append([]string{"Idempotency-Key", key}, who...)...), 201)
	p := want[api.Paying](h, h.call("POST", "/api/v1/orders/"+o.ID+"/pay", nil, who...), 200)
	again := want[api.Paying](h, h.call("POST", "/api/v1/orders/"+o.ID+"/pay", nil, who...), 200)
	if p.Page == nil || again.Page == nil || again.Page.URL != p.Page.URL || again.Payment.ID != p.Payment.ID {
		h.Fatalf("two clicks: %+v and %+v, want one page", p, again)
	}
	attempt, err := h.db.Campaigns().Payment(h.Context(), p.Payment.ID)
	if err != nil {
		h.Fatal(err)
	}
	if _, err := h.psp.Pay(h.Context(), attempt.ProviderRef, "1", campaigns.MethodUPI, "success@test"); err != nil {
		h.Fatal(err)
	}
	return o
}

func (h *house) orderIs(order string, who []string, state string) api.Order {
	h.Helper()
	o := want[api.Order](h, h.call("GET", "/api/v1/orders/"+order, nil, who...), 200)
	if o.State != state {
		h.Fatalf("order is %s, want %s", o.State, state)
	}
	return o
}

func TestFromAnOrderToItsRefund(t *testing.T) {
	h := build(t)
	campaign := h.campaign(0)
	_, ann := h.person("ann@example.org")
	_, bob := h.person("bob@example.org")
	o := h.buy(campaign, ann, "k", 2)
	h.settle()
	h.orderIs(o.ID, ann, "paid")
	h.problem(h.call("POST", "/api/v1/orders/"+o.ID+"/pay", nil, ann...), 409, "too-late")
	h.problem(h.call("POST", "/api/v1/orders/"+o.ID+"/pay", nil, bob...), 404, "not-found")
	h.problem(h.call("GET", "/api/v1/orders/"+o.ID+"/payments", nil, bob...), 404, "not-found")
	attempts := want[[]api.Payment](h, h.call("GET", "/api/v1/orders/"+o.ID+"/payments", nil, ann...), 200)
	if len(attempts) != 1 || attempts[0].State != "captured" || attempts[0].Outcome != "paid" {
		t.Errorf("payments %+v", attempts)
	}
	want[object](h, h.call("POST", "/api/v1/orders/"+o.ID+"/cancel", object{"units": 1}, ann...), 200)
	public := "/api/v1/campaigns/" + campaign + "/refunds"
	h.settle()
	h.settle()
	refunds := want[[]api.Refund](h, h.call("GET", "/api/v1/orders/"+o.ID+"/refunds", nil, ann...), 200)
	if len(refunds) != 1 || refunds[0].State != "processed" || refunds[0].Amount != 499_900 || refunds[0].BankRef == "" {
		t.Errorf("refunds %+v", refunds)
	}
	p := want[api.RefundProgress](h, h.call("GET", public, nil, nobody...), 200)
	if p.Percent != "100.0" || p.Done != 1 || p.OldestSeconds != 0 || p.Everybody {
		t.Errorf("progress %+v", p)
	}
	if list := want[struct{ Refunds []api.Refund }](h, h.call("GET", "/api/v1/refunds?state=processed", nil), 200); len(list.Refunds) != 1 {
		t.Errorf("refunds for operators: %+v", list)
	}
	h.problem(h.call("GET", "/api/v1/refunds", nil, ann...), 403, "forbidden")
	by := "/api/v1/refunds/" + refunds[0].ID
	h.problem(h.call("POST", by+"/propose", object{"bank_ref": "x", "paid_on": "2026-02-30", "reason": "r"}), 422, "invalid")
	h.problem(h.call("POST", by+"/propose", object{"bank_ref": "x", "paid_on": "2026-02-03", "reason": "r"}), 409, "conflict")
	for _, step := range []string{"/confirm", "/withdraw"} {
		h.problem(h.call("POST", by+step, object{"proposal": "hnd_1"}), 409, "conflict")
		h.problem(h.call("POST", by+step, object{"proposal": "hnd_1"}, ann...), 403, "forbidden")
	}
	events := want[struct{ Events []api.InboxEvent }](h, h.call("GET", "/api/v1/payments/events?state=applied", nil), 200)
	if len(events.Events) == 0 {
		t.Error("no event in the inbox")
	}
	if _, err := campaigns.AuditAll(t.Context(), h.db.Campaigns()); err != nil {
		t.Error(err)
	}
}

func TestTheBrowserComesBackBeforeTheEvent(t *testing.T) {
	h := build(t)
	campaign := h.campaign(0)
	_, ann := h.person("ann@example.org")
	o := h.buy(campaign, ann, "k", 1)
	back := "/api/v1/orders/" + o.ID + "/return"
	for _, c := range []struct{ query, state string }{{"?psp_order=x&psp_signature=y", "reserved"}, {"?" + h.way(o.ID), "paid"}} {
		r := h.call("GET", back+c.query, nil, nobody...)
		if r.StatusCode != http.StatusSeeOther || r.Header.Get("Location") != "/orders/"+o.ID {
			t.Fatalf("%s to %q", r.Status, r.Header.Get("Location"))
		}
		h.orderIs(o.ID, ann, c.state)
	}
	h.problem(h.call("GET", "/api/v1/orders/ord_none/return", nil, nobody...), 404, "not-found")
}

// way is the signed query with which the provider sends a browser back.
func (h *house) way(order string) string {
	h.Helper()
	attempts, err := h.payments.Attempts(h.Context(), order)
	if err != nil || len(attempts) == 0 {
		h.Fatalf("attempts: %+v, %v", attempts, err)
	}
	_, query, found := strings.Cut(h.psp.ReturnURL(attempts[0].ProviderRef), "?")
	if !found {
		h.Fatal("the way back has no query")
	}
	return query
}

func TestWhatIsNoEventIsNotTaken(t *testing.T) {
	h := build(t)
	const path = "/api/v1/payments/simulator/events"
	for _, c := range []struct {
		name, path, body string
		header           []string
		status           int
		kind             string
	}{
		{"forged", path, `{"id":"pspevent_1","name":"payment.captured"}`, []string{"Psp-Signature", "t=1,v1=00"}, 400, "bad-event"},
		{"unsigned", path, `{}`, nil, 400, "bad-event"},
		{"too large", path, strings.Repeat("x", 300<<10), nil, 413, "too-large"},
		{"of nobody's provider", "/api/v1/payments/barter/events", `{}`, nil, 404, "not-found"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h.problem(h.call("POST", c.path, c.body, append(c.header, "Authorization", "", "Origin", "https://elsewhere.example")...), c.status, c.kind)
		})
	}
	if n := h.payments.Counters.Forged.Load(); n != 2 {
		t.Errorf("%d forged events counted, want 2", n)
	}
	if list := want[struct{ Events []api.InboxEvent }](h, h.call("GET", "/api/v1/payments/events", nil), 200); len(list.Events) != 0 {
		t.Errorf("inbox %+v, want nothing", list)
	}
}

func TestFromAnOrderToItsShipment(t *testing.T) {
	h := build(t)
	campaign := h.campaign(0)
	path := "/api/v1/campaigns/" + campaign
	_, ann := h.person("ann@example.org")
	_, eve := h.person("eve@example.org")
	o := h.buy(campaign, ann, "k", 2)
	h.settle()
	h.problem(h.call("POST", path+"/allocations", object{"units": 2}), 409, "conflict") // it is live
	h.write("UPDATE campaign SET state = 'succeeded', regions = '[\"IN\"]' WHERE id = '" + campaign + "'")
	h.problem(h.call("POST", path+"/allocations", object{"units": 2}, ann...), 403, "forbidden")
	sold := want[struct{ Orders []api.SoldOrder }](h, h.call("POST", path+"/allocations", object{"units": 2}), 200)
	if len(sold.Orders) != 1 || sold.Orders[0].State != "allocated" {
		t.Fatalf("allocated %+v", sold)
	}
	ship := func(body object) reply { return h.call("POST", path+"/shipments", body) }
	h.problem(ship(object{"order": o.ID, "units": 1, "carrier": "Post"}), 409, "not-now")
	home := object{"name": "Ann", "line1": "1 Lake Road", "city": "Pune", "state": "Maharashtra", "postcode": "411 001", "country": "IN", "phone": "98450 12345"}
	to := "/api/v1/orders/" + o.ID + "/address"
	h.problem(h.call("GET", to, nil, ann...), 404, "not-found")
	h.problem(h.call("PUT", to, home, eve...), 404, "not-found")
	h.problem(h.call("PUT", to, object{"name": "Ann", "line1": "1 Lake Road", "city": "Pune", "state": "Poona", "postcode": "1", "country": "XX", "phone": "1"}, ann...), 422, "invalid")
	if a := want[api.Address](h, h.call("PUT", to, home, ann...), 200); a.Postcode != "411001" || a.Phone != "+919845012345" {
		t.Errorf("address %+v", a)
	}
	want[api.Address](h, h.call("GET", to, nil, ann...), 200)
	h.problem(ship(object{"order": o.ID, "units": 3, "carrier": "Post"}), 422, "invalid")
	s := want[api.Shipment](h, ship(object{"order": o.ID, "units": 2, "carrier": "Post", "tracking": "T1", "serials": []string{"A", "B"}}), 200)
	maker, kiran := h.person("kiran@example.org")
	h.write("INSERT INTO org (id, name, legal_name, country, created_at, blocked_at) VALUES ('org_1', 'Aurora', 'Aurora', 'IN', 1, 0)")
	h.write("INSERT INTO member (org, account, role, since) VALUES ('org_1', '" + maker + "', 'member', 1)")
	h.problem(h.call("GET", path+"/labels", nil), 404, "not-found") // an operator sees none
	if all := want[struct{ Labels []api.Label }](h, h.call("GET", path+"/labels", nil, kiran...), 200); len(all.Labels) != 1 || all.Labels[0].Address.City != "Pune" {
		t.Errorf("labels %+v", all)
	}
	h.problem(h.call("GET", path+"/labels", nil, ann...), 403, "forbidden")
	type moved struct {
		Shipment api.Shipment
		Order    api.Order
		Refund   *api.Refund
	}
	m := want[moved](h, h.call("POST", "/api/v1/shipments/"+s.ID+"/hand-over", object{}), 200)
	if m.Order.State != "shipped" || m.Shipment.HandedAt == nil {
		t.Errorf("handed over: %+v", m)
	}
	h.problem(h.call("POST", "/api/v1/orders/"+o.ID+"/cancel", object{}, ann...), 409, "too-late")
	h.problem(h.call("POST", "/api/v1/shipments/"+s.ID+"/deliver", nil, eve...), 404, "not-found")
	m = want[moved](h, h.call("POST", "/api/v1/shipments/"+s.ID+"/deliver", nil, ann...), 200)
	if m.Order.State != "delivered" {
		t.Errorf("delivered: %+v", m)
	}
	if own := want[[]api.Shipment](h, h.call("GET", "/api/v1/orders/"+o.ID+"/shipments", nil, ann...), 200); len(own) != 1 || own[0].Tracking != "T1" {
		t.Errorf("shipments %+v", own)
	}
	table := h.call("GET", path+"/orders.csv", nil)
	rows, err := csv.NewReader(strings.NewReader(string(table.body))).ReadAll()
	if err != nil || len(rows) != 2 || rows[1][0] != o.ID || rows[1][3] != "delivered" {
		t.Errorf("table %v, %v", rows, err)
	}
	h.problem(h.call("GET", path+"/orders.csv", nil, ann...), 404, "not-found")

	// The startup's money: settled, proposed by one operator, paid by another.
	want[object](h, h.call("POST", path+"/settlements", object{"provider": "simulator", "reference": "st1", "amount": 999_800}), 204)
	p := want[api.PayoutStep](h, h.call("POST", path+"/payouts", nil), 200)
	pay := "/api/v1/payouts/" + p.ID + "/pay"
	if alone := h.call("POST", pay, object{"bank_ref": "N1"}); alone.StatusCode != 403 {
		t.Errorf("who proposed it paid it: %s", alone.Status)
	}
	other, _ := h.token(auth.ScopeOperator)
	p = want[api.PayoutStep](h, h.call("POST", pay, object{"bank_ref": "N1"}, "Authorization", "Bearer "+other), 200)
	if p.State != "paid" || p.Payable != 999_800-49_990 {
		t.Errorf("payout %+v", p)
	}
	back := want[moved](h, h.call("POST", "/api/v1/shipments/"+s.ID+"/return", object{"reason": "broken"}), 200)
	if back.Order.State != "returned" || back.Refund == nil || back.Refund.Amount != 999_800 {
		t.Errorf("returned: %+v", back)
	}
	if _, err := campaigns.AuditAll(t.Context(), h.db.Campaigns()); err != nil {
		t.Error(err)
	}
}
