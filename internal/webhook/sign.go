package webhook

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The format is that of Standard Webhooks (https://www.standardwebhooks.com):
// three headers, and a signature over id, timestamp and body.
const (
	HeaderID        = "Webhook-Id"
	HeaderTimestamp = "Webhook-Timestamp"
	HeaderSignature = "Webhook-Signature"

	SecretPrefix = "whsec_"
	version      = "v1,"
	secretSize   = 32 // bytes; the standard asks for 24 to 64
)

// Tolerance is how far a receiver should let our clock and its own differ, and
// how long a copied request stays good for somebody who has not kept its id.
const Tolerance = 5 * time.Minute

// The errors of Verify.
var (
	ErrHeader    = errors.New("webhook headers are missing or malformed")
	ErrTimestamp = errors.New("webhook timestamp is too far from now")
	ErrSignature = errors.New("webhook signature does not match")
	ErrSecret    = errors.New("bad webhook secret")
)

// newSecret makes a secret: the text that its owner sees once, and its key.
func newSecret() []byte {
	key := make([]byte, secretSize)
	_, _ = rand.Read(key) // never fails: crypto/rand
	return key
}

// SecretText is a secret as its owner keeps it.
func SecretText(key []byte) string { return SecretPrefix + base64.StdEncoding.EncodeToString(key) }

func parseSecret(text string) ([]byte, error) {
	rest, ok := strings.CutPrefix(text, SecretPrefix)
	key, err := base64.StdEncoding.DecodeString(rest)
	if !ok || err != nil || len(key) < 24 || len(key) > 64 {
		return nil, fmt.Errorf("%w: want %s and 24 to 64 bytes in base64", ErrSecret, SecretPrefix)
	}
	return key, nil
}

// signature signs what is sent: one signature for each secret that is good.
func signature(id string, at time.Time, body []byte, keys ...[]byte) string {
	all := make([]string, len(keys))
	for i, key := range keys {
		all[i] = version + base64.StdEncoding.EncodeToString(mac(key, id, strconv.FormatInt(at.Unix(), 10), body))
	}
	return strings.Join(all, " ")
}

func mac(key []byte, id, timestamp string, body []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(id + "." + timestamp + "."))
	h.Write(body)
	return h.Sum(nil)
}

// Verify is for those who receive: it says whether a request was made by who
// knows the secret, and just now. Body is what was read, byte for byte. A receiver
// keeps the ids of the requests that it has dealt with for as long as the
// tolerance, and drops repeats; ErrHeader, ErrTimestamp and ErrSignature are
// requests to answer with 400.
func Verify(secret string, header http.Header, body []byte, tolerance time.Duration, now time.Time) error {
	key, err := parseSecret(secret)
	if err != nil {
		return err
	}
	id, stamp, signatures := header.Get(HeaderID), header.Get(HeaderTimestamp), header.Get(HeaderSignature)
	if id == "" || stamp == "" || signatures == "" {
		return fmt.Errorf("%w: want %s, %s and %s", ErrHeader, HeaderID, HeaderTimestamp, HeaderSignature)
	}
	unix, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || unix < 0 || strconv.FormatInt(unix, 10) != stamp {
		return fmt.Errorf("%w: timestamp %.40q is no number of seconds", ErrHeader, stamp)
	}
	if off := now.Sub(time.Unix(unix, 0)).Abs(); off > tolerance {
		return fmt.Errorf("%w: it is %s off, want at most %s", ErrTimestamp, off.Round(time.Second), tolerance)
	}
	want := mac(key, id, stamp, body)
	for s := range strings.FieldsSeq(signatures) {
		text, ok := strings.CutPrefix(s, version)
		if !ok {
			continue // of a version that is not known here
		}
		if got, err := base64.StdEncoding.DecodeString(text); err == nil && hmac.Equal(got, want) {
			return nil
		}
	}
	return ErrSignature
}

// Confirmation is what an endpoint answers to a challenge: the HMAC-SHA256 of its
// nonce under the secret, in base64.
func Confirmation(secret, nonce string) (string, error) {
	key, err := parseSecret(secret)
	if err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(confirmation(key, nonce)), nil
}

func confirmation(key []byte, nonce string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(nonce))
	return h.Sum(nil)
}
