package firmware

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"time"

	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/blob"
	"github.com/proofmark/proofmark/internal/notice"
	"github.com/proofmark/proofmark/miot"
	"github.com/proofmark/proofmark/registry"
)

// Programme is what the certificate programme says of firmware.
type Programme interface {
	// OpenManifest checks the signature of an organisation's manifest, and gives what
	// was signed and the id of the key.
	OpenManifest(ctx context.Context, org, statement string) (payload []byte, key string, err error)
	// Certified gives the serial of the certificate by which the image may run outside
	// the bench: an active one; to roll back to, also one that was superseded. A refusal
	// is a *Refusal; any other error means that it could not be told.
	Certified(ctx context.Context, org string, m Manifest, back bool) (serial string, err error)
	// Drifted says whether a flag of field health is open against a version.
	Drifted(ctx context.Context, product, version string) (bool, error)
}

// Devices is how a device is reached; *registry.Registry is it.
type Devices interface {
	Device(ctx context.Context, did string) (registry.Device, error)
	Devices(ctx context.Context, q registry.DeviceQuery) ([]registry.Device, error)
	Ask(ctx context.Context, did, method string, params json.RawMessage) (miot.Response, error)
}

// Record is what is stored beside a change.
type Record struct {
	Entries []audit.Entry
	Notices []notice.Notice
}

func (r Record) and(other Record) Record {
	return Record{append(r.Entries, other.Entries...), append(r.Notices, other.Notices...)}
}

// told records a decision; with something to tell, also a notice of that kind.
func told(at time.Time, who, kind, subject, org string, detail, tell any) (Record, error) {
	entry, err := audit.New(at, who, kind, subject, org, detail)
	if err != nil || tell == nil {
		return Record{Entries: []audit.Entry{entry}}, err
	}
	n, err := notice.New(at, kind, subject, org, tell)
	return Record{[]audit.Entry{entry}, []notice.Notice{n}}, err
}

// RolloutChange is a rollout as it becomes, and what it was.
type RolloutChange struct {
	Was     RolloutState
	Rollout Rollout
	Record  Record
}

// Store keeps images and rollouts. Every method is one transaction; a conditional
// change of what is another by now is registry.ErrConflict.
type Store interface {
	CreateImage(ctx context.Context, i Image, rec Record) error // registry.ErrExists: the product has that version, or those bytes
	SaveImage(ctx context.Context, was ImageState, i Image, stopped *RolloutChange, rec Record) error
	Image(ctx context.Context, id string) (Image, error)
	Images(ctx context.Context, product string) ([]Image, error)

	// CreateRollout also ends another one, where one is given; registry.ErrExists: the product has a live one.
	CreateRollout(ctx context.Context, r Rollout, ended *RolloutChange, rec Record) error
	SaveRollout(ctx context.Context, c RolloutChange) error
	Rollout(ctx context.Context, id string) (Rollout, error)
	Rollouts(ctx context.Context, product string, limit int) ([]Rollout, error) // the newest first
	LiveRollouts(ctx context.Context) ([]Rollout, error)

	// Enlist adds devices, each as waiting; one that is there already stays as it is.
	Enlist(ctx context.Context, targets []Target) error
	// Due are waiting or offered devices of the waves so far whose time has come.
	Due(ctx context.Context, rollout string, share int, now time.Time, limit int) ([]Target, error)
	// Offer makes a waiting device an offered one, while the rollout is running and
	// the image stored; registry.ErrConflict: it must not be offered.
	Offer(ctx context.Context, t Target) error
	Move(ctx context.Context, was TargetState, t Target) error
	// Wake makes a device due that waits in a live rollout.
	Wake(ctx context.Context, did string, at time.Time) error
	Tally(ctx context.Context, rollout string, share int) (Tally, error)
	Targets(ctx context.Context, rollout, after string, limit int) ([]Target, error)
	TargetOf(ctx context.Context, did string) (Target, error) // of the newest rollout
	TargetByToken(ctx context.Context, token string) (Target, error)
}

// Options of a Service. Store, Devices, Programme, Blobs and URL are needed.
type Options struct {
	Store     Store
	Devices   Devices
	Programme Programme
	Blobs     blob.Store
	URL       func(token string) string // where a device downloads with that token
	Now       func() time.Time          // time.Now when nil
	Log       *slog.Logger              // discards when nil

	Poll     time.Duration // between two questions to a device that updates: 5 s
	Patience time.Duration // from the offer to the new version: 15 min (OTA-02 asks for 10)
	Backoff  time.Duration // before the next offer, doubled each time: 30 s, at most 1 h
	AtOnce   int           // devices that are asked at the same time: 32
	PerTurn  int           // devices of a rollout in one turn of Drive: 200
}

// Service is the firmware of all products.
type Service struct {
	o Options

	mu     sync.Mutex
	live   map[string]Rollout // by product
	looked time.Time
}

// New makes a Service. It does nothing until Drive is called, again and again.
func New(o Options) *Service {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	for _, d := range []struct {
		value *time.Duration
		usual time.Duration
	}{{&o.Poll, 5 * time.Second}, {&o.Patience, 15 * time.Minute}, {&o.Backoff, 30 * time.Second}} {
		if *d.value <= 0 {
			*d.value = d.usual
		}
	}
	if o.AtOnce <= 0 {
		o.AtOnce = 32
	}
	if o.PerTurn <= 0 {
		o.PerTurn = 200
	}
	return &Service{o: o, live: map[string]Rollout{}}
}
