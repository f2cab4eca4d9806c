package app_test

import (
	"cmp"
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/proofmark/proofmark/internal/app"
)

// sample starts a service that may have the sample world, on loopback; what c leaves
// out of folder and ports is a test's own, or off. It is stopped with the test, and
// shows what it warned of where that failed.
func sample(t *testing.T, c app.Config) (*app.App, *logBuffer) {
	t.Helper()
	log := &logBuffer{}
	c.Demo, c.Log = true, slog.New(slog.NewTextHandler(log, nil))
	c.Data, c.HTTP, c.MQTT = cmp.Or(c.Data, t.TempDir()), "127.0.0.1:0", "127.0.0.1:0"
	c.MQTTS, c.Metrics, c.Bench, c.BenchTLS = "off", "off", cmp.Or(c.Bench, "off"), "127.0.0.1:0" // runs are over TLS
	a, err := app.New(c)
	if err == nil {
		err = a.Start(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := a.Stop(ctx); err != nil {
			t.Errorf("stop: %v", err)
		}
		if !t.Failed() {
			return
		}
		for line := range strings.SplitSeq(log.String(), "\n") {
			if strings.Contains(line, "level=WARN") || strings.Contains(line, "level=ERROR") {
				t.Log(line)
			}
		}
	})
	return a, log
}
