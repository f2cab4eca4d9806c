package certification

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"reflect"
	"sync/atomic"
	"time"

	"github.com/proofmark/proofmark/certification/canonical"
	"github.com/proofmark/proofmark/certification/signing"
	"github.com/proofmark/proofmark/certification/suite"
	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/registry"
)

// Token is the right to issue one certificate, once. Only Prepare makes one.
type Token struct {
	intent Intent
	used   atomic.Bool
}

// Serial is that of the certificate to be.
func (t *Token) Serial() string { return t.intent.Certificate.Serial }

// Intent is a certificate that is to be issued: stored before it is signed, so that
// whoever comes after a crash issues the same one.
type Intent struct {
	Certificate Certificate
	Payload     []byte // frozen: serial and issued_at are in it
}

// ErrTokenUsed says that a token was given to Issue before.
var ErrTokenUsed = errors.New("the token was used")

// Prepare makes everything ready to sign the certificate of an approved
// submission: checks, the canonical payload, a signature with a key that is thrown
// away, a look at the result from outside. Then the intent is stored and the
// submission is issuing. A submission that is issuing already gets a token for the
// intent that is stored.
func (i *Issuer) Prepare(ctx context.Context, submission string) (*Token, error) {
	now := i.now().UTC().Truncate(time.Microsecond)
	intent, err := i.store.Intent(ctx, submission)
	if err == nil {
		return i.again(ctx, intent, now)
	}
	if !errors.Is(err, registry.ErrNotFound) {
		return nil, err
	}
	approval, err := i.approvals.Approval(ctx, submission)
	if err != nil {
		return nil, err
	}
	// After the approval was read: a change since then is found by the submission's
	// revision when the intent is stored.
	if err := errors.Join(approval.check(now), i.stillReady(ctx, submission)); err != nil {
		return nil, fmt.Errorf("submission %s cannot be certified: %w", submission, err)
	}
	serial, err := i.store.NextSerial(ctx, now.Year())
	if err != nil {
		return nil, err
	}
	intent, err = i.intend(approval, serial, now)
	if err != nil {
		return nil, fmt.Errorf("certificate of submission %s: %w", submission, err)
	}
	next, recorded, err := approval.Submission.Move(Step{
		To: Issuing, By: ByProgramme, Who: audit.System, At: now, Detail: map[string]any{"serial": serial},
	})
	if err != nil {
		return nil, err
	}
	i.step("before intend")
	if err := i.store.Intend(ctx, intent, next, recorded.Entries, recorded.Notices); err != nil {
		return nil, err
	}
	i.step("after intend")
	return &Token{intent: intent}, nil
}

// stillReady asks the review once more: a waiver may have ended since the approval,
// an approver joined the vendor, a run failed, the certificate that is followed been
// revoked.
func (i *Issuer) stillReady(ctx context.Context, submission string) error {
	if i.ready == nil {
		return nil
	}
	against, err := i.ready.StillReady(ctx, submission)
	if err == nil && len(against) > 0 {
		return against
	}
	return err
}

// intend is the payload, and that a stranger reads it as it is meant.
func (i *Issuer) intend(a Approval, serial string, now time.Time) (Intent, error) {
	p := a.payload(serial, suite.Release, i.url, now)
	data, err := canonical.Marshal(p)
	if err != nil {
		return Intent{}, err
	}
	if err := lintFromOutside(data, p); err != nil {
		return Intent{}, err
	}
	c, err := p.certificate(a)
	return Intent{c, data}, err
}

// lintFromOutside signs the payload with a throw-away key, reads the result as
// verifiers do, and compares. The real key never signs what was not seen this way.
func lintFromOutside(data []byte, meant Payload) error {
	key, err := signing.Throwaway()
	if err != nil {
		return err
	}
	text, err := signing.SignJWS(key, CertificateType, data)
	if err != nil {
		return err
	}
	ring := signing.Keyring{{ID: key.KeyID(), Purpose: signing.Certificate, Public: key.Public()}}
	signed, err := OpenCertificate(text, ring)
	if err != nil {
		return err
	}
	if !reflect.DeepEqual(signed.Payload, meant) {
		return fmt.Errorf("it reads as %+v, but %+v is meant", signed.Payload, meant)
	}
	return nil
}

// again is a token for an intent that was stored before. Where the signing key was
// changed since, it could not sign for that time any more: the intent gets a new
// one, and keeps its serial. Nothing was signed under the old one: what is signed is
// stored in the transaction that ends the intent.
func (i *Issuer) again(ctx context.Context, intent Intent, now time.Time) (*Token, error) {
	p, err := ParsePayload(intent.Payload)
	if err != nil {
		return nil, fmt.Errorf("stored intent %s: %w", intent.Certificate.Serial, err)
	}
	key, err := i.keys.CurrentKey(ctx, signing.Certificate)
	if err != nil {
		return nil, err
	}
	if !intent.Certificate.IssuedAt.Before(key.CreatedAt) {
		return &Token{intent: intent}, nil
	}
	fresh, err := p.dated(now)
	if err != nil {
		return nil, fmt.Errorf("intent %s of %s, and the key was changed since: %w", p.Serial, p.IssuedAt, err)
	}
	data, err := canonical.Marshal(fresh)
	if err == nil {
		err = lintFromOutside(data, fresh)
	}
	if err != nil {
		return nil, err
	}
	was := intent.Payload
	intent.Payload = data
	intent.Certificate.IssuedAt, intent.Certificate.ExpiresAt, intent.Certificate.Since = now, now.Add(CertificateLife), now
	if err := i.store.Reintend(ctx, intent, was); err != nil {
		return nil, err
	}
	return &Token{intent: intent}, nil
}

// fingerprint is the SHA-256 by which the log names a certificate.
func fingerprint(jws string) string {
	sum := sha256.Sum256([]byte(jws))
	return hex.EncodeToString(sum[:])
}
