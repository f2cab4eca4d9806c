package homes

import "time"

// Home is where devices stand and people share them.
type Home struct {
	ID        string // hom_…
	Name      string
	Discovery bool // bridges of the home are shown how to show its devices
	CreatedAt time.Time
}

// Room is a part of a home.
type Room struct {
	ID        string // rom_…
	Home      string
	Name      string // unique within the home
	CreatedAt time.Time
}

// Role is what somebody is in a home.
type Role string

// The roles. A home has exactly one owner.
const (
	Owner  Role = "owner"
	Member Role = "member"
	Guest  Role = "guest"
)

// Right is what one may do in a home.
type Right int

// The rights. Each role has those up to its own.
const (
	See     Right = iota // see and command the devices
	Arrange              // rooms, names, claims, bridges of one's own
	Decide               // members, links, discovery, the home itself
)

var rights = map[Role]Right{Guest: See, Member: Arrange, Owner: Decide}

func (r Right) String() string { return [...]string{"see", "arrange", "decide"}[r] }

// Membership is one person in one home.
type Membership struct {
	Home      string
	Account   string
	Role      Role
	EndsAt    time.Time // of a guest; zero for the others
	CreatedAt time.Time
}

// live says whether the membership holds at now.
func (m Membership) live(now time.Time) bool { return m.EndsAt.IsZero() || now.Before(m.EndsAt) }

// May says whether the role reaches that far.
func (m Membership) May(r Right) bool {
	have, ok := rights[m.Role]
	return ok && have >= r
}

// Place is a home as one of its members sees it.
type Place struct {
	Home
	Me Membership
}

// Link lets one person in, once.
type Link struct {
	ID        string // hml_…
	Home      string
	Role      Role
	EndsAt    time.Time // of the guest's stay; zero for a member
	Hash      []byte    // of the text
	CreatedBy string
	CreatedAt time.Time
	ExpiresAt time.Time // of the link itself
	UsedAt    time.Time // zero until used
	UsedBy    string
	RevokedAt time.Time // zero unless revoked
}

// How much of everything there may be.
const (
	MostHomes   = 20  // of an account
	MostRooms   = 50  // of a home
	MostMembers = 50  // of a home
	MostLinks   = 20  // of a home that are open
	MostDevices = 500 // of a home
)

// How long things last.
const (
	LinkLife    = 7 * 24 * time.Hour   // of a link, unless asked otherwise
	MaxLinkLife = 30 * 24 * time.Hour  //
	MaxStay     = 366 * 24 * time.Hour // of a guest
	Staleness   = 10 * time.Second     // how long another process's change may take to hold here
	GuestEndJob = "homes.guest-end"    // the job that ends a guest's stay; its payload is a Stay
)

// The kinds of the notices of who comes and goes; their data is a Stay, their subject
// the home.
const (
	Joined     = "home.joined"      // by a link
	Left       = "home.left"        // by himself
	PutOut     = "home.put-out"     // by the owner
	GuestEnded = "home.guest-ended" // by the date of the stay
)

// Stay is somebody in a home, and the payload of GuestEndJob.
type Stay struct {
	Home    string `json:"home"`
	Account string `json:"account"`
}
