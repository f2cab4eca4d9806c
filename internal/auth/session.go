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

// Session is a browser. Until somebody logs in it is nobody's, and only pages
// keep something in it.
type Session struct {
	Key       string // the hash of what the cookie holds
	ID        string // ses_…; empty while it is nobody's
	Account   string // acc_…; empty while it is nobody's
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
// the database does not. It is what scs makes of a token with HashTokenInStore.
func sessionKey(cookie string) string {
	sum := sha256.Sum256([]byte(cookie))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// session finds the session that the cookie opens; ErrNoSession if there is none
// in which somebody is logged in.
func (s *Service) session(ctx context.Context, cookie string) (Session, error) {
	found, err := s.openSession(ctx, sessionKey(cookie))
	if err == nil && found.Account == "" {
		err = ErrNoSession
	}
	return found, err
}

// openSession finds a session that is not over, and notes that it was used.
func (s *Service) openSession(ctx context.Context, key string) (Session, error) {
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
	if found.over(now) {
		return Session{}, ErrNoSession
	}
	if !cached {
		if now.Sub(found.SeenAt) >= seenEvery {
			s.note(&s.seen, key, now)
			found.SeenAt = now
		}
		s.sessions.put(key, found, now, age)
	}
	return found, nil
}

// Sessions lists where an account is logged in, oldest first.
func (s *Service) Sessions(ctx context.Context, account string) ([]Session, error) {
	all, err := s.store.Sessions(ctx, account)
	now, live := s.now(), all[:0]
	for _, x := range all {
		if !x.over(now) {
			live = append(live, x)
		}
	}
	return live, err
}

// EndSession logs out one of the actor's own sessions: here at once, elsewhere
// when its Ended comes.
func (s *Service) EndSession(ctx context.Context, by Actor, sessionID string) error {
	defer s.sessions.clear()
	return s.store.EndSession(ctx, by.Account, sessionID, s.now())
}

// EndOtherSessions logs out all of the actor's sessions but the one in use.
func (s *Service) EndOtherSessions(ctx context.Context, by Actor) error {
	defer s.sessions.clear()
	return s.store.EndSessions(ctx, by.Account, by.Session, s.now())
}
