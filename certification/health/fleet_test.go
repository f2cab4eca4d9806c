package health_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	_ "modernc.org/sqlite"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/health"
	"github.com/proofmark/proofmark/internal/bus"
	"github.com/proofmark/proofmark/internal/store"
	"github.com/proofmark/proofmark/internal/store/storetest"
	"github.com/proofmark/proofmark/miot"
	"github.com/proofmark/proofmark/registry"
)

// fleet is a gateway with devices of one certified model: a real registry, its
// judge and its store, in a bubble whose time is the test's own.
type fleet struct {
	t        *testing.T
	db       *store.DB
	raw      *sql.DB
	registry *registry.Registry
	desk     *health.Desk
	life     *certification.Life
	product  registry.Product
	devices  []*device
}

// device is one at the end of a link: it says who it is, and nothing else.
type device struct {
	did, secret, model, firmware string
	live                         *registry.Live
	reports                      int
}

// Request implements registry.Link.
func (d *device) Request(payload []byte) error {
	q, err := miot.ParseRequest(payload)
	if err != nil {
		return err
	}
	live := d.live
	go live.Response(fmt.Appendf(nil, `{"id":%d,"result":{"model":%q,"fw_ver":%q,"hw_ver":"A"}}`, q.ID, d.model, d.firmware))
	return nil
}

// Close implements registry.Link.
func (d *device) Close(registry.Reason) {}

// report sends one property and does not wait.
func (d *device) report(t *testing.T, value any) {
	t.Helper()
	d.reports++
	b, _ := json.Marshal(value)
	payload := fmt.Appendf(nil, `{"id":%d,"method":"properties_changed","params":[{"did":%q,"siid":3,"piid":1,"value":%s}]}`, d.reports, d.did, b)
	if err := d.live.Report(context.Background(), registry.Arrival{Method: registry.MethodProperties, Payload: payload}, func(registry.Outcome) {}); err != nil {
		t.Error(err)
	}
}

const version = "1.2.0"

