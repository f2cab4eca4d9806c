package web

import (
	"html"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/internal/store/storetest"
)

// succeeds has the campaign succeed long ago, so that all it promised is late.
func (m *market) succeeds() {
	m.Helper()
	raw, err := storetest.Beside(m.file)
	must(m, err)
	defer raw.Close()
	_, err = raw.ExecContext(m.Context(), "UPDATE campaign SET state = 'succeeded', decided_at = 1 WHERE id = $1", m.campaign.ID)
	must(m, err)
}

func TestWhereAnOrderGoes(t *testing.T) {
	m := openMarket(t)
	b := m.backed("asha@example.com")
	orders, err := m.db.Campaigns().OrdersOfBacker(t.Context(), m.commenter("asha@example.com"), "", 10)
	must(t, err)
	o := orders[0]
	path := "/orders/" + o.ID
	page := b.get(path)
	page.says(t, http.StatusOK, m.say("address.needed"), `value="asha"`, "Karnataka", html.EscapeString(m.say("address.rule")))
	good := map[string]string{
		"name": "Asha " + script, "line1": "14, 3rd Cross", "line2": "", "city": "Bengaluru", "state": "Karnataka", "postcode": "560 011", "country": "IN", "phone": "98450-12345",
	}
	send := func(by *browser, change ...string) answer {
		var pairs []string
		for name, value := range good {
			pairs = append(pairs, name, value)
		}
		values := pairsOf(pairs)
		for i := 0; i < len(change); i += 2 {
			values.Set(change[i], change[i+1])
		}
		pairs = nil
		for name := range values {
			pairs = append(pairs, name, values.Get(name))
		}
		return by.send(path+"/address", pairs...)
	}
	for field, bad := range map[string][]string{
		"name": {"", "A"}, "line1": {"", "x"}, "city": {"", "B"}, "state": {"", "Kar", script}, "postcode": {"", "060001", "56001", "5600111", "ABCDEF"},
		"country": {"", "DE", "India"}, "phone": {"", "12345", "+1", "5845012345", "+9198450123451234"},
	} {
		for _, value := range bad {
			w := send(b, field, value)
			w.says(t, http.StatusUnprocessableEntity, `id="address-`+field+`-error"`, `name="form-key"`)
			if kept := html.EscapeString(good["name"]); field != "name" && !strings.Contains(w.body, kept) {
				t.Errorf("what was typed is gone: %s", w.body)
			}
			w.plainText(t)
		}
	}
	for range 2 {
		send(b).goes(t, path+"#where")
	}
	page = b.get(path)
	page.says(t, http.StatusOK, html.EscapeString(good["name"]), "560011", "919845012345", m.say("address.change"))
	page.plainText(t)
	b.get("/account/export.json").says(t, http.StatusOK, "14, 3rd Cross")

	// Nobody else sees it: not another backer, not an operator.
	m.person("ravi@example.com")
	m.person("olga@example.com", auth.RoleOperator)
	other, operator := m.browser(), m.browser()
	other.logIn("ravi@example.com")
	operator.logIn("olga@example.com")
	other.get(path).says(t, http.StatusNotFound)
	send(other).says(t, http.StatusNotFound)
	w := operator.get(path)
	w.says(t, http.StatusOK, o.ID)
	if page := w.body; len(page) == 0 || containsAny(page, "560011", "14, 3rd Cross") {
		t.Error("an operator sees where a backer lives")
	}
	send(operator).says(t, http.StatusNotFound)

	// The hand-over ends it; the shipment is followed, and said to have come.
	now := m.clock()
	m.succeeds()
	_, err = m.ships.Allocate(t.Context(), m.campaign.ID, 1)
	must(t, err)
	p, err := m.ships.Ship(t.Context(), m.campaign.Author, campaigns.Shipment{ID: id.New("shp"), OrderID: o.ID, Campaign: m.campaign.ID, Units: 1, Carrier: "Post " + script, Tracking: "T-77", Serials: []string{"SN-1"}})
	must(t, err)
	_, err = m.ships.Move(t.Context(), m.campaign.Author, p.ID, campaigns.ShipmentHandedOver, "")
	must(t, err)
	page = b.get(path)
	page.says(t, http.StatusOK, "T-77", "SN-1", `href="/claim`, m.say("parcel.handed-at", ist(now)), m.say("parcel.arrived"), "560011")
	page.plainText(t)
	if containsAny(page.body, m.say("address.change"), m.say("order.cancel-open")) {
		t.Error("what is on its way can be changed")
	}
	send(b).says(t, http.StatusUnprocessableEntity, "it goes where it was sent")
	arrived := path + "/shipments/" + p.ID + "/delivered"
	other.send(arrived).says(t, http.StatusNotFound)
	operator.send(arrived).says(t, http.StatusNotFound)
	b.send(path+"/shipments/shp_none/delivered").says(t, http.StatusNotFound)
	for range 2 {
		b.send(arrived).goes(t, path+"#parcels")
	}
	b.get(path).says(t, http.StatusOK, m.say("order-state.delivered"), m.say("parcel.thanks"))
}

func TestAMissedShipDateIsSaid(t *testing.T) {
	m := openMarket(t)
	b := m.backed("asha@example.com")
	orders, err := m.db.Campaigns().OrdersOfBacker(t.Context(), m.commenter("asha@example.com"), "", 10)
	must(t, err)
	path := "/orders/" + orders[0].ID
	m.succeeds()
	must(t, m.ships.Tick(t.Context(), m.clock()))
	b.get(path).says(t, http.StatusOK, html.EscapeString(m.say("order.missed", istDay(m.clock()))), `href="#cancel"`)
	b.send(path+"/cancel", "units", "1", "form-key", "c").goes(t, path)
	b.get(path).says(t, http.StatusOK, m.say("order-state.refund_due"))
}

func containsAny(text string, some ...string) bool {
	return slices.ContainsFunc(some, func(s string) bool { return strings.Contains(text, s) })
}
