package web

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"html"
	"mime/multipart"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	seal "filippo.io/age"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/health"
	"github.com/proofmark/proofmark/certification/signing"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/blob"
	"github.com/proofmark/proofmark/internal/bus"
	"github.com/proofmark/proofmark/internal/store/storetest"
	"github.com/proofmark/proofmark/miot"
	"github.com/proofmark/proofmark/registry"
	"github.com/proofmark/proofmark/registry/factory"
	"github.com/proofmark/proofmark/registry/firmware"
)

// pasture is a house with the pages of delivered devices, over the real parts.
type pasture struct {
	*house
	org     auth.Org
	product registry.Product
	key     signing.Signer
	public  string
	made    *factory.Service
	images  *firmware.Service
	desk    *health.Desk
	gate    *certification.Gate
}

// admission is what the service's wiring tells firmware of certificates.
type admission struct {
	*certification.Programme
	*pasture
}

func (a admission) OpenManifest(ctx context.Context, org, statement string) ([]byte, string, error) {
	return a.OpenSigned(ctx, org, firmware.ManifestType, statement)
}

func (a admission) Certified(ctx context.Context, org string, m firmware.Manifest, back bool) (string, error) {
	all, err := a.db.Programme().CertificatesOf(ctx, m.Model)
	if err != nil {
		return "", err
	}
	c, err := certification.AdmitFirmware(all, org, certification.Firmware{Version: m.Version, SHA256: m.SHA256}, m.Hardware, back, a.clock())
	if err != nil {
		return "", firmware.Refuse(firmware.ErrState, "firmware-uncertified", "%s", err)
	}
	return c.Serial, nil
}

func (a admission) Drifted(ctx context.Context, product, version string) (bool, error) {
	return a.desk.Drifted(ctx, product, version)
}

func openPasture(t *testing.T) *pasture {
	t.Helper()
	f := &pasture{}
	var sections FleetsOptions
	f.house = openHouse(t, func(h *house) Section {
		f.house = h
		local := bus.NewLocal(bus.Options{})
		t.Cleanup(func() { _ = local.Close() })
		blobs, err := blob.OpenFolder(filepath.Join(t.TempDir(), "blobs"))
		must(t, err)
		programme := certification.NewProgramme(certification.ProgrammeOptions{Store: h.db.Programme(), Files: blobs, Now: h.clock})
		reg := registry.New(registry.Options{Store: h.db.Registry(), Bus: local, Now: h.clock})
		f.gate = certification.NewGate(h.db.Programme(), h.clock)
		desk := campaigns.NewDesk(campaigns.DeskOptions{Store: h.db.Campaigns(), Gate: f.gate, Now: h.clock})
		f.desk = health.NewDesk(h.db.Health(), certification.NewLife(h.db.Programme(), h.clock, nil), h.clock, nil)
		f.images = firmware.New(firmware.Options{
			Store: h.db.Firmware(), Devices: reg, Programme: admission{programme, f}, Blobs: blobs, Now: h.clock,
			URL: func(token string) string { return "http://localhost/firmware/" + token },
		})
		f.made = factory.New(factory.Options{
			Store: h.db.Factory(), Products: reg, Issuer: "https://proofmark.example", Now: h.clock,
			Certificates: func(ctx context.Context, org, model string) (string, error) {
				c, err := f.gate.Holds(ctx, org, model)
				return c.Serial, err
			},
			Sign: func(_ context.Context, payload []byte) (string, error) {
				return signing.SignJWS(f.key, factory.ManifestType, payload)
			},
		})
		a := h.person("kiran@aurora.example")
		f.org, err = h.auth.CreateOrg(t.Context(), auth.Actor{Account: a.ID, Scopes: []auth.Scope{auth.ScopeStartup}}, auth.Org{Name: "Aurora", Country: "IN"})
		must(t, err)
		f.product, _, err = reg.CreateProductOf(t.Context(), f.org.ID, "Pure", miot.Sample("air-purifier"))
		must(t, err)
		sections = FleetsOptions{
			Auth: h.auth, Registry: reg, Field: f.desk, Firmware: f.images, Factory: f.made, Programme: programme, Desk: desk, Blobs: blobs, Bus: local,
		}
		return NewFleets(sections)
	}, func(h *house) Section {
		return NewDrift(DriftOptions{Auth: h.auth, Field: f.desk, Firmware: f.images, Certificates: h.db.Programme(), Desk: sections.Desk})
	})
	var err error
	f.key, err = signing.Throwaway()
	must(t, err)
	der, err := x509.MarshalPKIXPublicKey(f.key.Public())
	must(t, err)
	f.public = string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	return f
}

