package app_test

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/internal/app"
	"github.com/proofmark/proofmark/internal/payments/simulator"
)

func TestThePaymentSimulatorIsPartOfTheService(t *testing.T) {
	s := start(t)
	file := filepath.Join(s.data, "psp.json")
	if i, err := os.Stat(file); err != nil || i.Mode().Perm() != 0o600 {
		t.Fatalf("mode of %s: %v, %v, want 0600", file, i, err)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var keys simulator.Keys
	if err := json.Unmarshal(b, &keys); err != nil {
		t.Fatal(err)
	}
	base := "http://" + s.Addresses().HTTP
	c, err := simulator.NewClient(simulator.ClientConfig{URL: base + "/psp", ID: keys.ID, Secret: keys.Secret, WebhookSecrets: []string{keys.Webhook}})
	if err != nil {
		t.Fatal(err)
	}
	o, err := c.CreateOrder(t.Context(), campaigns.NewProviderOrder{
		Key: "pat_1", OrderID: "ord_1", Amount: 149900, Currency: "INR", ExpiresAt: time.Now().Add(15 * time.Minute), ReturnURL: base + "/",
	})
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]int{o.PayPage.URL: http.StatusOK, "/psp/operator": http.StatusUnauthorized, "/psp/static/psp.css": http.StatusOK} {
		resp, err := http.Get(base + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		if _ = resp.Body.Close(); err != nil || resp.StatusCode != want {
			t.Errorf("%s: %s, %v, want %d: %.200s", path, resp.Status, err, want, body)
		}
	}
	for _, secret := range []string{keys.Secret, keys.Webhook} {
		if strings.Contains(s.log.String(), secret) {
			t.Error("the log holds a key of the payment simulator")
		}
	}
}

func TestAProviderWithoutItsSecretsEndsTheStart(t *testing.T) {
	for name, tc := range map[string]struct {
		payments app.Payments
		says     string
	}{
		"stripe without a key":               {app.Payments{Provider: "stripe"}, "API key"},
		"stripe without a webhook secret":    {app.Payments{Provider: "stripe", Secret: "sk_test_1"}, "webhook secret"},
		"razorpay without a key":             {app.Payments{Provider: "razorpay", Secret: "x"}, "key id"},
		"a simulator elsewhere without keys": {app.Payments{URL: "http://127.0.0.1:1/psp"}, "key id"},
		"nobody's provider":                  {app.Payments{Provider: "barter"}, "barter"},
	} {
		a, err := app.New(app.Config{Data: t.TempDir(), HTTP: "127.0.0.1:0", MQTT: "127.0.0.1:0", MQTTS: "off", Metrics: "off", Payments: tc.payments})
		if err != nil {
			t.Fatal(err)
		}
		if err := a.Start(t.Context()); err == nil || !strings.Contains(err.Error(), "start payments") || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: %v, want an error of payments about %q", name, err, tc.says)
		}
	}
}
