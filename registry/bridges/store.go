package bridges

import (
	"context"
	"encoding/json"
	"time"

	"github.com/proofmark/proofmark/miot"
	"github.com/proofmark/proofmark/registry"
	"github.com/proofmark/proofmark/registry/homes"
)

// MaxQueue is how long a command for a device that is offline may be kept.
const MaxQueue = registry.MaxQueueTTL

// Setting is what is kept of a bridge beside its token.
type Setting struct {
	Token   string
	Queue   time.Duration // for which a command for a device that is offline is kept; 0: it is refused
	Refused int64         // commands, so far
	Last    Outcome       // of the last one that was refused
	LastAt  time.Time     // zero: none was
}

// Note is refused commands of one bridge, to be added to what is kept.
type Note struct {
	Token   string
	Refused int64
	Last    Outcome
	At      time.Time
}

// Store keeps bridges. Its errors are the registry's.
type Store interface {
	// PutBridge sets how long commands are kept; what was refused stays.
	PutBridge(ctx context.Context, token string, queue time.Duration) error
	Bridge(ctx context.Context, token string) (Setting, error) // the zero setting where nothing was put
	// NoteRefused adds notes, each to its bridge; those of tokens that are gone are left out.
	NoteRefused(ctx context.Context, notes []Note) error
}

// Devices is what bridges need of the registry.
type Devices interface {
	HomeOf(ctx context.Context, did string) (string, error)
	Device(ctx context.Context, did string) (registry.Device, error)
	Describe(ctx context.Context, did string) (spec *miot.Spec, model string, err error)
	Twin(ctx context.Context, did string) (registry.Twin, error)
	InHome(ctx context.Context, home, after string, limit int) ([]registry.Device, error)
	CheckValue(ctx context.Context, did string, siid, piid int, value json.RawMessage) error
	Arguments(ctx context.Context, did string, siid, aiid int, in json.RawMessage) ([]miot.Argument, error)
	SetProperties(ctx context.Context, did string, items []miot.PropertyValue) ([]miot.ItemResult, error)
	Invoke(ctx context.Context, did string, siid, aiid int, in []miot.Argument) (miot.ActionResult, error)
	Desire(ctx context.Context, account, did string, siid, piid int, value json.RawMessage, ttl time.Duration) (registry.Desired, error)
	Queue(ctx context.Context, account, did, method string, params json.RawMessage, ttl time.Duration) (registry.Command, error)
}

// Homes is what bridges need of homes.
type Homes interface {
	Membership(ctx context.Context, account, home string, right homes.Right) (homes.Membership, error)
	Place(ctx context.Context, by, home string) (homes.Place, error)
	Rooms(ctx context.Context, by, home string) ([]homes.Room, error)
}

// Tokens says whether a token still opens.
type Tokens interface {
	Holds(ctx context.Context, token string) (bool, error)
}
