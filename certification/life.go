package certification

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/proofmark/proofmark/certification/translog"
	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/notice"
	"github.com/proofmark/proofmark/registry"
)

// lifeRules refuse what somebody wants to become of a certificate.
var lifeRules = []Rule{
	{"certificate-table", "The table of states has no such move from where the certificate stands, or not for this person."},
	{"certificate-reason", "A certificate is suspended, reinstated, given back or revoked with a reason of 10 to 1,000 characters; it is public, for ever."},
	{"certificate-tie", "A member of the organisation whose certificate it is has no say in its suspension, its reinstatement or its revocation."},
	{"certificate-expired", "A certificate whose last day has passed cannot be reinstated: the firmware is certified anew."},
	{"certificate-condition", "A certificate with a missed condition is reinstated once that condition is met."},
	{"two-to-revoke", "Two people revoke: one proposes with a reason, another one confirms it."},
	{"condition-open", "A condition is met once, and by a reviewer who has seen that it is."},
}

// LifeStore is what becomes of certificates. Every method is one transaction; a
// change of what is no longer as it was read is registry.ErrConflict.
type LifeStore interface {
	Certificate(ctx context.Context, serial string) (Certificate, error)
	ChangeCertificate(ctx context.Context, was CertificateState, c Certificate, events []translog.Event, entries []audit.Entry, notices []notice.Notice) error
	// CertificatesOver are active or suspended ones that expire at or before then.
	CertificatesOver(ctx context.Context, then time.Time) ([]Certificate, error)
	// CertificatesOwing are active or suspended ones with an open condition that is due at or before then.
	CertificatesOwing(ctx context.Context, then time.Time) ([]Certificate, error)
	// CertificatesUnwaived are active or suspended ones of whose submission a waiver has ended.
	CertificatesUnwaived(ctx context.Context) ([]Certificate, error)
	// Waivers of a submission.
	Waivers(ctx context.Context, submission string) ([]Waiver, error)
	// CertificatesHeld by an organisation, active or suspended; an empty one is all.
	CertificatesHeld(ctx context.Context, org string) ([]Certificate, error)
	RegulatoryOf(ctx context.Context, org string, state RegulatoryState) ([]RegulatoryDocument, error)
}

// Life is what may happen to a certificate after it was issued. Each change is a
// leaf of the log, in the transaction of the change.
type Life struct {
	store LifeStore
	now   func() time.Time
	log   *slog.Logger
}

