//go:build !race

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

// TestTheSampleWorldIsWhole starts the demonstration as `make run` does: its
// recorded runs are judged by this release of the suite, and lead to a certificate
// that the public registry shows.
func TestTheSampleWorldIsWhole(t *testing.T) {
	if testing.Short() {
		t.Skip("judges a recorded day")
	}
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
	<-a.Grown()
	if strings.Contains(log.String(), "not whole") {
		t.Fatal(log.String())
	}
	r, err := http.Get("http://" + a.Addresses().HTTP + "/certificates?q=Aurora")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	page, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	if r.StatusCode != http.StatusOK || !bytes.Contains(page, []byte("Aurora One")) {
		t.Errorf("%s: %s", r.Status, page)
	}
}
