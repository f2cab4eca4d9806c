package bridges

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/proofmark/proofmark/miot"
	"github.com/proofmark/proofmark/registry"
	"github.com/proofmark/proofmark/registry/bridges/discovery"
	"github.com/proofmark/proofmark/registry/homes"
)

// Shown is what a bridge is shown of one device: a retained message, as it were. None
// is kept: who subscribes gets what holds then, and who is there what changes.
type Shown struct {
	Topic   string
	Payload []byte
}

// Reads says whether a bridge still reads what stands in its home: its token holds, and
// its maker is at least a member there.
func (s *Service) Reads(ctx context.Context, b Bridge) (bool, error) {
	if holds, err := s.tokens.Holds(ctx, b.Token); !holds || err != nil {
		return false, err
	}
	_, err := s.homes.Membership(ctx, b.Account, b.Home, homes.Arrange)
	if errors.Is(err, registry.ErrNotFound) || errors.Is(err, registry.ErrForbidden) {
		return false, nil
	}
	return err == nil, err
}

// Shown is discovery of every device in the bridge's home, while the home has it
// switched on; nothing where the bridge may not read.
func (s *Service) Shown(ctx context.Context, b Bridge) ([]Shown, error) {
	if reads, err := s.Reads(ctx, b); !reads || err != nil {
		return nil, err
	}
	place, err := s.homes.Place(ctx, b.Account, b.Home)
	if err != nil || !place.Discovery {
		return nil, err
	}
	rooms, err := s.homes.Rooms(ctx, b.Account, b.Home)
	if err != nil {
		return nil, err
	}
	names := make(map[string]string, len(rooms))
	for _, r := range rooms {
		names[r.ID] = r.Name
	}
	devices, err := s.devices.InHome(ctx, b.Home, "", homes.MostDevices)
	if err != nil {
		return nil, err
	}
	all := make([]Shown, 0, len(devices))
	for _, d := range devices {
		spec, model, err := s.devices.Describe(ctx, d.DID)
		if errors.Is(err, registry.ErrNotFound) { // removed since
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("describe device %s of home %s: %w", d.DID, b.Home, err)
		}
		all = append(all, Shown{
			Topic: discovery.Topic(b.Home, d.DID),
			Payload: s.made.payload(d.SpecID, spec, discovery.Device{
				Home: b.Home, DID: d.DID, Name: d.Name, Model: model, Firmware: d.Info.Firmware, Hardware: d.Info.Hardware,
				Room: names[d.Room], Parent: d.Parent,
			}),
		})
	}
	return all, nil
}

// Values are the last reported values of a device that the bridge may read, and the
// gateway that speaks for it, if one does: hubs start with those, since their entities
// know nothing before the next report.
func (s *Service) Values(ctx context.Context, b Bridge, did string) (parent string, values []registry.TwinValue, err error) {
	home, err := s.devices.HomeOf(ctx, did)
	if err != nil || home != b.Home {
		return "", nil, err
	}
	d, err := s.devices.Device(ctx, did)
	if err != nil {
		return "", nil, err
	}
	t, err := s.devices.Twin(ctx, did)
	return d.Parent, t.Reported, err
}

// made remembers payloads: a home that changes changes in one device.
type made struct {
	mu       sync.Mutex
	payloads map[subject][]byte
}

// subject is all that a payload is made of: a spec never changes.
type subject struct {
	spec   string
	device discovery.Device
}

// madeMost bounds what is remembered.
const madeMost = 2 * homes.MostDevices

func (m *made) payload(specID string, spec *miot.Spec, d discovery.Device) []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	key := subject{specID, d}
	b, ok := m.payloads[key]
	if !ok {
		b = discovery.Payload(spec, d)
		if m.payloads == nil || len(m.payloads) >= madeMost {
			m.payloads = make(map[subject][]byte)
		}
		m.payloads[key] = b
	}
	return b
}
