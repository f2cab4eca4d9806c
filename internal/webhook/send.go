package webhook

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	connectTimeout  = 10 * time.Second
	responseTimeout = 10 * time.Second
	attemptTimeout  = connectTimeout + responseTimeout
	responseLimit   = 4 << 10 // bytes of an answer that are kept
)

// newClient makes requests as a stranger should: straight, without following
// anybody elsewhere, without waiting for long.
func newClient(private bool) *http.Client {
	d := &net.Dialer{Timeout: connectTimeout}
	if !private {
		d.Control = guard
	}
	return &http.Client{
		Transport: &http.Transport{
			DialContext: d.DialContext, TLSHandshakeTimeout: connectTimeout, ResponseHeaderTimeout: responseTimeout,
			MaxResponseHeaderBytes: 64 << 10, MaxIdleConnsPerHost: 1, IdleConnTimeout: 30 * time.Second, ForceAttemptHTTP2: true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// answer is what came back.
type answer struct {
	status     int
	body       []byte // at most responseLimit
	retryAfter time.Duration
	took       time.Duration
}

// post sends one signed request.
func (s *Service) post(ctx context.Context, e Endpoint, messageID string, body []byte) (a answer, err error) {
	keys, err := s.keys(e)
	if err != nil {
		return answer{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, e.URL, bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	at := s.now()
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "proofmark-webhook/1")
	r.Header.Set(HeaderID, messageID)
	r.Header.Set(HeaderTimestamp, strconv.FormatInt(at.Unix(), 10))
	r.Header.Set(HeaderSignature, signature(messageID, at, body, keys...))
	defer func() { a.took = s.now().Sub(at) }()
	resp, err := s.client.Do(r)
	if err != nil {
		return answer{}, plainly(err)
	}
	defer resp.Body.Close()
	a = answer{status: resp.StatusCode, retryAfter: retryAfter(resp.Header.Get("Retry-After"), at)}
	a.body, _ = io.ReadAll(io.LimitReader(resp.Body, responseLimit)) // the status has said it all
	a.body = redact(a.body, r.Header.Get(HeaderSignature), keys)
	return a, nil
}

// keys are the secrets that sign now, the newest first.
func (s *Service) keys(e Endpoint) ([][]byte, error) {
	key, err := s.key.open(e.Secret, e.ID)
	if err != nil {
		return nil, err
	}
	keys := [][]byte{key}
	if len(e.Former) > 0 && s.now().Before(e.Until) {
		former, err := s.key.open(e.Former, e.ID)
		if err != nil {
			return nil, err
		}
		keys = append(keys, former)
	}
	return keys, nil
}

// plainly takes the URL out of an error of the client: it may hold a secret, and
// who reads the error knows it. What refused an address is kept as it is.
func plainly(err error) error {
	var refused *Refusal
	if errors.As(err, &refused) {
		return refused
	}
	var u *url.Error
	if errors.As(err, &u) {
		if u.Timeout() {
			return errors.New("no answer in time")
		}
		return u.Err
	}
	return err
}

// retryAfter is what a receiver asks for (RFC 9110 §10.2.3): seconds or a date.
func retryAfter(text string, now time.Time) time.Duration {
	if n, err := strconv.Atoi(text); err == nil {
		return time.Duration(max(0, min(n, 1<<20))) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}

// redact takes out of an answer what it may have echoed.
func redact(body []byte, signatures string, keys [][]byte) []byte {
	secrets := strings.Fields(signatures)
	for _, k := range keys {
		text := SecretText(k)
		secrets = append(secrets, text, strings.TrimPrefix(text, SecretPrefix))
	}
	for _, s := range secrets {
		body = bytes.ReplaceAll(body, []byte(s), []byte("«secret»"))
	}
	return body
}

// hostOf is the part of a URL that is no secret.
func hostOf(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	return u.Host
}
