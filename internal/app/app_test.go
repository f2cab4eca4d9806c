package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/proofmark/proofmark/internal/app"
	"github.com/proofmark/proofmark/internal/store/storetest"
	"github.com/proofmark/proofmark/miot"
)

// service is a whole service in this process, on SQLite and free ports.
type service struct {
	*app.App
	t    *testing.T
	data string
	log  *logBuffer
}

type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// start runs a service in a new folder, or in the one given.
func start(t *testing.T, data ...string) *service {
	t.Helper()
	if len(data) == 0 {
		data = []string{t.TempDir()}
		storetest.Put(t, filepath.Join(data[0], "proofmark.db"))
	}
	return startOn(t, app.Config{Data: data[0]})
}

// startOn runs a service on free ports; what c leaves out of the rest is its own.
func startOn(t *testing.T, c app.Config) *service {
	t.Helper()
	s := &service{t: t, log: &logBuffer{}}
	if c.Data == "" {
		c.Data = t.TempDir()
	}
	s.data = c.Data
	c.HTTP, c.MQTT, c.MQTTS, c.Metrics = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	c.Log = slog.New(slog.NewTextHandler(s.log, nil))
	a, err := app.New(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.App = a
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := a.Stop(ctx); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	return s
}

func (s *service) call(method, path string, in, out any) {
	s.t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		s.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(s.t.Context(), method, "http://"+s.Addresses().HTTP+path, bytes.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+s.OperatorToken())
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	if resp.StatusCode/100 != 2 {
		s.t.Fatalf("%s %s: %s: %s", method, path, resp.Status, b)
	}
	if out != nil {
		if err := json.Unmarshal(b, out); err != nil {
			s.t.Fatalf("%s %s: %v: %s", method, path, err, b)
		}
	}
}

// purifier registers a device of the sample purifier and returns its secret.
func (s *service) purifier(did string) string {
	s.t.Helper()
	var list struct {
		Products []struct{ ID string } `json:"products"`
	}
	s.call("GET", "/api/v1/products", nil, &list)
	if len(list.Products) == 0 {
		var p struct{ ID string }
		s.call("POST", "/api/v1/products", map[string]any{"name": "Purifier", "spec": json.RawMessage(miot.Sample("air-purifier"))}, &p)
		list.Products = append(list.Products, p)
	}
	var d struct{ Secret string }
	s.call("POST", "/api/v1/devices", map[string]any{"did": did, "product_id": list.Products[0].ID}, &d)
	return d.Secret
}

// metric is the present value of a metric, 0 while it is not there.
func (s *service) metric(name string) float64 {
	s.t.Helper()
	resp, err := http.Get("http://" + s.Addresses().Metrics + "/metrics")
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		var v float64
		if rest, ok := strings.CutPrefix(line, name+" "); ok {
			if _, err := fmt.Sscan(rest, &v); err != nil {
				s.t.Fatalf("metric %s: %v", name, err)
			}
			return v
		}
	}
	return 0
}

func TestTheOperatorsTokenIsMadeOnceAndNeverLogged(t *testing.T) {
	s := start(t)
	b, err := os.ReadFile(filepath.Join(s.data, "operator.token"))
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.TrimSpace(string(b)); got != s.OperatorToken() || got == "" {
		t.Errorf("the file holds another token than the service knows")
	}
	if i, err := os.Stat(filepath.Join(s.data, "operator.token")); err != nil || i.Mode().Perm() != 0o600 {
		t.Errorf("mode of the token file: %v, %v, want 0600", i.Mode(), err)
	}
	secret := s.purifier("quiet")
	for name, text := range map[string]string{"operator's token": s.OperatorToken(), "device's secret": secret} {
		if strings.Contains(s.log.String(), text) {
			t.Errorf("the log holds the %s", name)
		}
	}
}

func TestAConfigurationThatCannotWorkIsRefused(t *testing.T) {
	for name, c := range map[string]app.Config{
		"no data folder":                     {},
		"a certificate without its key":      {Data: t.TempDir(), TLSCert: "cert.pem"},
		"several nodes on a database of one": {Data: t.TempDir(), NATS: "nats://127.0.0.1:4222"},
		"a data folder that is a file":       {Data: os.Args[0]},
	} {
		if _, err := app.New(c); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestAPortThatIsTakenEndsTheStartInGoodOrder(t *testing.T) {
	s := start(t)
	a, err := app.New(app.Config{Data: t.TempDir(), HTTP: s.Addresses().HTTP, MQTT: "127.0.0.1:0", MQTTS: "off", Metrics: "off"})
	if err != nil {
		t.Fatal(err)
	}
	err = a.Start(t.Context())
	if err == nil || !strings.Contains(err.Error(), "start HTTP") || !strings.Contains(err.Error(), s.Addresses().HTTP) {
		t.Errorf("error %v, want one that names HTTP and the address", err)
	}
}
