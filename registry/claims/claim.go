package claims

import (
	"time"
)

// Basis is why a device is whose it is.
type Basis string

// The bases.
const (
	ByOrder Basis = "order"  // who claimed it ordered it
	ByGift  Basis = "gift"   // who had it gave it away, by a handover
	Retail  Basis = "retail" // it was made elsewhere, and sold we do not know where
	Grey    Basis = "grey"   // somebody else ordered it, or nobody did: Reason says which
)

// Claim is that a device belongs to an account, from then until it ended.
type Claim struct {
	ID        string // clm_…
	DID       string
	Account   string
	Home      string // in which it was put
	Basis     Basis
	Reason    string // of a grey one
	Order     string // ord_…; empty for none
	CreatedAt time.Time
	EndedAt   time.Time // zero while it lives
	Ended     string    // "released", "handed over", "put out by an operator"
}

// ArrivedJob is the job that tells campaigns of a claim that Arrived; its payload is
// the did.
const ArrivedJob = "claims.arrived"

// Arrived says whether the claim proves that an order's unit reached its backer, or
// whom the backer gave it to. A grey claim proves the contrary.
func (c *Claim) Arrived() bool { return c.Basis == ByOrder || c.Basis == ByGift }

// Code is what is kept of the code on a device's label.
type Code struct {
	DID       string
	Salt      []byte
	Hash      []byte
	CreatedAt time.Time
	UsedAt    time.Time // zero while it is good
	Wrong     int64     // attempts since the last good one
	WrongAt   time.Time
}

// Handover lets one person take a device from its owner, or from who ordered it.
type Handover struct {
	ID        string // hnd_…
	DID       string
	Giver     string
	Hash      []byte
	CreatedAt time.Time
	ExpiresAt time.Time
	UsedAt    time.Time // zero until taken
	UsedBy    string
	RevokedAt time.Time // zero unless taken back
}

// HandoverLife is how long a handover may be taken.
const HandoverLife = 30 * 24 * time.Hour

// Ordered is what campaigns know of a unit.
type Ordered struct {
	Account string // the backer's
	Order   string // ord_…
}
