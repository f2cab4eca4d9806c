package api_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/signing"
	"github.com/proofmark/proofmark/internal/api"
	"github.com/proofmark/proofmark/internal/auth"
)

// registrar gives the house what watches over certificates.
func (h *house) registrar(c *api.Config) {
	store := h.db.Programme()
	desk := certification.NewStatusDesk(store, h.keys, nil)
	c.Life, c.Regulatory, c.Certificates, c.StatusList = certification.NewLife(store, nil, nil), certification.NewRegulatory(store, nil), store, desk.Current
	c.Status = func(ctx context.Context, leaves int64) (string, error) {
		s, err := desk.Counting(ctx, leaves)
		return s.JWS, err
	}
}

// shelf is a certificate with people around it.
type shelf struct {
	*hearing
	c certification.Certificate
}

// shelve issues a certificate to the organisation of a hearing.
func shelve(t *testing.T) *shelf {
	t.Helper()
	s := &shelf{hearing: hear(t)}
	store := s.db.Programme()
	hash := strings.Repeat("5a", 32)
	sub := certification.Submission{
		ID: "sub_shelf", Org: s.org, Product: "Pure <b>&\"", Model: "aurora-pure1", Hardware: []string{"A"}, Firmware: certification.Firmware{Version: "1", SHA256: hash},
		SpecSHA256: hash, SpecURN: "urn:miot-spec-v2:device:air-purifier:0000A007:aurora-pure1:1", Regions: []string{"IN"},
		State: certification.Approved, Round: 1, CreatedAt: time.Now(),
	}
	if err := store.CreateSubmission(t.Context(), sub, nil, nil); err != nil {
		t.Fatal(err)
	}
	var err error
	if s.c, err = s.issuer.Certify(t.Context(), sub.ID); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *shelf) path(act string) string { return "/certificates/" + s.c.Serial + act }

// act posts a decision on the certificate as it is now.
func (s *shelf) act(token, act string) reply {
	s.Helper()
	now := want[object](s.house, s.as(s.ann, "GET", s.path(""), nil), http.StatusOK)
	return s.as(token, "POST", s.path("/"+act), object{"rev": now["rev"], "reason": "the heater stays on for ever"})
}

func TestALifeOverHTTP(t *testing.T) {
	s := shelve(t)
	anonymous := func() object {
		return want[object](s.house, s.call("GET", "/api/v1"+s.path(""), nil, nobody...), http.StatusOK)
	}
	if c := anonymous(); c["state"] != "active" || c["product"] != "Pure <b>&\"" || len(c["history"].([]any)) != 1 {
		t.Errorf("%v", c)
	}
	backer, _ := s.token(auth.ScopeBacker)
	for _, act := range []string{"suspend", "reinstate", "revocation", "revocation/drop", "revoke"} {
		body := object{"rev": 1, "reason": "the heater stays on for ever"}
		if act == "revoke" {
			delete(body, "reason")
		}
		s.problem(s.call("POST", "/api/v1"+s.path("/"+act), body, nobody...), http.StatusUnauthorized, "unauthorized")
		for _, token := range []string{backer, s.vendor} {
			s.problem(s.as(token, "POST", s.path("/"+act), body), http.StatusForbidden, "forbidden")
		}
	}
	s.problem(s.as(s.ann, "POST", s.path("/suspend"), object{"rev": 9, "reason": "the heater stays on for ever"}), http.StatusConflict, "conflict")
	s.problem(s.as(s.ann, "POST", s.path("/suspend"), object{"rev": 1, "reason": "short"}), http.StatusUnprocessableEntity, "invalid")
	rule := func(r reply, status int, kind, rule string) {
		t.Helper()
		if p := s.problem(r, status, kind); p.Rule != rule {
			t.Errorf("rule %s, want %s: %s", p.Rule, rule, p.Detail)
		}
	}
	rule(s.as(s.ann, "POST", s.path("/suspend"), object{"rev": 1, "reason": "a bell \x07 in a reason"}), http.StatusUnprocessableEntity, "invalid", "certificate-reason")
	rule(s.act(s.ann, "reinstate"), http.StatusConflict, "not-now", "certificate-table")
	want[object](s.house, s.act(s.ann, "suspend"), http.StatusOK)
	rule(s.act(s.ben, "suspend"), http.StatusConflict, "not-now", "certificate-table")
	if c := anonymous(); c["state"] != "suspended" || c["reason"] != "the heater stays on for ever" {
		t.Errorf("%v", c)
	}
	want[object](s.house, s.act(s.operator, "reinstate"), http.StatusOK)
	want[object](s.house, s.act(s.ann, "revocation"), http.StatusOK)
	for _, r := range []reply{s.call("GET", "/api/v1"+s.path(""), nil, nobody...), s.as(s.vendor, "GET", s.path(""), nil)} {
		if strings.Contains(string(r.body), "proposed") {
			t.Errorf("a proposal is public: %s", r.body)
		}
	}
	revoke := func(token string) reply {
		now := want[object](s.house, s.as(s.ben, "GET", s.path(""), nil), http.StatusOK)
		return s.as(token, "POST", s.path("/revoke"), object{"rev": now["rev"]})
	}
	rule(revoke(s.ann), http.StatusForbidden, "forbidden", "two-to-revoke")
	given := s.act(s.vendor, "withdraw")
	if c := want[object](s.house, given, http.StatusOK); c["state"] != "withdrawn" || c["proposed"] != nil {
		t.Errorf("%v", c)
	}
	want[object](s.house, revoke(s.ben), http.StatusOK)
	var kinds []string
	for _, e := range anonymous()["history"].([]any) {
		kinds = append(kinds, strings.TrimPrefix(e.(object)["kind"].(string), "certificate."))
	}
	if got := strings.Join(kinds, " "); got != "issued suspended reinstated withdrawn revoked" {
		t.Errorf("history %s", got)
	}
	s.problem(s.call("GET", "/api/v1/certificates/PM-2026-999999", nil, nobody...), http.StatusNotFound, "not-found")
}