// certified stores an active certificate of an image.
func (f *pasture) certified(version string, image []byte) {
	f.Helper()
	raw, err := storetest.Beside(f.file)
	must(f, err)
	defer raw.Close()
	now := f.clock()
	c := certification.Certificate{
		Serial: "PM-2026-000001", Submission: "sub_1", Org: f.org.ID, Model: f.product.Model, Hardware: []string{"A1"}, State: certification.Active,
		Firmware: []certification.Firmware{{Version: version, SHA256: shaOf(image)}}, Since: now, IssuedAt: now, ExpiresAt: now.AddDate(2, 0, 0), Rev: 1,
	}
	body, err := json.Marshal(c)
	must(f, err)
	_, err = raw.ExecContext(f.Context(), "INSERT INTO submission (id, org, model, state, round, rev, firmware_sha256, spec_sha256, previous, created_at, submitted_at, updated_at, spec, body) VALUES ('sub_1', $1, $2, 'certified', 1, 1, '', '', '', 1, 1, 1, x'', '{}')", c.Org, c.Model)
	must(f, err)
	_, err = raw.ExecContext(f.Context(), "INSERT INTO certificate (serial, submission, org, model, state, since, rev, issued_at, expires_at, log_index, payload, jws, words, body) VALUES ($1, 'sub_1', $2, $3, 'active', 1, 1, 1, $4, 0, '', '', '', $5)",
		c.Serial, c.Org, c.Model, c.ExpiresAt.UnixMicro(), string(body))
	must(f, err)
	f.gate.Forget()
}

// flagged raises a flag as the desk does.
func (f *pasture) flagged(firmware string) health.Flag {
	f.Helper()
	g := health.Flag{
		ID: "flg_" + firmware, Product: f.product.ID, Model: f.product.Model, Firmware: firmware, Rule: health.Foreign, Serial: "PM-2026-000001", Org: f.org.ID,
		At: f.clock(), Standing: health.Standing{Firmware: firmware, Rule: health.Foreign}, State: health.Open,
	}
	must(f, f.db.Health().RaiseFlag(f.Context(), g, certification.Record{}))
	return g
}

