package registry

import (
	"context"
	"errors"
	"time"

	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/notice"
)

// The errors by which a Store answers. A Store wraps them with the thing and the value.
var (
	ErrNotFound = errors.New("not found")
	ErrExists   = errors.New("already exists")
	ErrConflict = errors.New("changed meanwhile") // a conditional update found another state
	ErrInUse    = errors.New("still in use")
)

// ErrUnavailable says that the store cannot answer now (its database is gone or
// too busy): try again. Every other error is final for the call that got it.
var ErrUnavailable = errors.New("storage unavailable")

// Store keeps what the registry knows. Every method is one transaction; time
// comes in through the values. Lists are in the order of their first key.
type Store interface {
	ProductStore
	DeviceStore
	ReportStore
	DesiredStore
	PresenceStore
	CommandStore
	FieldStore
	CloneStore
	AliveStore
}

// AliveStore counts devices in homes.
type AliveStore interface {
	// CountAlive counts the devices of a product that somebody outside its organisation
	// owns and that were connected then or later.
	CountAlive(ctx context.Context, product string, since time.Time) (int64, error)
}

// CloneStore keeps what tells a cloned device, and keeps it out.
type CloneStore interface {
	// Sight adds a sighting and returns those of the device since then, oldest
	// first, this one included; none from before its last quarantine was lifted.
	Sight(ctx context.Context, s Sighting, since time.Time) ([]Sighting, error)
	ForgetSightings(ctx context.Context, before time.Time) error
	// QuarantineDevice also tells every node to forget the device; ErrConflict if it is so already.
	QuarantineDevice(ctx context.Context, did, reason string, e audit.Entry, n notice.Notice) error
	LiftQuarantine(ctx context.Context, did string, e audit.Entry, n notice.Notice) error // ErrConflict: it is not quarantined
	QuarantinedDevices(ctx context.Context, after string, limit int) ([]Device, error)    // by did
}

// ProductStore keeps products and their spec versions.
type ProductStore interface {
	CreateProduct(ctx context.Context, p Product, first SpecVersion) error // ErrExists: model taken
	AddSpec(ctx context.Context, s SpecVersion) error                      // ErrExists: version taken; ErrNotFound: product
	Product(ctx context.Context, id string) (Product, error)
	ProductByModel(ctx context.Context, model string) (Product, error)
	Products(ctx context.Context, after string, limit int) ([]Product, error)
	ProductsOf(ctx context.Context, org, after string, limit int) ([]Product, error)
	GiveProduct(ctx context.Context, id, org string) error // ErrNotFound: no such product, or it is somebody's
	Spec(ctx context.Context, id string) (SpecVersion, error)
	Specs(ctx context.Context, productID string) ([]SpecVersion, error) // oldest version first
}

// DeviceStore keeps devices and their credentials.
type DeviceStore interface {
	CreateDevice(ctx context.Context, d Device, c *Credential) error // ErrExists: did taken; ErrNotFound: product, spec or parent
	Device(ctx context.Context, did string) (Device, error)
	Devices(ctx context.Context, q DeviceQuery) ([]Device, error)
	// SeenBy are the devices that an account owns, and those in the homes where it lives at that time.
	SeenBy(ctx context.Context, account string, at time.Time, after string, limit int) ([]Device, error)
	InHome(ctx context.Context, home, after string, limit int) ([]Device, error)
	Children(ctx context.Context, did string) ([]Device, error) // the sub-devices of a gateway
	SetDeviceSpec(ctx context.Context, did, specID string) error
	SetDeviceOwner(ctx context.Context, did, account, name string) error
	SetDeviceInfo(ctx context.Context, did string, i Info) error
	// NoteReset sets ResetAt where it is older than before; ErrNotFound otherwise.
	NoteReset(ctx context.Context, did string, at, before time.Time) error
	// DeleteDevice removes the device with its credentials, twin, history,
	// violations and commands; ErrInUse while it has sub-devices.
	DeleteDevice(ctx context.Context, did string, at time.Time) error

	AddCredential(ctx context.Context, c Credential, retireOthers bool) error
	Credentials(ctx context.Context, did string) ([]Credential, error)
	// UseCredential marks the first login: sets UsedAt and revokes the retiring ones of the device.
	UseCredential(ctx context.Context, id string, at time.Time) error
	// RevokeCredential also writes the event device.<did>.credentials to the outbox. ErrConflict if it was revoked.
	RevokeCredential(ctx context.Context, did, id string, at time.Time) error
}

