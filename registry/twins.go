package registry

import (
	"context"
	"errors"
	"time"
)

// Twin returns the last reported values and the open wishes of a device.
func (r *Registry) Twin(ctx context.Context, did string) (Twin, error) {
	if _, err := r.roster.get(ctx, did); err != nil {
		return Twin{}, err
	}
	values, err := r.store.TwinValues(ctx, did)
	if err != nil {
		return Twin{}, err
	}
	wishes, err := r.store.OpenDesired(ctx, did)
	if err != nil {
		return Twin{}, err
	}
	return Twin{DID: did, Reported: values, Desired: wishes}, nil
}

// Violations lists the violation counters of a device for the days in [from, to).
func (r *Registry) Violations(ctx context.Context, did string, from, to time.Time) ([]Violation, error) {
	if _, err := r.roster.get(ctx, did); err != nil {
		return nil, err
	}
	return r.store.Violations(ctx, did, from, to)
}

// Presence says whether a device is online. A sub-device is online when its
// gateway is and the gateway has not said otherwise over the same connection. A
// device that never connected is offline since it was created.
func (r *Registry) Presence(ctx context.Context, did string) (Presence, error) {
	k, err := r.roster.get(ctx, did)
	if err != nil {
		return Presence{}, err
	}
	own, err := r.store.Presence(ctx, did)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return Presence{}, err
	}
	if k.device.Parent == "" {
		if err != nil {
			return Presence{DID: did, Since: k.device.CreatedAt}, nil
		}
		return own, nil
	}
	p, perr := r.store.Presence(ctx, k.device.Parent)
	if errors.Is(perr, ErrNotFound) {
		return Presence{DID: did, Since: k.device.CreatedAt}, nil
	}
	if perr != nil {
		return Presence{}, perr
	}
	if err == nil && p.Online && own.Epoch == p.Epoch {
		return own, nil
	}
	p.DID = did
	return p, nil
}

// State is the presence in the form in which apps and event streams see it.
func (r *Registry) State(ctx context.Context, did string) (PresenceChanged, error) {
	k, err := r.roster.get(ctx, did)
	if err != nil {
		return PresenceChanged{}, err
	}
	p, err := r.Presence(ctx, did)
	if err != nil {
		return PresenceChanged{}, err
	}
	return presenceChanged(p, k), nil
}
