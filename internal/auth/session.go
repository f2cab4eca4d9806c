package auth

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"time"
)

// SessionCookie is the name of the cookie that opens a session.
const SessionCookie = "proofmark_session"

// The life of a session.
const (
	SessionLife = 30 * 24 * time.Hour // from the login, however busy it is
	SessionIdle = 7 * 24 * time.Hour  // without a request

	seenEvery = time.Hour // how exact SeenAt is
)

// Session is a browser that somebody logged in with.
type Session struct {
	Key       string // the hash of what the cookie holds
	ID        string // ses_…
	Account   string // acc_…; empty until somebody logged in
	Data      []byte // what pages keep in it
	CreatedAt time.Time
	SeenAt    time.Time // to the hour
	ExpiresAt time.Time // at the latest
	Address   string    // where the login came from
	Agent     string    // what the browser calls itself
}

// over says whether the session has ended by itself.
func (s Session) over(now time.Time) bool {
	return !now.Before(s.ExpiresAt) || now.Sub(s.SeenAt) >= SessionIdle
}

// sessionKey is the name under which a session is stored: the cookie opens it,
// the database does not.
func sessionKey(cookie string) string {
	sum := sha256.Sum256([]byte(cookie))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// session finds the session that the cookie opens; ErrNoSession if there is none
// in which somebody is logged in.
func (s *Service) session(ctx context.Context, cookie string) (Session, error) {
	key := sessionKey(cookie)
	now := s.now()
	found, cached, age := s.sessions.get(key, now)
	if !cached {
		var err error
		if found, err = s.store.Session(ctx, key); errors.Is(err, ErrNotFound) {
			return Session{}, ErrNoSession
		} else if err != nil {
			return Session{}, fmt.Errorf("session: %w", err)
		}
	}
	if found.Account == "" || found.over(now) {
		return Session{}, ErrNoSession
	}
	if !cached {
		if now.Sub(found.SeenAt) >= seenEvery && s.store.SeeSession(ctx, key, now) == nil { // nobody is turned away because this could not be noted
			found.SeenAt = now
		}
		s.sessions.put(key, found, now, age)
	}
	return found, nil
}
