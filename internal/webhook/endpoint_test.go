package webhook_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/proofmark/proofmark/internal/webhook"
)

func TestWhatAnEndpointMayBe(t *testing.T) {
	w := newWorld(t)
	public := w.service(false)
	all := []string{"*"}
	for _, c := range []struct {
		what, url string
		kinds     []string
		rule      webhook.Rule
	}{
		{"a good one", "https://hooks.example.org:8443/x?y=1", []string{"certificate.*", "order.paid", "run.case-done"}, ""},
		{"an address", "https://93.184.215.14/x", all, ""},
		{"an IPv6 address", "https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/x", all, ""},
		{"plain http", "http://example.org/x", all, webhook.RuleURL},
		{"another scheme", "ftp://example.org/x", all, webhook.RuleURL},
		{"no host", "https:///x", all, webhook.RuleURL},
		{"a path", "/x", all, webhook.RuleURL},
		{"a user", "https://anna:pw@example.org/", all, webhook.RuleURL},
		{"a fragment", "https://example.org/#x", all, webhook.RuleURL},
		{"a control character", "https://example.org/\r\nX: y", all, webhook.RuleURL},
		{"a long one", "https://example.org/" + strings.Repeat("x", 2000), all, webhook.RuleURL},
		{"loopback", "https://127.0.0.1/", all, webhook.RuleAddress},
		{"loopback as IPv6", "https://[::1]/", all, webhook.RuleAddress},
		{"loopback inside IPv6", "https://[::ffff:127.0.0.1]/", all, webhook.RuleAddress},
		{"a cloud's metadata", "https://169.254.169.254/", all, webhook.RuleAddress},
		{"a private network", "https://192.168.1.1/", all, webhook.RuleAddress},
		{"a private network by NAT64", "https://[64:ff9b::10.0.0.1]/", all, webhook.RuleAddress},
		{"a private network by 6to4", "https://[2002:a00:1::1]/", all, webhook.RuleAddress},
		{"Teredo", "https://[2001:0:1::1]/", all, webhook.RuleAddress},
		{"a private IPv6 network", "https://[fd00::1]/", all, webhook.RuleAddress},
		{"link-local", "https://[fe80::1%25eth0]/", all, webhook.RuleAddress},
		{"multicast", "https://224.0.0.1/", all, webhook.RuleAddress},
		{"nowhere", "https://0.0.0.0/", all, webhook.RuleAddress},
		{"carrier NAT", "https://100.64.0.1/", all, webhook.RuleAddress},
		{"no kinds", "https://example.org/", nil, webhook.RuleKinds},
		{"a kind in capitals", "https://example.org/", []string{"Certificate.*"}, webhook.RuleKinds},
		{"half a word", "https://example.org/", []string{"cert*"}, webhook.RuleKinds},
		{"a star inside", "https://example.org/", []string{"*.suspended"}, webhook.RuleKinds},
		{"a space", "https://example.org/", []string{"a b"}, webhook.RuleKinds},
		{"an empty kind", "https://example.org/", []string{""}, webhook.RuleKinds},
		{"dots only", "https://example.org/", []string{".*"}, webhook.RuleKinds},
	} {
		t.Run(c.what, func(t *testing.T) {
			_, secret, err := public.Create(ctx, "acc_1", webhook.NewEndpoint{Org: "org_1", URL: c.url, Kinds: c.kinds})
			if c.rule != "" {
				wantRule(t, err, c.rule)
				return
			}
			must(t, err)
			if key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_")); err != nil || len(key) != 32 {
				t.Errorf("secret %q", secret)
			}
		})
	}
}

func TestKindsAreMatchedByWholeWords(t *testing.T) {
	for _, c := range []struct {
		asked, kind string
		want        bool
	}{
		{"certificate.*", "certificate.suspended", true},
		{"certificate.*", "certificate.condition.missed", true},
		{"certificate.*", "certificates.x", false},
		{"certificate.*", "certificate", false},
		{"certificate.suspended", "certificate.suspended", true},
		{"certificate.suspended", "certificate.suspended.again", false},
		{"*", "anything", true},
	} {
		if got := (webhook.Endpoint{Kinds: []string{"other", c.asked}}).Wants(c.kind); got != c.want {
			t.Errorf("%s wants %s: %v", c.asked, c.kind, got)
		}
	}
}

