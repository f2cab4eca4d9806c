package auth

import (
	"fmt"
	"time"

	"github.com/proofmark/proofmark/internal/limit"
)

// LimitError says that somebody tried too often.
type LimitError = limit.Error

// limits are those of the service. Wrong attempts count three ways: the first
// stops somebody who guesses, the second many who guess at one account, the third
// somebody who tries one password on many accounts. The second is wide, so that a
// stranger cannot easily keep the owner out.
type limits struct {
	pair    limit.Limiter // wrong attempts, per account and address
	account limit.Limiter // per account, from wherever
	address limit.Limiter // per address, for whatever account
	mailTo  limit.Limiter // mails, per recipient
	mailBy  limit.Limiter // mails, per address that asked for them
}

func newLimits() *limits {
	return &limits{
		pair:    limit.Limiter{What: "wrong attempts for this account", Every: time.Minute, Burst: 10},
		account: limit.Limiter{What: "wrong attempts for this account", Every: 30 * time.Second, Burst: 100},
		address: limit.Limiter{What: "wrong attempts from this address", Every: 5 * time.Second, Burst: 30},
		mailTo:  limit.Limiter{What: "mails to this address", Every: 10 * time.Minute, Burst: 3},
		mailBy:  limit.Limiter{What: "requests for mails from this address", Every: time.Minute, Burst: 20},
	}
}

// attempt spends a turn of the account and of the address; right gives it back,
// for an attempt that was good.
func (s *Service) attempt(account, address string) (right func(), err error) {
	from := limit.Network(address)
	return limit.Spend(s.now(), limit.Turn{Limiter: &s.limits.address, Key: from},
		limit.Turn{Limiter: &s.limits.pair, Key: account + " " + from}, limit.Turn{Limiter: &s.limits.account, Key: account})
}

// MayMail spends a turn for a mail that somebody at that address of the network
// asks us to write, if mails can be sent at all: ErrNoMail or a [*LimitError].
func (s *Service) MayMail(to, address string) error {
	if s.mailer == nil {
		return fmt.Errorf("%w: no mail service is set up", ErrNoMail)
	}
	now := s.now()
	if _, err := s.limits.mailBy.Take(limit.Network(address), now); err != nil {
		return err
	}
	_, err := s.limits.mailTo.Take(to, now)
	return err
}