func shaOf(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

func (f *pasture) manifest(key signing.Signer, model, version string, image []byte) string {
	f.Helper()
	payload, err := json.Marshal(firmware.Manifest{Model: model, Version: version, SHA256: shaOf(image), Size: int64(len(image)), Hardware: []string{"A1"}})
	must(f, err)
	jws, err := signing.SignJWS(key, firmware.ManifestType, payload)
	must(f, err)
	return jws
}

// sendFile posts a form with a file; an empty name: without it.
func (b *browser) sendFile(path, name string, content []byte, pairs ...string) answer {
	b.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for field, values := range pairsOf(pairs) {
		must(b, w.WriteField(field, values[0]))
	}
	if name != "" {
		part, err := w.CreateFormFile("file", name)
		must(b, err)
		_, err = part.Write(content)
		must(b, err)
	}
	must(b, w.Close())
	r, err := http.NewRequestWithContext(b.Context(), http.MethodPost, b.server.URL+path, &body)
	must(b, err)
	r.Header.Set("Content-Type", w.FormDataContentType())
	r.Header.Set("Origin", b.server.URL)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return b.do(r)
}

func (f *pasture) as(email string) *browser {
	f.Helper()
	b := f.browser()
	b.logIn(email)
	return b
}

func TestFirmwareIsSignedBroughtAndRolledOutByItsPages(t *testing.T) {
	f := openPasture(t)
	b := f.as("kiran@aurora.example")
	at := "/products/" + f.product.ID + "/firmware"
	image := []byte("Pure firmware 1.1.0")
	b.get(at).says(t, http.StatusOK, f.say("firmware.title"))

	b.send(at+"/keys", "name", "Build", "key", "no key").says(t, http.StatusUnprocessableEntity, `id="keys-key-error"`, "no key")
	der, err := x509.MarshalPKCS8PrivateKey(ed25519.NewKeyFromSeed(make([]byte, 32)))
	must(t, err)
	b.send(at+"/keys", "name", "Build", "key", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))).says(t, http.StatusUnprocessableEntity, `id="keys-key-error"`)
	b.send(at+"/keys", "name", "Build", "key", f.public).goes(t, at+"#keys")
	b.send(at+"/keys", "name", "Again", "key", f.public).says(t, http.StatusUnprocessableEntity, `id="keys-key-error"`)

	stranger, err := signing.Throwaway()
	must(t, err)
	good := f.manifest(f.key, f.product.Model, "1.1.0", image)
	for _, c := range []struct{ name, manifest, changelog, file, beside string }{
		{"somebody else's signature", f.manifest(stranger, f.product.Model, "1.1.0", image), "Quieter.", "a.bin", "manifest"},
		{"another model", f.manifest(f.key, "other", "1.1.0", image), "Quieter.", "a.bin", "manifest"},
		{"no changelog", good, " ", "a.bin", "changelog"},
		{"no file", good, "Quieter.", "", "file"},
		{"other bytes", f.manifest(f.key, f.product.Model, "1.1.0", []byte("others")), "Quieter.", "a.bin", "file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b.sendFile(at+"/upload", c.file, image, "manifest", c.manifest, "changelog", c.changelog).says(t, http.StatusUnprocessableEntity, `id="upload-`+c.beside+`-error"`)
		})
	}
	up := b.sendFile(at+"/upload", "a.bin", image, "manifest", good, "changelog", script)
	its := up.Header.Get("Location")
	up.goes(t, its)
	b.sendFile(at+"/upload", "a.bin", image, "manifest", good, "changelog", "Quieter.").says(t, http.StatusUnprocessableEntity, `id="upload-manifest-error"`)
	b.get(its).says(t, http.StatusOK, html.EscapeString(script), "1.1.0")

	// What is not certified is not brought to devices; what is, once.
	b.send(its+"/rollouts").says(t, http.StatusUnprocessableEntity, "1.1.0")
	f.certified("1.1.0", image)
	form := b.get(its).hidden(t, "form-key")
	one := b.send(its+"/rollouts", "form-key", form)
	rollout := one.Header.Get("Location")
	one.goes(t, rollout)
	b.send(its+"/rollouts", "form-key", form).goes(t, rollout) // sent twice
	if w := b.send(its + "/rollouts"); w.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("a second live rollout: %d", w.StatusCode)
	}
	b.get(rollout).says(t, http.StatusOK, "1.1.0")
	rev := "0"
	b.send(rollout+"/pause", "form-rev", rev, "reason", "short").says(t, http.StatusUnprocessableEntity, `id="pause-reason-error"`)
	b.send(rollout+"/pause", "form-rev", rev, "reason", "The fan is louder at night.").goes(t, rollout)
	b.send(rollout+"/stop", "form-rev", rev, "reason", "We saw an older page.").says(t, http.StatusUnprocessableEntity, html.EscapeString(f.say("work.changed")))
	rev = b.get(rollout).hidden(t, "form-rev")

	// A flag against the version keeps it from going on.
	f.flagged("1.1.0")
	b.send(rollout+"/resume", "form-rev", rev, "reason", "It is not louder at all.").says(t, http.StatusUnprocessableEntity, "open flag")
	b.send(rollout+"/roll-back", "form-rev", rev, "reason", "Then back to what was.").says(t, http.StatusUnprocessableEntity) // nothing has it yet, and there is nothing older
	b.send(its+"/revoke", "reason", "short").says(t, http.StatusUnprocessableEntity, `id="revoke-reason-error"`)
	b.send(its+"/revoke", "reason", "The fan is louder at night.").goes(t, its)
	b.get(rollout).says(t, http.StatusOK, "the image was revoked")
	f.hidden(its, rollout, at, "/products/"+f.product.ID+"/fleet", "/flags/flg_1.1.0")
	f.as("other@maker.example").get("/orgs/"+f.org.ID+"/fleet").says(t, http.StatusForbidden)
}

