// Package openidtest is an OpenID provider for tests: discovery, keys, and the
// authorization code flow with PKCE, on a real port.
package openidtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/proofmark/proofmark/internal/auth"
)

// Service is the provider. Whoever comes to it is logged in as User.
type Service struct {
	*httptest.Server
	User  map[string]any                      // claims of who sits in front of the browser
	Spoil func(claims map[string]any)         // breaks an ID token before it is signed
	Sign  func(claims []byte) (string, error) // signs it

	t   testing.TB
	now func() time.Time
	key *ecdsa.PrivateKey

	mu    sync.Mutex
	codes map[string]url.Values // what was asked for, by code
}

// What the provider knows its client by.
const (
	ClientID = "proofmark"
	Secret   = "s3cret of the client"
)

// New starts a provider on loopback; it ends with the test.
func New(t testing.TB, now func() time.Time) *Service {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p := &Service{t: t, now: now, key: key, codes: make(map[string]url.Values), Spoil: func(map[string]any) {}}
	p.Sign = func(b []byte) (string, error) { return p.SignWith(p.key, b) }
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{
			"issuer": p.URL, "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token", "jwks_uri": p.URL + "/keys",
			"response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"}, "id_token_signing_alg_values_supported": []string{"ES256"},
		})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: p.key.Public(), KeyID: "1", Algorithm: "ES256", Use: "sig"}}})
	})
	mux.HandleFunc("GET /authorize", p.authorize)
	mux.HandleFunc("POST /token", p.token)
	p.Server = httptest.NewServer(mux)
	t.Cleanup(p.Close)
	return p
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

func (p *Service) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if q.Get("client_id") != ClientID || q.Get("response_type") != "code" || q.Get("code_challenge_method") != "S256" || q.Get("nonce") == "" || !strings.Contains(q.Get("scope"), "openid") {
		p.t.Errorf("asked for %v", q)
	}
	code := rand.Text()
	p.mu.Lock()
	p.codes[code] = q
	p.mu.Unlock()
	http.Redirect(w, r, q.Get("redirect_uri")+"?"+url.Values{"state": {q.Get("state")}, "code": {code}}.Encode(), http.StatusFound)
}

func (p *Service) token(w http.ResponseWriter, r *http.Request) {
	id, secret, _ := r.BasicAuth()
	secret, _ = url.QueryUnescape(secret)
	p.mu.Lock()
	asked := p.codes[r.FormValue("code")]
	delete(p.codes, r.FormValue("code"))
	p.mu.Unlock()
	sum := sha256.Sum256([]byte(r.FormValue("code_verifier")))
	if id != ClientID || secret != Secret || asked == nil || asked.Get("redirect_uri") != r.FormValue("redirect_uri") ||
		asked.Get("code_challenge") != base64.RawURLEncoding.EncodeToString(sum[:]) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"error":"invalid_grant"}`))
		return
	}
	claims := map[string]any{
		"iss": p.URL, "aud": ClientID, "nonce": asked.Get("nonce"), "iat": p.now().Unix(), "exp": p.now().Add(time.Minute).Unix(),
	}
	for k, v := range p.User {
		claims[k] = v
	}
	p.Spoil(claims)
	b, _ := json.Marshal(claims)
	idToken, err := p.Sign(b)
	if err != nil {
		p.t.Error(err)
	}
	answer(w, map[string]any{"access_token": "x", "token_type": "Bearer", "id_token": idToken})
}

// SignWith signs an ID token with another key under the name of ours.
func (p *Service) SignWith(key any, b []byte) (string, error) {
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: "1"}}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return "", err
	}
	var claims map[string]any
	if err := json.Unmarshal(b, &claims); err != nil {
		return "", err
	}
	return jwt.Signed(s).Claims(claims).Serialize()
}

// Visit is a browser that goes where it was sent, and comes back with the answer.
func (p *Service) Visit(to string) url.Values {
	p.t.Helper()
	r, err := http.DefaultTransport.RoundTrip(httptest.NewRequestWithContext(p.t.Context(), "GET", to, nil))
	if err != nil {
		p.t.Fatal(err)
	}
	_ = r.Body.Close()
	back, err := r.Location()
	if err != nil || back.Path != auth.OpenIDCallback {
		p.t.Fatalf("sent back to %v, %v", back, err)
	}
	return back.Query()
}
