package registry

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/miot"
)

// The time to live of a desired value.
const (
	DefaultWishTTL = 24 * time.Hour
	MaxWishTTL     = 30 * 24 * time.Hour
)

// Desire opens a desired value for a read+write property and, if the device is
// connected, sends it. It ends when it is reported equal, on any other report of
// the property after it was opened, or after ttl (0: DefaultWishTTL). It waits on an
// account's right, as in Queue.
func (r *Registry) Desire(ctx context.Context, account, did string, siid, piid int, value json.RawMessage, ttl time.Duration) (Desired, error) {
	k, err := r.roster.get(ctx, did)
	if err != nil {
		return Desired{}, err
	}
	if ttl == 0 {
		ttl = DefaultWishTTL
	}
	if ttl < 0 || ttl > MaxWishTTL {
		return Desired{}, fmt.Errorf("%w: ttl %v is not between 0 and %v", ErrBadRequest, ttl, MaxWishTTL)
	}
	if bad := k.validator.CheckGet(siid, piid); bad != nil && bad.Rule == miot.RuleAccess {
		return Desired{}, fmt.Errorf("%d.%d: %w", siid, piid, ErrNotWritable)
	}
	if _, bad := k.validator.CheckSet(siid, piid, value); bad != nil {
		if bad.Rule == miot.RuleAccess {
			return Desired{}, fmt.Errorf("%d.%d: %w", siid, piid, ErrNotWritable)
		}
		return Desired{}, &SpecError{*bad}
	}
	if _, err := miot.SplitSet([]miot.PropertyValue{{DID: did, SIID: siid, PIID: piid, Value: value}}, 0, 0); err != nil {
		return Desired{}, fmt.Errorf("%w: %w", ErrBadRequest, err) // no device would ever get it
	}
	now := r.now()
	d := Desired{
		ID: id.New("des"), DID: did, Account: account, SIID: siid, PIID: piid, Value: value,
		State: DesiredOpen, CreatedAt: now, ExpiresAt: now.Add(ttl),
	}
	if err := r.store.SetDesired(ctx, d); err != nil {
		return Desired{}, err
	}
	r.tell(ctx, k)
	return d, nil
}

// Withdraw ends an open wish of a device; ErrNotFound if it has none of that id.
func (r *Registry) Withdraw(ctx context.Context, did, wish string) error {
	k, err := r.roster.get(ctx, did)
	if err != nil {
		return err
	}
	open, err := r.store.OpenDesired(ctx, did)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(open, func(d Desired) bool { return d.ID == wish }) {
		return fmt.Errorf("open desired value %s of device %s: %w", quote(wish), did, ErrNotFound)
	}
	if err := r.store.EndDesired(ctx, DesiredEnd{ID: wish, State: DesiredReplaced, Reason: "withdrawn", At: r.now()}); err != nil {
		return err
	}
	r.tell(ctx, k)
	return nil
}

// Wish is a desired value with what became of it.
func (r *Registry) Wish(ctx context.Context, id string) (Desired, error) {
	return r.store.Desired(ctx, id)
}
