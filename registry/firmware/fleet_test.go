package firmware_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/proofmark/proofmark/internal/blob"
	"github.com/proofmark/proofmark/internal/bus"
	"github.com/proofmark/proofmark/internal/store"
	"github.com/proofmark/proofmark/internal/store/storetest"
	"github.com/proofmark/proofmark/miot"
	"github.com/proofmark/proofmark/registry"
	"github.com/proofmark/proofmark/registry/firmware"
)

var ctx = context.Background()

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

func get[V any](v V, err error) func(testing.TB) V {
	return func(t testing.TB) V {
		t.Helper()
		must(t, err)
		return v
	}
}

// office says of firmware what a test wants the programme to say: which hashes are
// certified now, which were, and which versions drifted. Its manifests are not signed.
type office struct {
	mu      sync.Mutex
	now     map[string]bool // by SHA-256
	once    map[string]bool
	drifted map[string]bool // by version
}

func (o *office) OpenManifest(_ context.Context, _, statement string) ([]byte, string, error) {
	return []byte(statement), "vky_1", nil
}

func (o *office) Certified(_ context.Context, _ string, m firmware.Manifest, back bool) (string, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.now[m.SHA256] || back && o.once[m.SHA256] {
		return "PM-2026-000001", nil
	}
	return "", firmware.Refuse(firmware.ErrState, "firmware-uncertified", "no certificate names the image %.8s", m.SHA256)
}

func (o *office) Drifted(_ context.Context, _, version string) (bool, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.drifted[version], nil
}

func (o *office) set(m map[string]bool, key string, value bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	m[key] = value
}

// shop is a gateway with devices that can update: a real registry and store, in a
// bubble whose time is the test's own.
type shop struct {
	t        *testing.T
	db       *store.DB
	registry *registry.Registry
	firmware *firmware.Service
	office   *office
	blobs    blob.Folder
	product  registry.Product
	devices  []*device
}

func inShop(t *testing.T, n int, f func(t *testing.T, s *shop)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &shop{t: t, office: &office{now: map[string]bool{}, once: map[string]bool{}, drifted: map[string]bool{}}}
		s.db = get(store.Open(ctx, storetest.SQLite(t)))(t)
		t.Cleanup(func() { must(t, s.db.Close()) })
		s.blobs = get(blob.OpenFolder(t.TempDir()))(t)
		local := bus.NewLocal()
		t.Cleanup(func() { _ = local.Close() })
		s.registry = registry.New(registry.Options{
			Store: s.db.Registry(), Bus: local, Lease: 10_000 * time.Hour, Greeted: func(d registry.Device) { s.firmware.Greeted(d) },
		})
		s.open()
		must(t, s.registry.Start(ctx))
		t.Cleanup(func() { must(t, s.registry.Stop(ctx)) })
		s.product, _, _ = s.registry.CreateProductOf(ctx, "org_1", "Pure", miot.Sample("air-purifier"))
		for i := range n {
			s.device(fmt.Sprintf("pure.%04d", i), "1.0.0", "A")
		}
		synctest.Wait()
		f(t, s)
	})
}

// open makes the service anew, as another process would.
func (s *shop) open() {
	s.firmware = firmware.New(firmware.Options{
		Store: s.db.Firmware(), Devices: s.registry, Programme: s.office, Blobs: s.blobs,
		URL: func(token string) string { return "https://gateway.example/firmware/" + token },
	})
}

func (s *shop) device(did, version, hardware string) *device {
	s.t.Helper()
	d := &device{shop: s, did: did, firmware: version, hardware: hardware}
	_, d.secret, _ = s.registry.CreateDevice(ctx, registry.NewDevice{DID: did, ProductID: s.product.ID})
	d.connect()
	s.devices = append(s.devices, d)
	return d
}

// image announces and stores an image; a certified one unless told otherwise.
func (s *shop) image(version string, certified bool) firmware.Image {
	s.t.Helper()
	ref := get(s.blobs.Put(ctx, strings.NewReader("image "+version), 1000))(s.t)
	m := firmware.Manifest{Model: s.product.Model, Version: version, SHA256: ref.SHA256, Size: ref.Size, Hardware: []string{"A", "B"}}
	i := get(s.firmware.Announce(ctx, s.product, "acc_1", text(m), "better air"))(s.t)
	if certified {
		s.office.set(s.office.now, m.SHA256, true)
	}
	return get(s.firmware.Keep(ctx, i.ID, "acc_1", ref))(s.t)
}

