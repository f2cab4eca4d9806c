package app_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/virtual"
	"github.com/proofmark/proofmark/internal/store/storetest"
	"github.com/proofmark/proofmark/miot"
)

// maker is a startup with a product, a vendor key and devices in homes.
type maker struct {
	*service
	product string
	key     ed25519.PrivateKey
	raw     *sql.DB
}

func newMaker(t *testing.T) *maker {
	t.Helper()
	m := &maker{service: start(t)}
	var err error
	m.raw, err = storetest.Beside(filepath.Join(m.data, "proofmark.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.raw.Close() })
	var p struct{ ID string }
	m.call("POST", "/api/v1/products", map[string]any{"org": "org_maker", "name": "Pure", "spec": json.RawMessage(miot.Sample("air-purifier"))}, &p)
	m.product = p.ID
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	m.key = private
	m.write("INSERT INTO vendor_key (id, org, thumbprint, revoked_at, body) VALUES ('vky_1', 'org_maker', 'print', 0, $1)",
		certification.VendorKey{ID: "vky_1", Org: "org_maker", Public: public, Thumbprint: "print"})
	return m
}

// write runs a statement whose last argument is stored as JSON.
func (m *maker) write(statement string, body any, args ...any) {
	m.t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		m.t.Fatal(err)
	}
	if _, err := m.raw.ExecContext(m.t.Context(), statement, append(args, string(b))...); err != nil {
		m.t.Fatal(err)
	}
}

// certified stores an active certificate of an image.
func (m *maker) certified(serial, version string, image []byte) {
	m.t.Helper()
	now := time.Now().UTC()
	c := certification.Certificate{
		Serial: serial, Submission: "sub_" + serial, Org: "org_maker", Model: "aurora-pure1", Hardware: []string{"virtual"}, State: certification.Active,
		Firmware: []certification.Firmware{{Version: version, SHA256: sum(image)}}, Since: now, IssuedAt: now, ExpiresAt: now.AddDate(2, 0, 0), Rev: 1,
	}
	m.write("INSERT INTO submission (id, org, model, state, round, rev, firmware_sha256, spec_sha256, previous, created_at, submitted_at, updated_at, spec, body) VALUES ($1, 'org_maker', 'aurora-pure1', 'certified', 1, 1, '', '', '', 1, 1, 1, x'', $2)",
		struct{}{}, c.Submission)
	m.write("INSERT INTO certificate (serial, submission, org, model, state, since, rev, issued_at, expires_at, log_index, payload, jws, words, body) VALUES ($1, $2, 'org_maker', 'aurora-pure1', 'active', 1, 1, 1, $3, 0, '', '', '', $4)",
		c, serial, c.Submission, c.ExpiresAt.UnixMicro())
}

func sum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

// manifest signs what a vendor says of an image.
func (m *maker) manifest(key ed25519.PrivateKey, typ string, body any) string {
	m.t.Helper()
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: key}, (&jose.SignerOptions{}).WithType(jose.ContentType(typ)).WithHeader("kid", "vky_1"))
	if err != nil {
		m.t.Fatal(err)
	}
	b, _ := json.Marshal(body)
	jws, err := s.Sign(b)
	if err != nil {
		m.t.Fatal(err)
	}
	text, err := jws.CompactSerialize()
	if err != nil {
		m.t.Fatal(err)
	}
	return text
}

type manifest map[string]any

func (m *maker) of(version string, image []byte) manifest {
	return manifest{"model": "aurora-pure1", "version": version, "sha256": sum(image), "size": len(image), "hardware": []string{"virtual"}}
}

