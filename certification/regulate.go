package certification

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/internal/notice"
	"github.com/proofmark/proofmark/registry"
)

// RegulatoryStore keeps regulatory documents. Every method is one transaction; a
// change of what is no longer as it was read is registry.ErrConflict.
type RegulatoryStore interface {
	CreateRegulatory(ctx context.Context, d RegulatoryDocument, rec Record) error
	Regulatory(ctx context.Context, id string) (RegulatoryDocument, error)
	// RegulatoryOf lists an organisation's, the oldest first; an empty one is all.
	RegulatoryOf(ctx context.Context, org string, state RegulatoryState) ([]RegulatoryDocument, error)
	SaveRegulatory(ctx context.Context, was RegulatoryState, d RegulatoryDocument, rec Record) error
	// RegulatoryDue are submitted or verified ones whose end or follow-up is at or before then.
	RegulatoryDue(ctx context.Context, then time.Time) ([]RegulatoryDocument, error)
}

// Regulatory takes the documents that the law of a region asks for, and has them
// verified.
type Regulatory struct {
	store RegulatoryStore
	now   func() time.Time
}

// NewRegulatory makes one; a nil clock is time.Now.
func NewRegulatory(store RegulatoryStore, now func() time.Time) *Regulatory {
	if now == nil {
		now = time.Now
	}
	return &Regulatory{store, now}
}

// Submit keeps a document of the actor's organisation, whose file is stored
// already. It counts once it is verified.
func (r *Regulatory) Submit(ctx context.Context, a Actor, d RegulatoryDocument, file Document) (RegulatoryDocument, error) {
	if err := r.MaySubmit(a, d); err != nil {
		return d, err
	}
	if file.SHA256 == "" {
		return d, Refuse(ErrInvalid, "regulatory-file", "the document itself is missing")
	}
	now := r.now()
	file.ID, file.Org, file.Kind, file.By, file.At = id.New("doc"), d.Org, "regulatory", a.Account, now
	d.ID, d.File, d.State, d.Reason, d.Rev = id.New("reg"), file, RegulatorySubmitted, "", 0
	d.CreatedBy, d.CreatedAt, d.DecidedBy, d.DecidedAt = a.Account, now, "", time.Time{}
	rec, err := d.told(now, a.Account)
	if err != nil {
		return d, err
	}
	return d, r.store.CreateRegulatory(ctx, d, rec)
}

// MaySubmit says what stands against a document before its file is read.
func (r *Regulatory) MaySubmit(a Actor, d RegulatoryDocument) error {
	if err := asMember(a, d.Org); err != nil {
		return err
	}
	return d.Check(r.now())
}

// Document reads one; who may not see it learns nothing about it.
func (r *Regulatory) Document(ctx context.Context, a Actor, docID string) (RegulatoryDocument, error) {
	d, err := r.store.Regulatory(ctx, docID)
	if err == nil && !a.MayRead(d.Org) {
		return RegulatoryDocument{}, fmt.Errorf("regulatory document %s: %w", docID, registry.ErrNotFound)
	}
	return d, err
}

// Documents lists an organisation's.
func (r *Regulatory) Documents(ctx context.Context, a Actor, org string, state RegulatoryState) ([]RegulatoryDocument, error) {
	if !a.MayRead(org) {
		return nil, fmt.Errorf("organisation %s: %w", org, registry.ErrNotFound)
	}
	return r.store.RegulatoryOf(ctx, org, state)
}

// Queue lists those that wait for a reviewer, the oldest first.
func (r *Regulatory) Queue(ctx context.Context, a Actor) ([]RegulatoryDocument, error) {
	if !a.Reviewer && !a.Operator {
		return nil, Refuse(ErrForbidden, "reviewer-only", "account %s is no reviewer", a.Account)
	}
	return r.store.RegulatoryOf(ctx, "", RegulatorySubmitted)
}

// Verify is a reviewer's word that the issuer confirms the document.
func (r *Regulatory) Verify(ctx context.Context, a Actor, docID string, rev int64, note string) (RegulatoryDocument, error) {
	return r.decide(ctx, a, docID, rev, RegulatoryVerified, note)
}

// Refuse is a reviewer's word that it does not count, and why.
func (r *Regulatory) Refuse(ctx context.Context, a Actor, docID string, rev int64, reason string) (RegulatoryDocument, error) {
	return r.decide(ctx, a, docID, rev, RegulatoryRefused, reason)
}

// Withdraw takes a document back: its holder's word, or a reviewer's of one that
// the issuer has withdrawn.
func (r *Regulatory) Withdraw(ctx context.Context, a Actor, docID string, rev int64, reason string) (RegulatoryDocument, error) {
	return r.decide(ctx, a, docID, rev, RegulatoryWithdrawn, reason)
}

// FollowUp is a reviewer's word that a document's issuer has looked again, and by
// when it looks the next time. A region that was lost over it comes back.
func (r *Regulatory) FollowUp(ctx context.Context, a Actor, docID string, rev int64, next time.Time, note string) (RegulatoryDocument, error) {
	d, err := r.Document(ctx, a, docID)
	if err == nil {
		err = mayVerify(a, d)
	}
	if err != nil {
		return d, err
	}
	now := r.now()
	scheme, _ := SchemeOf(d.Scheme)
	was := d.Follow
	d.Follow, d.Reminded = next, 0
	switch {
	case d.Rev != rev:
		return d, d.stale(rev)
	case d.State != RegulatoryVerified:
		return d, Refuse(ErrState, "regulatory-state", "regulatory document %s is %s: a follow-up is of a verified one", d.ID, d.State)
	case next.IsZero():
		return d, Refuse(ErrInvalid, "regulatory-term", "%s %s names no day for its next follow-up (surveillance_due)", d.Scheme, d.Number)
	}
	if err := d.checkFollow(scheme, now); err != nil {
		return d, err
	}
	rec, err := d.tell(now, a.Account, "regulatory.followed-up", map[string]any{"was_due": was, "due": next, "note": note})
	if err != nil {
		return d, err
	}
	return r.save(ctx, d.State, d, rec)
}