// The server is real, and listens where a public installation must not send.
func TestANameThatLeadsInsideIsFoundOutWhenItIsDialled(t *testing.T) {
	w := newWorld(t)
	hit := make(chan struct{}, 1)
	s := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hit <- struct{}{} }))
	defer s.Close()
	u, _ := url.Parse(s.URL)
	public := w.service(false)
	e, _, err := public.Create(ctx, "acc_1", webhook.NewEndpoint{URL: "https://localhost:" + u.Port(), Kinds: []string{"*"}})
	must(t, err)
	_, err = public.Confirm(ctx, "acc_1", e.ID)
	wantRule(t, err, webhook.RuleAddress)
	if strings.Contains(err.Error(), "dial tcp") {
		t.Errorf("the message tells of the network inside: %v", err)
	}
	// One that was confirmed while the name led elsewhere.
	must(t, w.db.Webhooks().Challenge(ctx, e.ID, "n", w.now()))
	must(t, w.db.Webhooks().Confirm(ctx, e.ID, "n", w.now()))
	must(t, public.Spread(ctx, w.notice("certificate.issued", "org_1")))
	if _, err := public.Step(ctx, e.ID, "run"); err != nil {
		t.Fatal(err)
	}
	_, attempts := w.delivery(e, 1)
	if attempts[0].Status != 0 || !strings.Contains(attempts[0].Error, "not on the public internet") {
		t.Errorf("attempt %+v", attempts[0])
	}
	if len(hit) > 0 {
		t.Error("the server inside was reached")
	}
}

func TestNothingIsSentBeforeAnEndpointIsConfirmed(t *testing.T) {
	w := newWorld(t)
	r := w.receiver()
	e, secret, err := w.Create(ctx, "acc_1", webhook.NewEndpoint{Org: "org_1", URL: r.URL, Kinds: []string{"*"}})
	must(t, err)
	w.tell("certificate.issued", "org_1")
	if made := w.work(e); made != 0 {
		t.Errorf("%d attempts", made)
	}
	_, err = w.Test(ctx, e.ID)
	wantRule(t, err, webhook.RuleState)
	r.secret = secret
	got, err := w.Confirm(ctx, "acc_1", e.ID)
	must(t, err)
	if got.State != webhook.Active || !got.ConfirmedAt.Equal(w.now()) {
		t.Errorf("%+v", got)
	}
	_, err = w.Confirm(ctx, "acc_1", e.ID)
	wantRule(t, err, webhook.RuleState)
	d, err := w.Test(ctx, e.ID)
	must(t, err)
	w.work(e)
	if len(r.got) != 1 || r.got[0].Type != webhook.KindTest || r.got[0].ID != d.Notice {
		t.Errorf("got %+v", r.got)
	}
}

func TestAReplyThatDoesNotProveTheSecretIsRefused(t *testing.T) {
	confirm := func(secret, nonce string) string {
		c, err := webhook.Confirmation(secret, nonce)
		if err != nil {
			t.Error(err)
		}
		return `{"confirmation":"` + c + `"}`
	}
	var earlier string // the nonce of the first challenge
	for _, c := range []struct {
		what  string
		reply func(w http.ResponseWriter, secret, nonce string)
		rule  webhook.Rule
	}{
		{"forged", func(w http.ResponseWriter, _, nonce string) {
			_, _ = w.Write([]byte(confirm(exampleSecret, nonce)))
		}, webhook.RuleForged},
		{"of another nonce", func(w http.ResponseWriter, secret, _ string) { _, _ = w.Write([]byte(confirm(secret, "mine"))) }, webhook.RuleForged},
		{"to an earlier challenge", func(w http.ResponseWriter, secret, nonce string) {
			_, _ = w.Write([]byte(confirm(secret, earlier)))
		}, webhook.RuleStale},
		{"that echoes the request", func(w http.ResponseWriter, _, nonce string) { _, _ = w.Write([]byte(`{"nonce":"` + nonce + `"}`)) }, webhook.RuleReply},
		{"that is no JSON", func(w http.ResponseWriter, _, _ string) { _, _ = w.Write([]byte("ok")) }, webhook.RuleReply},
		{"that is not base64", func(w http.ResponseWriter, _, _ string) { _, _ = w.Write([]byte(`{"confirmation":"!"}`)) }, webhook.RuleReply},
		{"with a status that says no", func(w http.ResponseWriter, secret, nonce string) {
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write([]byte(confirm(secret, nonce)))
		}, webhook.RuleStatus},
	} {
		t.Run(c.what, func(t *testing.T) {
			w := newWorld(t)
			var secret string
			challenges := 0
			s := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				var b webhook.Body
				if err := json.NewDecoder(r.Body).Decode(&b); err != nil {
					t.Error(err)
				}
				if challenges++; challenges == 1 {
					earlier = nonceOf(b)
					rw.WriteHeader(http.StatusServiceUnavailable)
					return
				}
				c.reply(rw, secret, nonceOf(b))
			}))
			defer s.Close()
			e, text, err := w.Create(ctx, "acc_1", webhook.NewEndpoint{URL: s.URL, Kinds: []string{"*"}})
			must(t, err)
			secret = text
			_, err = w.Confirm(ctx, "acc_1", e.ID)
			wantRule(t, err, webhook.RuleStatus)
			_, err = w.Confirm(ctx, "acc_1", e.ID)
			wantRule(t, err, c.rule)
			if got, _ := w.Endpoint(ctx, e.ID); got.State != webhook.Pending {
				t.Errorf("it is %s all the same", got.State)
			}
			s.Close()
			_, err = w.Confirm(ctx, "acc_1", e.ID)
			wantRule(t, err, webhook.RuleUnreachable)
		})
	}
}

