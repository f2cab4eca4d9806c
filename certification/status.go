package certification

import (
	"fmt"
	"time"

	"github.com/proofmark/proofmark/certification/canonical"
	"github.com/proofmark/proofmark/certification/signing"
	"github.com/proofmark/proofmark/certification/translog"
)

// statusRules refuse a status list, or a certificate's payload, that is read.
var statusRules = []Rule{
	{"payload-size", "The payload of a certificate has at most 64 KiB."},
	{"status-version", "A status list is of the version that this program knows."},
	{"status-time", "A status list is renewed after it was issued, and tells a size of the log."},
	{"status-order", "A status list names each serial once, in order."},
	{"status-state", "A status list gives each certificate a state of the table."},
}

// StatusType is the typ of the status list's JWS.
const StatusType = "proofmark-status"

// StatusList says what holds of every certificate at one moment. It is signed anew
// every hour, and at once when something changed.
type StatusList struct {
	Version    int           `json:"version"`     // 1
	IssuedAt   string        `json:"issued_at"`   // translog.Instant
	NextUpdate string        `json:"next_update"` // by when there is a newer one
	LogSize    int64         `json:"log_size"`    // leaves that it takes into account
	Entries    []StatusEntry `json:"entries"`     // by serial; each certificate that was ever issued
}

// StatusEntry is what holds of one certificate.
type StatusEntry struct {
	Serial string           `json:"serial"`
	State  CertificateState `json:"state"`
	Since  string           `json:"since"`
	Reason string           `json:"reason,omitempty"`
	Lost   []string         `json:"lost_regions,omitempty"`
}

// StatusVersion is the version of the lists that are signed.
const StatusVersion = 1

// Sign signs the list.
func (l StatusList) Sign(key signing.Signer) (string, error) {
	l.Version = StatusVersion
	if l.Entries == nil {
		l.Entries = []StatusEntry{}
	}
	if _, err := l.check(); err != nil {
		return "", err
	}
	data, err := canonical.Marshal(l)
	if err != nil {
		return "", fmt.Errorf("status list of %s: %w", l.IssuedAt, err)
	}
	return signing.SignJWS(key, StatusType, data)
}

// check says whether it is a list, and when it was issued.
func (l StatusList) check() (time.Time, error) {
	if l.Version != StatusVersion {
		return time.Time{}, Refuse(ErrInvalid, "status-version", "status list of version %d; want %d", l.Version, StatusVersion)
	}
	issued, err := translog.ParseInstant(l.IssuedAt)
	if err != nil {
		return issued, fmt.Errorf("status list's issued_at: %w", err)
	}
	next, err := translog.ParseInstant(l.NextUpdate)
	if err != nil {
		return issued, fmt.Errorf("status list's next_update: %w", err)
	}
	if !next.After(issued) || l.LogSize < 0 {
		return issued, Refuse(ErrInvalid, "status-time", "status list of %s is renewed by %s, of %d leaves; want a later time and no negative size", l.IssuedAt, l.NextUpdate, l.LogSize)
	}
	for i, e := range l.Entries {
		if i > 0 && e.Serial <= l.Entries[i-1].Serial {
			return issued, Refuse(ErrInvalid, "status-order", "status list: %s after %s; want each serial once, in order", e.Serial, l.Entries[i-1].Serial)
		}
		if !KnownState(e.State) {
			return issued, Refuse(ErrInvalid, "status-state", "status list: %s is %q, which is no state of a certificate", e.Serial, e.State)
		}
	}
	return issued, nil
}

// OpenStatus reads a signed status list under the keys that are trusted.
func OpenStatus(text string, ring signing.Keyring) (StatusList, error) {
	var l StatusList
	j, err := signing.ParseJWS(text, StatusType)
	if err != nil {
		return l, fmt.Errorf("status list: %w", err)
	}
	// Of whose signature it is, only the claimed time can tell.
	if err := canonical.Unmarshal(j.Claims(), &l); err != nil {
		return l, fmt.Errorf("status list: %w", err)
	}
	issued, err := l.check()
	if err != nil {
		return l, err
	}
	key, err := ring.Find(signing.Status, j.KeyID, issued)
	if err != nil {
		return l, fmt.Errorf("status list of %s: %w", l.IssuedAt, err)
	}
	if _, err := j.Verify(key.Public); err != nil {
		return l, fmt.Errorf("status list of %s: %w", l.IssuedAt, err)
	}
	return l, nil
}

// Of is what the list says of a certificate.
func (l StatusList) Of(serial string) (StatusEntry, bool) {
	for _, e := range l.Entries {
		if e.Serial == serial {
			return e, true
		}
	}
	return StatusEntry{}, false
}
