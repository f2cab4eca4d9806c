package api_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/proofmark/proofmark/internal/api"
	"github.com/proofmark/proofmark/miot"
)

// What the API adds to a request: compare with BenchmarkAsk, the registry alone.
// The difference must stay well under 100 µs.
func BenchmarkRequest(b *testing.B) {
	h := build(b)
	h.purifier("p1", "")
	g := h.connect("p1", obedient)
	handler := api.New(api.Config{Registry: h.registry, Auth: h.auth, Bus: h.bus, Log: slog.New(slog.NewJSONHandler(discard{}, nil))})
	const body = `{"method":"get_properties","params":[{"did":"p1","siid":2,"piid":1}]}`
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequest(http.MethodPost, "/api/v1/devices/p1/requests", strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+h.operator)
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			b.Fatal(w.Body)
		}
		<-g.asked
	}
}

func BenchmarkAsk(b *testing.B) {
	h := build(b)
	h.purifier("p1", "")
	g := h.connect("p1", obedient)
	params := miot.GetProperties(0, []miot.PropertyRef{{DID: "p1", SIID: 2, PIID: 1}}).Params
	b.ReportAllocs()
	for b.Loop() {
		if _, err := h.registry.Ask(b.Context(), "p1", miot.MethodGetProperties, params); err != nil {
			b.Fatal(err)
		}
		<-g.asked
	}
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
