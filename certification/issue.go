package certification

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/proofmark/proofmark/certification/signing"
	"github.com/proofmark/proofmark/certification/translog"
	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/notice"
	"github.com/proofmark/proofmark/registry"
)

// IssueStore keeps intents and certificates. Each method is one transaction.
type IssueStore interface {
	// Intent is the stored intent of a submission; registry.ErrNotFound if there is
	// none, also when its certificate was issued.
	Intent(ctx context.Context, submission string) (Intent, error)
	// NextSerial takes the next serial of the year. One that is not used is lost.
	NextSerial(ctx context.Context, year int) (string, error)
	// Intend stores the intent and the submission that was approved;
	// registry.ErrConflict or ErrExists says that somebody else was first.
	Intend(ctx context.Context, intent Intent, s Submission, entries []audit.Entry, notices []notice.Notice) error
	// Reintend replaces an intent that still is as it was; else registry.ErrConflict.
	Reintend(ctx context.Context, intent Intent, was []byte) error
	// Issue ends the intent: the signed certificate, its leaves, and the one that it
	// supersedes, or nothing; registry.ErrConflict says that it is no intent any more.
	Issue(ctx context.Context, i Issuance) (Certificate, error)
	// ToIssue are the submissions that are approved, or whose intent is open.
	ToIssue(ctx context.Context) ([]string, error)
	// Unproven are certificates of submissions that are issuing, whose leaf is below size.
	Unproven(ctx context.Context, size int64) ([]Certificate, error)

	Submission(ctx context.Context, id string) (Submission, error)
	SaveSubmission(ctx context.Context, was SubmissionState, s Submission, entries []audit.Entry, notices []notice.Notice) error
	// Certificate is one that was issued, and its JWS the text that was signed.
	Certificate(ctx context.Context, serial string) (Certificate, error)
	CertificateJWS(ctx context.Context, serial string) (string, error)
}

// Issuance is what one issue stores together.
type Issuance struct {
	Certificate Certificate // LogIndex is given by the store
	Payload     []byte      // of the intent
	JWS         string
	Superseded  *Superseding     // nil where it follows none, or one that is over anyway
	Events      []translog.Event // the leaves; its own first
	Entries     []audit.Entry
	Notices     []notice.Notice
}

// Superseding is a certificate that makes place, and the state in which it was seen.
type Superseding struct {
	Certificate Certificate
	Was         CertificateState
}

// Approvals says what was approved.
type Approvals interface {
	// Approval is all that a submission's certificate is to say.
	Approval(ctx context.Context, submission string) (Approval, error)
}

// Readiness says what stands now against issuing what was approved; Reviews is one.
// What people decided is stored, but what it rested on may have changed since.
type Readiness interface {
	StillReady(ctx context.Context, submission string) (Refusals, error)
}

// IssuingKeys are the keys that sign; signing.Keys are such.
type IssuingKeys interface {
	Signer(ctx context.Context, p signing.Purpose) (signing.Signer, error)
	CurrentKey(ctx context.Context, p signing.Purpose) (signing.Key, error)
	Keyring(ctx context.Context) (signing.Keyring, error)
}

// IssuerOptions are what an Issuer works with. All but Ready, Now and Logger are needed.
type IssuerOptions struct {
	Store     IssueStore
	Approvals Approvals
	Ready     Readiness // nil: only the stored approval is asked
	Keys      IssuingKeys
	Log       *translog.Log
	Origin    string // of the log
	URL       string // under which certificates/{serial} is public
	Now       func() time.Time
	Logger    *slog.Logger
}

// Issuer turns approved submissions into certificates.
type Issuer struct {
	store     IssueStore
	approvals Approvals
	ready     Readiness
	keys      IssuingKeys
	log       *translog.Log
	origin    string
	url       string
	now       func() time.Time
	logger    *slog.Logger
	step      func(name string) // where tests end the process
}

