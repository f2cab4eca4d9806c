package auth_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/auth/openidtest"
)

func (w *world) openID(t *testing.T) (*auth.OpenID, *openidtest.Service) {
	t.Helper()
	p := openidtest.New(t, func() time.Time { return w.now })
	o, err := w.here.OpenID(auth.OpenIDConfig{Issuer: p.URL, ClientID: openidtest.ClientID, Secret: openidtest.Secret})
	must(t, err)
	return o, p
}

func TestSomebodyLogsInByAnotherService(t *testing.T) {
	w := newWorld(t)
	o, p := w.openID(t)
	p.User = map[string]any{"sub": "17", "email": "Asha@Example.com", "email_verified": true, "name": "Asha Rao"}
	logIn := func() (auth.Account, string, error) {
		to, cookie, err := o.Begin(ctx, "/orders?open=1", home)
		must(t, err)
		if !cookie.HttpOnly || cookie.Name != auth.OpenIDCookie {
			t.Errorf("cookie %+v", cookie)
		}
		return o.Finish(ctx, cookie.Value, p.Visit(to))
	}
	a, next, err := logIn()
	must(t, err)
	if a.Email != asha || a.Name != "Asha Rao" || !a.Confirmed() || next != "/orders?open=1" {
		t.Errorf("%+v, next %q", a, next)
	}
	p.User["email"] = "new@example.com" // the subject is what counts
	again, _, err := logIn()
	must(t, err)
	if again.ID != a.ID {
		t.Errorf("another account: %+v", again)
	}
	_, err = w.here.LogIn(ctx, asha, "", home) // it has no password
	wantError(t, err, auth.ErrBadLogin)
	must(t, w.here.BlockAccount(ctx, auth.System, a.ID, "spam"))
	_, _, err = logIn()
	wantError(t, err, auth.ErrBlocked)
}

func TestAVerifiedAddressFindsItsAccount(t *testing.T) {
	w := newWorld(t)
	o, p := w.openID(t)
	a, _ := w.person(t, asha)
	must(t, w.here.SignUp(ctx, "ravi@example.com", "Stranger", "the stranger's own", home))
	w.code(t, "ravi@example.com")
	logIn := func(user map[string]any) (auth.Account, error) {
		p.User = user
		to, cookie, err := o.Begin(ctx, "", home)
		must(t, err)
		got, _, err := o.Finish(ctx, cookie.Value, p.Visit(to))
		return got, err
	}
	for _, unproven := range []map[string]any{
		{"sub": "1", "email": asha}, {"sub": "1", "email": asha, "email_verified": false}, {"sub": "1", "email_verified": true},
	} {
		_, err := logIn(unproven)
		wantError(t, err, auth.ErrBadEmail)
	}
	got, err := logIn(map[string]any{"sub": "1", "email": asha, "email_verified": true})
	must(t, err)
	if got.ID != a.ID {
		t.Errorf("%+v, want %+v", got, a)
	}
	_, err = w.here.LogIn(ctx, asha, lamp, home) // the password stays
	must(t, err)

	got, err = logIn(map[string]any{"sub": "2", "email": "ravi@example.com", "email_verified": true})
	must(t, err)
	_, err = w.here.LogIn(ctx, "ravi@example.com", "the stranger's own", home) // nobody proved that one
	wantError(t, err, auth.ErrBadLogin)
	if st, err := w.here.Standing(ctx, got.ID); err != nil || !st.Account.Confirmed() {
		t.Errorf("%+v, %v", st, err)
	}
}

func TestALoginThatIsNotOursIsRefused(t *testing.T) {
	w := newWorld(t)
	o, p := w.openID(t)
	p.User = map[string]any{"sub": "17", "email": asha, "email_verified": true}
	begin := func() (cookie string, back url.Values) {
		to, c, err := o.Begin(ctx, "", home)
		must(t, err)
		return c.Value, p.Visit(to)
	}
	refused := func(name, cookie string, back url.Values) {
		t.Helper()
		if a, _, err := o.Finish(ctx, cookie, back); err == nil {
			t.Errorf("%s: logged in as %+v", name, a)
		} else if strings.Contains(err.Error(), openidtest.Secret) {
			t.Errorf("%s: the error shows the secret: %v", name, err)
		} else {
			wantError(t, err, auth.ErrBadCode)
		}
	}
	cookie, back := begin()
	_, strangers := begin()
	refused("another browser's answer", cookie, strangers)
	refused("no cookie", "", back)
	refused("no state", cookie, url.Values{"code": back["code"]})
	refused("another's code", cookie, url.Values{"state": back["state"], "code": strangers["code"]}) // PKCE
	refused("twice", cookie, back)
	cookie, back = begin()
	refused("the person says no", cookie, url.Values{"state": back["state"], "error": {"access_denied"}})
	cookie, back = begin()
	w.now = w.now.Add(11 * time.Minute)
	refused("too late", cookie, back)

	foreign, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	for name, spoil := range map[string]func(map[string]any){
		"another nonce":    func(c map[string]any) { c["nonce"] = "x" },
		"no nonce":         func(c map[string]any) { delete(c, "nonce") },
		"another audience": func(c map[string]any) { c["aud"] = "somebody else" },
		"another issuer":   func(c map[string]any) { c["iss"] = "https://evil.example" },
		"expired":          func(c map[string]any) { c["exp"] = w.now.Add(-time.Minute).Unix() },
	} {
		p.Spoil = spoil
		cookie, back = begin()
		refused(name, cookie, back)
	}
	p.Spoil = func(map[string]any) {}
	p.Sign = func(b []byte) (string, error) { return p.SignWith(foreign, b) }
	cookie, back = begin()
	refused("a foreign key", cookie, back)
	p.Sign = func(b []byte) (string, error) {
		enc := base64.RawURLEncoding.EncodeToString
		return enc([]byte(`{"alg":"none"}`)) + "." + enc(b) + ".", nil
	}
	cookie, back = begin()
	refused("no signature", cookie, back)
	if _, err := w.here.AccountByEmail(ctx, asha); err == nil {
		t.Error("an account was made")
	}
}

func TestALoginServiceThatIsAwaySaysToComeBack(t *testing.T) {
	w := newWorld(t)
	o, p := w.openID(t)
	p.Close()
	_, _, err := o.Begin(ctx, "", home)
	wantError(t, err, auth.ErrBusy)
	for _, c := range []auth.OpenIDConfig{
		{Issuer: "http://login.example", ClientID: "x"}, {Issuer: "login.example", ClientID: "x"}, {Issuer: "https://login.example"},
	} {
		if _, err := w.here.OpenID(c); err == nil {
			t.Errorf("%+v was taken", c)
		}
	}
}