func TestMain(m *testing.M) {
	if _, err := storetest.Empty(); err != nil { // before any bubble begins
		panic(err)
	}
	os.Exit(m.Run())
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// newFleet connects n devices of a certified model.
func newFleet(t *testing.T, n int) *fleet {
	t.Helper()
	path := storetest.SQLite(t)
	f := &fleet{t: t}
	var err error
	f.db, err = store.Open(context.Background(), "sqlite:"+path)
	must(t, err)
	t.Cleanup(func() { must(t, f.db.Close()) })
	f.raw, err = storetest.Beside(path)
	must(t, err)
	t.Cleanup(func() { must(t, f.raw.Close()) })
	local := bus.NewLocal()
	t.Cleanup(func() { _ = local.Close() })
	f.registry = registry.New(registry.Options{Store: f.db.Registry(), Bus: local, Lease: 10_000 * time.Hour})
	must(t, f.registry.Start(context.Background()))
	t.Cleanup(func() { must(t, f.registry.Stop(context.Background())) })
	f.life = certification.NewLife(f.db.Programme(), nil, nil)
	f.desk = health.NewDesk(f.db.Health(), f.life, nil, nil)
	f.product, _, err = f.registry.CreateProductOf(context.Background(), "org_maker", "Pure", miot.Sample("air-purifier"))
	must(t, err)
	f.certify("PM-2026-000001", version)
	for i := range n {
		d := &device{did: fmt.Sprintf("pure.%05d", i), model: f.product.Model, firmware: version}
		_, d.secret, err = f.registry.CreateDevice(context.Background(), registry.NewDevice{DID: d.did, ProductID: f.product.ID, Account: "acc_owner"})
		must(t, err)
		f.connect(d)
		f.devices = append(f.devices, d)
	}
	synctest.Wait()
	return f
}

func (f *fleet) connect(d *device) {
	f.t.Helper()
	must(f.t, f.registry.Login(context.Background(), d.did, []byte(d.secret)))
	d.live = f.registry.Attach(d.did, d)
	d.live.Ready()
}

// certify stores an active certificate of the model as the issuer does.
func (f *fleet) certify(serial, version string) {
	f.t.Helper()
	now := time.Now().UTC()
	c := certification.Certificate{
		Serial: serial, Submission: "sub_" + serial, Org: "org_maker", Product: "Pure", Model: f.product.Model, State: certification.Active,
		Firmware: []certification.Firmware{{Version: version, SHA256: strings.Repeat("ab", 32)}},
		Regions:  []string{"IN"}, Since: now, IssuedAt: now, ExpiresAt: now.AddDate(2, 0, 0), Rev: 1,
	}
	must(f.t, f.db.Programme().CreateSubmission(context.Background(), certification.Submission{
		ID: c.Submission, Org: c.Org, Model: c.Model, State: certification.Certified, Round: 1, CreatedAt: now,
	}, nil, nil))
	body, err := json.Marshal(c)
	must(f.t, err)
	_, err = f.raw.Exec(`INSERT INTO certificate (serial, submission, org, model, state, since, rev, issued_at, expires_at, log_index, payload, jws, body, words)
		VALUES ($1, $2, $3, $4, 'active', $5, 1, $5, $6, 0, '', '', $7, '')`,
		serial, c.Submission, c.Org, c.Model, now.UnixMicro(), c.ExpiresAt.UnixMicro(), string(body))
	must(f.t, err)
}

// flags are the open ones, after an evaluation.
func (f *fleet) flags() []health.Flag {
	f.t.Helper()
	synctest.Wait()
	f.registry.FlushField(context.Background())
	must(f.t, f.desk.Evaluate(context.Background()))
	flags, err := f.desk.Queue(context.Background(), health.Open, "", 0)
	must(f.t, err)
	return flags
}

var (
	reviewer = certification.Actor{Account: "acc_ann", Reviewer: true}
	maker    = certification.Actor{Account: "acc_vee", Orgs: []string{"org_maker"}}
	both     = certification.Actor{Account: "acc_tim", Orgs: []string{"org_maker"}, Reviewer: true}
)

// outOfRange breaks the range of a particle density.
const outOfRange = 1500

func TestADriftingFirmwareIsFlaggedWithinFiveMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := context.Background()
		f := newFleet(t, 1000)
		began := time.Now()
		var flags []health.Flag
		for minute := 0; minute < 5 && len(flags) == 0; minute++ {
			for i, d := range f.devices {
				if i%100 == 17 { // one in a hundred
					d.report(t, outOfRange)
				} else {
					d.report(t, 10+minute)
				}
			}
			time.Sleep(time.Minute)
			flags = f.flags()
		}
		if len(flags) != 1 {
			t.Fatalf("%d flags after %s, want one", len(flags), time.Since(began))
		}
		flag := flags[0]
		t.Logf("flagged after %s of traffic: %d of %d devices, score %.2f of %.2f", time.Since(began), flag.Standing.Violating, flag.Standing.DeviceDays, flag.Standing.Run.Score, flag.Standing.Run.Limit)
		if flag.Rule != "spec.value-range" || flag.Firmware != version || flag.Serial != "PM-2026-000001" || flag.Standing.Violating != 10 {
			t.Errorf("%+v", flag)
		}
		if more := f.flags(); len(more) != 1 {
			t.Errorf("%d flags after looking again", len(more))
		}

		// What a reviewer sees, and what the maker does.
		full, err := f.desk.Flag(ctx, reviewer, flag.ID)
		must(t, err)
		if len(full.Evidence) != 10 || full.Evidence[0].Last != "1500" || !strings.HasPrefix(full.Evidence[0].Device, "pure.") {
			t.Errorf("evidence %+v", full.Evidence)
		}
		public, err := f.desk.Flag(ctx, maker, flag.ID)
		must(t, err)
		if public.Evidence != nil {
			t.Error("the maker sees the evidence of a flag")
		}
		_, err = f.desk.Flag(ctx, certification.Actor{Account: "acc_x"}, flag.ID)
		if err == nil {
			t.Error("a stranger sees a flag")
		}
		must(t, f.desk.SetConsent(ctx, "pure.00017", "acc_owner", true))
		seen, err := f.desk.Devices(ctx, maker, f.product, version, "spec.value-range", 100)
		must(t, err)
		named := 0
		for _, e := range seen {
			if e.Device == "pure.00017" && !e.Redacted {
				named++
			} else if !strings.HasPrefix(e.Device, "fld_") || !e.Redacted {
				t.Errorf("the maker sees %+v", e)
			}
		}
		if named != 1 || len(seen) != 10 {
			t.Errorf("%d named of %d, want 1 of 10", named, len(seen))
		}

		// Who may decide, and how.
		refuse := func(a certification.Actor, reason, rule string) {
			t.Helper()
			_, err := f.desk.Uphold(ctx, a, flag.ID, flag.Rev, reason)
			if err == nil || !strings.Contains(err.Error(), "rule "+rule) {
				t.Errorf("%v, want rule %s", err, rule)
			}
		}
		refuse(maker, "it is all right, believe me", "flag-tie")
		refuse(both, "it is all right, believe me", "flag-tie")
		refuse(certification.Actor{Account: "acc_x"}, "it is all right, believe me", "reviewer-only")
		refuse(reviewer, "no", "flag-reason")
		upheld, err := f.desk.Uphold(ctx, reviewer, flag.ID, flag.Rev, "Particle density leaves its range on every tenth report.")
		must(t, err)
		c, err := f.db.Programme().Certificate(ctx, flag.Serial)
		must(t, err)
		if upheld.State != health.Upheld || c.State != certification.Suspended || !strings.Contains(c.Reason, flag.ID) {
			t.Errorf("flag %s, certificate %s: %s", upheld.State, c.State, c.Reason)
		}
		flag = upheld
		refuse(reviewer, "once more, to be sure", "flag-open")
		if more := f.flags(); len(more) != 0 { // a suspended certificate is not flagged again
			t.Errorf("%+v", more)
		}

		// A fixed firmware is certified: it starts with a clean sheet.
		f.certify("PM-2026-000002", "1.2.1")
		for i, d := range f.devices {
			d.live.Detach(registry.ReasonClosed)
			d.firmware = "1.2.1"
			f.connect(d)
			synctest.Wait()
			d.report(t, i%100)
		}
		if more := f.flags(); len(more) != 0 {
			t.Errorf("the fixed firmware is flagged: %+v", more)
		}
	})
}