// NewIssuer makes an issuer.
func NewIssuer(o IssuerOptions) *Issuer {
	i := &Issuer{
		store: o.Store, approvals: o.Approvals, ready: o.Ready, keys: o.Keys, log: o.Log, origin: o.Origin,
		url: strings.TrimSuffix(o.URL, "/"), now: o.Now, logger: o.Logger, step: func(string) {},
	}
	if i.now == nil {
		i.now = time.Now
	}
	if i.logger == nil {
		i.logger = slog.New(slog.DiscardHandler)
	}
	return i
}

// Issue signs what the token was made for, reads it as a verifier does, and stores
// it together with its leaf in the log. Whatever fails or dies, there is either
// this certificate or the intent that it comes from.
func (i *Issuer) Issue(ctx context.Context, t *Token) (Certificate, error) {
	if t.used.Swap(true) {
		return Certificate{}, fmt.Errorf("certificate %s: %w", t.Serial(), ErrTokenUsed)
	}
	c := t.intent.Certificate
	key, err := i.keys.Signer(ctx, signing.Certificate)
	if err != nil {
		return Certificate{}, fmt.Errorf("sign certificate %s: %w", c.Serial, err)
	}
	i.step("before sign")
	text, err := signing.SignJWS(key, CertificateType, t.intent.Payload)
	if err != nil {
		return Certificate{}, fmt.Errorf("certificate %s: %w", c.Serial, err)
	}
	ring, err := i.keys.Keyring(ctx)
	if err != nil {
		return Certificate{}, err
	}
	if _, err := OpenCertificate(text, ring); err != nil {
		return Certificate{}, fmt.Errorf("certificate %s is signed, but does not verify: %w", c.Serial, err)
	}
	i.step("after sign")
	issuance := Issuance{Certificate: c, Payload: t.intent.Payload, JWS: text}
	if err := i.tell(ctx, &issuance); err != nil {
		return Certificate{}, fmt.Errorf("certificate %s: %w", c.Serial, err)
	}
	i.step("before issue")
	c, err = i.store.Issue(ctx, issuance)
	i.step("after issue")
	return c, err
}

// tell adds to an issuance what the log, the audit and listeners hear of it.
func (i *Issuer) tell(ctx context.Context, x *Issuance) error {
	c := x.Certificate
	at := i.now()
	x.Events = []translog.Event{{Kind: translog.Issued, Serial: c.Serial, At: translog.Instant(c.IssuedAt), Certificate: fingerprint(x.JWS)}}
	if err := x.record(at, "certificate.issued", c); err != nil {
		return err
	}
	if c.Follows == "" {
		return nil
	}
	old, err := i.store.Certificate(ctx, c.Follows)
	if err != nil {
		return fmt.Errorf("the one that it follows: %w", err)
	}
	if !MayMove(CertificateMoves, old.State, Superseded, ByProgramme) {
		return nil // expired, withdrawn, revoked: that stays
	}
	x.Superseded = &Superseding{Was: old.State}
	old.State, old.Since, old.SupersededBy, old.Reason = Superseded, at, c.Serial, "superseded by "+c.Serial
	x.Superseded.Certificate = old
	x.Events = append(x.Events, translog.Event{Kind: translog.Superseded, Serial: old.Serial, At: translog.Instant(at), Successor: c.Serial})
	return x.record(at, "certificate.superseded", old)
}

func (x *Issuance) record(at time.Time, what string, c Certificate) error {
	entry, err := audit.New(at, audit.System, what, c.Serial, c.Org, map[string]any{"submission": c.Submission, "model": c.Model})
	if err != nil {
		return err
	}
	n, err := notice.New(at, what, c.Serial, c.Org, c.Public())
	x.Entries, x.Notices = append(x.Entries, entry), append(x.Notices, n)
	return err
}

