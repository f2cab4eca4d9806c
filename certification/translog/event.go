package translog

import (
	"errors"
	"fmt"
	"time"

	"github.com/proofmark/proofmark/certification/canonical"
)

// Kind is what happened to a certificate.
type Kind string

// The kinds of events. Their names are in the log for good.
const (
	Issued         Kind = "certificate.issued"
	Suspended      Kind = "certificate.suspended"
	Reinstated     Kind = "certificate.reinstated"
	Superseded     Kind = "certificate.superseded"
	Expired        Kind = "certificate.expired"
	Withdrawn      Kind = "certificate.withdrawn"
	Revoked        Kind = "certificate.revoked"
	RegionLost     Kind = "certificate.region_lost"
	RegionRestored Kind = "certificate.region_restored"
)

// Event is the content of a leaf. It is public for ever: it names things and
// gives the public reason, never a person.
type Event struct {
	Version     int    `json:"v"` // 1
	Kind        Kind   `json:"kind"`
	Serial      string `json:"serial"`
	At          string `json:"at"`                    // RFC 3339, UTC; see Instant
	Certificate string `json:"certificate,omitempty"` // issued: SHA-256 of the signed certificate, hex
	Reason      string `json:"reason,omitempty"`      // the public reason
	Successor   string `json:"successor,omitempty"`   // superseded: the serial that takes its place
	Region      string `json:"region,omitempty"`      // region_lost, region_restored
}

// EventVersion is the version of the events that are written.
const EventVersion = 1

// MaxLeaf is how many bytes a leaf may have. An entry of a C2SP bundle may have
// 65,535; less keeps a bundle of 256 entries small.
const MaxLeaf = 4096

// ErrEvent is wrapped by the errors about an event that cannot be a leaf.
var ErrEvent = errors.New("bad log event")

// Instant is how events and certificates write a time: UTC, to the microsecond.
func Instant(t time.Time) string {
	return t.UTC().Truncate(time.Microsecond).Format("2006-01-02T15:04:05.999999Z")
}

// ParseInstant reads what Instant wrote, and nothing else.
func ParseInstant(s string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil || Instant(t) != s {
		return time.Time{}, fmt.Errorf("time %q; want UTC as 2006-01-02T15:04:05Z, fractions to the microsecond without trailing zeros", s)
	}
	return t, nil
}

// Leaf is the event as it stands in the log.
func (e Event) Leaf() ([]byte, error) {
	e.Version = EventVersion
	if err := e.check(); err != nil {
		return nil, err
	}
	leaf, err := canonical.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("%w: %s of %s: %w", ErrEvent, e.Kind, e.Serial, err)
	}
	if len(leaf) > MaxLeaf {
		return nil, fmt.Errorf("%w: %s of %s has %d bytes; at most %d", ErrEvent, e.Kind, e.Serial, len(leaf), MaxLeaf)
	}
	return leaf, nil
}

// ParseEvent reads a leaf.
func ParseEvent(leaf []byte) (Event, error) {
	if len(leaf) > MaxLeaf {
		return Event{}, fmt.Errorf("%w: %d bytes; at most %d", ErrEvent, len(leaf), MaxLeaf)
	}
	var e Event
	if err := canonical.Unmarshal(leaf, &e); err != nil {
		return Event{}, fmt.Errorf("%w: %w", ErrEvent, err)
	}
	if e.Version != EventVersion {
		return Event{}, fmt.Errorf("%w: version %d; this program reads version %d", ErrEvent, e.Version, EventVersion)
	}
	return e, e.check()
}

func (e Event) check() error {
	if e.Kind == "" || e.Serial == "" {
		return fmt.Errorf("%w: kind %q, serial %q; both are needed", ErrEvent, e.Kind, e.Serial)
	}
	if _, err := ParseInstant(e.At); err != nil {
		return fmt.Errorf("%w: %s of %s: %w", ErrEvent, e.Kind, e.Serial, err)
	}
	for _, m := range []struct {
		name, value string
		needed      bool
	}{
		{"certificate", e.Certificate, e.Kind == Issued},
		{"successor", e.Successor, e.Kind == Superseded},
		{"region", e.Region, e.Kind == RegionLost || e.Kind == RegionRestored},
	} {
		if (m.value != "") != m.needed {
			return fmt.Errorf("%w: %s of %s has %s %q; it is needed there: %t", ErrEvent, e.Kind, e.Serial, m.name, m.value, m.needed)
		}
	}
	return nil
}
