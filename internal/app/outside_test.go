package app_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/proofmark/proofmark/internal/app"
	"github.com/proofmark/proofmark/internal/webhook"
)

// The whole way: a fact with its notice, its job, a delivery, a request that its
// receiver verifies. The fact is that another webhook is gone.
func TestANoticeReachesAServerOutside(t *testing.T) {
	data := t.TempDir()
	a, err := app.New(app.Config{
		Data: data, HTTP: "127.0.0.1:0", MQTT: "127.0.0.1:0", MQTTS: "off", Metrics: "127.0.0.1:0", WebhookPrivate: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	service := &service{App: a, t: t, data: data}
	heard := make(chan webhook.Body, 4)
	receive := func(kind string, status int) (id string) {
		var made struct{ ID, Secret string }
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			raw, _ := io.ReadAll(r.Body)
			if err := webhook.Verify(made.Secret, r.Header, raw, webhook.Tolerance, time.Now()); err != nil {
				t.Error(err)
			}
			var b webhook.Body
			_ = json.Unmarshal(raw, &b)
			if b.Type != webhook.KindConfirm {
				w.WriteHeader(status)
				heard <- b
				return
			}
			var challenge struct{ Nonce string }
			_ = json.Unmarshal(b.Data, &challenge)
			proof, _ := webhook.Confirmation(made.Secret, challenge.Nonce)
			_ = json.NewEncoder(w).Encode(map[string]string{"confirmation": proof})
		}))
		t.Cleanup(s.Close)
		service.call("POST", "/api/v1/webhooks", map[string]any{"url": s.URL, "kinds": []string{kind}}, &made)
		service.call("POST", "/api/v1/webhooks/"+made.ID+"/confirm", nil, nil)
		return made.ID
	}
	receive("webhook.*", http.StatusOK)
	gone := receive("nothing.*", http.StatusGone)
	service.call("POST", "/api/v1/webhooks/"+gone+"/test", nil, nil)
	if b := <-heard; b.Type != webhook.KindTest {
		t.Errorf("heard %+v, want the test", b)
	}
	if b := <-heard; b.Type != webhook.KindDisabled || b.Subject != gone || b.Sequence != 1 {
		t.Errorf("heard %+v, want that %s is disabled", b, gone)
	}
	resp, err := http.Get("http://" + a.Addresses().Metrics + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	for _, line := range []string{"proofmark_webhooks_disabled_total", `proofmark_webhook_attempts_total{outcome="failed"}`, `proofmark_mails_total{outcome="sent"}`} {
		if !strings.Contains(string(text), line) {
			t.Errorf("the metrics lack %s", line)
		}
	}
	for _, name := range []string{"webhook.key", "blobs"} {
		if info, err := os.Stat(filepath.Join(data, name)); err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
}