// hidden checks that others see nothing of pages.
func (f *pasture) hidden(paths ...string) {
	f.Helper()
	other := f.person("other@maker.example")
	_, err := f.auth.CreateOrg(f.Context(), auth.Actor{Account: other.ID, Scopes: []auth.Scope{auth.ScopeStartup}}, auth.Org{Name: "Other", Country: "IN"})
	must(f, err)
	f.person("backer@example.com")
	maker, backer := f.as("other@maker.example"), f.as("backer@example.com")
	for _, path := range paths {
		if w := maker.get(path); w.StatusCode != http.StatusNotFound {
			f.Errorf("another maker gets %d for %s", w.StatusCode, path)
		}
		if w := backer.get(path); w.StatusCode != http.StatusForbidden {
			f.Errorf("a backer gets %d for %s", w.StatusCode, path)
		}
	}
}

func TestAFlagIsTalkedAboutAndDecidedByItsPages(t *testing.T) {
	f := openPasture(t)
	f.certified("1.0.0", []byte("1.0.0"))
	g := f.flagged("0.9.4")
	f.person("ravi@reviewers.example", auth.RoleReviewer)
	maker, reviewer := f.as("kiran@aurora.example"), f.as("ravi@reviewers.example")
	at, theirs := "/review/drift/"+g.ID, "/flags/"+g.ID
	reviewer.get("/review/drift").says(t, http.StatusOK, g.Firmware, g.Rule)
	reviewer.get(theirs).goes(t, at)
	if w := maker.get(at); w.StatusCode != http.StatusForbidden {
		t.Errorf("a maker gets %d for the reviewers' page", w.StatusCode)
	}
	maker.get("/products/"+f.product.ID+"/fleet").says(t, http.StatusOK, theirs)
	maker.get("/orgs/"+f.org.ID+"/fleet").says(t, http.StatusOK, f.product.Name)
	maker.get("/products/"+f.product.ID+"/fleet/devices?firmware=0.9.4&rule=nonsense").says(t, http.StatusNotFound)

	reviewer.get(at).says(t, http.StatusOK, g.Firmware)
	rev := "0"
	reviewer.send(at+"/ask", "form-rev", rev, "reason", "short").says(t, http.StatusUnprocessableEntity, `id="ask-reason-error"`)
	reviewer.send(at+"/ask", "form-rev", rev, "reason", "Is it the pilot? "+script).goes(t, at)
	maker.get(theirs).says(t, http.StatusOK, html.EscapeString(script))
	maker.send(theirs+"/answer", "form-rev", rev, "text", "This page is an older one.").says(t, http.StatusUnprocessableEntity, html.EscapeString(f.say("work.changed")))
	rev = maker.get(theirs).hidden(t, "form-rev")
	maker.send(theirs+"/answer", "form-rev", rev, "text", "no").says(t, http.StatusUnprocessableEntity, `id="answer-text-error"`)
	maker.send(theirs+"/answer", "form-rev", rev, "text", "It is: a dozen devices.").goes(t, theirs)

	rev = reviewer.get(at).hidden(t, "form-rev")
	reviewer.send(at+"/uphold", "form-rev", rev, "reason", "short").says(t, http.StatusUnprocessableEntity, `id="uphold-reason-error"`)
	reviewer.send(at+"/dismiss", "form-rev", rev, "reason", "It is the pilot.", "until", "not a day").says(t, http.StatusUnprocessableEntity, `id="dismiss-until-error"`)
	reviewer.send(at+"/dismiss", "form-rev", rev, "reason", "It is the pilot.", "until", f.clock().AddDate(0, 3, 0).Format(time.DateOnly)).says(t, http.StatusUnprocessableEntity, `id="dismiss-until-error"`)
	reviewer.send(at+"/uphold", "form-rev", rev, "reason", "A dozen devices run an uncertified firmware.").goes(t, at)
	if w := reviewer.send(at+"/uphold", "form-rev", rev, "reason", "A second time, by the same page."); w.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("a second decision: %d", w.StatusCode)
	}
	c, err := f.db.Programme().Certificate(t.Context(), g.Serial)
	must(t, err)
	if c.State != certification.Suspended {
		t.Errorf("the certificate is %s", c.State)
	}
}

