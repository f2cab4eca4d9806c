package app_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"database/sql"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/go-jose/go-jose/v4"
	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/signing"
	"github.com/proofmark/proofmark/certification/virtual"
	"github.com/proofmark/proofmark/internal/app"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/demo"
	"github.com/proofmark/proofmark/internal/store/storetest"
	"github.com/proofmark/proofmark/miot"
	"github.com/proofmark/proofmark/registry/factory"
	"github.com/proofmark/proofmark/registry/firmware"
)

// fleetJourney is the way of a product after its certificate: everything that people
// and devices do goes over HTTP and MQTT.
type fleetJourney struct {
	*testing.T
	*app.App
	product string
	units   []factory.Keyed
	devices map[string]*virtual.Device
	owners  map[string]string // of the devices: their tokens
	since   time.Time         // the last stage
}

// stage says how long a part of the way took.
func (j *fleetJourney) stage(what string) {
	j.Helper()
	j.Logf("%s after %s", what, time.Since(j.since).Round(100*time.Millisecond))
	j.since = time.Now()
}

// TestADeliveredFleetFromFundingToReinstatement goes the way of a product after its sale: a funded
// campaign, a batch, devices of the decrypted manifest, shipment, claim, control,
// drift, suspension, a fixed firmware in waves, reinstatement.
func TestADeliveredFleetFromFundingToReinstatement(t *testing.T) {
	if testing.Short() {
		t.Skip("it judges a recorded day first")
	}
	t.Run("sqlite", func(t *testing.T) { goFleet(t, "sqlite:"+filepath.Join(t.TempDir(), "proofmark.db")) })
	t.Run("postgres", func(t *testing.T) { goFleet(t, storetest.Postgres(t)) })
}

const journeyUnits = 6