// ask sends a request and gives the status and the rule of its problem.
func (m *maker) ask(method, path string, body []byte) (status int, answer map[string]any) {
	m.t.Helper()
	r, err := http.NewRequestWithContext(m.t.Context(), method, "http://"+m.Addresses().HTTP+path, bytes.NewReader(body))
	if err != nil {
		m.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+m.OperatorToken())
	r.Header.Set("Content-Type", "application/json")
	if method == "PUT" {
		r.Header.Set("Content-Type", "application/octet-stream")
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		m.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	_ = json.Unmarshal(b, &answer)
	return resp.StatusCode, answer
}

func (m *maker) announce(jws string) (int, map[string]any) {
	m.t.Helper()
	b, _ := json.Marshal(map[string]string{"manifest": jws, "changelog": "Quieter at night."})
	return m.ask("POST", "/api/v1/products/"+m.product+"/firmware", b)
}

// image announces and uploads one, and gives its id.
func (m *maker) image(version string, image []byte) string {
	m.t.Helper()
	status, i := m.announce(m.manifest(m.key, "proofmark-firmware", m.of(version, image)))
	if status != http.StatusCreated {
		m.t.Fatalf("announce: %d %v", status, i)
	}
	id := i["id"].(string)
	if status, i = m.ask("PUT", "/api/v1/firmware/"+id+"/image?name=a.bin", image); status != http.StatusOK || i["state"] != "stored" {
		m.t.Fatalf("upload: %d %v", status, i)
	}
	return id
}

// device runs a virtual device until the test ends.
func (m *maker) device(did string, change func(*virtual.Config)) *virtual.Device {
	m.t.Helper()
	var made struct{ Secret string }
	m.call("POST", "/api/v1/devices", map[string]any{"did": did, "product_id": m.product}, &made)
	spec, err := miot.Parse(miot.Sample("air-purifier"))
	if err != nil {
		m.t.Fatal(err)
	}
	c := virtual.Config{
		Spec: spec, DID: did, Secret: made.Secret, Broker: "tcp://" + m.Addresses().MQTT, Fetch: virtual.FetchHTTPS(nil),
		FirmwareKey: m.key.Public().(ed25519.PublicKey), Flash: 100 * time.Millisecond, Seed: 1,
	}
	if change != nil {
		change(&c)
	}
	d, err := virtual.New(c)
	if err != nil {
		m.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var ended sync.WaitGroup
	ended.Go(func() { _ = d.Run(ctx) })
	m.t.Cleanup(func() { cancel(); ended.Wait() })
	return d
}

// until asks again and again until what is at the path satisfies.
func (m *maker) until(path string, good func(map[string]any) bool) map[string]any {
	m.t.Helper()
	ctx, cancel := context.WithTimeout(m.t.Context(), time.Minute)
	defer cancel()
	var last map[string]any
	for again := time.NewTicker(50 * time.Millisecond); ; {
		if _, last = m.ask("GET", path, nil); good(last) {
			return last
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			m.t.Fatalf("%s: %v", path, last)
		}
	}
}

func (m *maker) known(did, version string) {
	m.t.Helper()
	m.until("/api/v1/devices/"+did, func(d map[string]any) bool {
		info, _ := d["info"].(map[string]any)
		return info["firmware"] == version
	})
}

func (m *maker) startRollout(image string) string {
	m.t.Helper()
	waves := `{"waves":[{"share":10000,"seconds":0,"sample":1,"max_failed":0.02,"max_offline":0.05}]}`
	status, r := m.ask("POST", "/api/v1/firmware/"+image+"/rollouts", []byte(waves))
	if status != http.StatusCreated {
		m.t.Fatalf("start: %d %v", status, r)
	}
	return r["id"].(string)
}

func TestFirmwareReachesDevices(t *testing.T) {
	m := newMaker(t)
	image := virtual.SealImage(virtual.Image{Model: "aurora-pure1", Version: "1.1.0", Body: bytes.Repeat([]byte("code"), 50_000)}, m.key)

	// What is not taken.
	_, stranger, _ := ed25519.GenerateKey(nil)
	other := m.of("1.1.0", image)
	other["model"] = "aurora-lamp"
	for _, c := range []struct{ name, jws, rule string }{
		{"somebody else's signature", m.manifest(stranger, "proofmark-firmware", m.of("1.1.0", image)), "statement-signature"},
		{"a signature for another purpose", m.manifest(m.key, "proofmark-change", m.of("1.1.0", image)), "statement-signature"},
		{"another model", m.manifest(m.key, "proofmark-firmware", other), "image-model"},
		{"no manifest", m.manifest(m.key, "proofmark-firmware", manifest{"model": "aurora-pure1"}), "manifest-form"},
	} {
		if status, p := m.announce(c.jws); status != http.StatusUnprocessableEntity || p["rule"] != c.rule {
			t.Errorf("%s: %d %v", c.name, status, p)
		}
	}
	status, i := m.announce(m.manifest(m.key, "proofmark-firmware", m.of("1.1.0", image)))
	if status != http.StatusCreated {
		t.Fatalf("%d %v", status, i)
	}
	id := i["id"].(string)
	damaged := bytes.Clone(image)
	damaged[1000] ^= 1
	if status, p := m.ask("PUT", "/api/v1/firmware/"+id+"/image?name=a.bin", damaged); status != http.StatusUnprocessableEntity || p["rule"] != "image-hash" {
		t.Errorf("damaged bytes: %d %v", status, p)
	}
	if status, p := m.ask("PUT", "/api/v1/firmware/"+id+"/image?name=a.bin", image); status != http.StatusOK || p["state"] != "stored" {
		t.Fatalf("%d %v", status, p)
	}
	if status, p := m.ask("POST", "/api/v1/firmware/"+id+"/rollouts", []byte(`{}`)); status != http.StatusConflict || p["rule"] != "firmware-uncertified" {
		t.Errorf("an uncertified image: %d %v", status, p)
	}

	// It reaches devices over real MQTT and HTTP.
	m.certified("PM-2026-000001", "1.1.0", image)
	var address string
	part := make([]byte, 1000)
	plain := m.device("pure.1", nil)
	curious := m.device("pure.2", func(c *virtual.Config) {
		fetch := c.Fetch
		c.Fetch = func(ctx context.Context, url string) ([]byte, error) {
			address = url
			r, _ := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
			r.Header.Set("Range", "bytes=100000-100999")
			resp, err := http.DefaultClient.Do(r)
			if err != nil {
				return nil, err
			}
			defer resp.Body.Close()
			if _, err := io.ReadFull(resp.Body, part); err != nil || resp.StatusCode != http.StatusPartialContent {
				return nil, fmt.Errorf("a part: %s: %w", resp.Status, err)
			}
			return fetch(ctx, url)
		}
	})
	m.known("pure.1", "1.0.0")
	m.known("pure.2", "1.0.0")
	rollout := m.startRollout(id)
	m.until("/api/v1/rollouts/"+rollout, func(r map[string]any) bool { return r["state"] == "done" })
	if plain.Firmware() != "1.1.0" || curious.Firmware() != "1.1.0" || !bytes.Equal(part, image[100_000:101_000]) {
		t.Errorf("they run %s and %s", plain.Firmware(), curious.Firmware())
	}
	if status, p := m.ask("GET", strings.TrimPrefix(address, "http://"+m.Addresses().HTTP), nil); status != http.StatusNotFound {
		t.Errorf("an address that was used: %d %v", status, p)
	}
	if _, u := m.ask("GET", "/api/v1/devices/pure.2/update", nil); u["state"] != "done" || u["changelog"] != "Quieter at night." || u["before"] != "1.0.0" {
		t.Errorf("the owner sees %v", u)
	}
}

func TestASuspendedCertificateStopsItsRollout(t *testing.T) {
	m := newMaker(t)
	image := virtual.SealImage(virtual.Image{Model: "aurora-pure1", Version: "1.1.0", Body: []byte("code")}, m.key)
	id := m.image("1.1.0", image)
	m.certified("PM-2026-000001", "1.1.0", image)
	m.device("pure.1", nil).SetBusy(true)
	m.known("pure.1", "1.0.0")
	rollout := "/api/v1/rollouts/" + m.startRollout(id)
	m.until(rollout+"/devices", func(l map[string]any) bool {
		devices, _ := l["devices"].([]any)
		return len(devices) == 1 && devices[0].(map[string]any)["reason"] == "busy"
	})
	status, c := m.ask("POST", "/api/v1/certificates/PM-2026-000001/suspend", []byte(`{"rev":1,"reason":"The heater stays on for ever."}`))
	if status != http.StatusOK {
		t.Fatalf("%d %v", status, c)
	}
	suspended := time.Now()
	r := m.until(rollout, func(r map[string]any) bool { return r["state"] == "stopped" })
	t.Logf("stopped after %s", time.Since(suspended).Round(time.Millisecond))
	if reason, _ := r["reason"].(string); !strings.Contains(reason, "is suspended") {
		t.Errorf("%v", r)
	}
	if status, p := m.ask("POST", "/api/v1/firmware/"+id+"/rollouts", []byte(`{}`)); status != http.StatusConflict || p["rule"] != "firmware-uncertified" {
		t.Errorf("another rollout: %d %v", status, p)
	}
}
