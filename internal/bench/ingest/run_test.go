package ingest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/proofmark/proofmark/internal/bench/ingest"
	"github.com/proofmark/proofmark/internal/bench/target"
)

func TestBareMochiIsMeasuredWithAnApp(t *testing.T) {
	result, err := ingest.Run(t.Context(), ingest.Options{
		Setup:   target.Setup{Targets: []string{target.Mochi}, Time: 3 * time.Second, Log: t.Logf},
		Devices: 20, Rounds: 2, App: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(result.Runs) != 2 {
		t.Fatalf("%d runs; want one per round", len(result.Runs))
	}
	for _, run := range result.Runs {
		for _, figure := range []string{"stored_per_s", "p99_ms", "app_received_per_s"} {
			if value, _ := run[figure].(float64); value <= 0 {
				t.Errorf("%s is %v", figure, run[figure])
			}
		}
		if run["unacknowledged"] != int64(0) {
			t.Errorf("%v reports stayed unacknowledged", run["unacknowledged"])
		}
	}
	if result.Ratio["to_bare_mochi"] != 1 {
		t.Errorf("mochi to itself is %v", result.Ratio["to_bare_mochi"])
	}
}

func TestBoundsAndAddressesAreRefusedByName(t *testing.T) {
	for _, c := range []struct {
		name    string
		options ingest.Options
		want    string
	}{
		{"too many devices", ingest.Options{Devices: 20_001}, "devices 20001: it must be 1–20000"},
		{"too long", ingest.Options{Setup: target.Setup{Time: 2 * time.Hour}}, "seconds 7200: it must be 1–3600"},
		{"another machine", ingest.Options{Setup: target.Setup{URL: "mqtt://192.0.2.1:1883", Targets: []string{target.URL}}}, `"192.0.2.1": load goes to loopback only`},
		{"a name that may be anywhere", ingest.Options{Setup: target.Setup{URL: "mqtt://broker.example", Targets: []string{target.URL}}}, "load goes to loopback only"},
		{"a target that is none", ingest.Options{Setup: target.Setup{Targets: []string{"emqx"}}}, `target "emqx": there is proofmark`},
	} {
		_, err := ingest.Run(t.Context(), c.options)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v; want %q", c.name, err, c.want)
		}
	}
}