func goFleet(t *testing.T, database string) {
	var ahead atomic.Int64 // of campaigns and jobs: nobody waits for a deadline
	a, _ := sample(t, app.Config{Database: database, Now: func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }})
	j := &fleetJourney{T: t, App: a, devices: map[string]*virtual.Device{}, owners: map[string]string{}, since: time.Now()}
	world := a.World()
	must(t, world.Settle(t.Context()))
	must(t, world.Certify(t.Context()))
	j.stage("certified")
	maya := j.token(demo.Maya.Email, auth.ScopeStartup)
	ravi := j.token(demo.Ravi.Email, auth.ScopeReviewer)

	// The campaign is funded; its units may be made.
	c, err := world.Sell(t.Context(), "Aurora One for the first seven", journeyUnits+1, time.Hour)
	must(t, err)
	ahead.Store(int64(2 * time.Hour))
	c, err = world.Judged(t.Context(), c)
	must(t, err)
	if c.State != "succeeded" {
		t.Fatalf("the campaign is %s: %s", c.State, c.Reason)
	}
	j.stage("funded")
	j.product = c.ProductID
	j.makeBatch(maya)

	// They come to life, are shipped and claimed, and do as they are told.
	for _, u := range j.units {
		j.run(u)
	}
	j.ship(maya, c.ID)
	j.stage("claimed")
	u := j.units[0]
	j.post(j.owners[u.DID], "/app/v2/miotspec/prop/set", map[string]any{"params": []any{map[string]any{"did": u.DID, "siid": 2, "piid": 1, "value": true}}}, nil)
	j.until(j.owners[u.DID], "/api/v1/devices/"+u.DID+"/twin", `"value":true`)

	// Their firmware drifts: it reports what its spec has not. It is flagged.
	flag := j.flagged(ravi)
	if flag.Firmware != "1.0.0" || !strings.HasPrefix(flag.Rule, "spec.") || len(flag.Evidence) < 3 {
		t.Fatalf("the flag: %+v", flag)
	}
	j.stage("flagged")
	j.post(ravi, "/api/v1/health-flags/"+flag.ID+"/ask", map[string]any{"rev": flag.Rev, "text": "Is it the sensor, or the firmware?"}, &flag)
	j.post(maya, "/api/v1/health-flags/"+flag.ID+"/answer", map[string]any{"rev": flag.Rev, "text": "It is the firmware: 1.2.0 mends it."}, &flag)
	j.post(ravi, "/api/v1/health-flags/"+flag.ID+"/uphold", map[string]any{"rev": flag.Rev, "reason": "All devices report densities beyond the range."}, nil)

	// The certificate is suspended, and all that stood on it stops.
	j.until(ravi, "/api/v1/certificates/"+flag.Serial, `"state":"suspended"`)
	j.until(maya, "/api/v1/campaigns/"+c.ID, `"held":true`)
	key := j.vendorKey(maya)
	old := j.image(maya, key, "1.0.0", []byte(demo.Image)) // the one that is certified
	j.refused(maya, "/api/v1/firmware/"+old+"/rollouts", map[string]any{}, http.StatusConflict, "firmware-uncertified")
	j.refused(maya, "/api/v1/products/"+j.product+"/batches", map[string]any{"units": 1, "recipient": recipientOf(t).Recipient().String()}, http.StatusConflict, "gate-closed")

	// A fixed firmware is certified, and comes in waves.
	fixed := virtual.SealImage(virtual.Image{Model: c.Model, Version: "1.2.0", Body: []byte("mended")}, key)
	image := j.image(maya, key, "1.2.0", fixed)
	j.certify(database, c.Org, c.Model, flag.Serial, fixed)
	ahead.Add(int64(time.Minute)) // nothing told the campaign's desk of it: it looks every 30 s
	j.until(maya, "/api/v1/campaigns/"+c.ID, `"held":false`)
	j.stage("a fixed firmware is certified")
	var rollout struct{ ID string }
	wave := func(share int) map[string]any {
		return map[string]any{"share": share, "seconds": 0, "sample": 1, "max_failed": 0.02, "max_offline": 0.5}
	}
	j.post(maya, "/api/v1/firmware/"+image+"/rollouts", map[string]any{"waves": []any{wave(5000), wave(10000)}}, &rollout)
	j.until(maya, "/api/v1/rollouts/"+rollout.ID, `"state":"done"`)
	j.stage("updated")
	for did, d := range j.devices {
		if d.Firmware() != "1.2.0" {
			t.Errorf("device %s runs %s", did, d.Firmware())
		}
	}

	// The suspended certificate is reinstated, and nothing is flagged any more.
	var cert struct{ Rev int64 }
	j.get(ravi, "/api/v1/certificates/"+flag.Serial, &cert)
	j.post(ravi, "/api/v1/certificates/"+flag.Serial+"/reinstate", map[string]any{"rev": cert.Rev, "reason": "Firmware 1.2.0 is on every device."}, nil)
	j.until(ravi, "/api/v1/certificates/"+flag.Serial, `"state":"active"`)
	must(t, j.Evaluate(t.Context()))
	var flags struct{ Flags []struct{ ID string } }
	if j.get(ravi, "/api/v1/health-flags", &flags); len(flags.Flags) != 0 {
		t.Errorf("open flags at the end: %+v", flags)
	}
}

func (j *fleetJourney) token(who string, scopes ...auth.Scope) string {
	j.Helper()
	token, err := j.TokenOf(j.Context(), who, scopes...)
	must(j.T, err)
	return token
}

