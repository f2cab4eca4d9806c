package webhook

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"time"

	"github.com/proofmark/proofmark/internal/notice"
)

// challengeLife is how long a challenge may be answered.
const challengeLife = 5 * time.Minute

// Confirm asks an endpoint to prove that it holds the secret: it is sent a nonce,
// signed like everything else, and must answer with the nonce's HMAC. A reply
// that was made without the secret, or for another challenge, is refused: nobody
// can have notices sent to a server that does not want them.
func (s *Service) Confirm(ctx context.Context, actor, endpoint string) (Endpoint, error) {
	e, err := s.store.Endpoint(ctx, endpoint)
	if err != nil {
		return Endpoint{}, err
	}
	if e.State != Pending {
		return Endpoint{}, refuse(RuleState, "endpoint %s is %s: only a pending one is confirmed", e.ID, e.State)
	}
	nonce := rand.Text()
	n, err := notice.New(s.now(), KindConfirm, e.ID, e.Org, map[string]string{"endpoint": e.ID, "nonce": nonce})
	if err != nil {
		return Endpoint{}, err
	}
	body, err := bodyOf(n, 0)
	if err != nil {
		return Endpoint{}, err
	}
	if err := s.store.Challenge(ctx, e.ID, nonce, s.now()); err != nil {
		return Endpoint{}, err
	}
	a, err := s.post(ctx, e, n.ID, body)
	if err != nil {
		var refused *Refusal
		if errors.As(err, &refused) || errors.Is(err, ErrKey) || ctx.Err() != nil {
			return Endpoint{}, err
		}
		return Endpoint{}, refuse(RuleUnreachable, "endpoint %s did not answer the challenge: %v", e.ID, err)
	}
	if a.status < 200 || a.status > 299 {
		return Endpoint{}, refuse(RuleStatus, "endpoint %s answered the challenge with %d, want 2xx", e.ID, a.status)
	}
	return s.confirmed(ctx, actor, e.ID, nonce, a.body)
}

// confirmed judges the reply to the challenge nonce by what is stored now: other
// challenges may have been made since.
func (s *Service) confirmed(ctx context.Context, actor, endpoint, nonce string, reply []byte) (Endpoint, error) {
	var said struct {
		Confirmation string `json:"confirmation"`
	}
	if err := json.Unmarshal(reply, &said); err != nil || said.Confirmation == "" {
		return Endpoint{}, refuse(RuleReply, `endpoint %s: the reply is no JSON object {"confirmation": …}`, endpoint)
	}
	got, err := base64.StdEncoding.DecodeString(said.Confirmation)
	if err != nil {
		return Endpoint{}, refuse(RuleReply, "endpoint %s: the confirmation is not base64", endpoint)
	}
	e, err := s.store.Endpoint(ctx, endpoint)
	if err != nil {
		return Endpoint{}, err
	}
	keys, err := s.keys(e)
	if err != nil {
		return Endpoint{}, err
	}
	answers := func(nonce string) bool {
		for _, k := range keys {
			if nonce != "" && hmac.Equal(got, confirmation(k, nonce)) {
				return true
			}
		}
		return false
	}
	switch {
	case answers(e.Earlier), e.Nonce != nonce && answers(nonce):
		return Endpoint{}, refuse(RuleStale, "endpoint %s: the reply answers an earlier challenge", endpoint)
	case !answers(nonce):
		return Endpoint{}, refuse(RuleForged, "endpoint %s: the confirmation is not the HMAC-SHA256 of the nonce under the endpoint's secret", endpoint)
	case s.now().Sub(e.Issued) > challengeLife:
		return Endpoint{}, refuse(RuleStale, "endpoint %s: the reply came %s after the challenge, want at most %s", endpoint, s.now().Sub(e.Issued).Round(time.Second), challengeLife)
	}
	entry, err := s.entry(actor, "webhook.confirmed", e)
	if err != nil {
		return Endpoint{}, err
	}
	err = s.store.Confirm(ctx, endpoint, nonce, s.now(), entry)
	if errors.Is(err, ErrConflict) {
		return Endpoint{}, refuse(RuleStale, "endpoint %s: the reply answers an earlier challenge", endpoint)
	}
	if err != nil {
		return Endpoint{}, err
	}
	return s.store.Endpoint(ctx, endpoint)
}
