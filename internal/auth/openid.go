package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/proofmark/proofmark/internal/limit"
)

// OpenIDConfig names a login service that speaks OpenID Connect.
type OpenIDConfig struct {
	Issuer   string // https://…, as the service calls itself
	ClientID string
	Secret   string       // empty for a public client; never logged
	Scopes   []string     // openid, email and profile when empty
	HTTP     *http.Client // how to reach it; one with a time-out when nil
}

// OpenIDCallback is where the login service sends people back to, under the public URL.
const OpenIDCallback = "/api/v1/openid/callback"

// OpenIDCookie holds what must be remembered while somebody logs in elsewhere.
const OpenIDCookie = "proofmark_openid"

const (
	openIDLife   = 10 * time.Minute // to log in there
	openIDAnswer = 10 * time.Second // for the service to answer us
)

// OpenID logs people in by a login service: the authorization code flow with
// PKCE (RFC 7636), state and nonce (OpenID Connect Core 1.0 §3.1).
type OpenID struct {
	config   OpenIDConfig
	service  *Service
	browsers *Browsers

	mu       sync.Mutex
	provider *oidc.Provider // found at the first use: the service need not be there when we start
}

// OpenID checks the configuration of a login service.
func (s *Service) OpenID(c OpenIDConfig) (*OpenID, error) {
	u, err := url.Parse(c.Issuer)
	if err != nil || u.Host == "" || u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())) {
		return nil, fmt.Errorf("login service %q: want an https URL", c.Issuer)
	}
	if c.ClientID == "" {
		return nil, fmt.Errorf("login service %s: it has no client id", c.Issuer)
	}
	if len(c.Scopes) == 0 {
		c.Scopes = []string{oidc.ScopeOpenID, "email", "profile"}
	}
	if c.HTTP == nil {
		c.HTTP = &http.Client{Timeout: openIDAnswer}
	}
	return &OpenID{config: c, service: s, browsers: s.Browsers()}, nil
}

func loopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}

// discover reads the service's configuration once (OpenID Connect Discovery 1.0).
func (o *OpenID) discover(ctx context.Context) (*oidc.Provider, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.provider == nil {
		p, err := oidc.NewProvider(ctx, o.config.Issuer)
		if err != nil {
			return nil, fmt.Errorf("%w: login service %s: %w", ErrBusy, o.config.Issuer, err)
		}
		o.provider = p
	}
	return o.provider, nil
}

func (o *OpenID) client(p *oidc.Provider) oauth2.Config {
	return oauth2.Config{
		ClientID: o.config.ClientID, ClientSecret: o.config.Secret, Endpoint: p.Endpoint(),
		RedirectURL: o.service.public + OpenIDCallback, Scopes: o.config.Scopes,
	}
}

// Begin returns where to send the browser, and the cookie that it needs when it
// comes back. Next is the page of ours to go to then.
func (o *OpenID) Begin(ctx context.Context, next string, from Client) (redirect string, cookie *http.Cookie, err error) {
	if _, err := o.service.limits.address.Take(limit.Network(from.Address), o.service.now()); err != nil {
		return "", nil, err
	}
	p, err := o.discover(oidc.ClientContext(ctx, o.config.HTTP))
	if err != nil {
		return "", nil, err
	}
	b := o.browsers
	if ctx, err = b.Load(ctx, ""); err != nil { // a session of its own: the browser's other one stays
		return "", nil, err
	}
	state, nonce, verifier := rand.Text(), rand.Text(), oauth2.GenerateVerifier()
	b.Put(ctx, "state", state)
	b.Put(ctx, "nonce", nonce)
	b.Put(ctx, "verifier", verifier)
	b.Put(ctx, "next", LocalPath(next))
	b.SetDeadline(ctx, o.service.now().Add(openIDLife))
	cookie, err = b.save(ctx)
	if err != nil {
		return "", nil, err
	}
	cookie.Name, cookie.Path = OpenIDCookie, OpenIDCallback
	client := o.client(p)
	return client.AuthCodeURL(state, oidc.Nonce(nonce), oauth2.S256ChallengeOption(verifier)), cookie, nil
}

// Finish takes what the browser brought back: the account, and the page to go to.
func (o *OpenID) Finish(ctx context.Context, cookie string, answer url.Values) (a Account, next string, err error) {
	b := o.browsers
	kept, err := b.Load(ctx, cookie)
	if err != nil {
		return Account{}, "", err
	}
	state := b.GetString(kept, "state")
	if state == "" || subtle.ConstantTimeCompare([]byte(state), []byte(answer.Get("state"))) != 1 {
		return Account{}, "", fmt.Errorf("%w: this browser did not begin the login, or more than %s ago", ErrBadCode, openIDLife)
	}
	nonce, verifier, next := b.GetString(kept, "nonce"), b.GetString(kept, "verifier"), b.GetString(kept, "next")
	if err := b.Destroy(kept); err != nil { // once
		return Account{}, "", err
	}
	if refused := answer.Get("error"); refused != "" {
		return Account{}, "", fmt.Errorf("%w: %s says %.100q", ErrBadCode, o.config.Issuer, refused)
	}
	c, err := o.claims(oidc.ClientContext(ctx, o.config.HTTP), answer.Get("code"), nonce, verifier)
	if err != nil {
		return Account{}, "", err
	}
	a, err = o.service.logInBy(ctx, c)
	return a, next, err
}

// claims exchanges the code for an ID token and checks it.
func (o *OpenID) claims(ctx context.Context, code, nonce, verifier string) (claims, error) {
	p, err := o.discover(ctx)
	if err != nil {
		return claims{}, err
	}
	client := o.client(p)
	token, err := client.Exchange(ctx, code, oauth2.VerifierOption(verifier))
	var refused *oauth2.RetrieveError
	switch {
	case errors.As(err, &refused): // its words are for who runs this, not for who logs in
		o.service.log.Warn("login service refuses a code", "issuer", o.config.Issuer, "status", refused.Response.StatusCode, "error", refused.ErrorCode)
		return claims{}, fmt.Errorf("%w: %s does not take it", ErrBadCode, o.config.Issuer)
	case err != nil:
		return claims{}, fmt.Errorf("%w: login service %s: %w", ErrBusy, o.config.Issuer, err)
	}
	raw, _ := token.Extra("id_token").(string)
	idToken, err := p.VerifierContext(ctx, &oidc.Config{ClientID: o.config.ClientID, Now: o.service.now}).Verify(ctx, raw)
	if err != nil {
		return claims{}, fmt.Errorf("%w: the ID token of %s: %w", ErrBadCode, o.config.Issuer, err)
	}
	if subtle.ConstantTimeCompare([]byte(idToken.Nonce), []byte(nonce)) != 1 {
		return claims{}, fmt.Errorf("%w: the ID token of %s answers another request", ErrBadCode, o.config.Issuer)
	}
	c := claims{}
	if err := idToken.Claims(&c); err != nil {
		return claims{}, fmt.Errorf("%w: the claims of %s: %w", ErrBadCode, o.config.Issuer, err)
	}
	c.Issuer, c.Subject = idToken.Issuer, idToken.Subject
	return c, nil
}

// LocalPath keeps a redirect on this site: a path, and no other host in any
// spelling that browsers take for one.
func LocalPath(next string) string {
	u, err := url.Parse(next)
	if err != nil || !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\r\n\t") || u.Host != "" {
		return "/"
	}
	return next
}
