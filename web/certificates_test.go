package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"html"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/signing"
	"github.com/proofmark/proofmark/certification/suite"
	"github.com/proofmark/proofmark/certification/translog"
	"github.com/proofmark/proofmark/internal/store"
	"github.com/proofmark/proofmark/internal/store/storetest"
)

// hall is the public registry over a real store with a certificate in it.
type hall struct {
	testing.TB
	db     *store.DB
	pages  *Certificates
	issuer *certification.Issuer
	life   *certification.Life
	signer *translog.Signer
	desk   *certification.StatusDesk
	now    time.Time
	c      certification.Certificate
	http.Handler
}

const (
	hallOrigin = "proofmark.example/log"
	hallURL    = "https://proofmark.example"
	hostile    = `<script>alert("x")</script>'&`
)

// approvedByAll approves every submission.
type approvedByAll struct{ store.Programme }

// Approval implements certification.Approvals.
func (a approvedByAll) Approval(ctx context.Context, submission string) (certification.Approval, error) {
	s, err := a.Submission(ctx, submission)
	out := certification.Approval{Submission: s, OrgName: "Aurora " + hostile}
	for _, reviewer := range []string{"acc_1", "acc_2"} {
		out.Decisions = append(out.Decisions, certification.Decision{Reviewer: reviewer, Round: 1, Kind: certification.Approve, Evidence: s.SpecSHA256})
	}
	out.Runs = []certification.Run{{
		ID: "run_1", Plan: suite.Full, Firmware: s.Firmware, SpecSHA256: s.SpecSHA256, Suite: suite.Release, State: certification.RunFinished,
		Transcripts: []certification.Evidence{{SHA256: s.SpecSHA256}},
	}}
	out.Conditions = []certification.Condition{{ID: "cnd_" + submission, Text: "Mend " + hostile, Due: s.CreatedAt.AddDate(0, 3, 0)}}
	return out, err
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func openHall(t testing.TB) *hall {
	t.Helper()
	ctx := t.Context()
	h := &hall{TB: t, now: time.Now().UTC().Truncate(time.Microsecond)}
	var err error
	h.db, err = store.Open(ctx, storetest.SQLite(t))
	must(t, err)
	t.Cleanup(func() { _ = h.db.Close() })
	keys, err := signing.Open(ctx, t.TempDir(), h.db.Signing(), h.now)
	must(t, err)
	clock := func() time.Time { return h.now }
	programme := h.db.Programme()
	log := translog.New(h.db.Log())
	h.signer = translog.NewSigner(translog.SignerOptions{
		Store: h.db.Log(), Anchor: translog.FileAnchor{Dir: t.TempDir()}, Lease: h.db.Jobs(), Origin: hallOrigin,
		Key: func(ctx context.Context) (translog.Key, error) { return keys.Signer(ctx, signing.Log) },
	})
	h.issuer = certification.NewIssuer(certification.IssuerOptions{
		Store: programme, Approvals: approvedByAll{programme}, Keys: keys, Log: log, Origin: hallOrigin, URL: hallURL, Now: clock,
	})
	h.life = certification.NewLife(programme, clock, nil)
	h.desk = certification.NewStatusDesk(programme, keys, clock)
	h.pages = NewCertificates(CertificatesOptions{
		Site: newSite(t), Source: programme, URL: hallURL, Now: clock,
		Verify: func(ctx context.Context, file []byte) (certification.Verification, error) {
			b, err := certification.ParseBundle(file)
			if err != nil {
				return certification.Verification{}, err
			}
			ring, err := keys.Keyring(ctx)
			return certification.Verify(b, certification.VerifyOptions{Keys: ring, Origin: hallOrigin, Now: h.now}), err
		},
	})
	h.c = h.issued("sub_1", "Pure "+hostile)
	r := chi.NewRouter()
	h.pages.Routes(r)
	h.Handler = r
	return h
}

func (h *hall) issued(id, product string) certification.Certificate {
	h.Helper()
	hash := strings.Repeat("5a", 32)
	must(h, h.db.Programme().CreateSubmission(h.Context(), certification.Submission{
		ID: id, Org: "org_1", Product: product, Model: "aurora-pure1", Hardware: []string{"A"}, Firmware: certification.Firmware{Version: "1", SHA256: hash},
		SpecSHA256: hash, SpecURN: "urn:miot-spec-v2:device:air-purifier:0000A007:aurora-pure1:1", Regions: []string{"IN"},
		State: certification.Approved, Round: 1, CreatedAt: h.now,
	}, nil, nil))
	c, err := h.issuer.Certify(h.Context(), id)
	must(h, err)
	return c
}

func (h *hall) get(path string, header ...string) *httptest.ResponseRecorder {
	h.Helper()
	r := httptest.NewRequestWithContext(h.Context(), http.MethodGet, path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func (h *hall) says(w *httptest.ResponseRecorder, status int, words ...string) string {
	h.Helper()
	body := w.Body.String()
	if w.Code != status {
		h.Fatalf("status %d, want %d: %s", w.Code, status, body)
	}
	if strings.Contains(body, "<script") || strings.Contains(body, `alert("x")`) {
		h.Errorf("what people wrote is no text: %s", body)
	}
	for _, word := range words {
		if !strings.Contains(body, word) {
			h.Errorf("the page lacks %q", word)
		}
	}
	return body
}

func TestTheRegistryOnAStore(t *testing.T) {
	h := openHall(t)
	w := h.get("/certificates")
	h.says(w, http.StatusOK, h.c.Serial, "alert(")
	if csp := w.Header().Get("Content-Security-Policy"); csp == "" || strings.Contains(csp, "unsafe-inline") {
		t.Errorf("Content-Security-Policy %q", csp)
	}
	for query, found := range map[string]bool{
		"pure": true, "%": false, "_": false, "' OR 1=1 --": false, "<script>": true, "\x00": false, "\xff": false, strings.Repeat("a", 5000): false,
	} {
		body := h.says(h.get("/certificates?q="+url.QueryEscape(query)), http.StatusOK)
		if strings.Contains(body, "/certificates/"+h.c.Serial) != found {
			t.Errorf("%q: found is not %v", query, found)
		}
	}
	h.says(h.get("/certificates?state=nonsense"), http.StatusOK, h.c.Serial)
	if strings.Contains(h.says(h.get("/certificates?state=revoked"), http.StatusOK), "/certificates/"+h.c.Serial) {
		t.Error("an active one is among the revoked")
	}
	for i := range rowsPerPage {
		h.issued("sub_more"+number64(int64(i)), "More")
	}
	body := h.says(h.get("/certificates"), http.StatusOK, "before=")
	if strings.Contains(body, "/certificates/"+h.c.Serial) {
		t.Error("the oldest is on the first page")
	}
	h.says(h.get("/certificates?before=PM-2999-000001"), http.StatusOK)
	h.says(h.get("/certificates?before="+url.QueryEscape("' OR 1=1 --")), http.StatusOK)
}

func TestAPageIsKeptAndForgotten(t *testing.T) {
	h := openHall(t)
	path := "/certificates/" + h.c.Serial
	w := h.get(path)
	h.says(w, http.StatusOK, "alert(", h.c.Serial, strings.Repeat("5a", 6), "Mend")
	tag := w.Header().Get("ETag")
	if again := h.get(path, "If-None-Match", tag); again.Code != http.StatusNotModified || again.Body.Len() > 0 {
		t.Errorf("%d with %d bytes", again.Code, again.Body.Len())
	}
	badge := h.says(h.get(path+"/badge.svg"), http.StatusOK, "<svg")
	code := h.get(path + "/qr.svg")
	h.says(code, http.StatusOK, "<svg")
	if code.Header().Get("Content-Type") != "image/svg+xml" || code.Header().Get("Cross-Origin-Resource-Policy") != "cross-origin" {
		t.Errorf("%v", code.Header())
	}
	_, err := h.life.Suspend(h.Context(), certification.Actor{Account: "acc_1", Reviewer: true}, h.c.Serial, h.c.Rev, "it burns "+hostile)
	must(t, err)
	if h.get(path).Header().Get("ETag") != tag {
		t.Error("it was made anew though nobody told of a change")
	}
	h.pages.Forget()
	w = h.get(path)
	h.says(w, http.StatusOK, "it burns")
	if w.Header().Get("ETag") == tag {
		t.Error("the page is the old one")
	}
	if h.says(h.get(path+"/badge.svg"), http.StatusOK) == badge {
		t.Error("the badge is the old one")
	}
	tag = w.Header().Get("ETag")
	_, err = h.life.GiveBack(h.Context(), certification.Actor{Account: "acc_2", Orgs: []string{"org_1"}}, h.c.Serial, h.c.Rev+1, "we sell it no more")
	must(t, err)
	h.now = h.now.Add(keepFor) // the net below events
	if h.get(path).Header().Get("ETag") == tag {
		t.Error("a second later the page is the old one")
	}
	h.says(h.get("/certificates/PM-2026-999999"), http.StatusNotFound)
	h.says(h.get("/certificates/"+url.PathEscape(hostile)), http.StatusNotFound)
}

func TestKeepAnswersEverybodyFromMemory(t *testing.T) {
	h := openHall(t)
	asked := 0
	var fail error
	kept := h.pages.Keep(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		if fail != nil {
			http.Error(w, fail.Error(), http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("X-Request-Id", "req_1")
		w.Header().Set("Cache-Control", "no-store")
		_, _ = io.WriteString(w, "answer to "+r.Method+r.URL.Path)
	}))
	ask := func(want int, method, path string, header ...string) *httptest.ResponseRecorder {
		t.Helper()
		r := httptest.NewRequestWithContext(t.Context(), method, path, nil)
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		w := httptest.NewRecorder()
		kept.ServeHTTP(w, r)
		if asked != want {
			t.Fatalf("%s %s %v: asked %d times, want %d", method, path, header, asked, want)
		}
		return w
	}
	const one = "/api/v1/certificates/PM-2026-000001"
	first := ask(1, "GET", one)
	w := ask(1, "GET", one)
	if w.Body.String() != "answer to GET"+one || w.Header().Get("X-Request-Id") != "" || w.Header().Get("Cache-Control") != "public, no-cache" {
		t.Errorf("%s %v", w.Body, w.Header())
	}
	if w := ask(1, "GET", one, "If-None-Match", first.Header().Get("ETag")); w.Code != http.StatusNotModified {
		t.Errorf("%d", w.Code)
	}
	ask(2, "GET", one, "Authorization", "Bearer x")
	ask(3, "GET", one, "Cookie", "a=b")
	ask(4, "GET", one+"?a=b")
	ask(5, "POST", one)
	ask(6, "GET", one+"/bundle")
	ask(7, "GET", "/api/v1/certificates/")
	ask(8, "GET", "/status/list")
	ask(8, "GET", "/status/list")
	h.pages.Forget()
	fail = errors.New("away")
	if w := ask(9, "GET", one); w.Code != http.StatusServiceUnavailable {
		t.Errorf("%d", w.Code)
	}
	fail = nil
	if w := ask(10, "GET", one); w.Code != http.StatusOK { // what failed is not kept
		t.Errorf("%d", w.Code)
	}
}

func TestAnUploadedBundleIsVerified(t *testing.T) {
	h := openHall(t)
	_, err := h.signer.Sign(t.Context(), h.now)
	must(t, err)
	status, err := h.desk.Current(t.Context())
	must(t, err)
	bundle, err := h.issuer.Bundle(t.Context(), h.c.Serial)
	must(t, err)
	bundle.Status = status.JWS
	good, err := json.Marshal(bundle)
	must(t, err)
	forged := bytes.Replace(good, []byte(`"certificate":"ey`), []byte(`"certificate":"ex`), 1)
	if bytes.Equal(forged, good) {
		t.Fatal("nothing was forged")
	}
	bundle.Certificate = bundle.Certificate[:len(bundle.Certificate)-8] + "AAAAAAAA"
	resigned, err := json.Marshal(bundle)
	must(t, err)
	send := func(field string, content []byte) *httptest.ResponseRecorder {
		t.Helper()
		var b bytes.Buffer
		form := multipart.NewWriter(&b)
		part, err := form.CreateFormFile(field, "a.json")
		must(t, err)
		_, err = part.Write(content)
		must(t, err)
		must(t, form.Close())
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/certificates/verify", &b)
		r.Header.Set("Content-Type", form.FormDataContentType())
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	say := func(key string) string { return html.EscapeString(h.pages.site.Say(key)) }
	h.says(h.get("/certificates/verify"), http.StatusOK, say("verify.choose"))
	h.says(send("file", good), http.StatusOK, say("state.valid"), h.c.Serial)
	h.says(send("file", resigned), http.StatusOK, say("state.invalid"))
	for _, bad := range [][]byte{forged, []byte("{}"), []byte(hostile), []byte("\x00\x01\x02")} {
		if w := send("file", bad); strings.Contains(h.says(w, w.Code), say("state.valid")+"<") || w.Code >= 500 {
			t.Errorf("%q: %d", bad[:min(20, len(bad))], w.Code)
		}
	}
	h.says(send("file", nil), http.StatusUnprocessableEntity, say("verify.empty"))
	h.says(send("file", bytes.Repeat([]byte(" "), mostBundle+1)), http.StatusUnprocessableEntity, say("verify.large"))
	h.says(send("file", bytes.Repeat([]byte(" "), 2*mostBundle)), http.StatusUnprocessableEntity)
	h.says(send("other", good), http.StatusUnprocessableEntity, say("verify.none"))
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/certificates/verify", strings.NewReader("{}"))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	h.says(w, http.StatusUnprocessableEntity, say("verify.none"))
}