func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// pass drives for a while, a turn each second.
func (s *shop) pass(d time.Duration) {
	s.t.Helper()
	for end := time.Now().Add(d); time.Now().Before(end); {
		must(s.t, s.firmware.Drive(ctx))
		time.Sleep(time.Second)
	}
	synctest.Wait()
}

// rollout is how one stands, in a line.
func (s *shop) rollout(id string) string {
	s.t.Helper()
	r, t, err := s.firmware.Rollout(ctx, id)
	must(s.t, err)
	return fmt.Sprintf("%s wave %d: %d waiting, %d offered, %d done, %d failed", r.State, r.Wave+1, t.Waiting, t.Offered, t.Done, t.Failed)
}

func (s *shop) running(version string) (n int) {
	for _, d := range s.devices {
		d.mu.Lock()
		if d.firmware == version {
			n++
		}
		d.mu.Unlock()
	}
	return n
}

// quick are waves for an impatient test.
var quick = []firmware.Wave{{100, 60, 1, 0.02, 0.05}, {1000, 60, 5, 0.02, 0.05}, {5000, 60, 20, 0.02, 0.05}, {firmware.Whole, 0, 20, 0.02, 0.05}}

// device updates as protocol §3 says: it downloads with its token, checks the hash,
// reboots, and says the new version.
type device struct {
	shop                            *shop
	did, secret, firmware, hardware string
	live                            *registry.Live

	mu       sync.Mutex
	state    string
	offers   int
	busy     int  // how many offers it refuses
	dies     bool // it does not come back from its reboot
	spoiled  bool // its downloads are damaged
	ignorant bool // it knows no miIO.ota
	off      bool
}

func (d *device) connect() {
	must(d.shop.t, d.shop.registry.Login(ctx, d.did, []byte(d.secret)))
	d.live = d.shop.registry.Attach(d.did, d)
	d.live.Ready()
}

// Request implements registry.Link.
func (d *device) Request(payload []byte) error {
	q, err := miot.ParseRequest(payload)
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.off {
		return registry.ErrOffline
	}
	answer := `"result":"ok"`
	switch q.Method {
	case miot.MethodInfo:
		answer = fmt.Sprintf(`"result":{"model":%q,"fw_ver":%q,"hw_ver":%q}`, d.shop.product.Model, d.firmware, d.hardware)
	case miot.MethodOTA:
		d.offers++
		switch {
		case d.ignorant:
			answer = `"error":{"code":-32601,"message":"method not found"}`
		case d.busy > 0:
			d.busy--
			answer = `"error":{"code":-704053100,"message":"busy"}`
		default:
			var p struct {
				URL    string `json:"app_url"`
				MD5    string `json:"file_md5"`
				SHA256 string `json:"file_sha256"`
				Proc   string `json:"proc"`
			}
			if json.Unmarshal(q.Params, &p) != nil || len(p.MD5) != 32 || len(p.SHA256) != 64 || p.Proc != "dnld install" {
				d.shop.t.Errorf("miIO.ota %s", q.Params)
			}
			d.state = "downloading"
			go d.update(p.URL, p.SHA256)
		}
	case miot.MethodOTAState:
		answer = fmt.Sprintf(`"result":[%q]`, d.state)
		if d.state == "" {
			answer = `"result":"idle"`
		}
	case miot.MethodOTAProgress:
		answer = `"result":42`
	}
	live := d.live
	go live.Response(fmt.Appendf(nil, `{"id":%d,%s}`, q.ID, answer))
	return nil
}

// Close implements registry.Link.
func (d *device) Close(registry.Reason) {}

func (d *device) set(state string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.state = state
}

func (d *device) update(address, sha string) {
	time.Sleep(8 * time.Second)
	u, _ := url.Parse(address)
	i, err := d.shop.firmware.Download(ctx, strings.TrimPrefix(u.Path, "/firmware/"))
	d.mu.Lock()
	bad := err != nil || i.SHA256 != sha || d.spoiled
	d.mu.Unlock()
	if bad {
		d.set("failed")
		return
	}
	d.set("installing")
	time.Sleep(8 * time.Second)
	d.live.Detach(registry.ReasonClosed)
	d.mu.Lock()
	dies := d.dies
	d.off = dies
	if !dies {
		d.firmware, d.state = i.Version, ""
	}
	d.mu.Unlock()
	if dies {
		return
	}
	time.Sleep(3 * time.Second)
	d.connect()
}

