package certification

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/proofmark/proofmark/certification/suite"
	"github.com/proofmark/proofmark/registry"
)

// Submit hands a draft in: it is screened at once.
func (p *Programme) Submit(ctx context.Context, a Actor, id string, rev int64) (Submission, error) {
	sub, err := p.own(ctx, a, id, rev)
	if err != nil {
		return sub, err
	}
	next, record, err := sub.Move(Step{To: Submitted, By: ByVendor, Who: a.Account, At: p.now()})
	if err != nil {
		return sub, err
	}
	if err := p.complete(ctx, &next); err != nil {
		return sub, err
	}
	next.SubmittedAt = next.UpdatedAt
	if subject := next.subject(); next.Tests != subject {
		if next.Tests != "" {
			next.Round++
		}
		next.Tests = subject
	}
	if err := p.store.SubmitSubmission(ctx, sub.State, next, record.Entries, record.Notices); err != nil {
		return sub, err
	}
	next.Rev++
	return next, nil
}

// Withdraw ends a submission that is not decided yet.
func (p *Programme) Withdraw(ctx context.Context, a Actor, id string, rev int64, reason string) (Submission, error) {
	return p.vendorMoves(ctx, a, id, rev, Withdrawn, reason)
}

// Reopen makes a draft again of what is tested, or of that whose changes were
// requested, so that its firmware or spec can be another one. It is screened again.
func (p *Programme) Reopen(ctx context.Context, a Actor, id string, rev int64, reason string) (Submission, error) {
	return p.vendorMoves(ctx, a, id, rev, Draft, reason)
}

// Answer says that what was requested is done, with documents, statements or
// what a further run will show: the same firmware goes on being tested.
func (p *Programme) Answer(ctx context.Context, a Actor, id string, rev int64, answer string) (Submission, error) {
	return p.vendorMoves(ctx, a, id, rev, Testing, answer)
}

func (p *Programme) vendorMoves(ctx context.Context, a Actor, id string, rev int64, to SubmissionState, reason string) (Submission, error) {
	sub, err := p.own(ctx, a, id, rev)
	if err != nil {
		return sub, err
	}
	switch n := len([]rune(strings.TrimSpace(reason))); {
	case to == Testing && n == 0:
		return sub, Refuse(ErrInvalid, "answer-empty", "the answer to the changes that were requested of submission %s is empty: say what was changed", id)
	case n > longestReason:
		return sub, Refuse(ErrInvalid, "submission-form", "reason has %d characters: want at most %d", n, longestReason)
	}
	next, record, err := sub.Move(Step{To: to, By: ByVendor, Who: a.Account, At: p.now(), Reason: reason})
	if err != nil {
		return sub, err
	}
	if err := p.store.SaveSubmission(ctx, sub.State, next, record.Entries, record.Notices); err != nil {
		return sub, err
	}
	next.Rev++
	return next, nil
}

const longestReason = 4000 // characters

// subject is a hash over what a round of testing is about. A run counts while its
// submission says the same.
func (s *Submission) subject() string {
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%s\n%s", s.Firmware.SHA256, s.SpecSHA256, s.Declaration)
	return hex.EncodeToString(h.Sum(nil))
}

// complete refuses to submit what is not whole, or contradicts itself or what is
// known. It leaves what follows from the change since the certificate before.
func (p *Programme) complete(ctx context.Context, s *Submission) error {
	var missing []string
	for _, m := range []struct {
		name string
		ok   bool
	}{
		{"product", s.Product != ""},
		{"spec", len(s.Spec) > 0},
		{"declaration", len(s.Declaration) > 0},
		{"firmware.version", s.Firmware.Version != ""},
		{"firmware.sha256 (or an uploaded image)", s.Firmware.SHA256 != ""},
		{"hardware", len(s.Hardware) > 0},
		{"regions", len(s.Regions) > 0},
	} {
		if !m.ok {
			missing = append(missing, m.name)
		}
	}
	if len(missing) > 0 {
		return Refuse(ErrInvalid, "submission-complete", "submission %s lacks %s", s.ID, strings.Join(missing, ", "))
	}
	owner, err := p.store.ModelOwner(ctx, s.Model)
	switch {
	case errors.Is(err, registry.ErrNotFound):
		return Refuse(ErrInvalid, "model-unregistered", "model %s has no product: register it first", s.Model)
	case err != nil:
		return err
	case owner != s.Org:
		return notTheirs(s)
	}
	if err := s.agrees(); err != nil {
		return err
	}
	docs, err := p.store.Documents(ctx, s.ID)
	if err != nil {
		return err
	}
	if image, ok := newest(docs, FirmwareImage); ok && image.SHA256 != s.Firmware.SHA256 {
		return Refuse(ErrInvalid, "firmware-hash", "the image %q has the SHA-256 %s, the submission declares %s", image.Name, image.SHA256, s.Firmware.SHA256)
	}
	return p.follow(ctx, s)
}

// agrees compares the declaration with the submission.
func (s *Submission) agrees() error {
	d, err := s.Declared()
	if err != nil {
		return err
	}
	for _, f := range []struct{ name, declared, submitted string }{
		{"model", d.Model, s.Model}, {"firmware", d.Firmware, s.Firmware.Version},
	} {
		if f.declared != f.submitted {
			return Refuse(ErrInvalid, "declaration-facts", "the declaration has the %s %q, the submission %q", f.name, f.declared, f.submitted)
		}
	}
	if d.Hardware != "" && !slices.Contains(s.Hardware, d.Hardware) {
		return Refuse(ErrInvalid, "declaration-facts", "the declaration has the hardware %q, the submission %q", d.Hardware, s.Hardware)
	}
	return nil
}

// Declared is the declaration as the suite reads it.
func (s *Submission) Declared() (*suite.Declaration, error) {
	d := new(suite.Declaration)
	if err := json.Unmarshal(s.Declaration, d); err != nil {
		return nil, fmt.Errorf("declaration of submission %s: %w", s.ID, err)
	}
	return d, nil
}

// follow looks at the certificate that the submission says it follows, and
// determines the class of the change.
func (p *Programme) follow(ctx context.Context, s *Submission) error {
	s.Class, s.Classification = "", nil
	switch {
	case s.Previous != "" && s.Parent != "":
		return Refuse(ErrInvalid, "previous-or-parent", "submission %s names %s as previous and %s as parent: want one of them", s.ID, s.Previous, s.Parent)
	case s.Previous == "" && s.Parent == "":
		return nil
	}
	serial := cmp.Or(s.Previous, s.Parent)
	before, err := p.store.Certificate(ctx, serial)
	switch {
	case errors.Is(err, registry.ErrNotFound), err == nil && before.Org != s.Org: // whose it is, is nobody's business
		return Refuse(ErrInvalid, "previous-certificate", "organisation %s has no certificate %s", s.Org, serial)
	case err != nil:
		return err
	}
	return p.classify(ctx, s, before)
}
