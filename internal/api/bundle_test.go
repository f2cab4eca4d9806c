package api_test

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/signing"
	"github.com/proofmark/proofmark/certification/suite"
	"github.com/proofmark/proofmark/certification/translog"
	"github.com/proofmark/proofmark/internal/api"
	"github.com/proofmark/proofmark/internal/logtest"
)

const logOrigin = "proofmark.example/log"

// certify gives the house keys, a log and an issuer.
func (h *house) certify(c *api.Config) {
	h.Helper()
	var err error
	if h.keys, err = signing.Open(h.Context(), h.TempDir(), h.db.Signing(), time.Now()); err != nil {
		h.Fatal(err)
	}
	h.issuer = certification.NewIssuer(certification.IssuerOptions{
		Store: h.db.Programme(), Approvals: approvals{h}, Keys: h.keys, Log: c.Transparency, Origin: logOrigin, URL: "https://proofmark.example",
	})
	c.Issuer = h.issuer
	c.Keys = func(ctx context.Context) ([]byte, error) {
		ring, err := h.keys.Keyring(ctx)
		if err != nil {
			return nil, err
		}
		return ring.MarshalJWKS(logOrigin)
	}
}

// approvals approves every submission of the house.
type approvals struct{ *house }

func (a approvals) Approval(ctx context.Context, submission string) (certification.Approval, error) {
	s, err := a.db.Programme().Submission(ctx, submission)
	out := certification.Approval{Submission: s, OrgName: "Aurora"}
	for _, reviewer := range []string{"acc_1", "acc_2"} {
		out.Decisions = append(out.Decisions, certification.Decision{Reviewer: reviewer, Round: 1, Kind: certification.Approve, Evidence: s.SpecSHA256})
	}
	out.Runs = []certification.Run{{
		ID: "run_1", Plan: suite.Full, Firmware: s.Firmware, SpecSHA256: s.SpecSHA256, Suite: suite.Release, State: certification.RunFinished,
		Transcripts: []certification.Evidence{{SHA256: s.SpecSHA256}},
	}}
	return out, err
}

// certificate issues one; the log is not signed yet.
func (h *house) certificate() certification.Certificate {
	h.Helper()
	hash := strings.Repeat("5a", 32)
	s := certification.Submission{
		ID: "sub_1", Org: "org_1", Product: "Pure", Model: "aurora-pure1", Hardware: []string{"A"}, Firmware: certification.Firmware{Version: "1", SHA256: hash},
		SpecSHA256: hash, SpecURN: "urn:miot-spec-v2:device:air-purifier:0000A007:aurora-pure1:1", State: certification.Approved, Round: 1, CreatedAt: time.Now(),
	}
	if err := h.db.Programme().CreateSubmission(h.Context(), s, nil, nil); err != nil {
		h.Fatal(err)
	}
	c, err := h.issuer.Certify(h.Context(), s.ID)
	if err != nil {
		h.Fatal(err)
	}
	return c
}

func (h *house) signLog() {
	h.Helper()
	s := translog.NewSigner(translog.SignerOptions{
		Store: h.db.Log(), Anchor: translog.FileAnchor{Dir: h.TempDir()}, Lease: h.db.Jobs(), Origin: logOrigin,
		Key: func(ctx context.Context) (translog.Key, error) { return h.keys.Signer(ctx, signing.Log) },
	})
	if _, err := s.Sign(h.Context(), time.Now()); err != nil {
		h.Fatal(err)
	}
}

func TestWhatIsServedVerifiesOffline(t *testing.T) {
	h := build(t)
	c := h.certificate()
	const noToken, nobody = "Authorization", ""
	path := "/certificates/" + c.Serial + "/bundle"
	want[object](h, h.call("GET", path, nil, noToken, nobody), http.StatusNotFound) // until the log is signed
	h.signLog()
	file := h.call("GET", path, nil, noToken, nobody)
	if got := file.Header.Get("Content-Disposition"); got != `attachment; filename="`+c.Serial+`.proofmark.json"` {
		t.Errorf("Content-Disposition %q", got)
	}
	keys := h.call("GET", "/.well-known/proofmark-keys.json", nil, noToken, nobody)
	if got := keys.Header.Get("Content-Type"); got != "application/jwk-set+json" {
		t.Errorf("keys are %q", got)
	}
	ring, err := signing.ParseKeys(keys.body)
	if err != nil || len(ring) != 3 {
		t.Fatalf("%d keys: %v", len(ring), err)
	}
	for _, body := range [][]byte{file.body, h.call("GET", "/api/v1"+path, nil, noToken, nobody).body} {
		b, err := certification.ParseBundle(body)
		if err != nil {
			t.Fatalf("%v: %s", err, body)
		}
		v := certification.Verify(b, certification.VerifyOptions{Keys: ring, Now: time.Now()})
		if v.Certificate == nil || v.Tree == nil || v.Conclusion != certification.Valid {
			t.Errorf("%+v", v)
		}
	}
	want[object](h, h.call("GET", "/api/v1/certificates/PM-2026-999999/bundle", nil, noToken, nobody), http.StatusNotFound)

	// The keys document is all that an auditor of the log needs.
	var set struct {
		Keys []struct {
			Verifier string `json:"note_verifier"`
		}
	}
	if err := json.Unmarshal(keys.body, &set); err != nil {
		t.Fatal(err)
	}
	for _, k := range set.Keys {
		if k.Verifier == "" {
			continue
		}
		auditor, err := logtest.New(h.url+"/log", k.Verifier)
		if err != nil {
			t.Fatal(err)
		}
		tree, err := auditor.Checkpoint()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := auditor.Leaf(tree, 0); err != nil {
			t.Error(err)
		}
	}
}

func TestProofsOfTheLog(t *testing.T) {
	h := build(t)
	h.certificate()
	h.signLog()
	key, err := h.keys.CurrentKey(h.Context(), signing.Log)
	if err != nil {
		t.Fatal(err)
	}
	p := want[translog.Inclusion](h, h.call("GET", "/api/v1/log/proof?index=0", nil, "Authorization", ""), http.StatusOK)
	if e, _, err := p.Check(logOrigin, key.Public); err != nil || e.Kind != translog.Issued {
		t.Errorf("%+v: %v", e, err)
	}
	other, _, _ := ed25519.GenerateKey(nil)
	if _, _, err := p.Check(logOrigin, other); err == nil {
		t.Error("the proof holds under another key")
	}
	same := want[translog.Consistency](h, h.call("GET", "/api/v1/log/consistency?from=1", nil, "Authorization", ""), http.StatusOK)
	if err := same.Check(translog.Tree{Size: 1, Root: same.FromRoot}, translog.Tree{Size: 1, Root: same.ToRoot}); err != nil {
		t.Error(err)
	}
	for _, path := range []string{"/log/proof?index=1", "/log/consistency?from=2", "/log/consistency?from=1&to=2"} {
		want[object](h, h.call("GET", "/api/v1"+path, nil, "Authorization", ""), http.StatusNotFound)
	}
	for _, path := range []string{"/log/proof", "/log/proof?index=-1", "/log/consistency?from=0"} {
		want[object](h, h.call("GET", "/api/v1"+path, nil, "Authorization", ""), http.StatusUnprocessableEntity)
	}
}
