package auth

import (
	"context"
	"fmt"
)

// DeletedName is what is left of the name of who had their account deleted.
const DeletedName = "Deleted account"

// Delete ends the actor's account for good: name, address, password, logins,
// sessions, tokens, memberships and mails are gone. Its id stays, with nothing of
// the person: books and the audit log name it. Who has a password gives it;
// ErrLastOwner if an organisation would have no owner.
func (s *Service) Delete(ctx context.Context, by Actor, password string, from Client) error {
	if by.Session == "" {
		return fmt.Errorf("%w: an account is deleted by who is logged in, not by a token", ErrNotYours)
	}
	a, err := s.store.Account(ctx, by.Account)
	if err != nil {
		return err
	}
	hash, err := s.store.Password(ctx, a.ID)
	if err != nil {
		return err
	}
	if hash != "" {
		if err := s.prove(ctx, a.ID, a.Email, password, from); err != nil {
			return err
		}
	}
	e, err := s.entry(by, "account.deleted", a.ID, "", nil)
	if err != nil {
		return err
	}
	defer s.standings.forget(a.ID)
	defer s.sessions.clear()
	defer s.tokens.clear()
	if err := s.store.DeletePerson(ctx, a.ID, DeletedName, s.now(), e); err != nil {
		return fmt.Errorf("delete account %s: %w", a.ID, err)
	}
	return nil
}
