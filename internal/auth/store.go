package auth

import (
	"context"
	"time"

	"github.com/proofmark/proofmark/internal/audit"
)

// Store keeps people. Every method is one transaction, and what is decided in one
// is stored with its audit entry. What ends logins of an account (a token, sessions, a
// granted role, the account itself) puts an Ended into the outbox.
type Store interface {
	accountStore
	roleStore
	codeStore
	sessionStore
	tokenStore
	orgStore
	memberStore
	invitationStore
}

type accountStore interface {
	CreateAccount(ctx context.Context, a Account, e audit.Entry) error // ErrExists: id or address taken
	Account(ctx context.Context, id string) (Account, error)
	AccountByEmail(ctx context.Context, email string) (Account, error)
	Accounts(ctx context.Context, after string, limit int) ([]Standing, error) // by id, without Orgs
	RenameAccount(ctx context.Context, id, name string, e audit.Entry) error
	// SignUp stores an account that is to be confirmed, or, where one waits for
	// that already, gives it the new name and password: the newest sign-up counts.
	// ErrExists: the address belongs to somebody; ErrConflict: it was confirmed or
	// blocked meanwhile.
	SignUp(ctx context.Context, a Account, hash string, c Code) error
	// CreatePerson stores an account with its password (empty: none), granted roles
	// and login service (none if its issuer is empty). ErrExists: address or login taken.
	CreatePerson(ctx context.Context, s Standing, hash string, i Identity, e audit.Entry) error
	// Password is the stored hash, empty if there is none.
	Password(ctx context.Context, account string) (string, error)
	// SetPassword ends the account's sessions, but for the one that is named.
	SetPassword(ctx context.Context, account, hash, butSession string, at time.Time, e audit.Entry) error
	// Rehash replaces a hash by another one of the same password.
	Rehash(ctx context.Context, account, old, hash string) error
	AccountByIdentity(ctx context.Context, issuer, subject string) (Account, error)
	// LinkIdentity names the login service's word for somebody. An account that
	// was not confirmed is so now, and loses the password that nobody proved to own.
	LinkIdentity(ctx context.Context, i Identity, e audit.Entry) error
	// DeletePerson leaves the account's id, a name that says so, and nothing of the
	// person. ErrLastOwner; ErrConflict: it is blocked, or was deleted before.
	DeletePerson(ctx context.Context, account, name string, at time.Time, e audit.Entry) error
	// Sweep forgets ended sessions and codes, and accounts that nobody confirmed.
	Sweep(ctx context.Context, now time.Time) error
}

type roleStore interface {
	// Standing is what decides what an account may do.
	Standing(ctx context.Context, account string) (Standing, error)
	GrantRole(ctx context.Context, account string, r Role, at time.Time, e audit.Entry) error // ErrConflict: has it
	RevokeRole(ctx context.Context, account string, r Role, e audit.Entry) error              // ErrConflict: has it not
	// BlockAccount sets or, with a zero time, takes back a block, and ends the
	// account's sessions. ErrConflict: it is so already.
	BlockAccount(ctx context.Context, id string, at time.Time, e audit.Entry) error
}

type codeStore interface {
	// CreateCode takes back the unused ones of the same account and purpose.
	CreateCode(ctx context.Context, c Code) error
	Code(ctx context.Context, id string) (Code, error)
	// Confirm uses the code and confirms the account; ErrConflict: the code was used.
	Confirm(ctx context.Context, c Code, at time.Time, e audit.Entry) error
	// Reset uses the code, sets the password, ends all sessions, and confirms the
	// account if it was not; ErrConflict: the code was used.
	Reset(ctx context.Context, c Code, hash string, at time.Time, e audit.Entry) error
}

type sessionStore interface {
	Session(ctx context.Context, key string) (Session, error)
	Sessions(ctx context.Context, account string) ([]Session, error) // by id
	CreateSession(ctx context.Context, s Session) error
	// SaveSession keeps what pages put into a session; nobody's if it is not there.
	SaveSession(ctx context.Context, key string, data []byte, now, expires time.Time) error
	// SeeSessions moves SeenAt forward, by the sessions' keys.
	SeeSessions(ctx context.Context, seen []Use) error
	DeleteSession(ctx context.Context, key string, at time.Time) error
	EndSession(ctx context.Context, account, id string, at time.Time) error // ErrNotFound
	// EndSessions ends all of an account but the one that is named.
	EndSessions(ctx context.Context, account, but string, at time.Time) error
}

type tokenStore interface {
	CreateToken(ctx context.Context, t Token, e audit.Entry) error // ErrExists: id taken; ErrNotFound: account
	Token(ctx context.Context, id string) (Token, error)
	Tokens(ctx context.Context, account string) ([]Token, error) // by id
	// LiveTokens counts those that neither ended nor were revoked.
	LiveTokens(ctx context.Context, account string, at time.Time) (int, error)
	// RevokeToken sets RevokedAt; an earlier one stays, without another entry.
	RevokeToken(ctx context.Context, id string, at time.Time, e audit.Entry) error
	// UseTokens moves UsedAt forward, by the tokens' ids.
	UseTokens(ctx context.Context, used []Use) error
}

type orgStore interface {
	CreateOrg(ctx context.Context, o Org, owner string, e audit.Entry) error
	Org(ctx context.Context, id string) (Org, error)
	Orgs(ctx context.Context, after string, limit int) ([]Org, error)            // by id
	OrgsOf(ctx context.Context, account, after string, limit int) ([]Org, error) // by id
	ChangeOrg(ctx context.Context, o Org, e audit.Entry) error                   // its names and country
	BlockOrg(ctx context.Context, id string, at time.Time, e audit.Entry) error  // ErrConflict: it is so already
}

type memberStore interface {
	Members(ctx context.Context, org string) ([]Member, error) // oldest first
	// RemoveMember takes a member out; ErrNotFound: is none; ErrLastOwner.
	RemoveMember(ctx context.Context, org, account string, e audit.Entry) error
	// SetMemberRole changes what a member is; ErrNotFound, ErrConflict: is it already; ErrLastOwner.
	SetMemberRole(ctx context.Context, org, account string, r OrgRole, e audit.Entry) error
}

type invitationStore interface {
	// Invite takes back an open one to the same address. ErrExists: is a member;
	// ErrTooMany: more than most are open.
	Invite(ctx context.Context, i Invitation, most int, e audit.Entry) error
	Invitation(ctx context.Context, id string) (Invitation, error)
	Invitations(ctx context.Context, org string) ([]Invitation, error) // by id
	// RevokeInvitation takes one back; ErrConflict: it is not open.
	RevokeInvitation(ctx context.Context, id string, at time.Time, e audit.Entry) error
	// Accept makes a member; ErrConflict: not open, or over; ErrExists: is a member.
	Accept(ctx context.Context, i Invitation, account string, at time.Time, e audit.Entry) error
}
