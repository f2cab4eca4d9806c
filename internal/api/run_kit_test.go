package api_test

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"net"
	"net/http"
	"path/filepath"
	"time"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/rig"
	"github.com/proofmark/proofmark/certification/suite"
	"github.com/proofmark/proofmark/certification/virtual"
	"github.com/proofmark/proofmark/internal/api"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/blob"
	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/internal/store/storetest"
	"github.com/proofmark/proofmark/miot"
)

// buildRig makes benches on free ports; they take runs once openRig was called.
func (h *house) buildRig(c *api.Config) {
	h.Helper()
	dir := h.TempDir()
	keys, err := rig.OpenKeys(filepath.Join(dir, "keys"), time.Now())
	if err != nil {
		h.Fatal(err)
	}
	if c.Blobs, err = blob.OpenFolder(filepath.Join(dir, "blobs")); err != nil {
		h.Fatal(err)
	}
	for range 2 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			h.Fatal(err)
		}
		h.Cleanup(func() { _ = l.Close() })
		h.benches = append(h.benches, l)
	}
	h.rig = rig.New(rig.Options{
		Store: h.db.Programme(), Blobs: c.Blobs, Bus: h.bus, Keys: keys, Dir: filepath.Join(dir, "runs"), Names: []string{"localhost", "127.0.0.1"},
		TCP: h.benches[0].Addr().String(), TLS: h.benches[1].Addr().String(), Poll: 50 * time.Millisecond, Log: c.Log,
	})
	c.Rig = h.rig
}

// openRig lets the benches take runs until the test ends.
func (h *house) openRig() {
	h.Helper()
	if err := h.rig.Open(h.Context()); err != nil {
		h.Fatal(err)
	}
	for _, l := range h.benches {
		go func() { _ = h.rig.Serve(l) }()
	}
	h.Cleanup(func() {
		if err := h.rig.Close(context.Background()); err != nil {
			h.Error(err)
		}
	})
}

// maker is a startup with a submission in testing.
type maker struct {
	*house
	token, account, org string
	sub                 certification.Submission
}

// newMaker founds an organisation and puts a lamp into testing.
func (h *house) newMaker() *maker {
	h.Helper()
	m := &maker{house: h, org: id.New("org")}
	m.token, m.account = h.member(m.org)
	document := miot.Sample("lamp")
	spec, err := miot.Parse(document)
	if err != nil {
		h.Fatal(err)
	}
	urn, err := spec.URN()
	if err != nil {
		h.Fatal(err)
	}
	declaration, err := json.Marshal(suite.Conforming(spec, "declared"))
	if err != nil {
		h.Fatal(err)
	}
	now := time.Now()
	m.sub = certification.Submission{
		ID: id.New("sub"), Org: m.org, Product: "Lamp", Model: urn.Model, Firmware: certification.Firmware{Version: "1.0.0", SHA256: sha("firmware")},
		Spec: document, SpecSHA256: sha(string(document)), Declaration: declaration, State: certification.Testing, Round: 1,
		CreatedBy: m.account, CreatedAt: now, UpdatedAt: now,
	}
	if err := h.db.Programme().CreateSubmission(h.Context(), m.sub, nil, nil); err != nil {
		h.Fatal(err)
	}
	return m
}

func sha(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// as is a call with a token of one's own.
func (h *house) as(token, method, path string, body any) reply {
	h.Helper()
	return h.call(method, path, body, "Authorization", "Bearer "+token)
}

func (m *maker) do(method, path string, body any) reply {
	m.Helper()
	return m.as(m.token, method, path, body)
}

// start begins a run.
func (m *maker) start(body object) api.SubmissionRun {
	m.Helper()
	return want[api.SubmissionRun](m.house, m.do("POST", "/api/v1/submissions/"+m.sub.ID+"/runs", body), http.StatusCreated)
}

// wait waits until a run has ended.
func (m *maker) wait(run string) api.SubmissionRun {
	m.Helper()
	for {
		got := want[api.SubmissionRun](m.house, m.do("GET", "/api/v1/runs/"+run+"?wait=60", nil), http.StatusOK)
		if got.State.Ended() {
			return got
		}
	}
}

// device connects the lamp to its bench over a real socket until stop is called.
func (m *maker) device(transport string, change ...func(*virtual.Config)) (d *virtual.Device, stop func()) {
	m.Helper()
	access := want[struct {
		rig.Access
	}](m.house, m.do("GET", "/api/v1/submissions/"+m.sub.ID+"/bench", nil), http.StatusOK)
	spec, err := miot.Parse(m.sub.Spec)
	if err != nil {
		m.Fatal(err)
	}
	c := virtual.Config{Spec: spec, DID: access.DID, Secret: access.Secret, Serial: "SN-declared", Seed: 1}
	for _, a := range access.Addresses {
		if a.Transport != transport {
			continue
		}
		c.Broker = "tcp://" + m.benches[0].Addr().String()
		if transport == "tls" {
			c.Broker = "ssl://" + m.benches[1].Addr().String()
			roots := x509.NewCertPool()
			if !roots.AppendCertsFromPEM(m.call("GET", "/api/v1/bench/ca.pem", nil, "Authorization", "").body) {
				m.Fatal("ca.pem holds no certificate")
			}
			c.TLS = &tls.Config{RootCAs: roots, ServerName: a.ServerName, MinVersion: tls.VersionTLS12}
		}
	}
	for _, f := range change {
		f(&c)
	}
	if d, err = virtual.New(c); err != nil {
		m.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = d.Run(ctx) // it ends with ctx
	}()
	stop = func() {
		cancel()
		<-ended
	}
	m.Cleanup(stop)
	return d, stop
}

// member makes an account in an organisation, and its token.
func (h *house) member(org string) (token, account string) {
	h.Helper()
	token, account = h.token(auth.ScopeStartup)
	db, err := storetest.Beside(h.file)
	if err != nil {
		h.Fatal(err)
	}
	defer db.Close()
	for _, insert := range []string{
		"INSERT INTO org (id, name, legal_name, country, created_at, blocked_at) VALUES ('" + org + "', 'Aurora', 'Aurora', 'IN', 1, 0) ON CONFLICT DO NOTHING",
		"INSERT INTO member (org, account, role, since) VALUES ('" + org + "', '" + account + "', 'member', 1)",
	} {
		if _, err := db.ExecContext(h.Context(), insert); err != nil {
			h.Fatal(err)
		}
	}
	return token, account
}