// do sends a request and gives status and body.
func (j *fleetJourney) do(token, method, path, kind string, body []byte) (int, []byte) {
	j.Helper()
	r, err := http.NewRequestWithContext(j.Context(), method, "http://"+j.Addresses().HTTP+path, bytes.NewReader(body))
	must(j.T, err)
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", kind)
	resp, err := http.DefaultClient.Do(r)
	must(j.T, err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	must(j.T, err)
	return resp.StatusCode, b
}

func (j *fleetJourney) take(status int, b []byte, what string, out any) {
	j.Helper()
	if status/100 != 2 {
		j.Fatalf("%s: %d %s", what, status, b)
	}
	if out != nil {
		must(j.T, json.Unmarshal(b, out))
	}
}

func (j *fleetJourney) get(token, path string, out any) {
	j.Helper()
	status, b := j.do(token, http.MethodGet, path, "application/json", nil)
	j.take(status, b, path, out)
}

func (j *fleetJourney) post(token, path string, in, out any) {
	j.Helper()
	body, err := json.Marshal(in)
	must(j.T, err)
	status, b := j.do(token, http.MethodPost, path, "application/json", body)
	j.take(status, b, path, out)
}

func (j *fleetJourney) put(token, path string, in any) {
	j.Helper()
	body, err := json.Marshal(in)
	must(j.T, err)
	status, b := j.do(token, http.MethodPut, path, "application/json", body)
	j.take(status, b, path, nil)
}

func (j *fleetJourney) refused(token, path string, in any, status int, rule string) {
	j.Helper()
	body, err := json.Marshal(in)
	must(j.T, err)
	if got, b := j.do(token, http.MethodPost, path, "application/json", body); got != status || !strings.Contains(string(b), rule) {
		j.Errorf("%s: %d %s, want %d by %s", path, got, b, status, rule)
	}
}

// until reads again and again until the answer says the words.
func (j *fleetJourney) until(token, path, words string) {
	j.Helper()
	ctx, cancel := context.WithTimeout(j.Context(), time.Minute)
	defer cancel()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for {
		_, b := j.do(token, http.MethodGet, path, "application/json", nil)
		if strings.Contains(string(b), words) {
			return
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			j.Fatalf("%s never said %s: %s", path, words, b)
		}
	}
}

func recipientOf(t *testing.T) *age.X25519Identity {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	must(t, err)
	return id
}

// makeBatch orders the units that were funded, and opens their manifest as the factory does.
func (j *fleetJourney) makeBatch(maya string) {
	j.Helper()
	id := recipientOf(j.T)
	var allowance struct{ Funded int64 }
	j.get(maya, "/api/v1/products/"+j.product+"/allowance", &allowance)
	if allowance.Funded < journeyUnits {
		j.Fatalf("%d units are funded", allowance.Funded)
	}
	var batch struct{ ID string }
	j.post(maya, "/api/v1/products/"+j.product+"/batches", map[string]any{"units": journeyUnits, "recipient": id.Recipient().String()}, &batch)
	var handed struct{ Sealed []byte }
	j.post(maya, "/api/v1/batches/"+batch.ID+"/manifest", map[string]any{}, &handed)
	j.refused(maya, "/api/v1/batches/"+batch.ID+"/manifest", map[string]any{}, http.StatusConflict, "handed over once")
	var keys jose.JSONWebKeySet
	j.get(maya, "/.well-known/proofmark-keys.json", &keys)
	m, err := factory.Open(bytes.NewReader(handed.Sealed), id, func(text string) ([]byte, error) {
		jws, err := jose.ParseSignedCompact(text, []jose.SignatureAlgorithm{jose.EdDSA})
		if err != nil {
			return nil, err
		}
		of := keys.Key(jws.Signatures[0].Protected.KeyID)
		if len(of) != 1 {
			return nil, fmt.Errorf("%d public keys have the manifest's id", len(of))
		}
		return jws.Verify(of[0].Key)
	})
	must(j.T, err)
	if len(m.Units) != journeyUnits || m.Certificate == "" {
		j.Fatalf("the manifest: %d units under %q", len(m.Units), m.Certificate)
	}
	j.units = m.Units
}

// run lets a device of the manifest live until the test ends. Its firmware is a
// mutant's, until it has downloaded another one.
func (j *fleetJourney) run(u factory.Keyed) {
	j.Helper()
	spec, err := miot.Parse(miot.Sample("air-purifier"))
	must(j.T, err)
	var mended atomic.Bool
	fetch := virtual.FetchHTTPS(nil)
	c := virtual.Config{
		Spec: spec, DID: u.DID, Secret: u.Key, Hardware: "A1", Broker: "tcp://" + j.Addresses().MQTT,
		Fetch: func(ctx context.Context, url string) ([]byte, error) {
			b, err := fetch(ctx, url)
			mended.Store(err == nil)
			return b, err
		},

		Flash: 50 * time.Millisecond, Sample: 2 * time.Second, Seed: 1,
	}
	c.Behaviour.Report = func(rule *miot.PropertyRule, v miot.Value) miot.Value {
		if rule.Name == "pm2.5-density" && !mended.Load() {
			return miot.IntValue(60_000)
		}
		return v
	}
	d, err := virtual.New(c)
	must(j.T, err)
	j.devices[u.DID] = d
	ctx, cancel := context.WithCancel(context.Background())
	var ended sync.WaitGroup
	ended.Go(func() { _ = d.Run(ctx) })
	j.Cleanup(func() { cancel(); ended.Wait() })
}

// ship sends the devices to those who ordered them, who claim them.
func (j *fleetJourney) ship(maya, campaign string) {
	j.Helper()
	j.post(maya, "/api/v1/campaigns/"+campaign+"/allocations", map[string]any{"units": journeyUnits}, nil)
	orders, err := j.OrdersOf(j.Context(), campaign)
	must(j.T, err)
	left := slices.Clone(j.units)
	for _, o := range orders {
		if o.State != campaigns.OrderAllocated {
			continue // the last one waits, so the campaign is not over
		}
		token := j.token(o.Backer, auth.ScopeApp)
		j.put(token, "/api/v1/orders/"+o.ID+"/address", map[string]any{
			"name": "A backer", "line1": "1, Sample Road", "city": "Bengaluru", "state": "Karnataka", "postcode": "560011", "country": "IN", "phone": "9845000001",
		})
		mine := left[:o.Live()]
		left = left[o.Live():]
		var serials []string
		for _, u := range mine {
			serials = append(serials, u.DID)
		}
		var shipment struct{ ID string }
		j.post(maya, "/api/v1/campaigns/"+campaign+"/shipments", map[string]any{"order": o.ID, "units": o.Live(), "carrier": "Post", "serials": serials}, &shipment)
		j.post(maya, "/api/v1/shipments/"+shipment.ID+"/hand-over", map[string]any{}, nil)
		var home struct{ ID string }
		j.post(token, "/api/v1/homes", map[string]any{"name": "Home"}, &home)
		for _, u := range mine {
			j.until(j.OperatorToken(), "/api/v1/devices/"+u.DID, `"firmware":"1.0.0"`)
			var claim struct{ Kind string }
			j.post(token, "/api/v1/claims", map[string]any{"did": u.DID, "code": u.Code, "home": home.ID}, &claim)
			j.owners[u.DID] = token
		}
	}
	if len(left) != 0 {
		j.Fatalf("%d units were ordered by nobody", len(left))
	}
}

type journeyFlag struct {
	ID, Firmware, Rule, Serial string
	Rev                        int64
	Evidence                   []any
}

// flagged waits until the devices have shown enough.
func (j *fleetJourney) flagged(ravi string) journeyFlag {
	j.Helper()
	ctx, cancel := context.WithTimeout(j.Context(), time.Minute)
	defer cancel()
	again := time.NewTicker(200 * time.Millisecond)
	defer again.Stop()
	for {
		must(j.T, j.Evaluate(ctx))
		var list struct{ Flags []journeyFlag }
		if j.get(ravi, "/api/v1/health-flags", &list); len(list.Flags) > 0 {
			var f journeyFlag
			j.get(ravi, "/api/v1/health-flags/"+list.Flags[0].ID, &f)
			return f
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			j.Fatal("nothing is flagged")
		}
	}
}

// vendorKey registers a new key of the maker.
func (j *fleetJourney) vendorKey(maya string) ed25519.PrivateKey {
	j.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	must(j.T, err)
	der, err := x509.MarshalPKIXPublicKey(public)
	must(j.T, err)
	var p struct{ Org string }
	j.get(maya, "/api/v1/products/"+j.product, &p)
	j.post(maya, "/api/v1/vendor-keys", map[string]any{"org": p.Org, "name": "Build", "key": string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))}, nil)
	return private
}

