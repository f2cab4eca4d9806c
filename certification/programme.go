package certification

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/blob"
	"github.com/proofmark/proofmark/internal/notice"
	"github.com/proofmark/proofmark/registry"
)

// SubmissionStore is what [Programme] keeps. Missing things are
// registry.ErrNotFound; a change of what is no longer as it was read is
// registry.ErrConflict. Every method is one transaction.
type SubmissionStore interface {
	CreateSubmission(ctx context.Context, sub Submission, entries []audit.Entry, notices []notice.Notice) error
	Submission(ctx context.Context, id string) (Submission, error)
	// Submissions come without their spec documents, in the order of their ids.
	Submissions(ctx context.Context, f SubmissionFilter) ([]Submission, error)
	SaveSubmission(ctx context.Context, was SubmissionState, sub Submission, entries []audit.Entry, notices []notice.Notice) error
	// SubmitSubmission also enqueues the job ScreenJob with the submission's id.
	SubmitSubmission(ctx context.Context, was SubmissionState, sub Submission, entries []audit.Entry, notices []notice.Notice) error
	// SaveScreening also stores what screening found.
	SaveScreening(ctx context.Context, was SubmissionState, sub Submission, found Screened, entries []audit.Entry, notices []notice.Notice) error
	// Screened is what was found last.
	Screened(ctx context.Context, submission string) (Screened, error)

	// AddDocument and RemoveDocument change a submission that is still as it was read.
	AddDocument(ctx context.Context, sub Submission, d Document, entries []audit.Entry) error
	RemoveDocument(ctx context.Context, sub Submission, d Document, entries []audit.Entry) error
	Document(ctx context.Context, id string) (Document, error)
	// Documents of a submission, the oldest first.
	Documents(ctx context.Context, submission string) ([]Document, error)

	// ModelOwner is the organisation whose product the model is; empty where the
	// product is nobody's.
	ModelOwner(ctx context.Context, model string) (org string, err error)
	// Certificate is one that was issued, as it stands now.
	Certificate(ctx context.Context, serial string) (Certificate, error)

	AddVendorKey(ctx context.Context, k VendorKey, entries []audit.Entry) error
	VendorKey(ctx context.Context, id string) (VendorKey, error)
	// VendorKeys of an organisation, the oldest first, the revoked ones too.
	VendorKeys(ctx context.Context, org string) ([]VendorKey, error)
	RevokeVendorKey(ctx context.Context, k VendorKey, entries []audit.Entry) error
}

// SubmissionFilter chooses submissions; what is empty does not restrict.
type SubmissionFilter struct {
	Org   string
	State SubmissionState
	Model string
	After string // the last id of the page before
	Limit int    // 0: all
}

// ScreenJob is the kind of the job that screens a submission; its payload is the
// submission's id.
const ScreenJob = "submission.screen"

// Programme takes submissions and screens them.
type Programme struct {
	store SubmissionStore
	files blob.Store
	now   func() time.Time
	key   ed25519.PrivateKey
}

// ProgrammeOptions configure a Programme. Store and Files are needed.
type ProgrammeOptions struct {
	Store SubmissionStore
	Files blob.Store         // of documents and evidence
	Now   func() time.Time   // time.Now when nil
	Key   ed25519.PrivateKey // signs transcripts of screening; each its own when nil
}

// NewProgramme makes a Programme.
func NewProgramme(o ProgrammeOptions) *Programme {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Programme{store: o.Store, files: o.Files, now: o.Now, key: o.Key}
}

// Submission reads one. Who may not see it learns nothing about it: to them it
// is registry.ErrNotFound.
func (p *Programme) Submission(ctx context.Context, a Actor, id string) (Submission, error) {
	sub, err := p.store.Submission(ctx, id)
	if err == nil && !a.MayRead(sub.Org) {
		return Submission{}, fmt.Errorf("submission %s: %w", id, registry.ErrNotFound)
	}
	return sub, err
}

// Submissions lists those that the actor may see, without their spec documents.
func (p *Programme) Submissions(ctx context.Context, a Actor, f SubmissionFilter) ([]Submission, error) {
	if a.Reviewer || a.Operator {
		return p.store.Submissions(ctx, f)
	}
	orgs := a.Orgs
	if f.Org != "" {
		if !a.Of(f.Org) {
			return nil, nil
		}
		orgs = []string{f.Org}
	}
	var all []Submission
	for _, org := range orgs { // an account is in one or two
		f.Org = org
		some, err := p.store.Submissions(ctx, f)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return firstByID(all, f.Limit), nil
}

// own reads a submission for a member who wants to change it and saw revision rev.
func (p *Programme) own(ctx context.Context, a Actor, id string, rev int64) (Submission, error) {
	sub, err := p.Submission(ctx, a, id)
	if err == nil {
		err = asMember(a, sub.Org)
	}
	if err == nil {
		err = seen(sub, rev)
	}
	return sub, err
}

// firstByID merges lists of several organisations.
func firstByID(list []Submission, limit int) []Submission {
	slices.SortFunc(list, func(a, b Submission) int { return strings.Compare(a.ID, b.ID) })
	if limit > 0 && len(list) > limit {
		list = list[:limit]
	}
	return list
}

// seen refuses a change that was made up from another revision.
func seen(sub Submission, rev int64) error {
	if sub.Rev != rev {
		return fmt.Errorf("submission %s is at revision %d, the change is of revision %d: %w", sub.ID, sub.Rev, rev, registry.ErrConflict)
	}
	return nil
}
