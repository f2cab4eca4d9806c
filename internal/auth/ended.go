package auth

import (
	"encoding/json"

	"github.com/proofmark/proofmark/internal/bus"
)

// Ended tells every node that logins of an account are over: a token was revoked, a
// session ended, a granted role was taken back, or the account was blocked or
// deleted. Whoever keeps something open for the account asks again whether it may go on.
type Ended struct {
	Account string `json:"account"`
}

// EndedSubject is where it goes on the bus, for one account; EndedSubjects are all.
func EndedSubject(account string) string { return "account." + account + ".ended" }

// EndedSubjects is the pattern of all accounts' ended logins.
const EndedSubjects = "account.*.ended"

// OnEnded forgets what is remembered of an account's logins, and says whose: who
// asks afterwards is answered by the store. It is called by everybody who hears of it,
// since subscribers of the bus are told in no order.
func (s *Service) OnEnded(m bus.Message) (account string, ok bool) {
	var e Ended
	if err := json.Unmarshal(m.Data, &e); err != nil || e.Account == "" {
		s.log.Error("event is not of an account's logins", "subject", m.Subject, "err", err)
		return "", false
	}
	s.tokens.drop(func(t Token) bool { return t.Account == e.Account })
	s.sessions.drop(func(x Session) bool { return x.Account == e.Account })
	s.standings.forget(e.Account)
	return e.Account, true
}
