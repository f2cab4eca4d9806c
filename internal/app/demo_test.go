//go:build e2e

package app_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/proofmark/proofmark/internal/app"
)

// TestE2ETheSampleWorldIsWhole starts the demonstration as `make run` does: its
// recorded runs are judged by this release of the suite and lead to a certificate
// that the public registry shows; of its campaigns one succeeds, and one fails.
func TestE2ETheSampleWorldIsWhole(t *testing.T) {
	t.Parallel() // it waits for a campaign of two minutes
	a, log := sample(t, app.Config{})
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
