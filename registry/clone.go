package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/notice"
)

// One did in two places at once is a copied key. The two take the connection over
// from each other; so does a device that roams, or whose router is broken. What
// tells them apart is miIO.info's life, the seconds since the device booted: one
// device's moment of booting only ever moves forward, while that of two moves to
// and fro. Where a device does not tell its life, two networks that take over from
// each other again and again have to do.

// The figures of the rules.
const (
	CloneWindow     = 10 * time.Minute // what is looked at
	CloneReturns    = 3                // so many returns to an earlier boot are two devices
	CloneSwings     = 10               // so many take-overs to and fro between two networks, without life
	cloneSameBoot   = time.Minute      // boots this close are one
	cloneOtherBoot  = 2 * time.Minute  // boots this far apart are two
	cloneFromArrive = 3                // the connection within the window from which on they are noted
)

// Sighting is one connection of a device that connects often.
type Sighting struct {
	DID       string
	At        time.Time
	Epoch     int64
	Boot      time.Time // when it booted, by its own word; zero if it does not say
	MAC       string    // for whoever looks into it; a device may well have two
	Origin    string    // the network that it came from; empty if not known
	Contested bool      // the connection before was taken over from it, or by it
}

// Cloned judges the sightings of the last CloneWindow, oldest first: the reason
// why they cannot be those of one device, or "".
func Cloned(seen []Sighting) string {
	if n := bootReturns(seen); n >= CloneReturns {
		return fmt.Sprintf("it went back to an earlier boot %d times within %s: two devices have its key", n, CloneWindow)
	}
	if n := swings(seen); n >= CloneSwings {
		return fmt.Sprintf("two networks took its connection over from each other %d times within %s, and it does not tell its life", n, CloneWindow)
	}
	return ""
}

// bootReturns counts how often a boot is that of an earlier sighting although
// another one came between them. A device whose life is not in seconds never
// comes close to an earlier boot, and a clock that steps does it once.
func bootReturns(seen []Sighting) int {
	n := 0
	for i, s := range seen {
		if s.Boot.IsZero() || i == 0 || !apart(seen[i-1].Boot, s.Boot) {
			continue
		}
		for _, earlier := range seen[:i-1] {
			if !earlier.Boot.IsZero() && s.Boot.Sub(earlier.Boot).Abs() <= cloneSameBoot {
				n++
				break
			}
		}
	}
	return n
}

func apart(a, b time.Time) bool { return !a.IsZero() && b.Sub(a).Abs() > cloneOtherBoot }

// swings counts the take-overs between exactly two networks; 0 as soon as one
// sighting tells its boot, or a third network is seen.
func swings(seen []Sighting) int {
	networks := make(map[string]bool)
	n := 0
	for i, s := range seen {
		if !s.Boot.IsZero() || s.Origin == "" {
			return 0
		}
		networks[s.Origin] = true
		if i > 0 && s.Contested && s.Origin != seen[i-1].Origin {
			n++
		}
	}
	if len(networks) != 2 {
		return 0
	}
	return n
}

// sight notes this connection of a device that connects often, and looks whether
// it can still be one device.
func (l *Live) sight(ctx context.Context, life time.Duration, mac string) {
	r := l.reg
	epoch := l.awaitCounted(ctx)
	contested, often := r.custody.often(l.did)
	if !often || epoch == 0 { // 0: it is gone again
		return
	}
	now := r.now()
	s := Sighting{DID: l.did, At: now, Epoch: epoch, MAC: mac, Origin: l.origin, Contested: contested}
	if life > 0 {
		s.Boot = now.Add(-life)
	}
	seen, err := r.store.Sight(ctx, s, now.Add(-CloneWindow))
	if err != nil {
		r.log.Warn("a device that connects often was not looked at", "did", l.did, "err", err)
		return
	}
	if reason := Cloned(seen); reason != "" {
		if err := r.Quarantine(ctx, audit.System, l.did, reason); err != nil && !errors.Is(err, ErrConflict) {
			r.log.Error("a cloned device is not quarantined", "did", l.did, "why", reason, "err", err)
		}
	}
}

// How long the reason may be for which a device is kept out, or let in again.
const minReason, maxReason = 3, 500

// Quarantine keeps a device out: its connection is closed, on whichever node, and
// it cannot log in until an operator lifts it. Its maker is told.
func (r *Registry) Quarantine(ctx context.Context, by, did, reason string) error {
	return r.keepOut(ctx, by, did, reason, "device.quarantined", func(e audit.Entry, n notice.Notice) error {
		return r.store.QuarantineDevice(ctx, did, reason, e, n)
	})
}

// LiftQuarantine lets a device in again. What was seen of it before counts no more.
func (r *Registry) LiftQuarantine(ctx context.Context, by, did, reason string) error {
	return r.keepOut(ctx, by, did, reason, "device.released", func(e audit.Entry, n notice.Notice) error {
		return r.store.LiftQuarantine(ctx, did, e, n)
	})
}

func (r *Registry) keepOut(ctx context.Context, by, did, reason, kind string, do func(audit.Entry, notice.Notice) error) error {
	if n := utf8.RuneCountInString(strings.TrimSpace(reason)); n < minReason || n > maxReason {
		return fmt.Errorf("%w: the reason has %d characters; it needs %d to %d", ErrBadRequest, n, minReason, maxReason)
	}
	d, err := r.store.Device(ctx, did)
	if err != nil {
		return err
	}
	p, err := r.store.Product(ctx, d.ProductID)
	if err != nil {
		return err
	}
	now := r.now()
	e, err := audit.New(now, by, kind, did, p.Org, map[string]string{"reason": reason})
	if err != nil {
		return err
	}
	n, err := notice.New(now, kind, did, p.Org, map[string]string{"did": did, "model": p.Model, "reason": reason})
	if err != nil {
		return err
	}
	if err := do(e, n); err != nil {
		return err
	}
	r.log.Warn(kind, "did", did, "by", by, "why", reason)
	r.changed(recordEvent{DID: did, What: whatUpdated})
	return nil
}

// Quarantined lists the devices that are kept out.
func (r *Registry) Quarantined(ctx context.Context, after string, limit int) ([]Device, error) {
	return r.store.QuarantinedDevices(ctx, after, limit)
}

func quarantined(d Device) error {
	return fmt.Errorf("%s: %w since %s: %s", d.DID, ErrQuarantined, d.QuarantinedAt.UTC().Format(time.RFC3339), d.Quarantine)
}

// lifeOf reads life and mac of a miIO.info result.
func lifeOf(raw json.RawMessage) (life time.Duration, mac string) {
	var said struct {
		Life float64 `json:"life"`
		MAC  string  `json:"mac"`
	}
	if json.Unmarshal(raw, &said) != nil || !(said.Life > 0 && said.Life < 1e9) { // NaN too; 1e9 s are 30 years
		return 0, ""
	}
	return time.Duration(said.Life * float64(time.Second)), clip([]byte(said.MAC), 32)
}
