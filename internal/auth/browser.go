package auth

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/alexedwards/scs/v2"

	"github.com/proofmark/proofmark/internal/id"
)

// Browsers are the sessions as pages and the API use them: scs over our store.
// A page is served by Handler, and keeps small things (what to say after a
// redirect) by the methods of the embedded manager; the API does without both and
// hands out the cookie of LogIn and LogOut.
type Browsers struct {
	*scs.SessionManager
	service *Service
}

// Browsers makes the sessions' side towards browsers.
func (s *Service) Browsers() *Browsers {
	// Not scs.New: the store that it begins with has a goroutine that stays for good.
	m := &scs.SessionManager{
		Store: keeper{s}, Codec: scs.GobCodec{}, HashTokenInStore: true,
		Lifetime: SessionLife, // SessionIdle is the keeper's
		Cookie: scs.SessionCookie{
			Name: SessionCookie, Path: "/", Persist: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
			Secure: strings.HasPrefix(s.public, "https:"),
		},
		ErrorFunc: func(w http.ResponseWriter, r *http.Request, err error) {
			s.log.Error("session not opened or kept", "path", r.URL.Path, "err", err)
			http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		},
	}
	return &Browsers{m, s}
}

// Handler opens the session for pages, and sends its cookie when it is new.
func (b *Browsers) Handler(next http.Handler) http.Handler { return b.LoadAndSave(next) }

// Begin makes the session of the context, opened by Handler, the account's. It has
// a new cookie then, so that nobody can have planted it (session fixation), and
// ends what was the account's or another's in this browser before.
func (b *Browsers) Begin(ctx context.Context, account string, from Client) error {
	if err := b.Clear(ctx); err != nil {
		return err
	}
	if err := b.RenewToken(ctx); err != nil {
		return err
	}
	now := b.service.now()
	expires := now.Add(SessionLife)
	b.SetDeadline(ctx, expires)
	return b.service.store.CreateSession(ctx, Session{
		Key: sessionKey(b.Token(ctx)), ID: id.New("ses"), Account: account,
		CreatedAt: now, SeenAt: now, ExpiresAt: expires, Address: from.Address, Agent: clip(from.Agent),
	})
}

// LogIn begins a session for who has no Handler around: it returns the cookie.
// The session of the cookie that came with the request ends.
func (b *Browsers) LogIn(ctx context.Context, cookie, account string, from Client) (*http.Cookie, error) {
	ctx, err := b.Load(ctx, cookie)
	if err != nil {
		return nil, err
	}
	if err := b.Begin(ctx, account, from); err != nil {
		return nil, err
	}
	return b.save(ctx)
}

// LogOut ends the session and returns the cookie that makes the browser forget it.
func (b *Browsers) LogOut(ctx context.Context, cookie string) (*http.Cookie, error) {
	if cookie != "" {
		if err := (keeper{b.service}).DeleteCtx(ctx, sessionKey(cookie)); err != nil {
			return nil, err
		}
	}
	return b.cookie("", -1), nil
}

// save stores the session of the context and returns its cookie.
func (b *Browsers) save(ctx context.Context) (*http.Cookie, error) {
	token, expires, err := b.Commit(ctx)
	if err != nil {
		return nil, err
	}
	return b.cookie(token, int((expires.Sub(b.service.now())+time.Second-1)/time.Second)), nil
}

func (b *Browsers) cookie(value string, maxAge int) *http.Cookie {
	c := b.Cookie
	return &http.Cookie{
		Name: c.Name, Value: value, Path: c.Path, MaxAge: maxAge, HttpOnly: c.HttpOnly, SameSite: c.SameSite, Secure: c.Secure,
	}
}

// clip keeps what a browser calls itself short, and storable.
func clip(agent string) string {
	const most = 200
	agent = strings.ToValidUTF8(agent, "\uFFFD")
	if len(agent) <= most {
		return agent
	}
	end := most
	for !utf8.RuneStart(agent[end]) {
		end--
	}
	return agent[:end]
}

// keeper is scs's store: scs names a session by the hash of its cookie.
type keeper struct{ service *Service }

var _ scs.CtxStore = keeper{}

// FindCtx implements scs.CtxStore.
func (k keeper) FindCtx(ctx context.Context, key string) ([]byte, bool, error) {
	found, err := k.service.openSession(ctx, key)
	if errors.Is(err, ErrNoSession) {
		return nil, false, nil
	}
	return found.Data, err == nil && len(found.Data) > 0, err
}

// CommitCtx implements scs.CtxStore.
func (k keeper) CommitCtx(ctx context.Context, key string, data []byte, expires time.Time) error {
	defer k.service.sessions.forget(key)
	return k.service.store.SaveSession(ctx, key, data, k.service.now(), expires)
}

// DeleteCtx implements scs.CtxStore.
func (k keeper) DeleteCtx(ctx context.Context, key string) error {
	defer k.service.sessions.forget(key)
	return k.service.store.DeleteSession(ctx, key, k.service.now())
}

// The methods without a context are part of scs.Store; scs calls the others.

// Find implements scs.Store.
func (k keeper) Find(key string) ([]byte, bool, error) { return k.FindCtx(context.Background(), key) }

// Commit implements scs.Store.
func (k keeper) Commit(key string, data []byte, expires time.Time) error {
	return k.CommitCtx(context.Background(), key, data, expires)
}

// Delete implements scs.Store.
func (k keeper) Delete(key string) error { return k.DeleteCtx(context.Background(), key) }