// DeviceQuery selects devices; empty fields do not restrict.
type DeviceQuery struct {
	ProductID string
	Account   string
	After     string // did
	Limit     int
}

// ReportStore keeps what devices reported.
type ReportStore interface {
	CommitReports(ctx context.Context, b Batch) error
	// Fingerprints returns the fingerprints in the chunks of did since then, with each chunk's time.
	Fingerprints(ctx context.Context, did string, since time.Time) ([]Seen, error)
	TwinValues(ctx context.Context, did string) ([]TwinValue, error)
	Violations(ctx context.Context, did string, from, to time.Time) ([]Violation, error)
	// History calls yield for each matching point, oldest row first, until it returns false.
	History(ctx context.Context, q HistoryQuery, yield func(Point) bool) error
	Buckets(ctx context.Context, did string, siid, piid int, r Resolution, from, to time.Time) ([]Bucket, error)
	// RollUp stores the buckets of one device and day, replacing them, and remembers the day as rolled up.
	RollUp(ctx context.Context, did string, day time.Time, buckets []Bucket) error
	RolledUpTo(ctx context.Context, did string) (time.Time, error)                    // first day not rolled up; zero if none was
	DevicesReportedBetween(ctx context.Context, from, to time.Time) ([]string, error) // dids with chunks in [from, to)
	// ForgetReports removes chunks older than the time given; it may leave some for the next call and says whether it did.
	ForgetReports(ctx context.Context, before time.Time) (more bool, err error)
}

// Seen is one remembered report.
type Seen struct {
	Fingerprint uint64
	At          time.Time
}

// DesiredStore keeps desired values. At most one per property is open.
type DesiredStore interface {
	// SetDesired opens d, ending an open one of the same property as replaced.
	SetDesired(ctx context.Context, d Desired) error
	OpenDesired(ctx context.Context, did string) ([]Desired, error)
	Desired(ctx context.Context, id string) (Desired, error) // the ended ones too
	// EndDesired: ErrConflict if it is no longer open.
	EndDesired(ctx context.Context, e DesiredEnd) error
	ExpireDesired(ctx context.Context, now time.Time) (int64, error)
}

// PresenceStore keeps who is connected where.
type PresenceStore interface {
	// Connect records a new connection of each did and returns its epoch, in order.
	Connect(ctx context.Context, node string, at time.Time, dids []string) ([]int64, error)
	// Disconnect writes offline where the epoch is still the newest; it returns those dids that it changed.
	Disconnect(ctx context.Context, leaves []Presence) ([]string, error)
	Presence(ctx context.Context, did string) (Presence, error) // ErrNotFound: never connected
	// PutPresence writes what a gateway said of a sub-device; Epoch is the gateway's.
	PutPresence(ctx context.Context, p Presence) error
	KeepNode(ctx context.Context, n Node) error
	// LoseNodes ends the leases that ran out: their devices go offline with
	// ReasonNodeLost; it returns what changed.
	LoseNodes(ctx context.Context, now time.Time) ([]Presence, error)
	// ReserveIDs takes n numbers of the sequence of that name and returns the first.
	ReserveIDs(ctx context.Context, sequence string, n int64) (int64, error)
}

// CommandStore keeps the offline queue.
type CommandStore interface {
	QueueCommand(ctx context.Context, c Command) error
	Command(ctx context.Context, id string) (Command, error)
	QueuedCommands(ctx context.Context, did string) ([]Command, error) // oldest first
	// MoveCommand changes the state from → to; ErrConflict if it was another.
	MoveCommand(ctx context.Context, id string, from, to CommandState, result []byte, at time.Time) error
	ExpireCommands(ctx context.Context, now time.Time) (int64, error)
}