func wantRule(t *testing.T, err error, rule string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), "(rule "+rule+")") {
		t.Errorf("%v, want rule %s", err, rule)
	}
}

func TestAFleetIsUpdatedInWaves(t *testing.T) {
	inShop(t, 100, func(t *testing.T, s *shop) {
		i := s.image("1.1.0", true)
		r := get(s.firmware.Start(ctx, i.ID, "acc_1", quick))(t)
		s.pass(50 * time.Second)
		first := s.running("1.1.0")
		if first == 0 || first > 5 {
			t.Fatalf("%d devices have it after the first wave of 1 %%: %s", first, s.rollout(r.ID))
		}
		s.pass(60 * time.Second)
		second := s.running("1.1.0")
		if second <= first || second > 25 {
			t.Errorf("%d devices have it after the wave of 10 %%: %s", second, s.rollout(r.ID))
		}
		s.open() // the process was killed: another one goes on
		s.pass(4 * time.Minute)
		if n := s.running("1.1.0"); n != 100 || !strings.HasPrefix(s.rollout(r.ID), "done wave 4: 0 waiting, 0 offered, 100 done") {
			t.Errorf("%d devices have it: %s", n, s.rollout(r.ID))
		}
		for _, d := range s.devices {
			if d.offers != 1 {
				t.Errorf("%s was offered it %d times", d.did, d.offers)
			}
		}
		image, target, err := s.firmware.Update(ctx, "pure.0007")
		must(t, err)
		if image.Changelog != "better air" || target.State != firmware.Updated || target.Before != "1.0.0" || target.Token != "" {
			t.Errorf("%+v", target)
		}
	})
}

func TestARolloutThatFailsStopsByItself(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(d *device)
		want  string
	}{
		{"damaged downloads", func(d *device) { d.spoiled = true }, "devices failed: more than 2 %"},
		{"no miIO.ota", func(d *device) { d.ignorant = true }, "devices failed: more than 2 %"},
		{"they do not come back", func(d *device) { d.dies = true }, "devices failed: more than 2 %"},
	} {
		t.Run(c.name, func(t *testing.T) {
			inShop(t, 100, func(t *testing.T, s *shop) {
				for _, d := range s.devices {
					c.spoil(d)
				}
				r := get(s.firmware.Start(ctx, s.image("1.1.0", true).ID, "acc_1", quick))(t)
				s.pass(55 * time.Minute)
				got, tally, err := s.firmware.Rollout(ctx, r.ID)
				must(t, err)
				t.Logf("%s: %s", s.rollout(r.ID), got.Reason)
				if got.State != firmware.Stopped || got.Wave != 0 || !strings.Contains(got.Reason, c.want) || tally.Done != 0 {
					t.Errorf("%s: %s", s.rollout(r.ID), got.Reason)
				}
				for _, d := range s.devices {
					if d.offers > firmware.Attempts {
						t.Errorf("%s was offered it %d times", d.did, d.offers)
					}
				}
			})
		})
	}
}

func TestUpdatedDevicesThatStayAwayStopIt(t *testing.T) {
	inShop(t, 100, func(t *testing.T, s *shop) {
		r := get(s.firmware.Start(ctx, s.image("1.1.0", true).ID, "acc_1", []firmware.Wave{{5000, 3600, 5, 0.02, 0.05}, {firmware.Whole, 0, 5, 0.02, 0.05}}))(t)
		s.pass(time.Minute)
		for _, d := range s.devices {
			if d.firmware == "1.1.0" {
				d.live.Detach(registry.ReasonLost)
				d.mu.Lock()
				d.off = true
				d.mu.Unlock()
			}
		}
		s.pass(5 * time.Second)
		got, _, err := s.firmware.Rollout(ctx, r.ID)
		must(t, err)
		if got.State != firmware.Stopped || !strings.Contains(got.Reason, "are offline") {
			t.Errorf("%s: %s", got.State, got.Reason)
		}
	})
}