func TestBatchesAreMadeHandedOverOnceAndRevokedByTheirPage(t *testing.T) {
	f := openPasture(t)
	b := f.as("kiran@aurora.example")
	at := "/products/" + f.product.ID + "/factory"
	key, err := seal.GenerateX25519Identity()
	must(t, err)
	recipient := key.Recipient().String()
	_, err = f.made.Grant(t.Context(), auth.System.Account, f.product.ID, 5, "for the test")
	must(t, err)
	b.get(at).says(t, http.StatusOK, f.say("factory.title"))
	if w := b.send(at+"/batches", "units", "2", "recipient", recipient); w.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("a batch without a certificate: %d", w.StatusCode)
	}
	f.certified("1.0.0", []byte("1.0.0"))
	b.send(at+"/batches", "units", "two", "recipient", recipient).says(t, http.StatusUnprocessableEntity, `id="batches-units-error"`)
	b.send(at+"/batches", "units", "6", "recipient", recipient).says(t, http.StatusUnprocessableEntity, `id="batches-units-error"`)
	b.send(at+"/batches", "units", "2", "recipient", "age1nonsense").says(t, http.StatusUnprocessableEntity, `id="batches-recipient-error"`, "age1nonsense")
	for range 2 { // one form, sent twice
		b.send(at+"/batches", "form-key", "k", "units", "2", "recipient", recipient).goes(t, at+"#batches")
	}
	all, err := f.db.Factory().Batches(t.Context(), f.product.ID)
	must(t, err)
	if len(all) != 1 {
		t.Fatalf("%d batches", len(all))
	}
	its := at + "/batches/" + all[0].ID
	sealed := b.send(its + "/manifest")
	m, err := factory.Open(strings.NewReader(sealed.body), key, func(text string) ([]byte, error) {
		jws, err := signing.ParseJWS(text, factory.ManifestType)
		if err != nil {
			return nil, err
		}
		return jws.Verify(f.key.Public())
	})
	must(t, err)
	if len(m.Units) != 2 || sealed.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%d units, Cache-Control %q", len(m.Units), sealed.Header.Get("Cache-Control"))
	}
	b.send(its+"/manifest").says(t, http.StatusUnprocessableEntity, "handed over once")
	b.send(its+"/revoke", "reason", "no").says(t, http.StatusUnprocessableEntity, "-reason-error", html.EscapeString(f.say("factory.want-reason")))
	b.send(its+"/revoke", "reason", "The factory lost it.").goes(t, at)

	// A file of devices is checked by its lines; only an operator brings it in.
	b.sendFile(at+"/import", "", nil, "do", "check").says(t, http.StatusUnprocessableEntity, `id="import-file-error"`)
	b.sendFile(at+"/import", "a.csv", []byte("nonsense\n"), "do", "check").says(t, http.StatusUnprocessableEntity, `id="import-file-error"`)
	f.hidden(at)
	if w := f.as("other@maker.example").send(its + "/manifest"); w.StatusCode != http.StatusNotFound {
		t.Errorf("another maker's browser gets %d for the manifest", w.StatusCode)
	}
}