// NewLife makes one; a nil clock is time.Now, a nil log discards.
func NewLife(store LifeStore, now func() time.Time, log *slog.Logger) *Life {
	if now == nil {
		now = time.Now
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Life{store, now, log}
}

// Suspend says that a certificate does not hold for now. Listings close with it.
func (l *Life) Suspend(ctx context.Context, a Actor, serial string, rev int64, reason string) (Certificate, error) {
	return l.decide(ctx, a, serial, rev, Suspended, reason, nil)
}

// Reinstate says that the cause of a suspension is mended, and how.
func (l *Life) Reinstate(ctx context.Context, a Actor, serial string, rev int64, reason string) (Certificate, error) {
	return l.decide(ctx, a, serial, rev, Active, reason, func(c Certificate) error {
		if !c.ExpiresAt.After(l.now()) {
			return Refuse(ErrState, "certificate-expired", "certificate %s expired on %s: it cannot be reinstated", c.Serial, day(c.ExpiresAt))
		}
		for _, d := range c.Conditions {
			if d.Missed && d.MetAt.IsZero() {
				return Refuse(ErrState, "certificate-condition", "certificate %s missed the condition %q on %s: it is reinstated once that is met", c.Serial, d.Text, day(d.Due))
			}
		}
		return nil
	})
}

// GiveBack is its holder's word that a certificate is no longer wanted.
func (l *Life) GiveBack(ctx context.Context, a Actor, serial string, rev int64, reason string) (Certificate, error) {
	return l.decide(ctx, a, serial, rev, GivenBack, reason, nil)
}

// ProposeRevocation asks for a certificate's end, for good. Another person confirms
// it with Revoke; the proposal is nobody's to see outside the programme.
func (l *Life) ProposeRevocation(ctx context.Context, a Actor, serial string, rev int64, reason string) (Certificate, error) {
	c, by, err := l.see(ctx, a, serial, rev, Revoked)
	if err == nil {
		err = checkReason(c, reason)
	}
	if err != nil {
		return c, err
	}
	if err := l.mayMove(c, Revoked, by); err != nil {
		return c, err
	}
	if c.Proposed != nil {
		return c, Refuse(ErrState, "two-to-revoke", "account %s proposed to revoke certificate %s on %s: confirm that, or drop it", c.Proposed.By, c.Serial, day(c.Proposed.At))
	}
	now := l.now()
	c.Proposed = &Proposal{By: a.Account, Reason: reason, At: now}
	entry, err := secret(now, a, "certificate.revocation-proposed", c, reason)
	if err != nil {
		return c, err
	}
	return l.keep(ctx, c.State, c, Record{Entries: []audit.Entry{entry}})
}

// DropRevocation takes a proposal back.
func (l *Life) DropRevocation(ctx context.Context, a Actor, serial string, rev int64, reason string) (Certificate, error) {
	c, _, err := l.see(ctx, a, serial, rev, Revoked)
	if err == nil {
		err = checkReason(c, reason)
	}
	if err != nil {
		return c, err
	}
	if c.Proposed == nil {
		return c, Refuse(ErrState, "two-to-revoke", "nobody proposed to revoke certificate %s", c.Serial)
	}
	c.Proposed = nil
	entry, err := secret(l.now(), a, "certificate.revocation-dropped", c, reason)
	if err != nil {
		return c, err
	}
	return l.keep(ctx, c.State, c, Record{Entries: []audit.Entry{entry}})
}

// secret is an entry of the audit that is no organisation's to read: its holder
// does not hear of what may not come to pass.
func secret(at time.Time, a Actor, action string, c Certificate, reason string) (audit.Entry, error) {
	return audit.New(at, a.Account, action, c.Serial, "", map[string]string{"reason": reason})
}

// Revoke confirms what another person proposed. The reason that was proposed is
// the public one.
func (l *Life) Revoke(ctx context.Context, a Actor, serial string, rev int64) (Certificate, error) {
	c, by, err := l.see(ctx, a, serial, rev, Revoked)
	if err != nil {
		return c, err
	}
	switch {
	case c.Proposed == nil:
		return c, Refuse(ErrState, "two-to-revoke", "nobody proposed to revoke certificate %s: it needs a proposal with a reason first", c.Serial)
	case c.Proposed.By == a.Account:
		return c, Refuse(ErrForbidden, "two-to-revoke", "account %s proposed to revoke certificate %s itself: another person confirms it", a.Account, c.Serial)
	}
	return l.move(ctx, c, Revoked, by, a.Account, c.Proposed.Reason)
}

// decide makes a person's move.
func (l *Life) decide(ctx context.Context, a Actor, serial string, rev int64, to CertificateState, reason string, guard func(Certificate) error) (Certificate, error) {
	c, by, err := l.see(ctx, a, serial, rev, to)
	if err == nil {
		err = checkReason(c, reason)
	}
	if err == nil && guard != nil {
		err = guard(c)
	}
	if err != nil {
		return c, err
	}
	return l.move(ctx, c, to, by, a.Account, reason)
}

// see reads a certificate for a person who wants something of it, and says as what
// the person acts.
func (l *Life) see(ctx context.Context, a Actor, serial string, rev int64, to CertificateState) (Certificate, Mover, error) {
	c, err := l.store.Certificate(ctx, serial)
	if err != nil {
		return c, "", err
	}
	if c.Rev != rev {
		return c, "", fmt.Errorf("certificate %s is at revision %d, the decision is of revision %d: %w", c.Serial, c.Rev, rev, registry.ErrConflict)
	}
	by, err := asMoverOf(a, c, to)
	return c, by, err
}

func asMoverOf(a Actor, c Certificate, to CertificateState) (Mover, error) {
	switch {
	case to == GivenBack:
		return ByVendor, asMember(a, c.Org)
	case a.Of(c.Org):
		return "", Refuse(ErrForbidden, "certificate-tie", "account %s is a member of %s, whose certificate %s is", a.Account, c.Org, c.Serial)
	case a.Reviewer:
		return ByReviewer, nil
	case a.Operator:
		return ByOperator, nil
	}
	return "", Refuse(ErrForbidden, "reviewer-only", "account %s is neither reviewer nor operator", a.Account)
}

// A reason is public and a leaf of the log: long enough to say something, short
// enough to be one.
const (
	leastLeafReason = 10
	mostLeafReason  = 1000
	mostLeafBytes   = 3000 // of them, so that it fits into a leaf whatever the script
)

func checkReason(c Certificate, reason string) error {
	n := utf8.RuneCountInString(strings.TrimSpace(reason))
	switch {
	case n < leastLeafReason || utf8.RuneCountInString(reason) > mostLeafReason || len(reason) > mostLeafBytes:
		return Refuse(ErrInvalid, "certificate-reason", "the reason for certificate %s has %d characters in %d bytes: want %d to %d, in %d bytes at most",
			c.Serial, n, len(reason), leastLeafReason, mostLeafReason, mostLeafBytes)
	case !utf8.ValidString(reason) || strings.ContainsFunc(reason, func(r rune) bool { return r != '\n' && unicode.IsControl(r) }):
		return Refuse(ErrInvalid, "certificate-reason", "the reason for certificate %s is not plain text", c.Serial)
	}
	return nil
}

func (l *Life) mayMove(c Certificate, to CertificateState, by Mover) error {
	if MayMove(CertificateMoves, c.State, to, by) {
		return nil
	}
	return Refuse(ErrState, "certificate-table", "certificate %s is %s: %s cannot make it %s", c.Serial, c.State, theMover(by), to)
}

// leafOf is the kind of the leaf of a move.
func leafOf(from, to CertificateState) translog.Kind {
	switch to {
	case Active:
		return translog.Reinstated
	case Suspended:
		return translog.Suspended
	case Superseded:
		return translog.Superseded
	case Expired:
		return translog.Expired
	case GivenBack:
		return translog.Withdrawn
	case Revoked:
		return translog.Revoked
	}
	panic("no leaf tells that a certificate went from " + string(from) + " to " + string(to))
}

// move makes one move of the table, with its leaf.
func (l *Life) move(ctx context.Context, c Certificate, to CertificateState, by Mover, who, reason string) (Certificate, error) {
	if err := l.mayMove(c, to, by); err != nil {
		return c, err
	}
	was, now := c.State, l.now()
	c.State, c.Since, c.Reason = to, now, reason
	if to == Revoked {
		c.Proposed = nil
	}
	kind := leafOf(was, to)
	rec, err := c.told(now, who, string(kind), map[string]string{"from": string(was), "reason": reason})
	if err != nil {
		return c, err
	}
	return l.keep(ctx, was, c, rec, translog.Event{Kind: kind, Serial: c.Serial, At: translog.Instant(now), Reason: reason})
}

func (l *Life) keep(ctx context.Context, was CertificateState, c Certificate, rec Record, events ...translog.Event) (Certificate, error) {
	if err := l.store.ChangeCertificate(ctx, was, c, events, rec.Entries, rec.Notices); err != nil {
		return c, err
	}
	c.Rev++
	return c, nil
}

// told is what is recorded with a change of a certificate.
func (c Certificate) told(at time.Time, who, kind string, detail any) (Record, error) {
	entry, err := audit.New(at, who, kind, c.Serial, c.Org, detail)
	if err != nil {
		return Record{}, err
	}
	n, err := notice.New(at, kind, c.Serial, c.Org, c.Public())
	return Record{[]audit.Entry{entry}, []notice.Notice{n}}, err
}