func TestBusyAndOfflineDevicesGetItLater(t *testing.T) {
	inShop(t, 3, func(t *testing.T, s *shop) {
		busy, away := s.devices[0], s.devices[1]
		busy.busy = 3
		away.live.Detach(registry.ReasonLost)
		synctest.Wait()
		r := get(s.firmware.Start(ctx, s.image("1.1.0", true).ID, "acc_1", []firmware.Wave{{firmware.Whole, 0, 1, 0.02, 0.05}}))(t)
		s.pass(40 * time.Second)
		if s.rollout(r.ID) != "running wave 1: 2 waiting, 0 offered, 1 done, 0 failed" {
			t.Errorf("%s", s.rollout(r.ID))
		}
		s.pass(5 * time.Minute)
		if busy.firmware != "1.1.0" || busy.offers != 4 {
			t.Errorf("the busy one runs %s after %d offers", busy.firmware, busy.offers)
		}
		away.connect() // at once, hours before its time
		s.pass(30 * time.Second)
		if away.firmware != "1.1.0" || !strings.HasPrefix(s.rollout(r.ID), "done") {
			t.Errorf("the one that was away runs %s: %s", away.firmware, s.rollout(r.ID))
		}
	})
}

func TestWhatIsNotOffered(t *testing.T) {
	inShop(t, 0, func(t *testing.T, s *shop) {
		for _, d := range []struct{ did, version, hardware string }{
			{"old", "1.0.0", "A"}, {"same", "1.1.0", "A"}, {"newer", "1.2.0", "A"}, {"other", "1.0.0", "Z"},
		} {
			s.device(d.did, d.version, d.hardware)
		}
		synctest.Wait()
		i := s.image("1.1.0", true)
		r := get(s.firmware.Start(ctx, i.ID, "acc_1", []firmware.Wave{{firmware.Whole, 0, 1, 0.02, 0.05}}))(t)
		_, err := s.firmware.Start(ctx, i.ID, "acc_1", nil)
		if err == nil || !strings.Contains(err.Error(), registry.ErrExists.Error()) {
			t.Errorf("a second live rollout: %v", err)
		}
		s.pass(40 * time.Second)
		got, _, err := s.firmware.Rollout(ctx, r.ID)
		must(t, err)
		if text(got.Skipped) != `{"hardware":1,"newer":1,"up to date":1}` || got.State != firmware.Done || got.Enlisted != 1 {
			t.Errorf("%+v", got)
		}
		for _, d := range s.devices[1:] {
			if d.offers != 0 {
				t.Errorf("%s was offered it", d.did)
			}
		}
	})
}

func TestARolloutStopsWithWhatItStandsOn(t *testing.T) {
	for _, c := range []struct {
		name, reason string
		lose         func(s *shop, i firmware.Image)
	}{
		{"the certificate", "no certificate names", func(s *shop, i firmware.Image) { s.office.set(s.office.now, i.SHA256, false) }},
		{"field health", "open flag", func(s *shop, i firmware.Image) { s.office.set(s.office.drifted, i.Version, true) }},
		{"the image", "the image was revoked: it heats up", func(s *shop, i firmware.Image) {
			get(s.firmware.Revoke(ctx, i.ID, "acc_1", "it heats up when idle"))(s.t)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			inShop(t, 20, func(t *testing.T, s *shop) {
				i := s.image("1.1.0", true)
				r := get(s.firmware.Start(ctx, i.ID, "acc_1", []firmware.Wave{{firmware.Whole, 0, 1, 0.02, 0.05}}))(t)
				s.pass(3 * time.Second) // all are downloading
				c.lose(s, i)
				must(t, s.firmware.Recheck(ctx))
				got, _, err := s.firmware.Rollout(ctx, r.ID)
				must(t, err)
				if got.State != firmware.Stopped || !strings.Contains(got.Reason, c.reason) {
					t.Errorf("%s: %s", got.State, got.Reason)
				}
				s.pass(time.Minute)
				if n := s.running("1.1.0"); n != 0 { // their downloads were refused
					t.Errorf("%d devices have it", n)
				}
				_, err = s.firmware.Start(ctx, i.ID, "acc_1", nil)
				if err == nil {
					t.Error("it can be started again")
				}
			})
		})
	}
}

