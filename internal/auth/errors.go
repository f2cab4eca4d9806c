package auth

import "errors"

// The errors of the store and of checks.
var (
	ErrNotFound = errors.New("not found")
	ErrExists   = errors.New("already exists")
	ErrConflict = errors.New("conflict") // somebody else was first, or it is so already

	ErrBadToken  = errors.New("bad token") // malformed, unknown, wrong, revoked, or not for this
	ErrExpired   = errors.New("token expired")
	ErrNoSession = errors.New("not logged in")
	ErrBlocked   = errors.New("blocked") // by an operator
	ErrScope     = errors.New("scope refused")

	// ErrBadLogin is one for all that may be wrong, so that nobody learns which
	// addresses have an account.
	ErrBadLogin     = errors.New("wrong e-mail address or password, or the address is not confirmed yet")
	ErrBadEmail     = errors.New("e-mail address refused")
	ErrWeakPassword = errors.New("password refused")
	ErrBadName      = errors.New("name refused")
	ErrBadCode      = errors.New("code refused") // malformed, unknown, used, replaced by a newer one, or expired

	ErrLastOwner = errors.New("an organisation needs an owner")
	ErrNotYours  = errors.New("not allowed") // to this actor
	ErrTooMany   = errors.New("too many")    // live tokens, open invitations

	ErrBusy   = errors.New("too busy")
	ErrNoMail = errors.New("no mail can be sent")
)
