package store_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/health"
	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/internal/notice"
	"github.com/proofmark/proofmark/registry"
)

// today is the UTC day of now.
var today = now.Truncate(24 * time.Hour)

func (db *storeDB) marks(t testing.TB, did, product string) func(rule, firmware string, day int, n int64) registry.FieldMark {
	t.Helper()
	return func(rule, firmware string, day int, n int64) registry.FieldMark {
		return registry.FieldMark{
			DID: did, ProductID: product, Rule: rule, Firmware: firmware, Day: today.AddDate(0, 0, day), Count: n,
			SIID: 3, IID: 6, LastAt: now.AddDate(0, 0, day), Last: "900",
		}
	}
}

var fieldCases = []conformanceCase{
	{"a device counts once a day and firmware, on whichever node", func(t *testing.T, db *storeDB) {
		p, v := db.product(t)
		for _, did := range []string{p.ID + "a", p.ID + "b"} {
			must(t, db.Registry().CreateDevice(ctx, registry.Device{DID: did, ProductID: p.ID, SpecID: v.ID, CreatedAt: now}, nil))
		}
		a, b, gone := db.marks(t, p.ID+"a", p.ID), db.marks(t, p.ID+"b", p.ID), db.marks(t, "nobody", p.ID)
		count := func(marks ...registry.FieldMark) { t.Helper(); must(t, db.Registry().CountField(ctx, marks)) }
		count(a("", "1", 0, 1), b("", "1", 0, 1), a("spec.value-range", "1", 0, 2), gone("", "1", 0, 1))
		count(a("", "1", 0, 1), a("spec.value-range", "1", 0, 3)) // another node, or after a restart
		count(a("", "2", 0, 1))                                   // updated
		count(b("", "1", 1, 1), b("spec.value-range", "1", 1, 1))
		cell := func(firmware, rule string, day int, devices, events int64) health.Cell {
			return health.Cell{Product: p.ID, Firmware: firmware, Rule: rule, Day: today.AddDate(0, 0, day), Devices: devices, Events: events}
		}
		same(t, get(db.Health().FieldCells(ctx, p.ID, today))(t), []health.Cell{
			cell("1", "", 0, 2, 3), cell("1", "spec.value-range", 0, 1, 5), cell("2", "", 0, 1, 1),
			cell("1", "", 1, 1, 1), cell("1", "spec.value-range", 1, 1, 1),
		})
		c := health.Cell{Product: p.ID, Firmware: "1", Rule: "spec.value-range", Day: today}
		same(t, get(db.Health().CountOffenders(ctx, c))(t), int64(2))
		same(t, get(db.Health().Offenders(ctx, c, 1))(t), []health.Evidence{{Device: p.ID + "b", SIID: 3, IID: 6, Count: 1, At: now.AddDate(0, 0, 1), Last: "900"}})
		if found := get(db.Health().FieldProducts(ctx, today.AddDate(0, 0, 1)))(t); len(found) != 1 || found[0] != p.ID {
			t.Errorf("products %v", found)
		}
		must(t, db.Health().ForgetField(ctx, today.AddDate(0, 0, 1)))
		same(t, len(get(db.Health().FieldCells(ctx, p.ID, today))(t)), 2)
		must(t, db.Registry().DeleteDevice(ctx, p.ID+"b", now))
		same(t, get(db.Health().CountOffenders(ctx, c))(t), int64(0))
	}},
	{"many nodes count at once and lose nothing", func(t *testing.T, db *storeDB) {
		p, v := db.product(t)
		var marks []registry.FieldMark
		for i := range 20 {
			did := p.ID + string(rune('a'+i))
			must(t, db.Registry().CreateDevice(ctx, registry.Device{DID: did, ProductID: p.ID, SpecID: v.ID, CreatedAt: now}, nil))
			marks = append(marks, db.marks(t, did, p.ID)("", "1", 0, 1))
		}
		for _, err := range together(6, func(int) error { return db.Registry().CountField(ctx, marks) }) {
			must(t, err)
		}
		same(t, get(db.Health().FieldCells(ctx, p.ID, today))(t), []health.Cell{{Product: p.ID, Firmware: "1", Day: today, Devices: 20, Events: 120}})
	}},
	{"an alias lasts; consent ends with the owner", func(t *testing.T, db *storeDB) {
		did := db.device(t)
		h := db.Health()
		alias := get(h.Alias(ctx, did))(t)
		same(t, get(h.Alias(ctx, did))(t), alias)
		wantError(t, h.GiveConsent(ctx, did, "acc_1", now), registry.ErrNotFound)
		must(t, db.Registry().SetDeviceOwner(ctx, did, "acc_1", "lamp"))
		must(t, h.GiveConsent(ctx, did, "acc_1", now))
		same(t, get(h.Consent(ctx, did))(t), now)
		must(t, db.Registry().SetDeviceOwner(ctx, did, "acc_2", "lamp"))
		_, err := h.Consent(ctx, did)
		wantError(t, err, registry.ErrNotFound)
		must(t, h.GiveConsent(ctx, did, "acc_2", now))
		must(t, h.TakeConsent(ctx, did))
		_, err = h.Consent(ctx, did)
		wantError(t, err, registry.ErrNotFound)
		_, err = h.Alias(ctx, "nobody")
		wantError(t, err, registry.ErrNotFound)
	}},
	{"one flag of a firmware and rule is open at a time, and decided once", func(t *testing.T, db *storeDB) {
		p, _ := db.product(t)
		f := health.Flag{ID: id.New("flg"), Product: p.ID, Model: p.Model, Firmware: "1", Rule: "spec.value-range", Org: "org_1", At: now, State: health.Open}
		entry := get(audit.New(now, audit.System, "health.flagged", f.ID, f.Org, nil))(t)
		told := get(notice.New(now, "health.flagged", f.ID, f.Org, f))(t)
		h := db.Health()
		errs := together(4, func(int) error {
			g := f
			g.ID = id.New("flg")
			return h.RaiseFlag(ctx, g, certification.Record{})
		})
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
			} else {
				wantError(t, err, registry.ErrExists)
			}
		}
		same(t, won, 1)
		open := get(h.FlagsOf(ctx, p.ID, 10))(t)[0]
		wantError(t, h.RaiseFlag(ctx, f, certification.Record{Entries: []audit.Entry{entry}, Notices: []notice.Notice{told}}), registry.ErrExists)
		decided := open
		decided.State, decided.Reason = health.Dismissed, "it was the radio"
		must(t, h.SaveFlag(ctx, health.Open, decided, certification.Record{}))
		wantError(t, h.SaveFlag(ctx, health.Open, decided, certification.Record{}), registry.ErrConflict)
		same(t, get(h.Flag(ctx, open.ID))(t).State, health.Dismissed)
		must(t, h.RaiseFlag(ctx, f, certification.Record{Entries: []audit.Entry{entry}, Notices: []notice.Notice{told}}))
		var kept string
		must(t, db.Pool().QueryRowContext(ctx, "SELECT data FROM notice WHERE subject = $1", f.ID).Scan(&kept))
		same(t, json.Valid([]byte(kept)), true)
		same(t, len(get(h.Flags(ctx, health.Open, "", 10))(t)) >= 1, true)
	}},
}
