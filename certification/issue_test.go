package certification_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/signing"
	"github.com/proofmark/proofmark/certification/suite"
	"github.com/proofmark/proofmark/certification/translog"
	"github.com/proofmark/proofmark/registry"
)

func TestAnApprovedSubmissionIsCertified(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		sub := o.approved(t)
		token := get(o.issuer.Prepare(ctx, sub))(t)
		if got := o.state(t, sub); got != certification.Issuing || token.Serial() != "PM-2026-000001" {
			t.Fatalf("prepared: %s, serial %s", got, token.Serial())
		}
		if _, err := o.Programme().Certificate(ctx, token.Serial()); !errors.Is(err, registry.ErrNotFound) {
			t.Errorf("an intent is a certificate: %v", err)
		}
		c := get(o.issuer.Issue(ctx, token))(t)
		if c.State != certification.Active || c.LogIndex != 0 || c.Rev != 1 || c.Suite != suite.Release {
			t.Errorf("issued %+v", c)
		}
		if _, err := o.issuer.Issue(ctx, token); !errors.Is(err, certification.ErrTokenUsed) {
			t.Errorf("the token's second use: %v", err)
		}
		if _, err := o.issuer.Bundle(ctx, c.Serial); !errors.Is(err, translog.ErrNotCovered) {
			t.Errorf("a bundle before the checkpoint: %v", err)
		}
		must(t, o.issuer.Conclude(ctx)) // nothing is signed yet
		if got := o.state(t, sub); got != certification.Issuing {
			t.Errorf("%s before the log is signed", got)
		}
		get(o.signer.Sign(ctx, o.now))(t)
		must(t, o.issuer.Conclude(ctx))
		if got := o.state(t, sub); got != certification.Certified {
			t.Errorf("%s after the proof", got)
		}
		must(t, o.issuer.Conclude(ctx))
		must(t, o.issuer.Sweep(ctx)) // nothing is left to do

		b := get(o.issuer.Bundle(ctx, c.Serial))(t)
		b.Status = o.statusList(t, c.Serial, certification.Active)
		v := certification.Verify(b, certification.VerifyOptions{Keys: get(o.keys.Keyring(ctx))(t), Origin: origin, Now: o.now})
		if v.Conclusion != certification.Valid {
			t.Fatalf("%+v", v)
		}
		p := v.Certificate
		if p.URL != site+"/certificates/PM-2026-000001" || len(p.Waivers) != 1 || len(p.Conditions) != 1 || p.Runs[0].Transcripts[0] != hash ||
			strings.Join(p.Hardware, " ") != "A B" || strings.Join(p.Regions, " ") != "EU IN" || p.Vendor.Name != "Aurora" {
			t.Errorf("%+v", p)
		}
		if strings.Contains(b.Certificate+b.Proof.Leaf, "acc_") {
			t.Error("a person is named in public")
		}
	})
}

func TestAManyTimesPreparedSubmissionHasOneCertificate(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		sub := o.approved(t)
		var all sync.WaitGroup
		var mu sync.Mutex
		var issued []certification.Certificate
		for range 8 {
			all.Go(func() {
				c, err := o.issuer.Certify(ctx, sub)
				var refused *certification.Refusal
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					issued = append(issued, c)
				case errors.Is(err, registry.ErrConflict), errors.Is(err, registry.ErrExists), errors.As(err, &refused):
				default:
					t.Error(err)
				}
			})
		}
		all.Wait()
		if len(issued) != 1 {
			t.Errorf("%d certificates were issued, want 1", len(issued))
		}
		if head := get(o.Log().Head(ctx))(t); head.Size != 1 {
			t.Errorf("the log has %d leaves, want 1", head.Size)
		}
	})
}

func TestAFollowerSupersedes(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		first := get(o.issuer.Certify(ctx, o.approved(t)))(t)
		second := get(o.issuer.Certify(ctx, o.approved(t, func(s *certification.Submission) {
			s.Previous, s.Class, s.Firmware.Version = first.Serial, certification.ClassB, "1.3.0"
		})))(t)
		old := get(o.Programme().Certificate(ctx, first.Serial))(t)
		if old.State != certification.Superseded || old.SupersededBy != second.Serial || old.Rev != 2 || second.Follows != first.Serial {
			t.Errorf("%+v\n%+v", old, second)
		}
		leaves := get(o.Log().Leaves(ctx, 0, 10))(t)
		if len(leaves) != 3 {
			t.Fatalf("%d leaves, want issued, issued, superseded", len(leaves))
		}
		e := get(translog.ParseEvent(leaves[2]))(t)
		if e.Kind != translog.Superseded || e.Serial != first.Serial || e.Successor != second.Serial {
			t.Errorf("%+v", e)
		}
	})
}