// Two challenges are under way; the first one's reply, true as it is, comes last.
func TestAReplyThatIsOvertakenIsRefused(t *testing.T) {
	w := newWorld(t)
	var secret string
	second := make(chan struct{})
	first := make(chan struct{})
	var once sync.Once
	s := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		var b webhook.Body
		_ = json.NewDecoder(r.Body).Decode(&b)
		isFirst := false
		once.Do(func() { isFirst = true; close(first) })
		if isFirst {
			<-second
		} else {
			defer close(second)
			rw.WriteHeader(http.StatusServiceUnavailable) // so that the endpoint stays pending
			return
		}
		c, _ := webhook.Confirmation(secret, nonceOf(b))
		_ = json.NewEncoder(rw).Encode(map[string]string{"confirmation": c})
	}))
	defer s.Close()
	e, text, err := w.Create(ctx, "acc_1", webhook.NewEndpoint{URL: s.URL, Kinds: []string{"*"}})
	must(t, err)
	secret = text
	overtaken := make(chan error, 1)
	go func() { _, err := w.Confirm(ctx, "acc_1", e.ID); overtaken <- err }()
	<-first
	_, err = w.Confirm(ctx, "acc_1", e.ID)
	wantRule(t, err, webhook.RuleStatus)
	wantRule(t, <-overtaken, webhook.RuleStale)
}

func TestAReplyThatComesTooLateIsRefused(t *testing.T) {
	w := newWorld(t)
	r := w.receiver()
	var secret string
	s := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, req *http.Request) {
		var b webhook.Body
		_ = json.NewDecoder(req.Body).Decode(&b)
		w.pass(5*time.Minute + time.Second)
		r.secret = secret
		r.confirm(rw, b)
	}))
	defer s.Close()
	e, text, err := w.Create(ctx, "acc_1", webhook.NewEndpoint{URL: s.URL, Kinds: []string{"*"}})
	must(t, err)
	secret = text
	_, err = w.Confirm(ctx, "acc_1", e.ID)
	wantRule(t, err, webhook.RuleStale)
}

func TestANewURLIsConfirmedAnew(t *testing.T) {
	w := newWorld(t)
	r, other := w.receiver(), w.receiver()
	e := w.endpoint(r, "org_1", "*")
	w.tell("certificate.issued", "org_1")
	other.secret = r.secret
	e, err := w.Update(ctx, "acc_1", e.ID, webhook.Change{URL: &other.URL})
	must(t, err)
	if made := w.work(e); made != 0 || e.State != webhook.Pending {
		t.Fatalf("%d attempts, %+v", made, e)
	}
	_, err = w.Confirm(ctx, "acc_1", e.ID)
	must(t, err)
	w.work(e)
	if len(r.got) != 0 || len(other.got) != 1 {
		t.Errorf("%d to the old URL, %d to the new one", len(r.got), len(other.got))
	}
}

