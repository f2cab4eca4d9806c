package api_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/notice"
	"github.com/proofmark/proofmark/internal/webhook"
)

// hook is a receiver that checks what it gets, and confirms.
type hook struct {
	*httptest.Server
	secret string
	got    chan webhook.Body
	status int
}

func (h *house) hook() *hook {
	k := &hook{got: make(chan webhook.Body, 16), status: http.StatusNoContent}
	k.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		if err := webhook.Verify(k.secret, r.Header, raw, webhook.Tolerance, time.Now()); err != nil {
			h.Error(err)
		}
		var b webhook.Body
		_ = json.Unmarshal(raw, &b)
		if b.Type == webhook.KindConfirm {
			var data struct{ Nonce string }
			_ = json.Unmarshal(b.Data, &data)
			c, _ := webhook.Confirmation(k.secret, data.Nonce)
			_ = json.NewEncoder(w).Encode(map[string]string{"confirmation": c})
			return
		}
		w.WriteHeader(k.status)
		k.got <- b
	}))
	h.Cleanup(k.Close)
	return k
}

type hookAnswer struct {
	ID, State, Secret, Org, Reason string
	Kinds                          []string
	Sequence                       int64
}

func TestAWebhookFromItsRegistrationToItsEnd(t *testing.T) {
	h := build(t)
	k := h.hook()
	made := want[hookAnswer](h, h.call("POST", "/api/v1/webhooks", object{"org": "org_1", "url": k.URL, "kinds": []string{"certificate.*"}, "description": "ours"}), 201)
	if made.State != "pending" || !strings.HasPrefix(made.Secret, "whsec_") || made.Org != "org_1" {
		t.Fatalf("%+v", made)
	}
	path := "/api/v1/webhooks/" + made.ID
	if p := h.problem(h.call("POST", path+"/test", nil), 422, "webhook-refused"); p.Rule != "webhook-state" {
		t.Errorf("%+v", p)
	}
	k.secret = made.Secret
	if got := want[hookAnswer](h, h.call("POST", path+"/confirm", nil), 200); got.State != "active" || got.Secret != "" {
		t.Errorf("%+v", got)
	}

	n, err := notice.New(time.Now(), "certificate.issued", "crt_1", "org_1", object{"model": "m"})
	if err != nil {
		t.Fatal(err)
	}
	if err := h.webhooks.Spread(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	step := func() {
		t.Helper()
		if more, err := h.webhooks.Step(t.Context(), made.ID, "run"); err != nil || !more {
			t.Fatalf("%v %v", more, err)
		}
	}
	step()
	if b := <-k.got; b.ID != n.ID || b.Sequence != 1 {
		t.Errorf("%+v", b)
	}
	if got := want[object](h, h.call("POST", path+"/test", nil), 202); got["type"] != "webhook.test" || got["state"] != "waiting" {
		t.Errorf("%v", got)
	}
	k.status = http.StatusInternalServerError
	step()
	<-k.got

	type deliveries struct {
		Deliveries []struct {
			ID, State, Notice string
			Sequence          int64
			Attempts          int
			DueAt             *time.Time `json:"due_at"`
		}
		Next int64
	}
	page := want[deliveries](h, h.call("GET", path+"/deliveries?limit=1", nil), 200)
	if len(page.Deliveries) != 1 || page.Deliveries[0].State != "waiting" || page.Deliveries[0].DueAt == nil || page.Next != 2 {
		t.Fatalf("%+v", page)
	}
	page = want[deliveries](h, h.call("GET", path+"/deliveries?before=2", nil), 200)
	if len(page.Deliveries) != 1 || page.Deliveries[0].Notice != n.ID || page.Deliveries[0].DueAt != nil || page.Next != 0 {
		t.Fatalf("%+v", page)
	}
	one := path + "/deliveries/" + page.Deliveries[0].ID
	whole := want[struct {
		State string
		Body  webhook.Body
		Log   []struct{ Number, Status int }
	}](h, h.call("GET", one, nil), 200)
	if whole.State != "delivered" || whole.Body.ID != n.ID || len(whole.Log) != 1 || whole.Log[0].Status != 204 {
		t.Errorf("%+v", whole)
	}
	want[object](h, h.call("POST", one+"/redeliver", nil), 202)
	h.problem(h.call("POST", one+"/redeliver", nil), 409, "conflict")

	rotated := want[hookAnswer](h, h.call("POST", path+"/rotate", nil), 200)
	if rotated.Secret == made.Secret || rotated.State != "active" {
		t.Errorf("%+v", rotated)
	}
	if got := want[hookAnswer](h, h.call("PATCH", path, object{"enabled": false, "kinds": []string{"*"}}), 200); got.State != "disabled" || got.Reason == "" || got.Kinds[0] != "*" {
		t.Errorf("%+v", got)
	}
	want[object](h, h.call("DELETE", path, nil), 204)
	h.problem(h.call("GET", path, nil), 404, "not-found")
}

func TestAWebhookThatDoesNotProveItsSecretIsRefused(t *testing.T) {
	h := build(t)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"confirmation":"AAAA"}`))
	}))
	defer s.Close()
	made := want[hookAnswer](h, h.call("POST", "/api/v1/webhooks", object{"url": s.URL, "kinds": []string{"*"}}), 201)
	if p := h.problem(h.call("POST", "/api/v1/webhooks/"+made.ID+"/confirm", nil), 422, "webhook-refused"); p.Rule != "confirm-forged" {
		t.Errorf("%+v", p)
	}
	if p := h.problem(h.call("POST", "/api/v1/webhooks", object{"url": "ftp://x", "kinds": []string{"*"}}), 422, "webhook-refused"); p.Rule != "webhook-url" {
		t.Errorf("%+v", p)
	}
}

// startup makes an organisation, and the header of its owner.
func (h *house) startup(email string) (org string, header []string) {
	h.Helper()
	account, header := h.person(email)
	o, err := h.auth.CreateOrg(h.Context(), auth.Actor{Account: account, Scopes: []auth.Scope{auth.ScopeStartup}},
		auth.Org{Name: "of " + email, LegalName: "of " + email, Country: "IN"})
	if err != nil {
		h.Fatal(err)
	}
	return o.ID, header
}

func TestOnlyMembersHaveToDoWithAWebhook(t *testing.T) {
	h := build(t)
	ours, anna := h.startup("anna@example.org")
	_, bob := h.startup("bob@example.org")
	made := want[hookAnswer](h, h.call("POST", "/api/v1/webhooks", object{"org": ours, "url": "https://example.org", "kinds": []string{"*"}}, anna...), 201)
	path := "/api/v1/webhooks/" + made.ID
	for _, c := range []struct{ method, path string }{
		{"GET", ""},
		{"PATCH", ""},
		{"DELETE", ""},
		{"POST", "/confirm"},
		{"POST", "/rotate"},
		{"POST", "/test"},
		{"GET", "/deliveries"},
		{"GET", "/deliveries/whd_1"},
		{"POST", "/deliveries/whd_1/redeliver"},
	} {
		var body any
		if c.method == "PATCH" {
			body = object{"enabled": false}
		}
		h.problem(h.call(c.method, path+c.path, body, bob...), 404, "not-found")
	}
	h.problem(h.call("GET", "/api/v1/webhooks?org="+ours, nil, bob...), 403, "forbidden")
	h.problem(h.call("GET", "/api/v1/webhooks", nil, bob...), 403, "forbidden")
	h.problem(h.call("POST", "/api/v1/webhooks", object{"url": "https://example.org", "kinds": []string{"*"}}, bob...), 403, "forbidden")
	app, _ := h.token(auth.ScopeApp)
	h.problem(h.call("GET", path, nil, "Authorization", "Bearer "+app), 403, "forbidden")
	list := want[struct{ Webhooks []hookAnswer }](h, h.call("GET", "/api/v1/webhooks?org="+ours, nil, anna...), 200)
	if len(list.Webhooks) != 1 || list.Webhooks[0].ID != made.ID || list.Webhooks[0].Secret != "" {
		t.Errorf("%+v", list)
	}
	// A delivery is found under its own webhook only.
	want[hookAnswer](h, h.call("GET", path, nil), 200) // an operator sees it
	h.problem(h.call("GET", path+"/deliveries/whd_1", nil), 404, "not-found")
}
