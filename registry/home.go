package registry

import (
	"context"
	"errors"
)

// Homes answers who is let into a home. The package homes implements it.
type Homes interface {
	// MayEnter says whether an account may see and command what stands in a home.
	MayEnter(ctx context.Context, account, home string) (bool, error)
}

// HomeEvent tells every node that something about a home changed, on the bus
// subject home.<id>.changed. Who watches or lists is asked again.
type HomeEvent struct {
	Home    string `json:"home"`
	What    string `json:"what"`              // "members", "devices", "discovery", "rooms", "removed"
	Account string `json:"account,omitempty"` // whose rights changed
	DID     string `json:"did,omitempty"`     // which device came, went or changed
}

// What changed of a home.
const (
	HomeMembers   = "members"
	HomeDevices   = "devices"
	HomeDiscovery = "discovery"
	HomeRooms     = "rooms"
	HomeRemoved   = "removed"
)

// HomeSubject is where the events of a home go; HomeSubjects are all of them.
func HomeSubject(home string) string { return "home." + home + ".changed" }

// HomeSubjects is the pattern of all homes' events.
const HomeSubjects = "home.*.changed"

// MayWatch says whether an account's apps may see a device: it owns it, or lives
// where it stands; or it may see the gateway behind which the device stands.
func (r *Registry) MayWatch(ctx context.Context, account, did string) (bool, error) {
	for did != "" && account != "" {
		k, err := r.roster.get(ctx, did)
		if errors.Is(err, ErrNotFound) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		if k.device.Account == account {
			return true, nil
		}
		if k.device.Home != "" && r.homes != nil {
			if ok, err := r.homes.MayEnter(ctx, account, k.device.Home); ok || err != nil {
				return ok, err
			}
		}
		did = k.device.Parent
	}
	return false, nil
}

// SeenBy lists what an account may watch, by did: what it owns, and what stands in
// the homes where it lives.
func (r *Registry) SeenBy(ctx context.Context, account, after string, limit int) ([]Device, error) {
	return r.store.SeenBy(ctx, account, r.now(), after, limit)
}

// InHome lists what stands in a home, by did.
func (r *Registry) InHome(ctx context.Context, home, after string, limit int) ([]Device, error) {
	return r.store.InHome(ctx, home, after, limit)
}

// HomeOf is the home in which a device stands, or the gateway that speaks for it;
// empty for none, and for a device that there is not.
func (r *Registry) HomeOf(ctx context.Context, did string) (string, error) {
	k, err := r.roster.get(ctx, did)
	if err == nil && k.device.Home == "" && k.device.Parent != "" {
		k, err = r.roster.get(ctx, k.device.Parent)
	}
	if errors.Is(err, ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return k.device.Home, nil
}

// Changed makes every node read a device's record anew: whoever changed it in the
// store by another way than this registry says so.
func (r *Registry) Changed(d Device) { r.updated(d.DID, d.Parent) }
