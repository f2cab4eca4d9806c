package homes

import (
	"context"
	"time"

	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/notice"
	"github.com/proofmark/proofmark/registry"
)

// Change is what a transaction records and tells beside what it changes.
type Change struct {
	Entry   audit.Entry
	Notices []notice.Notice
	Events  []registry.HomeEvent
}

// tell adds the notice that somebody came or went.
func (c *Change) tell(kind string, s Stay) error {
	n, err := notice.New(c.Entry.At, kind, s.Home, "", s)
	c.Notices = append(c.Notices, n)
	return err
}

// Store keeps homes. Every method is one transaction with its Change. Its errors
// are the registry's: ErrNotFound, ErrExists, ErrConflict (it is no longer as the
// caller saw it), ErrInUse, ErrFull.
type Store interface {
	// CreateHome fails with ErrFull when the owner is in most homes already.
	CreateHome(ctx context.Context, h Home, owner Membership, most int, c Change) error
	Home(ctx context.Context, id string) (Home, error)
	HomesOf(ctx context.Context, account string, at time.Time) ([]Place, error) // by id; those that hold at that time
	ChangeHome(ctx context.Context, h Home, c Change) error
	RemoveHome(ctx context.Context, id string, c Change) error // ErrInUse while devices stand in it

	Rooms(ctx context.Context, home string) ([]Room, error)            // by id
	AddRoom(ctx context.Context, r Room, most int, c Change) error     // ErrExists: the name; ErrFull
	RenameRoom(ctx context.Context, r Room, c Change) error            // ErrExists: the name
	RemoveRoom(ctx context.Context, home, room string, c Change) error // its devices stay in the home

	Members(ctx context.Context, home string) ([]Membership, error) // oldest first
	// ChangeMember moves a member from was to m; a new guest's end brings its job.
	ChangeMember(ctx context.Context, was Role, m Membership, c Change) error
	// GiveHome makes another member the owner and the owner a member.
	GiveHome(ctx context.Context, home, from, to string, was Role, c Change) error
	// RemoveMember also takes the member's own devices out of the home.
	RemoveMember(ctx context.Context, m Membership, c Change) error
	// EndGuest is RemoveMember for a guest whose end has come; ErrConflict if it has not.
	EndGuest(ctx context.Context, home, account string, at time.Time, c Change) error

	AddLink(ctx context.Context, l Link, most int, c Change) error // ErrFull
	Link(ctx context.Context, id string) (Link, error)
	Links(ctx context.Context, home string) ([]Link, error) // by id
	// UseLink makes the member that the link lets in; ErrConflict: it was used,
	// revoked, or is over; ErrExists: is a member; ErrFull.
	UseLink(ctx context.Context, link string, m Membership, most int, c Change) error
	RevokeLink(ctx context.Context, home, link string, at time.Time, c Change) error
}
