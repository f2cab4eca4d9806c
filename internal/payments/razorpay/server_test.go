package razorpay_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/proofmark/proofmark/internal/payments/razorpay"
)

const (
	keyID   = "rzp_test_123"
	secret  = "key-secret"
	signer  = "webhook-secret"
	created = 1796120000
)

// server stands for Razorpay: it keeps orders, payments and refunds, and fails the
// test for a request that is not as the documentation has it.
type server struct {
	t *testing.T
	*httptest.Server

	mu       sync.Mutex
	orders   []map[string]any
	payments map[string][]map[string]any // by order
	refunds  map[string][]map[string]any // by payment
	bodies   map[string]string           // of refunds, by idempotency key
	lost     string                      // the next answer to this method is lost after the work was done
	busy     bool                        // the next refund's key is in use
	broke    bool                        // the balance is empty
}

func serve(t *testing.T) (*razorpay.Client, *server) {
	t.Helper()
	s := &server{
		t: t, payments: make(map[string][]map[string]any), refunds: make(map[string][]map[string]any), bodies: make(map[string]string),
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/orders", s.createOrder)
	mux.HandleFunc("GET /v1/orders", s.listOrders)
	mux.HandleFunc("GET /v1/orders/{id}", s.fetchOrder)
	mux.HandleFunc("GET /v1/orders/{id}/payments", s.listPayments)
	mux.HandleFunc("POST /v1/payments/{id}/refund", s.createRefund)
	mux.HandleFunc("GET /v1/payments/{id}/refunds", s.listRefunds)
	mux.HandleFunc("GET /v1/refunds/{id}", s.fetchRefund)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		t.Errorf("%s %s: no such operation", r.Method, r.URL)
		http.NotFound(w, r)
	})
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if id, password, ok := r.BasicAuth(); !ok || id != keyID || password != secret {
			s.refuse(w, http.StatusUnauthorized, "BAD_REQUEST_ERROR", "Authentication failed")
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.lost == r.Method {
			s.lost = ""
			mux.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return dial(t, s.URL), s
}

func dial(t *testing.T, url string) *razorpay.Client {
	t.Helper()
	c, err := razorpay.New(razorpay.Config{KeyID: keyID, Secret: secret, WebhookSecrets: []string{"an old one", signer}, Merchant: "Aurora", URL: url})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// is fails the test unless the body is JSON with just these members, of these kinds.
func (s *server) is(r *http.Request, want map[string]any) map[string]any {
	s.t.Helper()
	if ct := r.Header.Get("Content-Type"); ct != "application/json" {
		s.t.Errorf("%s %s: Content-Type %q", r.Method, r.URL, ct)
	}
	var got map[string]any
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = json.Unmarshal(body, &got)
	}
	if err != nil {
		s.t.Errorf("%s %s: %v", r.Method, r.URL, err)
	}
	for name, kind := range want {
		if reflect.TypeOf(got[name]) != reflect.TypeOf(kind) {
			s.t.Errorf("%s %s: %s is %T %v, want a %T", r.Method, r.URL, name, got[name], got[name], kind)
		}
	}
	for name := range got {
		if _, known := want[name]; !known {
			s.t.Errorf("%s %s: %s is no parameter of it", r.Method, r.URL, name)
		}
	}
	return got
}

func (s *server) refuse(w http.ResponseWriter, status int, code, description string) {
	w.WriteHeader(status)
	s.say(w, map[string]any{"error": map[string]any{
		"code": code, "description": description, "source": "business", "step": "payment_initiation", "reason": "input_validation_failed", "metadata": map[string]any{},
	}})
}

func (s *server) say(w http.ResponseWriter, v any) {
	if err := json.NewEncoder(w).Encode(v); err != nil {
		s.t.Error(err)
	}
}

func list(items []map[string]any) map[string]any {
	if items == nil {
		items = []map[string]any{}
	}
	return map[string]any{"entity": "collection", "count": len(items), "items": items}
}

const noSuchID = "The id provided does not exist"

func (s *server) createOrder(w http.ResponseWriter, r *http.Request) {
	in := s.is(r, map[string]any{"amount": 0.0, "currency": "", "receipt": "", "notes": map[string]any{}, "payment": map[string]any{}})
	want := map[string]any{"capture": "automatic", "capture_options": map[string]any{"automatic_expiry_period": 7200.0, "manual_expiry_period": 7200.0, "refund_speed": "normal"}}
	if !reflect.DeepEqual(in["payment"], want) {
		s.t.Errorf("payment = %v, want %v", in["payment"], want)
	}
	if receipt := in["receipt"].(string); len(receipt) > 40 {
		s.t.Errorf("receipt %q: at most 40 characters", receipt)
	}
	if in["amount"].(float64) < 100 {
		s.refuse(w, http.StatusBadRequest, "BAD_REQUEST_ERROR", "Order amount less than minimum amount allowed")
		return
	}
	o := map[string]any{
		"id": fmt.Sprintf("order_%014d", len(s.orders)+1), "entity": "order", "amount": in["amount"], "amount_paid": 0, "amount_due": in["amount"],
		"currency": in["currency"], "receipt": in["receipt"], "status": "created", "attempts": 0, "notes": in["notes"], "created_at": created,
	}
	s.orders = append(s.orders, o)
	s.say(w, o)
}

func (s *server) listOrders(w http.ResponseWriter, r *http.Request) {
	var found []map[string]any
	for _, o := range s.orders {
		if o["receipt"] == r.URL.Query().Get("receipt") {
			found = append(found, o)
		}
	}
	s.say(w, list(found))
}

func (s *server) order(id string) map[string]any {
	for _, o := range s.orders {
		if o["id"] == id {
			return o
		}
	}
	return nil
}

func (s *server) fetchOrder(w http.ResponseWriter, r *http.Request) {
	if o := s.order(r.PathValue("id")); o != nil {
		s.say(w, o)
		return
	}
	s.refuse(w, http.StatusBadRequest, "BAD_REQUEST_ERROR", noSuchID)
}

func (s *server) listPayments(w http.ResponseWriter, r *http.Request) {
	s.say(w, list(s.payments[r.PathValue("id")]))
}

// pay is the buyer's hand: one card that fails, then UPI.
func (s *server) pay(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.order(id)
	o["status"] = "paid"
	s.payments[id] = []map[string]any{ // the newest first
		{
			"id": "pay_upi" + id[len(id)-4:], "entity": "payment", "amount": o["amount"], "currency": o["currency"], "status": "captured", "order_id": id,
			"method": "upi", "vpa": "gaurav.kumar@bank", "email": "backer@example.org", "contact": "+919876543210", "notes": []any{}, "fee": 354, "tax": 54, "created_at": created + 60,
		},
		{
			"id": "pay_card" + id[len(id)-4:], "entity": "payment", "amount": o["amount"], "currency": o["currency"], "status": "failed", "order_id": id,
			"method": "card", "card": map[string]any{"last4": "1111", "network": "Any"}, "notes": []any{}, "error_code": "BAD_REQUEST_ERROR", "error_description": "Your payment was declined by the bank.", "created_at": created + 30,
		},
	}
}

func (s *server) payment(id string) map[string]any {
	for _, all := range s.payments {
		for _, p := range all {
			if p["id"] == id {
				return p
			}
		}
	}
	return nil
}

func (s *server) createRefund(w http.ResponseWriter, r *http.Request) {
	id, key := r.PathValue("id"), r.Header.Get("X-Refund-Idempotency")
	if len(key) < 10 || strings.Trim(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") != "" {
		s.t.Errorf("X-Refund-Idempotency: %q: want at least 10 of letters, digits, _ and -", key)
	}
	in := s.is(r, map[string]any{"amount": 0.0, "speed": "", "receipt": "", "notes": map[string]any{}})
	p := s.payment(id)
	asked := fmt.Sprint(id, in)
	left := func() float64 {
		n := p["amount"].(float64)
		for _, r := range s.refunds[id] {
			n -= r["amount"].(float64)
		}
		return n
	}
	switch {
	case p == nil:
		s.refuse(w, http.StatusBadRequest, "BAD_REQUEST_ERROR", noSuchID)
	case s.busy:
		s.busy = false
		s.refuse(w, http.StatusConflict, "BAD_REQUEST_ERROR", "Request failed because another request is in progress with same idempotency key.")
	case s.bodies[key] != "" && s.bodies[key] != asked:
		s.refuse(w, http.StatusBadRequest, "BAD_REQUEST_ERROR", "Different request with the same idempotency key has already been processed.")
	case s.bodies[key] != "":
		for _, r := range s.refunds[id] {
			if r["receipt"] == in["receipt"] {
				s.say(w, r)
			}
		}
	case s.broke:
		s.refuse(w, http.StatusBadRequest, "BAD_REQUEST_ERROR", "Your account does not have enough balance to carry out the refund operation. You can add funds to your account from your Razorpay dashboard or capture new payments.")
	case in["amount"].(float64) > left():
		s.refuse(w, http.StatusBadRequest, "BAD_REQUEST_ERROR", "The total refund amount is greater than the refund payment amount")
	default:
		s.bodies[key] = asked
		made := map[string]any{
			"id": fmt.Sprintf("rfnd_%014d", len(s.bodies)), "entity": "refund", "amount": in["amount"], "currency": p["currency"], "payment_id": id,
			"notes": in["notes"], "receipt": in["receipt"], "acquirer_data": map[string]any{"arn": nil}, "created_at": created + 120, "status": "pending", "speed_requested": "normal",
		}
		s.refunds[id] = append(s.refunds[id], made)
		s.say(w, made)
	}
}

func (s *server) listRefunds(w http.ResponseWriter, r *http.Request) {
	if q := r.URL.Query(); q.Get("count") != "100" || q.Get("skip") == "" {
		s.t.Errorf("%s: want count and skip", r.URL)
	}
	s.say(w, list(s.refunds[r.PathValue("id")]))
}

func (s *server) fetchRefund(w http.ResponseWriter, r *http.Request) {
	for _, all := range s.refunds {
		for _, one := range all {
			if one["id"] == r.PathValue("id") {
				s.say(w, one)
				return
			}
		}
	}
	s.refuse(w, http.StatusBadRequest, "BAD_REQUEST_ERROR", noSuchID)
}

// sign is a signature as the documentation makes it.
func sign(secret, message string) string {
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte(message))
	return hex.EncodeToString(h.Sum(nil))
}
