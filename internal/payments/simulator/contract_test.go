package simulator_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/internal/payments/paymentstest"
	"github.com/proofmark/proofmark/internal/payments/simulator"
)

// The contract, over a socket and without one.
func TestContract(t *testing.T) {
	for _, socket := range []bool{true, false} {
		name := map[bool]string{true: "over HTTP", false: "in process"}[socket]
		t.Run(name, func(t *testing.T) {
			p := open(t, simulator.Options{ProcessRefund: -1})
			keys := p.Keys()
			dial := func(url string) *simulator.Client {
				c, err := simulator.NewClient(simulator.ClientConfig{URL: url, ID: keys.ID, Secret: keys.Secret, WebhookSecrets: []string{"an old one", keys.Webhook}})
				if err != nil {
					t.Fatal(err)
				}
				return c
			}
			provider := p.Client()
			if socket {
				server := httptest.NewServer(p)
				defer server.Close()
				provider = dial(server.URL + "/psp")
			}
			paymentstest.Run(t, paymentstest.Harness{
				Provider: provider, Unreachable: dial("http://127.0.0.1:1/psp"), ExpiresAt: p.Time().Add(15 * time.Minute),
				Pay: func(t *testing.T, ref string) {
					if _, err := p.Pay(t.Context(), ref, "attempt", campaigns.MethodUPI, "success@test"); err != nil {
						t.Fatal(err)
					}
				},
				Event: func(t *testing.T) (map[string][]string, []byte) { return genuine(t, p) },
			})
		})
	}
}

// genuine is an event that p posted.
func genuine(t testing.TB, p *simulator.PSP) (http.Header, []byte) {
	t.Helper()
	type post struct {
		head http.Header
		body []byte
	}
	posts := make(chan post, 100)
	p.SetWebhook("http://merchant.example/", &http.Client{Transport: simulator.InProcess(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		posts <- post{r.Header, body}
	}))})
	paid(t, p, "event", campaigns.MethodUPI, "success@test")
	got := <-posts
	return got.head, got.body
}

func TestAWrongKeyIsNoRefusal(t *testing.T) {
	p := open(t, simulator.Options{})
	server := httptest.NewServer(p)
	defer server.Close()
	c, err := simulator.NewClient(simulator.ClientConfig{URL: server.URL + "/psp", ID: p.Keys().ID, Secret: "wrong", WebhookSecrets: []string{"x"}})
	if err != nil {
		t.Fatal(err)
	}
	// It says nothing about the order: set the key right and ask again.
	if _, err := c.CreateOrder(t.Context(), newOrder(p, "k")); !errors.Is(err, campaigns.ErrUnknown) {
		t.Errorf("%v, want ErrUnknown", err)
	}
}

func TestAnOldEventIsRefused(t *testing.T) {
	now := time.Now()
	p := open(t, simulator.Options{Now: func() time.Time { return now }})
	head, body := genuine(t, p)
	for _, tc := range []struct {
		later time.Duration
		want  error
	}{{5 * time.Minute, nil}, {5*time.Minute + 2*time.Second, campaigns.ErrBadSignature}, {-6 * time.Minute, campaigns.ErrBadSignature}} {
		c, err := simulator.NewClient(simulator.ClientConfig{
			URL: "http://psp.example/psp", ID: "i", Secret: "s", WebhookSecrets: []string{p.Keys().Webhook},
			Now: func() time.Time { return now.Truncate(time.Second).Add(tc.later) },
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.ParseEvent(head, body); !errors.Is(err, tc.want) {
			t.Errorf("%v later: %v, want %v", tc.later, err, tc.want)
		}
	}
}

func FuzzParseEvent(f *testing.F) {
	p := open(f, simulator.Options{})
	head, body := genuine(f, p)
	f.Add(head.Get("Psp-Signature"), body, false)
	f.Add("", body, true)
	f.Add("t=9999999999999999999,v1=", []byte(`{}`), false)
	f.Add("t=,v1=", bytes.Repeat([]byte("["), 1000), true)
	c := p.Client()
	f.Fuzz(func(t *testing.T, signature string, body []byte, genuine bool) {
		if genuine {
			signature = simulator.Sign(p.Keys().Webhook, time.Now(), body)
		}
		e, err := c.ParseEvent(map[string][]string{"Psp-Signature": {signature}}, body)
		if err == nil && (e.ID == "" || e.Kind == campaigns.EventPayment && e.Payment == nil || e.Kind == campaigns.EventRefund && e.Refund == nil) {
			t.Errorf("%q gave %+v", body, e)
		}
		if err != nil && !errors.Is(err, campaigns.ErrBadSignature) && !errors.Is(err, campaigns.ErrBadEvent) {
			t.Errorf("%v: want ErrBadSignature or ErrBadEvent", err)
		}
	})
}