// The last moment asks again what the review has asked: what no longer holds goes
// back to the reviewers, with the reason.
func TestWhatMayNotBeCertifiedGoesBack(t *testing.T) {
	o := openOffice(t, "sqlite:"+t.TempDir()+"/proofmark.db", t.TempDir())
	for rule, spoil := range map[string]func(sub string) (statement string, args []any){
		"two-approvers": func(sub string) (string, []any) {
			return "DELETE FROM decision WHERE submission = $1 AND reviewer = 'acc_2'", []any{sub}
		},
		"stale-run": func(sub string) (string, []any) {
			return "UPDATE run SET body = replace(body, $2, $3) WHERE submission = $1", []any{sub, hash, strings.Repeat("0", 64)}
		},
		"no-transcript": func(sub string) (string, []any) {
			return "UPDATE run SET body = replace(body, 'transcripts', 'nothing') WHERE submission = $1", []any{sub}
		},
		"waiver-date": func(sub string) (string, []any) {
			return "UPDATE waiver SET body = replace(body, '2027-', '2025-') WHERE submission = $1", []any{sub}
		},
		"waiver-state": func(sub string) (string, []any) {
			return "UPDATE waiver SET body = replace(body, 'acc_2', 'acc_1') WHERE submission = $1", []any{sub}
		},
		"condition-date": func(sub string) (string, []any) {
			return "UPDATE review_entry SET body = replace(body, '2027-', '2025-') WHERE submission = $1", []any{sub}
		},
		"payload-text": func(sub string) (string, []any) {
			return "UPDATE waiver SET body = replace(body, 'seen twice', '\\u0007\\u202e') WHERE submission = $1", []any{sub}
		},
	} {
		t.Run(rule, func(t *testing.T) {
			sub := o.approved(t)
			statement, args := spoil(sub)
			if n := get(get(o.raw.ExecContext(ctx, statement, args...))(t).RowsAffected())(t); n == 0 {
				t.Fatal("nothing was spoilt")
			}
			_, err := o.issuer.Certify(ctx, sub)
			if err == nil || !strings.Contains(err.Error(), rule) {
				t.Errorf("%v, want rule %s", err, rule)
			}
			s := get(o.Programme().Submission(ctx, sub))(t)
			if s.State != certification.InReview || !strings.Contains(s.Reason, rule) {
				t.Errorf("it is %s: %q, want it back in review with the reason", s.State, s.Reason)
			}
		})
	}
	if head := get(o.Log().Head(ctx))(t); head.Size != 0 {
		t.Errorf("the log has %d leaves, want none", head.Size)
	}
}

// The key is rotated between intent and issue: the new key could not have signed at
// that time, so the intent gets a new one and keeps its serial.
func TestARotationBetweenIntentAndIssue(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		sub := o.approved(t)
		lost := get(o.issuer.Prepare(ctx, sub))(t)
		o.now = o.now.Add(time.Hour)
		_, next, err := o.keys.Rotate(ctx, signing.Rotation{Purpose: signing.Certificate, At: o.now, Actor: "acc_1"})
		must(t, err)
		if _, err := o.issuer.Issue(ctx, lost); !errors.Is(err, signing.ErrKeyTime) {
			t.Errorf("the old token under the new key: %v, want ErrKeyTime", err)
		}
		o.now = o.now.Add(time.Second)
		c := get(o.issuer.Certify(ctx, sub))(t)
		if c.Serial != lost.Serial() || !c.IssuedAt.Equal(o.now) {
			t.Errorf("%s issued at %s, want %s at %s", c.Serial, c.IssuedAt, lost.Serial(), o.now)
		}
		signed := get(certification.OpenCertificate(get(o.Programme().CertificateJWS(ctx, c.Serial))(t), get(o.keys.Keyring(ctx))(t)))(t)
		if signed.KeyID != next.ID {
			t.Errorf("signed by %s, want %s", signed.KeyID, next.ID)
		}
	})
}