// image announces and uploads one.
func (j *fleetJourney) image(maya string, key ed25519.PrivateKey, version string, content []byte) string {
	j.Helper()
	jws := j.signed(key, map[string]any{"model": "aurora-pure1", "version": version, "sha256": sum(content), "size": len(content), "hardware": []string{"A1"}})
	var i struct{ ID string }
	j.post(maya, "/api/v1/products/"+j.product+"/firmware", map[string]any{"manifest": jws, "changelog": "It mends what drifted."}, &i)
	status, b := j.do(maya, http.MethodPut, "/api/v1/firmware/"+i.ID+"/image?name=a.bin", "application/octet-stream", content)
	j.take(status, b, "upload", nil)
	return i.ID
}

// certify stores a certificate of the fixed firmware beside the service: its runs and
// approvals are other tests' matter.
func (j *fleetJourney) certify(database, org, model, like string, image []byte) {
	j.Helper()
	driver, source := "pgx", database
	if file, ok := strings.CutPrefix(database, "sqlite:"); ok {
		driver, source = "sqlite", "file:"+file+"?_pragma=busy_timeout(10000)"
	}
	raw, err := sql.Open(driver, source)
	must(j.T, err)
	defer raw.Close()
	now := time.Now().UTC()
	var body string
	must(j.T, raw.QueryRowContext(j.Context(), "SELECT body FROM certificate WHERE serial = $1", like).Scan(&body))
	var c certification.Certificate
	must(j.T, json.Unmarshal([]byte(body), &c))
	c.Serial, c.Submission, c.State, c.Reason, c.Rev = "PM-2026-999999", "sub_fixed", certification.Active, "", 1
	c.Firmware, c.Since, c.IssuedAt = []certification.Firmware{{Version: "1.2.0", SHA256: sum(image)}}, now, now
	text, err := json.Marshal(c)
	must(j.T, err)
	_, err = raw.ExecContext(j.Context(), "INSERT INTO submission (id, org, model, state, round, rev, firmware_sha256, spec_sha256, previous, created_at, submitted_at, updated_at, spec, body) VALUES ($1, $2, $3, 'certified', 1, 1, '', '', '', 1, 1, 1, $4, '{}')", c.Submission, org, model, []byte{})
	must(j.T, err)
	_, err = raw.ExecContext(j.Context(), "INSERT INTO certificate (serial, submission, org, model, state, since, rev, issued_at, expires_at, log_index, payload, jws, words, body) VALUES ($1, $2, $3, $4, 'active', $5, 1, $6, $7, 999999, '', '', '', $8)",
		c.Serial, c.Submission, org, model, now.UnixMicro(), now.UnixMicro(), c.ExpiresAt.UnixMicro(), string(text))
	must(j.T, err)
}

// signed is a manifest by a vendor's key, as proofmark firmware sign makes it.
func (j *fleetJourney) signed(key ed25519.PrivateKey, manifest any) string {
	j.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	must(j.T, err)
	signer, err := signing.ReadSigner(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	must(j.T, err)
	payload, err := json.Marshal(manifest)
	must(j.T, err)
	jws, err := signing.SignJWS(signer, firmware.ManifestType, payload)
	must(j.T, err)
	return jws
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
