package webhook_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/proofmark/proofmark/internal/webhook"
)

// The example of the Standard Webhooks specification and its libraries.
const (
	exampleSecret    = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	exampleBody      = `{"test": 2432232314}`
	exampleSignature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
)

var exampleTime = time.Unix(1614265330, 0)

func exampleHeader(change ...string) http.Header {
	h := http.Header{}
	h.Set("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek")
	h.Set("webhook-timestamp", "1614265330")
	h.Set("webhook-signature", exampleSignature)
	for i := 0; i < len(change); i += 2 {
		h.Set(change[i], change[i+1])
	}
	return h
}

func TestVerify(t *testing.T) {
	for _, c := range []struct {
		what   string
		secret string
		header http.Header
		body   string
		now    time.Time
		want   error
	}{
		{"the standard's own example", exampleSecret, exampleHeader(), exampleBody, exampleTime, nil},
		{"five minutes late", exampleSecret, exampleHeader(), exampleBody, exampleTime.Add(5 * time.Minute), nil},
		{"five minutes early", exampleSecret, exampleHeader(), exampleBody, exampleTime.Add(-5 * time.Minute), nil},
		{"one of several signatures", exampleSecret, exampleHeader("webhook-signature", "v2,abc v1,AAAA v1,!! "+exampleSignature), exampleBody, exampleTime, nil},
		{"replayed later", exampleSecret, exampleHeader(), exampleBody, exampleTime.Add(5*time.Minute + time.Second), webhook.ErrTimestamp},
		{"dated ahead", exampleSecret, exampleHeader(), exampleBody, exampleTime.Add(-6 * time.Minute), webhook.ErrTimestamp},
		{"another body", exampleSecret, exampleHeader(), exampleBody + " ", exampleTime, webhook.ErrSignature},
		{"another id", exampleSecret, exampleHeader("webhook-id", "msg_other"), exampleBody, exampleTime, webhook.ErrSignature},
		{"another time", exampleSecret, exampleHeader("webhook-timestamp", "1614265331"), exampleBody, exampleTime, webhook.ErrSignature},
		{"the same time spelled otherwise", exampleSecret, exampleHeader("webhook-timestamp", "+1614265330"), exampleBody, exampleTime, webhook.ErrHeader},
		{"another secret", "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", exampleHeader(), exampleBody, exampleTime, webhook.ErrSignature},
		{"no signature of a known version", exampleSecret, exampleHeader("webhook-signature", "v2,"+exampleSignature[3:]), exampleBody, exampleTime, webhook.ErrSignature},
		{"no headers", exampleSecret, http.Header{}, exampleBody, exampleTime, webhook.ErrHeader},
		{"a time in words", exampleSecret, exampleHeader("webhook-timestamp", "now"), exampleBody, exampleTime, webhook.ErrHeader},
		{"a secret without its prefix", exampleSecret[6:], exampleHeader(), exampleBody, exampleTime, webhook.ErrSecret},
		{"a secret of no length", "whsec_", exampleHeader(), exampleBody, exampleTime, webhook.ErrSecret},
	} {
		t.Run(c.what, func(t *testing.T) {
			if err := webhook.Verify(c.secret, c.header, []byte(c.body), webhook.Tolerance, c.now); !errors.Is(err, c.want) {
				t.Errorf("error is %v, want %v", err, c.want)
			}
		})
	}
}

// FuzzVerify: only the true signature of the true content passes.
func FuzzVerify(f *testing.F) {
	f.Add("msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", exampleSignature, []byte(exampleBody))
	f.Add("", "-1", "v1, v1,=", []byte(nil))
	f.Fuzz(func(t *testing.T, id, stamp, signature string, body []byte) {
		h := http.Header{"Webhook-Id": {id}, "Webhook-Timestamp": {stamp}, "Webhook-Signature": {signature}}
		err := webhook.Verify(exampleSecret, h, body, webhook.Tolerance, exampleTime)
		if err == nil && (string(body) != exampleBody || id != "msg_p5jXN8AQM9LWM0D4loKWxJek" || stamp != "1614265330") {
			t.Errorf("a forgery passed: %q %q %q %q", id, stamp, signature, body)
		}
	})
}