func (d RegulatoryDocument) stale(rev int64) error {
	return fmt.Errorf("regulatory document %s is at revision %d, the decision is of revision %d: %w", d.ID, d.Rev, rev, registry.ErrConflict)
}

// mayVerify refuses who may not judge a document.
func mayVerify(a Actor, d RegulatoryDocument) error {
	switch {
	case !a.Reviewer:
		return Refuse(ErrForbidden, "reviewer-only", "account %s is no reviewer", a.Account)
	case a.Of(d.Org):
		return Refuse(ErrForbidden, "regulatory-tie", "account %s is a member of %s, whose document %s is", a.Account, d.Org, d.ID)
	}
	return nil
}

func (r *Regulatory) decide(ctx context.Context, a Actor, docID string, rev int64, to RegulatoryState, reason string) (RegulatoryDocument, error) {
	d, err := r.Document(ctx, a, docID)
	if err != nil {
		return d, err
	}
	by := ByVendor
	if !a.Of(d.Org) || to != RegulatoryWithdrawn {
		by = ByReviewer
		if err := mayVerify(a, d); err != nil {
			return d, err
		}
	}
	switch {
	case d.Rev != rev:
		return d, d.stale(rev)
	case to != RegulatoryVerified && strings.TrimSpace(reason) == "":
		return d, Refuse(ErrInvalid, "regulatory-form", "regulatory document %s cannot be %s without a reason", d.ID, to)
	}
	now := r.now()
	if to == RegulatoryVerified {
		if err := d.Check(now); err != nil {
			return d, err // it ran out while it waited
		}
	}
	return r.move(ctx, d, to, by, a.Account, reason, now)
}

func (r *Regulatory) move(ctx context.Context, d RegulatoryDocument, to RegulatoryState, by Mover, who, reason string, now time.Time) (RegulatoryDocument, error) {
	if !MayMove(RegulatoryMoves, d.State, to, by) {
		return d, Refuse(ErrState, "regulatory-state", "regulatory document %s is %s: %s cannot make it %s", d.ID, d.State, theMover(by), to)
	}
	was := d.State
	d.State, d.Reason, d.DecidedBy, d.DecidedAt = to, reason, who, now
	rec, err := d.told(now, who)
	if err != nil {
		return d, err
	}
	return r.save(ctx, was, d, rec)
}

func (r *Regulatory) save(ctx context.Context, was RegulatoryState, d RegulatoryDocument, rec Record) (RegulatoryDocument, error) {
	if err := r.store.SaveRegulatory(ctx, was, d, rec); err != nil {
		return d, err
	}
	d.Rev++
	return d, nil
}

// Tick ends the documents whose last day has passed, and reminds of those that end
// or are looked at again soon. It is a recurring job; two of it at once do no harm.
func (r *Regulatory) Tick(ctx context.Context) error {
	now := r.now()
	due, err := r.store.RegulatoryDue(ctx, now.AddDate(0, 0, slices.Max(regulatoryReminders)))
	if err != nil {
		return err
	}
	var errs []error
	for _, d := range due {
		if !d.Expires.IsZero() && !d.Expires.After(now) {
			_, err = r.move(ctx, d, RegulatoryExpired, ByProgramme, audit.System, "its last day has passed", now)
		} else {
			err = r.remind(ctx, d, now)
		}
		errs = append(errs, unlessFirst(err))
	}
	return errors.Join(errs...)
}

// remind tells the holder of a verified document that it ends, or that its issuer
// looks again. A follow-up that is over costs the region until its date is moved:
// there is nothing more to remind of.
func (r *Regulatory) remind(ctx context.Context, d RegulatoryDocument, now time.Time) error {
	next := d.Expires
	if !d.Follow.IsZero() && (next.IsZero() || d.Follow.Before(next)) {
		next = d.Follow
	}
	days, due := remindAt(regulatoryReminders, d.Reminded, next, now)
	if d.State != RegulatoryVerified || !due {
		return nil
	}
	d.Reminded = days
	rec, err := d.tell(now, audit.System, "regulatory.due", map[string]any{"due": next, "days": days})
	if err == nil {
		_, err = r.save(ctx, d.State, d, rec)
	}
	return err
}

// RegulatoryWord is what a listener hears of a regulatory document.
type RegulatoryWord struct {
	Document string          `json:"document"`
	Region   string          `json:"region"`
	Scheme   string          `json:"scheme"`
	Number   string          `json:"number"`
	Models   []string        `json:"models"`
	State    RegulatoryState `json:"state"`
	Expires  time.Time       `json:"expires,omitzero"`
	Follow   time.Time       `json:"surveillance_due,omitzero"`
	Reason   string          `json:"reason,omitempty"`
}

// told is what is recorded when a document has come into its state.
func (d RegulatoryDocument) told(at time.Time, who string) (Record, error) {
	return d.tell(at, who, "regulatory."+string(d.State), d)
}

func (d RegulatoryDocument) tell(at time.Time, who, kind string, detail any) (Record, error) {
	entry, err := audit.New(at, who, kind, d.ID, d.Org, detail)
	if err != nil {
		return Record{}, err
	}
	n, err := notice.New(at, kind, d.ID, d.Org, RegulatoryWord{d.ID, d.Region, d.Scheme, d.Number, d.Models, d.State, d.Expires, d.Follow, d.Reason})
	return Record{[]audit.Entry{entry}, []notice.Notice{n}}, err
}
