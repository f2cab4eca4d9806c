package web

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/bus"
	"github.com/proofmark/proofmark/miot"
	"github.com/proofmark/proofmark/registry"
)

func TestOperatorsLetADeviceInAgain(t *testing.T) {
	var reg *registry.Registry
	h := openHouse(t, func(h *house) Section {
		local := bus.NewLocal()
		t.Cleanup(func() { _ = local.Close() })
		reg = registry.New(registry.Options{Store: h.db.Registry(), Bus: local, Now: h.clock})
		return NewQuarantine(reg)
	})
	product, _, err := reg.CreateProduct(t.Context(), "Aurora Pure", miot.Sample("air-purifier"))
	must(t, err)
	_, _, err = reg.CreateDevice(t.Context(), registry.NewDevice{DID: "sea-1", ProductID: product.ID, Name: "Sea"})
	must(t, err)
	h.person("omar@proofmark.example", auth.RoleOperator)
	h.person("ravi@proofmark.example", auth.RoleReviewer)
	omar, ravi, nobody := h.browser(), h.browser(), h.browser()
	omar.logIn("omar@proofmark.example")
	ravi.logIn("ravi@proofmark.example")

	ravi.get("/operator/devices").says(t, http.StatusForbidden)
	ravi.send("/operator/devices/new", "did", "sea-1", "reason", "because I can").says(t, http.StatusForbidden)
	if w := nobody.get("/operator/devices"); w.StatusCode != http.StatusSeeOther {
		t.Errorf("nobody gets %d", w.StatusCode)
	}
	omar.get("/operator/devices").says(t, http.StatusOK, "No device is kept out.")

	// What is wrong is said beside its field, and what was typed stays.
	omar.send("/operator/devices/new", "did", "sea-2", "reason", "seen in two cities").
		says(t, http.StatusUnprocessableEntity, `id="new-did-error"`, "sea-2", "seen in two cities")
	omar.send("/operator/devices/new", "did", "sea-1", "reason", " x ").
		says(t, http.StatusUnprocessableEntity, `id="new-reason-error"`, "needs 3 to 500")
	omar.send("/operator/devices/new", "did", "sea-1", "reason", strings.Repeat("x", 501)).
		says(t, http.StatusUnprocessableEntity, `id="new-reason-error"`, "501 characters")

	omar.send("/operator/devices/new", "did", "sea-1", "reason", "<script>seen in two cities").goes(t, "/operator/devices")
	omar.get("/operator/devices").says(t, http.StatusOK, "sea-1", "aurora-pure1", "&lt;script&gt;seen in two cities", "sea-1 is kept out")
	if d, err := reg.Device(t.Context(), "sea-1"); err != nil || d.QuarantinedAt.IsZero() {
		t.Errorf("it is quarantined since %v (%v)", d.QuarantinedAt, err)
	}
	// A double click, or another operator who was faster.
	omar.send("/operator/devices/new", "did", "sea-1", "reason", "seen in two cities").says(t, http.StatusUnprocessableEntity, h.say("work.changed"))

	omar.send("/operator/devices/sea-1/lift", "reason", "").says(t, http.StatusUnprocessableEntity, `id="sea-1-lift-reason-error"`)
	ravi.send("/operator/devices/sea-1/lift", "reason", "it is mine").says(t, http.StatusForbidden)
	omar.send("/operator/devices/sea-1/lift", "reason", "the copy was found").goes(t, "/operator/devices")
	omar.get("/operator/devices").says(t, http.StatusOK, "sea-1 may come in again", "No device is kept out.")
	if d, err := reg.Device(t.Context(), "sea-1"); err != nil || !d.QuarantinedAt.IsZero() {
		t.Errorf("it is quarantined since %v (%v)", d.QuarantinedAt, err)
	}
	omar.send("/operator/devices/sea-1/lift", "reason", "the copy was found").says(t, http.StatusUnprocessableEntity, h.say("work.changed"))

	// The way to the next page holds on the answer to a refused form too.
	for i := range rowsPerPage + 1 {
		did := fmt.Sprintf("river-%02d", i)
		_, _, err := reg.CreateDevice(t.Context(), registry.NewDevice{DID: did, ProductID: product.ID, Name: did})
		must(t, err)
		must(t, reg.Quarantine(t.Context(), "acc_operator", did, "seen in two cities"))
	}
	omar.send("/operator/devices/new", "did", "sea-2", "reason", "seen in two cities").
		says(t, http.StatusUnprocessableEntity, `href="/operator/devices?after=river-23"`)
	omar.get("/operator/devices?after=river-23").says(t, http.StatusOK, "river-24")
}