func TestPauseAndRollBack(t *testing.T) {
	inShop(t, 40, func(t *testing.T, s *shop) {
		old := s.image("1.0.0", true)
		s.office.set(s.office.once, old.SHA256, true)
		s.office.set(s.office.now, old.SHA256, false) // superseded
		uncertified := s.image("1.0.5", false)
		_, err := s.firmware.Start(ctx, uncertified.ID, "acc_1", nil)
		wantRule(t, err, "firmware-uncertified")
		i := s.image("1.1.0", true)
		r := get(s.firmware.Start(ctx, i.ID, "acc_1", quick))(t)
		s.pass(100 * time.Second)
		r, _, err = s.firmware.Rollout(ctx, r.ID)
		must(t, err)
		_, err = s.firmware.Pause(ctx, r.ID, r.Rev+1, "acc_1", "we saw something odd")
		if err == nil {
			t.Error("paused at another revision")
		}
		r = get(s.firmware.Pause(ctx, r.ID, r.Rev, "acc_1", "we saw something odd"))(t)
		s.pass(30 * time.Second)
		n := s.running("1.1.0")
		s.pass(3 * time.Minute)
		if again := s.running("1.1.0"); again != n || n == 0 || n == 40 {
			t.Errorf("%d, then %d devices while it was paused", n, again)
		}
		r = get(s.firmware.Resume(ctx, r.ID, r.Rev, "acc_1", "it was the weather"))(t)
		s.office.set(s.office.now, i.SHA256, false) // suspended: it stops
		s.pass(2 * time.Second)
		back := get(s.firmware.RollBack(ctx, r.ID, "acc_1", "the new one is suspended"))(t)
		s.pass(2 * time.Minute)
		if s.running("1.1.0") != 0 || s.running("1.0.0") != 40 || back.Image != old.ID || back.Undoes != r.ID {
			t.Errorf("%d still have it: %s", s.running("1.1.0"), s.rollout(back.ID))
		}
		_, err = s.firmware.RollBack(ctx, back.ID, "acc_1", "and back again, please")
		wantRule(t, err, "roll-back")
	})
}

func TestWhatIsAnnouncedIsHeldToTheRules(t *testing.T) {
	inShop(t, 0, func(t *testing.T, s *shop) {
		good := firmware.Manifest{Model: s.product.Model, Version: "1.1.0", SHA256: strings.Repeat("ab", 32), Size: 7, Hardware: []string{"A"}}
		for _, c := range []struct {
			rule   string
			change func(m *firmware.Manifest)
		}{
			{"image-model", func(m *firmware.Manifest) { m.Model = "other-thing" }},
			{"manifest-form", func(m *firmware.Manifest) { m.Version = "1 1" }},
			{"manifest-form", func(m *firmware.Manifest) { m.SHA256 = "ABC" }},
			{"manifest-form", func(m *firmware.Manifest) { m.Size = 0 }},
			{"manifest-form", func(m *firmware.Manifest) { m.Size = 1 << 40 }},
			{"manifest-form", func(m *firmware.Manifest) { m.Hardware = nil }},
			{"manifest-form", func(m *firmware.Manifest) { m.Hardware = []string{""} }},
		} {
			m := good
			c.change(&m)
			_, err := s.firmware.Announce(ctx, s.product, "acc_1", text(m), "better")
			wantRule(t, err, c.rule)
		}
		_, err := s.firmware.Announce(ctx, s.product, "acc_1", text(good), " ")
		wantRule(t, err, "changelog")
		_, err = s.firmware.Announce(ctx, s.product, "acc_1", `{"model":"x","extra":1}`, "better")
		wantRule(t, err, "manifest-form")
		i := get(s.firmware.Announce(ctx, s.product, "acc_1", text(good), "better"))(t)
		_, err = s.firmware.Start(ctx, i.ID, "acc_1", nil)
		wantRule(t, err, "image-missing")
		ref := get(s.blobs.Put(ctx, bytes.NewReader([]byte("another")), 100))(t)
		_, err = s.firmware.Keep(ctx, i.ID, "acc_1", ref)
		wantRule(t, err, "image-hash")
		ref.SHA256, ref.Size = good.SHA256, 8
		_, err = s.firmware.Keep(ctx, i.ID, "acc_1", ref)
		wantRule(t, err, "image-size")
		_, err = s.firmware.Announce(ctx, s.product, "acc_1", text(good), "better")
		if err == nil {
			t.Error("the same version twice")
		}
		for _, w := range [][]firmware.Wave{{}, {{100, 0, 1, 0.1, 0.1}}, {{firmware.Whole, 0, 0, 0.1, 0.1}}, {{firmware.Whole, -1, 1, 0.1, 0.1}}, {{firmware.Whole, 0, 1, 0, 0.1}}, {{firmware.Whole, 0, 1, 0.1, 0.9}}} {
			_, err := s.firmware.Start(ctx, i.ID, "acc_1", w)
			wantRule(t, err, "waves")
		}
		_, err = s.firmware.Download(ctx, "nonsense")
		if err == nil {
			t.Error("a made-up token downloads")
		}
	})
}