// Certify prepares and issues the certificate of a submission. What can no longer
// be certified goes back to the reviewers.
func (i *Issuer) Certify(ctx context.Context, submission string) (Certificate, error) {
	token, err := i.Prepare(ctx, submission)
	var refused *Refusal
	if errors.As(err, &refused) {
		return Certificate{}, errors.Join(err, i.sendBack(ctx, submission, err.Error()))
	}
	if err != nil {
		return Certificate{}, err
	}
	return i.Issue(ctx, token)
}

func (i *Issuer) sendBack(ctx context.Context, submission, reason string) error {
	s, err := i.store.Submission(ctx, submission)
	if err != nil || s.State != Approved {
		return err
	}
	next, recorded, err := s.Move(Step{To: InReview, By: ByProgramme, Who: audit.System, At: i.now(), Reason: reason})
	if err != nil {
		return err
	}
	return i.store.SaveSubmission(ctx, Approved, next, recorded.Entries, recorded.Notices)
}

// Sweep issues what waits, and goes on with what a crash left. It is a recurring
// job; two of it at once do no harm.
func (i *Issuer) Sweep(ctx context.Context) error {
	waiting, err := i.store.ToIssue(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, id := range waiting {
		_, err := i.Certify(ctx, id)
		var refused *Refusal
		switch {
		case errors.As(err, &refused):
			i.logger.Warn("an approved submission cannot be certified", "submission", id, "err", err)
		case errors.Is(err, registry.ErrConflict), errors.Is(err, registry.ErrExists): // another process was first
		case err != nil:
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// Conclude certifies the submissions whose certificate stands in the signed log:
// the proof is verified as by anybody outside.
func (i *Issuer) Conclude(ctx context.Context) error {
	checkpoint, err := i.log.Checkpoint(ctx)
	if errors.Is(err, translog.ErrNotCovered) {
		return nil
	}
	if err != nil {
		return err
	}
	unproven, err := i.store.Unproven(ctx, checkpoint.Size)
	if err != nil {
		return err
	}
	var errs []error
	for _, c := range unproven {
		if err := i.conclude(ctx, c); err != nil && !errors.Is(err, registry.ErrConflict) {
			errs = append(errs, fmt.Errorf("certificate %s stands in the log, but: %w", c.Serial, err))
		}
	}
	return errors.Join(errs...)
}

func (i *Issuer) conclude(ctx context.Context, c Certificate) error {
	bundle, err := i.Bundle(ctx, c.Serial)
	if err != nil {
		return err
	}
	ring, err := i.keys.Keyring(ctx)
	if err != nil {
		return err
	}
	if v := Verify(bundle, VerifyOptions{Keys: ring, Origin: i.origin, Now: i.now()}); v.Certificate == nil || v.Tree == nil {
		return fmt.Errorf("its bundle does not verify: %s", v.Summary())
	}
	s, err := i.store.Submission(ctx, c.Submission)
	if err != nil {
		return err
	}
	next, recorded, err := s.Move(Step{
		To: Certified, By: ByProgramme, Who: audit.System, At: i.now(),
		Detail: map[string]any{"serial": c.Serial, "log_index": c.LogIndex},
	})
	if err != nil {
		return err
	}
	i.step("before certified")
	err = i.store.SaveSubmission(ctx, Issuing, next, recorded.Entries, recorded.Notices)
	i.step("after certified")
	return err
}

// Bundle is everything with which a certificate is verified offline, but for a status
// list.
func (i *Issuer) Bundle(ctx context.Context, serial string) (Bundle, error) {
	c, err := i.store.Certificate(ctx, serial)
	if err != nil {
		return Bundle{}, err
	}
	text, err := i.store.CertificateJWS(ctx, serial)
	if err != nil {
		return Bundle{}, err
	}
	proof, err := i.log.Prove(ctx, c.LogIndex)
	if err != nil {
		return Bundle{}, fmt.Errorf("certificate %s: %w", serial, err)
	}
	return Bundle{Format: BundleFormat, Certificate: text, Proof: proof}, nil
}