func TestACleanFleetIsNotFlaggedInAMonth(t *testing.T) {
	if testing.Short() {
		t.Skip("120,000 reports")
	}
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 1000)
		random := rand.New(rand.NewPCG(1, 1000)) // the seed of docs/field-health.md
		broken := 0
		for range 30 {
			for range 4 { // a report each six hours, one in 8,000 of them out of its range: 0.05 % of device-days
				for _, d := range f.devices {
					if random.IntN(8000) == 0 {
						d.report(t, outOfRange)
						broken++
					} else {
						d.report(t, random.IntN(999))
					}
				}
				time.Sleep(6 * time.Hour)
				if flags := f.flags(); len(flags) != 0 {
					t.Fatalf("flagged: %+v", flags)
				}
			}
		}
		view, err := f.desk.View(context.Background(), f.product.ID)
		must(t, err)
		t.Logf("a month: %d reports out of range; %+v", broken, view.Standings)
		if broken < 5 || len(view.Standings) == 0 {
			t.Errorf("%d broke a rule, %d standings: the test tests nothing", broken, len(view.Standings))
		}
	})
}

func TestADismissedFlagIsQuiet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := context.Background()
		f := newFleet(t, 100)
		drift := func() {
			for i, d := range f.devices {
				if i < 10 {
					d.report(t, outOfRange)
				} else {
					d.report(t, 1)
				}
			}
		}
		drift()
		flag := f.flags()[0]
		_, err := f.desk.Dismiss(ctx, reviewer, flag.ID, flag.Rev, "A batch of sensors, and they are exchanged.", time.Now().AddDate(0, 2, 0))
		if err == nil || !strings.Contains(err.Error(), "flag-quiet") {
			t.Errorf("%v, want rule flag-quiet", err)
		}
		_, err = f.desk.Dismiss(ctx, reviewer, flag.ID, flag.Rev+1, "A batch of sensors, and they are exchanged.", time.Time{})
		if err == nil {
			t.Error("decided at another revision")
		}
		_, err = f.desk.Dismiss(ctx, reviewer, flag.ID, flag.Rev, "A batch of sensors, and they are exchanged.", time.Now().Add(48*time.Hour))
		must(t, err)
		for range 2 {
			drift()
			if flags := f.flags(); len(flags) != 0 {
				t.Fatalf("it is not quiet: %+v", flags)
			}
			time.Sleep(24 * time.Hour)
		}
		time.Sleep(24 * time.Hour)
		drift()
		if flags := f.flags(); len(flags) != 1 {
			t.Errorf("%d flags when the quiet is over, want 1", len(flags))
		}
	})
}

// What was counted while a certificate was suspended, for whatever reason, is not held
// against it once it is reinstated.
func TestAReinstatedCertificateBeginsAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := context.Background()
		f := newFleet(t, 100)
		drift := func() {
			for i, d := range f.devices {
				d.report(t, map[bool]int{true: outOfRange, false: 1}[i < 10])
			}
		}
		const serial = "PM-2026-000001"
		time.Sleep(time.Hour)
		c, err := f.life.Suspend(ctx, reviewer, serial, 1, "A recall of the power supplies.")
		must(t, err)
		drift()
		if flags := f.flags(); len(flags) != 0 {
			t.Fatalf("flagged while it is suspended: %+v", flags)
		}
		_, err = f.life.Reinstate(ctx, reviewer, serial, c.Rev, "The power supplies are exchanged.")
		must(t, err)
		if flags := f.flags(); len(flags) != 0 {
			t.Errorf("flagged for what was before: %+v", flags)
		}
		time.Sleep(24 * time.Hour)
		drift()
		if flags := f.flags(); len(flags) != 1 {
			t.Errorf("%d flags the day after, want 1", len(flags))
		}
	})
}

func TestFirmwareOfNoCertificateIsFlagged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 100)
		for _, d := range f.devices[:8] {
			d.live.Detach(registry.ReasonClosed)
			d.firmware = "9.9.9-debug"
			f.connect(d)
		}
		flags := f.flags()
		if len(flags) != 1 || flags[0].Rule != health.Foreign || flags[0].Firmware != "9.9.9-debug" {
			t.Fatalf("%+v", flags)
		}
	})
}

// TestOneBrokenDeviceIsNoDrift: two devices of a small fleet that break a rule day
// after day say nothing about the firmware of the others.
func TestOneBrokenDeviceIsNoDrift(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 20)
		for range 10 {
			for i, d := range f.devices {
				if i < 2 {
					d.report(t, outOfRange)
				} else {
					d.report(t, 1)
				}
			}
			if flags := f.flags(); len(flags) != 0 {
				t.Fatalf("%+v", flags)
			}
			time.Sleep(24 * time.Hour)
		}
	})
}
