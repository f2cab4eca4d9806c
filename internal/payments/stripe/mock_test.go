package stripe_test

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/internal/payments/stripe"
)

// mockFile is Stripe's own mock server, built from tools/go.mod.
func mockFile() string {
	if file := os.Getenv("PROOFMARK_TEST_STRIPE_MOCK"); file != "" {
		return file
	}
	return filepath.Join("..", "..", "..", "bin", "stripe-mock")
}

// mock starts the server on ports of its own, both on loopback, and gives its URL.
var mock = sync.OnceValues(func() (address string, err error) {
	cmd := exec.Command(mockFile(), "-http-addr", "127.0.0.1:0", "-https-addr", "127.0.0.1:0")
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", err
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		return "", err
	}
	stopMock = func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }
	said, lines := "", bufio.NewScanner(out)
	for lines.Scan() {
		said += lines.Text() + "\n"
		if addr, found := strings.CutPrefix(lines.Text(), "Listening for HTTP at address: "); found {
			address = "http://" + addr
		}
		if strings.HasPrefix(lines.Text(), "Listening for HTTPS") {
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return address, nil
		}
	}
	return "", &exec.Error{Name: cmd.Path, Err: io.ErrUnexpectedEOF}
})

var stopMock = func() {}

func TestMain(m *testing.M) {
	code := m.Run()
	stopMock()
	os.Exit(code)
}

// wire is what is between the client and the mock: it remembers the calls.
type wire struct {
	mu    sync.Mutex
	calls []call
	cut   bool // the next answer is lost on the way
}

type call struct {
	method, path string
	head         http.Header
	form         url.Values
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	c := call{method: r.Method, path: r.URL.Path, head: r.Header.Clone(), form: r.URL.Query()}
	if r.Body != nil {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		if more, err := url.ParseQuery(string(body)); err == nil {
			for k, v := range more {
				c.form[k] = v
			}
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	w.mu.Lock()
	w.calls = append(w.calls, c)
	cut := w.cut
	w.cut = false
	w.mu.Unlock()
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err == nil && cut {
		_ = resp.Body.Close()
		return nil, io.ErrUnexpectedEOF
	}
	return resp, err
}

func (w *wire) last() call {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.calls[len(w.calls)-1]
}

const (
	secret = "sk_test_123"
	signer = "whsec_test"
)

// dial is a client of stripe-mock.
func dial(t *testing.T) (*stripe.Client, *wire) {
	t.Helper()
	if _, err := os.Stat(mockFile()); err != nil {
		t.Skipf("Stripe's mock server is not there (%v): make bin/stripe-mock", err)
	}
	address, err := mock()
	if err != nil {
		t.Fatal(err)
	}
	return dialTo(t, address)
}

func dialTo(t *testing.T, address string) (*stripe.Client, *wire) {
	t.Helper()
	w := new(wire)
	c, err := stripe.New(stripe.Config{
		Secret: secret, WebhookSecrets: []string{"whsec_old", signer}, URL: address,
		HTTP: &http.Client{Transport: w, Timeout: 10 * time.Second},
	})
	if err != nil {
		t.Fatal(err)
	}
	return c, w
}

func newOrder() campaigns.NewProviderOrder {
	return campaigns.NewProviderOrder{
		Key: "pat_1", OrderID: "ord_1", Amount: 149900, Currency: "INR", Description: "Purifier, first batch",
		Customer:  campaigns.Customer{Email: "backer@example.org"},
		ExpiresAt: time.Date(2026, 12, 1, 10, 15, 0, 0, time.UTC), ReturnURL: "https://shop.example/return?order=ord_1",
	}
}
