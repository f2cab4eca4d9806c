package claims

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

// Given is the kind of the notice that the link of a handover was used: for who gave
// the device away, and nobody's business but theirs. Its subject is the device.
const Given = "device.given"

// GivenWord is its data.
type GivenWord struct {
	DID   string `json:"did"`
	Giver string `json:"giver"` // acc_…
}

func (c *Change) given(h Handover) error {
	n, err := notice.New(c.Entry.At, Given, h.DID, "", GivenWord{h.DID, h.Giver})
	c.Notices = append(c.Notices, n)
	return err
}

// Placing is where a device comes to stand.
type Placing struct {
	DID  string
	Was  string // the home that it stands in now; empty for none
	Home string // empty: in none
	Room string // of the home; empty for none
	Name string
	Most int // how many devices the home may have
}

// Store keeps claims. Every method is one transaction with its Change. Its errors
// are the registry's: ErrNotFound, ErrConflict (it is no longer as the caller saw
// it), ErrFull.
type Store interface {
	Code(ctx context.Context, did string) (Code, error)
	PutCode(ctx context.Context, c Code, ch Change) error // replaces an earlier one
	// WrongCode counts an attempt; from before since it begins anew.
	WrongCode(ctx context.Context, did string, at, since time.Time) error
	// Made is the batch of a device that was made in one or imported; imported says which.
	Made(ctx context.Context, did string) (batch string, imported bool, err error)

	// Claim uses the code and gives the device, which must be nobody's, its owner. One
	// that Arrived brings an ArrivedJob.
	Claim(ctx context.Context, c Claim, p Placing, ch Change) error
	Live(ctx context.Context, did string) (Claim, error) // ErrNotFound: nobody's
	Claims(ctx context.Context, did string) ([]Claim, error)
	Grey(ctx context.Context, after string, limit int) ([]Claim, error) // by id
	// Release ends the claim, if there is one, and makes the device nobody's: what
	// it reported is forgotten, the label's code and the factory's key are good
	// again, every other secret is revoked.
	Release(ctx context.Context, d registry.Device, ended string, ch Change) error
	// Take ends the claim of who gave the device and begins that of who takes it.
	Take(ctx context.Context, h Handover, c Claim, p Placing, ch Change) error
	// Accept notes who takes a device that is nobody's yet.
	Accept(ctx context.Context, h Handover, account string, at time.Time, ch Change) error

	AddHandover(ctx context.Context, h Handover, ch Change) error // takes back an open one of the same giver
	Handover(ctx context.Context, id string) (Handover, error)
	RevokeHandovers(ctx context.Context, did, giver string, at time.Time, ch Change) error // ErrConflict: none is open
	// Given says whether the giver handed the device to the account.
	Given(ctx context.Context, did, giver, account string) (bool, error)

	Place(ctx context.Context, p Placing, ch Change) error
	Note(ctx context.Context, ch Change) error // records what changes nothing here
}
