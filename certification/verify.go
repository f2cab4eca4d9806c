package certification

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/proofmark/proofmark/certification/signing"
	"github.com/proofmark/proofmark/certification/translog"
)

// Conclusion is what a verification came to.
type Conclusion string

// The conclusions.
const (
	Valid      Conclusion = "valid"
	NotValid   Conclusion = "not valid"   // forged, expired, suspended, revoked, …
	CannotTell Conclusion = "cannot tell" // no trusted key, no status list, or one that is too old
)

// VerifyOptions say what a verifier trusts, and when it is now.
type VerifyOptions struct {
	Keys   signing.Keyring
	Origin string        // of the log; empty: any, its keys decide
	Status string        // a newer status list than the bundle's; may be empty
	MaxAge time.Duration // how old a status list may be; 0: 25 h
	Now    time.Time
}

// DefaultMaxAge is how old a status list may be: it is signed every hour, and a day
// without a network is forgiven.
const DefaultMaxAge = 25 * time.Hour

// Check is one thing that was looked at.
type Check struct {
	What       string     `json:"what"`
	Conclusion Conclusion `json:"conclusion"`
	Words      string     `json:"words"`
}

// Verification is what was found of a bundle.
type Verification struct {
	Conclusion  Conclusion     `json:"conclusion"`
	Checks      []Check        `json:"checks"`
	Certificate *Payload       `json:"certificate,omitempty"` // nil unless its signature holds
	Tree        *translog.Tree `json:"-"`                     // nil unless it stands in the log
	Status      *StatusEntry   `json:"status,omitempty"`      // nil unless the status list holds
}

// Verify looks at a bundle with nothing but trusted keys: signature, inclusion in
// the log, dates, and what the status list says.
func Verify(b Bundle, o VerifyOptions) Verification {
	v := Verification{Conclusion: Valid}
	if len(o.Keys) == 0 {
		v.add("key", CannotTell, "no public key is trusted; give one, or pin one")
		return v
	}
	signed, err := OpenCertificate(b.Certificate, o.Keys)
	if err != nil {
		v.add("signature", NotValid, "%v", err)
		return v
	}
	p := signed.Payload
	v.Certificate = &p
	v.add("signature", Valid, "certificate %s of %s was signed by key %s at %s", p.Serial, p.Model, signed.KeyID, p.IssuedAt)
	v.log(b, p, o)
	v.dates(p, o.Now)
	v.status(cmp.Or(o.Status, b.Status), p, o)
	return v
}

func (v *Verification) add(what string, f Conclusion, format string, args ...any) {
	v.Checks = append(v.Checks, Check{what, f, fmt.Sprintf(format, args...)})
	if f == NotValid || f == CannotTell && v.Conclusion == Valid {
		v.Conclusion = f
	}
}

// Summary is the checks that did not hold, in one line.
func (v Verification) Summary() string {
	var words []string
	for _, c := range v.Checks {
		if c.Conclusion != Valid {
			words = append(words, c.What+": "+c.Words)
		}
	}
	return strings.Join(words, "; ")
}

func (v *Verification) log(b Bundle, p Payload, o VerifyOptions) {
	origin, err := o.Origin, error(nil)
	if origin == "" {
		origin, err = translog.Origin([]byte(b.Proof.Checkpoint))
	}
	keys := o.Keys.Of(signing.Log)
	if err == nil && len(keys) == 0 {
		v.add("log", CannotTell, "no key of the log is trusted")
		return
	}
	var event translog.Event
	var tree translog.Tree
	if err == nil {
		event, tree, err = b.Proof.Check(origin, keys...)
	}
	switch {
	case err != nil:
		v.add("log", NotValid, "%v", err)
	case event.Kind != translog.Issued || event.Serial != p.Serial || event.Certificate != fingerprint(b.Certificate):
		v.add("log", NotValid, "leaf %d of the log tells of %s of %s with hash %s, not of this certificate, whose hash is %s",
			b.Proof.Index, event.Kind, event.Serial, event.Certificate, fingerprint(b.Certificate))
	default:
		v.Tree = &tree
		v.add("log", Valid, "it is leaf %d of the %d of log %s", b.Proof.Index, tree.Size, origin)
	}
}

func (v *Verification) dates(p Payload, now time.Time) {
	issued, err := translog.ParseInstant(p.IssuedAt)
	expires, err2 := translog.ParseInstant(p.ExpiresAt)
	switch {
	case err != nil || err2 != nil: // Lint has refused it before
		v.add("dates", NotValid, "issued at %q, expires at %q", p.IssuedAt, p.ExpiresAt)
	case now.Before(issued.Add(-clockSkew)):
		v.add("dates", NotValid, "it was issued at %s, which is in the future", p.IssuedAt)
	case !now.Before(expires):
		v.add("dates", NotValid, "it expired at %s", p.ExpiresAt)
	default:
		v.add("dates", Valid, "it expires at %s", p.ExpiresAt)
	}
}

// clockSkew is how far a verifier's clock may be behind.
const clockSkew = 5 * time.Minute

func (v *Verification) status(text string, p Payload, o VerifyOptions) {
	if text == "" {
		v.add("status", CannotTell, "there is no status list: whether it was suspended or revoked is not known")
		return
	}
	l, err := OpenStatus(text, o.Keys)
	if err != nil {
		v.add("status", CannotTell, "the status list is not to be trusted: %v", err)
		return
	}
	issued, _ := l.check() // OpenStatus has asked
	age := o.Now.Sub(issued)
	entry, found := l.Of(p.Serial)
	if found {
		v.Status = &entry
	}
	switch {
	case found && entry.State == Revoked: // final, however old the list is
		v.add("status", NotValid, "it is revoked since %s: %s", entry.Since, entry.Reason)
	case age < -clockSkew:
		v.add("status", CannotTell, "the status list is of %s, which is in the future", l.IssuedAt)
	case age > cmp.Or(o.MaxAge, DefaultMaxAge):
		v.add("status", CannotTell, "the status list is of %s, %s old; at most %s", l.IssuedAt, age.Round(time.Minute), cmp.Or(o.MaxAge, DefaultMaxAge))
	case !found:
		v.add("status", CannotTell, "the status list of %s does not know it", l.IssuedAt)
	case entry.State != Active:
		v.add("status", NotValid, "it is %s since %s: %s", entry.State, entry.Since, entry.Reason)
	default:
		v.add("status", Valid, "it was active at %s", l.IssuedAt)
	}
}
