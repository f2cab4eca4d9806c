//go:build e2e

package app_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/proofmark/proofmark/internal/app"
)

// TestE2ETheSampleWorldIsWhole starts the demonstration as `make run` does: its
// recorded runs are judged by this release of the suite and lead to a certificate
// that the public registry shows; of its campaigns one succeeds, and one fails.
func TestE2ETheSampleWorldIsWhole(t *testing.T) {
	t.Parallel() // it waits for a campaign of two minutes
	log := &logBuffer{}
	a, err := app.New(app.Config{
		Data: t.TempDir(), HTTP: "127.0.0.1:0", MQTT: "127.0.0.1:0", MQTTS: "off", Metrics: "off", Bench: "off", BenchTLS: "127.0.0.1:0", Demo: true,
		Log: slog.New(slog.NewTextHandler(log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := a.Stop(ctx); err != nil {
			t.Errorf("stop: %v", err)
		}
	}()
	var banner bytes.Buffer
	if err := a.StartDemo(t.Context(), &banner); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(banner.String(), "DEMO") {
		t.Errorf("the banner does not say that it is a demonstration: %s", banner.String())
	}
	<-a.Lived() // its funded campaign ends two minutes after it is made
	if strings.Contains(log.String(), "not whole") {
		t.Fatal(log.String())
	}
	for path, want := range map[string][]string{
		"/certificates?q=Aurora":           {"Aurora One"},
		"/api/v1/campaigns?shelf=live":     {`"state":"live"`},
		"/api/v1/campaigns?shelf=upcoming": {`"state":"scheduled"`},
		"/api/v1/campaigns?shelf=past":     {`"state":"fulfilling"`, `"state":"failed"`},
	} {
		r, err := http.Get("http://" + a.Addresses().HTTP + path)
		if err != nil {
			t.Fatal(err)
		}
		page, err := io.ReadAll(r.Body)
		_ = r.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		for _, words := range want {
			if r.StatusCode != http.StatusOK || !bytes.Contains(page, []byte(words)) {
				t.Errorf("%s: %s without %s: %s", path, r.Status, words, page)
			}
		}
	}
}