func TestAFormerSecretSignsForADay(t *testing.T) {
	w := newWorld(t)
	r := w.receiver() // it fails the test when a request does not verify
	e := w.endpoint(r, "org_1", "*")
	_, fresh, err := w.Rotate(ctx, "acc_1", e.ID)
	must(t, err)
	w.tell("certificate.issued", "org_1")
	w.work(e) // by the former one
	r.secret = fresh
	w.tell("certificate.revoked", "org_1")
	w.work(e)
	w.pass(24 * time.Hour)
	r.answers(func(_ http.ResponseWriter, req *http.Request, _ webhook.Body) {
		if n := len(strings.Fields(req.Header.Get(webhook.HeaderSignature))); n != 1 {
			t.Errorf("%d signatures after a day", n)
		}
	})
	w.tell("certificate.expired", "org_1")
	w.work(e)
	if len(r.got) != 3 {
		t.Errorf("%d received", len(r.got))
	}
}

func TestEnablingAndDisabling(t *testing.T) {
	w := newWorld(t)
	yes, no := true, false
	e, _, err := w.Create(ctx, "acc_1", webhook.NewEndpoint{URL: "https://example.org", Kinds: []string{"*"}})
	must(t, err)
	for _, enabled := range []*bool{&yes, &no} { // it is pending
		_, err = w.Update(ctx, "acc_1", e.ID, webhook.Change{Enabled: enabled})
		wantRule(t, err, webhook.RuleState)
	}
	r := w.receiver()
	e = w.endpoint(r, "org_1", "*")
	_, err = w.Update(ctx, "acc_1", e.ID, webhook.Change{Enabled: &no})
	must(t, err)
	w.tell("certificate.issued", "org_1")
	if _, err = w.Test(ctx, e.ID); w.work(e) != 0 || err == nil {
		t.Error("a disabled endpoint was sent to")
	}
	long := strings.Repeat("x", 501)
	_, err = w.Update(ctx, "acc_1", e.ID, webhook.Change{Description: &long})
	wantRule(t, err, webhook.RuleDescription)
	must(t, w.Delete(ctx, "acc_1", e.ID))
	if _, err := w.Endpoint(ctx, e.ID); !errors.Is(err, webhook.ErrNotFound) {
		t.Errorf("error is %v", err)
	}
}

func TestASecretOpensOnlyUnderItsKey(t *testing.T) {
	w := newWorld(t)
	r := w.receiver()
	e := w.endpoint(r, "org_1", "*")
	w.tell("certificate.issued", "org_1")
	file := filepath.Join(t.TempDir(), "other.key")
	other, err := webhook.LoadKey(file)
	must(t, err)
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key's file: %v, %v", info.Mode(), err)
	}
	stranger := webhook.NewService(w.db.Webhooks(), webhook.Options{Key: other, Private: true, Now: w.now})
	_, err = stranger.Step(ctx, e.ID, "run")
	if !errors.Is(err, webhook.ErrKey) || !strings.Contains(err.Error(), "same key file") {
		t.Errorf("error is %v", err)
	}
	if made := w.work(e); made != 1 { // which counted for nothing
		t.Errorf("%d attempts by the right process", made)
	}
	// Who lost the key goes on with a new secret.
	_, fresh, err := stranger.Rotate(ctx, "acc_1", e.ID)
	must(t, err)
	r.secret = fresh
	must(t, stranger.Spread(ctx, w.notice("certificate.revoked", "org_1")))
	if more, err := stranger.Step(ctx, e.ID, "run"); err != nil || !more {
		t.Errorf("after a rotation: %v, %v", more, err)
	}
	stored, err := w.db.Webhooks().Endpoint(context.Background(), e.ID)
	must(t, err)
	key, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(r.secret, "whsec_"))
	if strings.Contains(string(stored.Secret), string(key)) {
		t.Error("the secret is stored in the open")
	}
}

func TestManyProcessesMakeOneKey(t *testing.T) {
	file := filepath.Join(t.TempDir(), "webhook.key")
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			if _, err := webhook.LoadKey(file); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	before, err := os.ReadFile(file)
	must(t, err)
	_, err = webhook.LoadKey(file)
	must(t, err)
	if after, _ := os.ReadFile(file); string(after) != string(before) {
		t.Error("the key changed")
	}
	if left, _ := os.ReadDir(filepath.Dir(file)); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
	must(t, os.WriteFile(file, []byte("short\n"), 0o600))
	if _, err := webhook.LoadKey(file); err == nil {
		t.Error("a broken key was taken")
	}
}
