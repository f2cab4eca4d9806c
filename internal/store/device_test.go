package store_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/registry"
)

var deviceCases = []conformanceCase{
	{"devices alive are others' and were connected lately", func(t *testing.T, db *storeDB) {
		r := db.Registry()
		maker := db.person(t)
		o := db.org(t, maker)
		p, v := db.product(t)
		must(t, r.GiveProduct(ctx, p.ID, o.ID))
		owner := db.account(t)
		device := func(name, account, parent string) string {
			did := p.ID + name
			must(t, r.CreateDevice(ctx, registry.Device{DID: did, ProductID: p.ID, SpecID: v.ID, Account: account, Parent: parent, CreatedAt: now}, nil))
			return did
		}
		online, left, gone := device("a", owner.ID, ""), device("b", owner.ID, ""), device("c", owner.ID, "")
		unclaimed, makers := device("d", "", ""), device("e", maker.ID, "")
		device("f", owner.ID, online) // behind one that is online
		device("g", owner.ID, "")     // never connected
		get(r.Connect(ctx, "nod_1", now.AddDate(0, -1, 0), []string{online, left, gone, unclaimed, makers}))(t)
		for did, at := range map[string]time.Time{left: now.AddDate(0, 0, -7), gone: now.AddDate(0, 0, -8)} {
			get(r.Disconnect(ctx, []registry.Presence{{DID: did, Epoch: 1, Since: at, Node: "nod_1"}}))(t)
		}
		same(t, get(r.CountAlive(ctx, p.ID, now.AddDate(0, 0, -7)))(t), int64(3))
		same(t, get(r.CountAlive(ctx, p.ID, now.AddDate(0, 0, -8)))(t), int64(4))
	}},
	{"a device comes back as it was given, with its first credential", func(t *testing.T, db *storeDB) {
		p, v := db.product(t)
		d := registry.Device{
			DID: "a.B-c_" + p.ID, ProductID: p.ID, SpecID: v.ID, Account: "acc_1", Name: "Küche 🌬", CreatedAt: now,
			Info: registry.Info{Model: "aurora.pure1", Firmware: "1.0.2_0042", Hardware: "rev B", At: now, Raw: json.RawMessage(`{"life": 12.50, "mac":"\u0000"}`)},
		}
		c := newCredential(d.DID)
		must(t, db.Registry().CreateDevice(ctx, d, &c))
		same(t, get(db.Registry().Device(ctx, d.DID))(t), d)
		same(t, get(db.Registry().Credentials(ctx, d.DID))(t), []registry.Credential{c})
	}},
	{"a did is taken once; product, spec and parent must exist, and the spec be the product's", func(t *testing.T, db *storeDB) {
		p, v := db.product(t)
		_, foreign := db.product(t)
		d := registry.Device{DID: db.device(t), ProductID: p.ID, SpecID: v.ID}
		wantError(t, db.Registry().CreateDevice(ctx, d, nil), registry.ErrExists)
		for name, wrong := range map[string]registry.Device{
			"product": {DID: "x", ProductID: "prd_none", SpecID: v.ID},
			"spec":    {DID: "x", ProductID: p.ID, SpecID: "spv_none"},
			"foreign": {DID: "x", ProductID: p.ID, SpecID: foreign.ID},
			"parent":  {DID: "x", ProductID: p.ID, SpecID: v.ID, Parent: "none"},
		} {
			if err := db.Registry().CreateDevice(ctx, wrong, nil); err == nil {
				t.Errorf("a device with a wrong %s was created", name)
			} else {
				wantError(t, err, registry.ErrNotFound)
			}
		}
	}},
	{"a device that fails leaves no credential, and the other way round", func(t *testing.T, db *storeDB) {
		p, v := db.product(t)
		taken := newCredential(db.device(t))
		must(t, db.Registry().AddCredential(ctx, taken, false))
		d := registry.Device{DID: "half." + p.ID, ProductID: p.ID, SpecID: v.ID}
		c := newCredential(d.DID)
		c.ID = taken.ID
		wantError(t, db.Registry().CreateDevice(ctx, d, &c), registry.ErrExists)
		_, err := db.Registry().Device(ctx, d.DID)
		wantError(t, err, registry.ErrNotFound)
	}},
	{"devices are selected by product and account, in pages by did", func(t *testing.T, db *storeDB) {
		dids := db.devices(t, 4)
		d := get(db.Registry().Device(ctx, dids[0]))(t)
		account := id.New("acc")
		for _, did := range dids[1:3] {
			must(t, db.Registry().SetDeviceOwner(ctx, did, account, "lamp"))
		}
		for _, c := range []struct {
			name  string
			query registry.DeviceQuery
			want  []string
		}{
			{"of the product", registry.DeviceQuery{ProductID: d.ProductID}, dids},
			{"of the account", registry.DeviceQuery{Account: account}, dids[1:3]},
			{"of both", registry.DeviceQuery{ProductID: d.ProductID, Account: account, After: dids[1]}, dids[2:3]},
			{"of another product", registry.DeviceQuery{ProductID: "prd_none", Account: account}, nil},
			{"second page", registry.DeviceQuery{ProductID: d.ProductID, After: dids[0], Limit: 2}, dids[1:3]},
			{"of all", registry.DeviceQuery{After: dids[0], Limit: 1}, dids[1:2]},
		} {
			var got []string
			for _, d := range get(db.Registry().Devices(ctx, c.query))(t) {
				got = append(got, d.DID)
			}
			t.Log(c.name)
			same(t, got, c.want)
		}
	}},
	{"spec, owner and info can be changed", func(t *testing.T, db *storeDB) {
		did := db.device(t)
		d := get(db.Registry().Device(ctx, did))(t)
		p := get(db.Registry().Product(ctx, d.ProductID))(t)
		two := specOf(p, 2)
		must(t, db.Registry().AddSpec(ctx, two))
		_, foreign := db.product(t)
		d.SpecID, d.Account, d.Name = two.ID, "acc_2", "hall"
		d.Info = registry.Info{Model: "m", Firmware: "2", Hardware: "h", Raw: json.RawMessage(`{"fw_ver":"2"}`), At: now.Add(time.Hour)}
		must(t, db.Registry().SetDeviceSpec(ctx, did, two.ID))
		must(t, db.Registry().SetDeviceOwner(ctx, did, d.Account, d.Name))
		must(t, db.Registry().SetDeviceInfo(ctx, did, d.Info))
		same(t, get(db.Registry().Device(ctx, did))(t), d)
		wantError(t, db.Registry().SetDeviceSpec(ctx, did, foreign.ID), registry.ErrNotFound)
		wantError(t, db.Registry().SetDeviceSpec(ctx, "none", two.ID), registry.ErrNotFound)
		wantError(t, db.Registry().SetDeviceOwner(ctx, "none", "", ""), registry.ErrNotFound)
		wantError(t, db.Registry().SetDeviceInfo(ctx, "none", d.Info), registry.ErrNotFound)
	}},
	{"what a device says of itself may be hostile", func(t *testing.T, db *storeDB) {
		did := db.device(t)
		must(t, db.Registry().SetDeviceInfo(ctx, did, registry.Info{Model: "a\x00b", Firmware: "\xff\xfe1", At: now}))
		info := get(db.Registry().Device(ctx, did))(t).Info
		same(t, []string{info.Model, info.Firmware}, []string{"a\uFFFDb", "\uFFFD1"})
	}},
	{"a gateway cannot be deleted before its sub-devices", func(t *testing.T, db *storeDB) {
		gateway := db.device(t)
		d := get(db.Registry().Device(ctx, gateway))(t)
		child := registry.Device{DID: gateway + ".sub", ProductID: d.ProductID, SpecID: d.SpecID, Parent: gateway, CreatedAt: now}
		must(t, db.Registry().CreateDevice(ctx, child, nil))
		same(t, get(db.Registry().Children(ctx, gateway))(t), []registry.Device{child})
		wantError(t, db.Registry().DeleteDevice(ctx, gateway, now), registry.ErrInUse)
		must(t, db.Registry().DeleteDevice(ctx, child.DID, now))
		must(t, db.Registry().DeleteDevice(ctx, gateway, now))
		wantError(t, db.Registry().DeleteDevice(ctx, gateway, now), registry.ErrNotFound)
	}},
	{"a deleted device leaves nothing behind", func(t *testing.T, db *storeDB) {
		r := db.Registry()
		did, neighbour := db.device(t), db.device(t)
		for _, did := range []string{did, neighbour} {
			must(t, r.AddCredential(ctx, newCredential(did), true))
			must(t, r.CommitReports(ctx, reportBatch([]string{did}, 5, now)))
			must(t, r.CommitReports(ctx, registry.Batch{Violations: []registry.Violation{{DID: did, Day: now, Rule: "value-range", Count: 1, LastAt: now}}}))
			must(t, r.RollUp(ctx, did, now, []registry.Bucket{{DID: did, SIID: 3, PIID: 1, Resolution: registry.Daily, Start: midnight, Count: 1}}))
			must(t, r.SetDesired(ctx, newDesired(did)))
			must(t, r.QueueCommand(ctx, newCommand(did)))
			get(r.Connect(ctx, "nod_1", now, []string{did}))(t)
		}
		must(t, r.DeleteDevice(ctx, did, now))
		left := db.rowsOf(t, did)
		same(t, left, map[string]int{})
		if n := len(db.rowsOf(t, neighbour)); n != 10 {
			t.Errorf("the neighbour has rows in %d tables, want 10: %v", n, db.rowsOf(t, neighbour))
		}
	}},
	{"reports that come while a device is deleted do not outlive it", func(t *testing.T, db *storeDB) {
		did := db.device(t)
		errs := together(9, func(i int) error {
			if i == 4 {
				return db.Registry().DeleteDevice(ctx, did, now)
			}
			return db.Registry().CommitReports(ctx, reportBatch([]string{did}, 5, now))
		})
		for _, err := range errs {
			must(t, err)
		}
		same(t, db.rowsOf(t, did), map[string]int{})
	}},
}

// rowsOf counts the device's rows in every table that has a did.
func (db *storeDB) rowsOf(t testing.TB, did string) map[string]int {
	t.Helper()
	counts := map[string]int{}
	for _, table := range []string{
		"device", "credential", "presence", "report", "twin", "violation", "bucket", "rolled_up", "desired", "command",
	} {
		var n int
		must(t, db.sql(t).QueryRowContext(ctx, "SELECT count(*) FROM "+table+" WHERE did = $1", did).Scan(&n))
		if n > 0 {
			counts[table] = n
		}
	}
	return counts
}