func TestTheRegistryIsSearched(t *testing.T) {
	s := shelve(t)
	for query, hits := range map[string]int{
		"": 1, "q=PURE": 1, "q=aurora-pure1": 1, "q=AURORA": 1, "q=" + s.c.Serial: 1, "state=active": 1, "state=revoked": 0, "before=" + s.c.Serial: 0,
		"q=" + url.QueryEscape("%"): 0, "q=_ure": 0, "q=" + url.QueryEscape("!"): 0, "q=" + url.QueryEscape("' OR 1=1 --"): 0,
		"q=" + url.QueryEscape("<script>"): 0, "q=" + url.QueryEscape(`<b>&"`): 1,
	} {
		list := want[object](s.house, s.call("GET", "/api/v1/certificates?"+query, nil, nobody...), http.StatusOK)
		if got, _ := list["certificates"].([]any); len(got) != hits {
			t.Errorf("%q finds %d, want %d", query, len(got), hits)
		}
	}
	s.problem(s.call("GET", "/api/v1/certificates?state=intended", nil, nobody...), http.StatusUnprocessableEntity, "invalid")
}

func TestTheStatusListIsServed(t *testing.T) {
	s := shelve(t)
	r := s.call("GET", "/status/list", nil, nobody...)
	if r.StatusCode != http.StatusOK || r.Header.Get("Content-Type") != "application/jose" || r.Header.Get("ETag") == "" || r.Header.Get("Last-Modified") == "" ||
		!strings.Contains(r.Header.Get("Cache-Control"), "max-age=60") {
		t.Fatalf("%s %v", r.Status, r.Header)
	}
	ring, err := s.keys.Keyring(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	list, err := certification.OpenStatus(string(r.body), ring)
	if err != nil || len(list.Entries) != 1 || list.Entries[0].Serial != s.c.Serial {
		t.Errorf("%+v: %v", list, err)
	}
	if _, err := s.keys.Signer(t.Context(), signing.Status); err != nil {
		t.Error(err)
	}
	if r := s.call("GET", "/status/list", nil, "Authorization", "", "If-None-Match", r.Header.Get("ETag")); r.StatusCode != http.StatusNotModified || len(r.body) > 0 {
		t.Errorf("%s with %d bytes", r.Status, len(r.body))
	}
}

const pdf = "%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n"

func (s *shelf) submit(token string, edit func(url.Values), body string) reply {
	s.Helper()
	q := url.Values{
		"region": {"IN"}, "scheme": {"WPC-ETA"}, "number": {"ETA-1"}, "holder": {"Aurora"}, "models": {"aurora-pure1"},
		"issued": {time.Now().AddDate(0, -1, 0).UTC().Format(time.RFC3339)}, "name": {"grant.pdf"},
	}
	if edit != nil {
		edit(q)
	}
	return s.call("POST", "/api/v1/orgs/"+s.org+"/regulatory?"+q.Encode(), body, "Authorization", "Bearer "+token,
		"Content-Type", "application/octet-stream", "Content-Disposition", `attachment; filename="grant.pdf"`)
}

func TestRegulatoryDocumentsOverHTTP(t *testing.T) {
	s := shelve(t)
	for rule, edit := range map[string]func(url.Values){
		"region-known":    func(q url.Values) { q.Set("region", "XX") },
		"scheme-known":    func(q url.Values) { q.Set("scheme", "FCC") },
		"regulatory-form": func(q url.Values) { q.Set("issued", time.Now().AddDate(0, 0, 2).UTC().Format(time.RFC3339)) },
		"regulatory-term": func(q url.Values) { q.Set("expires", time.Now().AddDate(0, 0, -2).UTC().Format(time.RFC3339)) },
	} {
		if p := s.problem(s.submit(s.vendor, edit, pdf), http.StatusUnprocessableEntity, "invalid"); p.Rule != rule {
			t.Errorf("rule %s, want %s", p.Rule, rule)
		}
	}
	s.problem(s.submit(s.ann, nil, pdf), http.StatusForbidden, "forbidden")
	d := want[object](s.house, s.submit(s.vendor, nil, pdf), http.StatusCreated)
	path := "/regulatory/" + d["id"].(string)
	stranger, _ := s.token(auth.ScopeBacker)
	s.problem(s.as(stranger, "GET", path, nil), http.StatusNotFound, "not-found")
	s.problem(s.as(stranger, "GET", path+"/file", nil), http.StatusNotFound, "not-found")
	if r := s.as(s.ann, "GET", path+"/file", nil); r.StatusCode != http.StatusOK || string(r.body) != pdf {
		t.Errorf("%s: %q", r.Status, r.body)
	}
	queue := want[object](s.house, s.as(s.ann, "GET", "/regulatory", nil), http.StatusOK)
	if all, _ := queue["documents"].([]any); len(all) != 1 {
		t.Errorf("%v", queue)
	}
	s.problem(s.as(s.vendor, "POST", path+"/verify", object{"rev": 0}), http.StatusForbidden, "forbidden")
	s.problem(s.as(s.ann, "POST", path+"/verify", object{"rev": 7}), http.StatusConflict, "conflict")
	d = want[object](s.house, s.as(s.ann, "POST", path+"/verify", object{"rev": 0, "reason": "seen at the issuer's"}), http.StatusOK)
	c := want[object](s.house, s.call("GET", "/api/v1"+s.path(""), nil, nobody...), http.StatusOK)
	stand := c["region_stands"].([]any)[0].(object)
	if stand["holds"] != false || !strings.Contains(stand["missing"].([]any)[0].(string), "BIS-CRS") || len(stand["papers"].([]any)) != 1 {
		t.Errorf("%v", stand)
	}
	s.problem(s.as(s.ann, "POST", path+"/follow-up", object{"rev": d["rev"], "surveillance_due": time.Now().AddDate(0, 6, 0).UTC(), "note": "seen"}), http.StatusUnprocessableEntity, "invalid")
	want[object](s.house, s.as(s.vendor, "POST", path+"/withdraw", object{"rev": d["rev"], "reason": "we gave it back"}), http.StatusOK)
	list := want[object](s.house, s.as(s.vendor, "GET", "/orgs/"+s.org+"/regulatory?state=withdrawn", nil), http.StatusOK)
	if all, _ := list["documents"].([]any); len(all) != 1 {
		t.Errorf("%v", list)
	}
}
