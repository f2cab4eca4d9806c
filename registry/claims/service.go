package claims

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/limit"
	"github.com/proofmark/proofmark/internal/notice"
	"github.com/proofmark/proofmark/miot"
	"github.com/proofmark/proofmark/registry"
	"github.com/proofmark/proofmark/registry/homes"
)

// Devices is what claims need of the registry.
type Devices interface {
	Device(ctx context.Context, did string) (registry.Device, error)
	Product(ctx context.Context, id string) (registry.Product, error)
	Spec(ctx context.Context, id string) (registry.SpecVersion, error)
	Presence(ctx context.Context, did string) (registry.Presence, error)
	Ask(ctx context.Context, did, method string, params json.RawMessage) (miot.Response, error)
	RotateKey(ctx context.Context, did string) (secret string, err error)
	Changed(d registry.Device)
}

// Orders is what claims need of campaigns: who ordered a unit that was shipped.
type Orders interface {
	// Ordered says who; false where no shipment of the product names the did.
	Ordered(ctx context.Context, product, did string) (Ordered, bool, error)
}

// Options make a Service. Store, Devices and Homes are needed.
type Options struct {
	Store   Store
	Devices Devices
	Homes   *homes.Service
	Orders  Orders           // nil: nobody ordered anything
	Now     func() time.Time // time.Now when nil
	Log     *slog.Logger     // discards when nil
}

// Service lets people claim devices.
type Service struct {
	store   Store
	devices Devices
	homes   *homes.Service
	orders  Orders
	now     func() time.Time
	log     *slog.Logger
	limits  limits
}

// New makes a service.
func New(o Options) *Service {
	s := &Service{store: o.Store, devices: o.Devices, homes: o.Homes, orders: o.Orders, now: o.Now, log: o.Log}
	if s.now == nil {
		s.now = time.Now
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.limits.account = limit.Limiter{What: "wrong claim codes by this account", Every: time.Minute, Burst: 10}
	s.limits.address = limit.Limiter{What: "wrong claim codes from this address", Every: 10 * time.Second, Burst: 30}
	return s
}

// limits of this process. That of a device is in the store, so that it holds over
// all nodes and restarts.
type limits struct{ account, address limit.Limiter }

// A device takes so many wrong codes; then it takes none until they are so old.
const (
	wrongMost  = 20
	wrongWhile = time.Hour
)

// change makes what a transaction records; the notice is what the maker hears.
func (s *Service) change(by, action string, d registry.Device, org string, detail map[string]any, events ...registry.HomeEvent) (Change, error) {
	e, err := audit.New(s.now(), by, action, d.DID, org, detail)
	return Change{Entry: e, Events: events}, err
}

// product is the model of a device, and whose it is.
func (s *Service) product(ctx context.Context, d registry.Device) (registry.Product, error) {
	p, err := s.devices.Product(ctx, d.ProductID)
	if err != nil {
		return p, fmt.Errorf("product of device %s: %w", d.DID, err)
	}
	return p, nil
}

// present holds a device to prove that it has its key: it has a session that the
// key opened, and answers over it now. What presence says may be as old as its
// keep-alive; a device that was switched off is not there.
func (s *Service) present(ctx context.Context, d registry.Device) error {
	p, err := s.devices.Presence(ctx, d.DID)
	if err != nil {
		return err
	}
	if !p.Online {
		return fmt.Errorf("%s has to be connected, so that it proves its key: switch it on and try again: %w", d.DID, registry.ErrOffline)
	}
	if _, err := s.devices.Ask(ctx, d.DID, miot.MethodInfo, nil); err != nil && !errors.Is(err, registry.ErrBadAnswer) {
		return fmt.Errorf("%s has to answer, so that it proves its key: %w", d.DID, err)
	}
	return nil
}

// claimed is the notice of a claim: what the maker may know, which is not who.
func claimed(at time.Time, c Claim, p registry.Product) (notice.Notice, error) {
	return notice.New(at, "device.claimed", c.DID, p.Org, map[string]string{
		"did": c.DID, "model": p.Model, "claim": c.ID, "basis": string(c.Basis), "reason": c.Reason, "order": c.Order,
	})
}

// rotate gives the device a key that nobody at its factory has seen. It is claimed
// already: a device that cannot keeps the one that it has.
func (s *Service) rotate(ctx context.Context, did string) {
	if _, err := s.devices.RotateKey(ctx, did); err != nil {
		s.log.Warn("a claimed device keeps its key", "did", did, "err", err)
	}
}
