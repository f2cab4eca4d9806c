package certification_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/suite"
	"github.com/proofmark/proofmark/internal/media"
	"github.com/proofmark/proofmark/registry"
)

func TestADraftIsSubmittedAndScreened(t *testing.T) {
	eachEngine(t, func(t *testing.T, d *desk) {
		v := d.vendor()
		sub := d.draft(v)
		if sub.State != certification.Draft || sub.Model != v.model || sub.SpecSHA256 != sum(string(v.spec)) || sub.Round != 1 {
			t.Fatalf("draft %+v", sub)
		}
		if got := d.read(sub.ID); !bytes.Equal(got.Spec, v.spec) {
			t.Fatal("the spec did not come back byte by byte")
		}
		sub, err := d.Submit(t.Context(), v.Actor, sub.ID, sub.Rev)
		must(t, err)
		same(t, sub.State, certification.Submitted)
		must(t, d.Screen(t.Context(), sub.ID))
		must(t, d.Screen(t.Context(), sub.ID)) // the job may run again
		sub, err = d.Submission(t.Context(), v.Actor, sub.ID)
		must(t, err)
		if sub.State != certification.Testing || sub.Class != "" || len(sub.Required().Runs) != 2 {
			t.Fatalf("screened: %+v", sub)
		}
		found, err := d.ScreeningOf(t.Context(), reviewer, sub.ID)
		must(t, err)
		if !found.Passed || found.Suite != suite.Release || found.Transcript.Size == 0 {
			t.Fatalf("found %+v", found)
		}
		must(t, d.files.Verify(t.Context(), found.Transcript.SHA256))
	})
}

func TestScreeningSaysWhereAndHowToMend(t *testing.T) {
	eachEngine(t, func(t *testing.T, d *desk) {
		v := d.vendor()
		// No service 1 is only a warning on the bench; a certificate wants it.
		spec := bytes.Replace(v.spec, []byte(":device-information:00007801:"), []byte(":device-facts:00009801:"), 1)
		declaration := bytes.Replace(declare(t, v.spec, "1.0.0"), []byte(`"keep_alive":`), []byte(`"keep_alive":5`), 1)
		sub, err := d.CreateSubmission(t.Context(), v.Actor, v.org, v.whole(t))
		must(t, err)
		sub, err = d.EditSubmission(t.Context(), v.Actor, sub.ID, sub.Rev, certification.Edit{Spec: spec, Declaration: declaration})
		must(t, err)
		sub = d.screened(v, sub)
		if sub.State != certification.Draft || !strings.Contains(sub.Reason, "faults") {
			t.Fatalf("it is %s: %s", sub.State, sub.Reason)
		}
		found, err := d.ScreeningOf(t.Context(), v.Actor, sub.ID)
		must(t, err)
		seen := make(map[string]certification.Flaw)
		for _, f := range found.Findings {
			if f.Message == "" || f.Mend == "" || f.Document == "" {
				t.Errorf("%+v says too little", f)
			}
			seen[f.Case+" "+f.Document] = f
		}
		for name, pointer := range map[string]string{"DECL-02 spec": "/services/0", "DECL-07 declaration": "/keep_alive", "SEC-09 sbom": "", "SEC-09 disclosure": ""} {
			f, ok := seen[name]
			if !ok || f.Verdict != suite.Fail || !strings.HasPrefix(f.Pointer, pointer) {
				t.Errorf("%s: %+v", name, f)
			}
		}
		// Mended it passes, and as its spec is another one, in a round of its own.
		sub, err = d.EditSubmission(t.Context(), v.Actor, sub.ID, sub.Rev, certification.Edit{Spec: v.spec, Declaration: declare(t, v.spec, "1.0.0")})
		must(t, err)
		sub = d.upload(v, sub, "sbom", "bill.cdx.json", bill)
		sub = d.upload(v, sub, "disclosure", "policy.txt", "Write to us.\n")
		if sub = d.screened(v, sub); sub.State != certification.Testing || sub.Round != 2 {
			t.Fatalf("it is %s in round %d: %s", sub.State, sub.Round, sub.Reason)
		}
	})
}

func TestWhatIsRefused(t *testing.T) {
	eachEngine(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		v, other := d.vendor(), d.vendor()
		sub := d.draft(v)
		edit := func(a certification.Actor, rev int64, e certification.Edit) error {
			_, err := d.EditSubmission(ctx, a, sub.ID, rev, e)
			return err
		}
		submit := func(edits ...certification.Edit) error {
			s := d.draft(v, edits...)
			_, err := d.Submit(ctx, v.Actor, s.ID, s.Rev)
			return err
		}
		wantRule(t, second(d.CreateSubmission(ctx, v.Actor, other.org, v.whole(t))), certification.ErrForbidden, "member-only")
		wantError(t, edit(other.Actor, sub.Rev, certification.Edit{}), registry.ErrNotFound)
		wantRule(t, edit(reviewer, sub.Rev, certification.Edit{}), certification.ErrForbidden, "member-only")
		wantError(t, edit(v.Actor, sub.Rev-1, certification.Edit{Product: ptr("Glow 2")}), registry.ErrConflict)
		wantRule(t, edit(v.Actor, sub.Rev, certification.Edit{Spec: other.spec}), certification.ErrForbidden, "model-owner")
		wantRule(t, edit(v.Actor, sub.Rev, certification.Edit{Regions: ptr([]string{"India"})}), certification.ErrInvalid, "submission-form")
		wantRule(t, edit(v.Actor, sub.Rev, certification.Edit{Hardware: ptr([]string{"A", "A"})}), certification.ErrInvalid, "submission-form")
		wantRule(t, edit(v.Actor, sub.Rev, certification.Edit{Product: ptr("Glow\x00")}), certification.ErrInvalid, "submission-form")
		wantRule(t, edit(v.Actor, sub.Rev, certification.Edit{Firmware: &certification.Firmware{Version: "1", SHA256: "ABC"}}), certification.ErrInvalid, "submission-form")
		wantRule(t, edit(v.Actor, sub.Rev, certification.Edit{Declaration: []byte("model: x\n")}), certification.ErrInvalid, "declaration-form")
		var lint *registry.SpecRefused
		if err := edit(v.Actor, sub.Rev, certification.Edit{Spec: bytes.Replace(v.spec, []byte("[1, 100, 1]"), []byte("[100, 1, 1]"), 1)}); !errors.As(err, &lint) || lint.Findings[0].Pointer == "" {
			t.Fatalf("a spec with lint errors: %v", err)
		}
		same(t, d.read(sub.ID), sub) // of all that nothing stays

		wantRule(t, submit(certification.Edit{Product: ptr(""), Regions: ptr([]string{})}), certification.ErrInvalid, "submission-complete")
		wantRule(t, submit(certification.Edit{Firmware: &certification.Firmware{Version: "2.0.0", SHA256: sum(image)}}), certification.ErrInvalid, "declaration-facts")
		wantRule(t, submit(certification.Edit{Previous: ptr("PM-2026-999999")}), certification.ErrInvalid, "previous-certificate")
		wantRule(t, submit(certification.Edit{Previous: ptr("PM-1"), Parent: ptr("PM-2")}), certification.ErrInvalid, "previous-or-parent")
		stranger := d.vendor()
		stranger.model = "nobody-has1"
		unknown := []byte(strings.ReplaceAll(string(v.spec), v.model, stranger.model))
		wantRule(t, submit(certification.Edit{Spec: unknown, Declaration: declare(t, unknown, "1.0.0")}), certification.ErrInvalid, "model-unregistered")

		sub = d.screened(v, sub)
		wantRule(t, edit(v.Actor, sub.Rev, certification.Edit{Product: ptr("Glow 2")}), certification.ErrState, "edit-state")
		wantRule(t, second(d.Submit(ctx, v.Actor, sub.ID, sub.Rev)), certification.ErrState, "state-table")
		wantRule(t, second(d.Answer(ctx, v.Actor, sub.ID, sub.Rev, "done")), certification.ErrState, "state-table")
		wantRule(t, third(d.Upload(ctx, v.Actor, sub.ID, sub.Rev, "photo", d.file("a.png", "x"))), certification.ErrState, "document-state")
		sub, err := d.Withdraw(ctx, v.Actor, sub.ID, sub.Rev, "not any more")
		must(t, err)
		wantRule(t, second(d.Reopen(ctx, v.Actor, sub.ID, sub.Rev, "")), certification.ErrState, "state-table")
	})
}

func second[A any](_ A, err error) error { return err }

func third[A, B any](_ A, _ B, err error) error { return err }

func TestDocumentsAreWhatTheySay(t *testing.T) {
	eachEngine(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		v := d.vendor()
		sub := d.draft(v)
		before := d.read(sub.ID)
		upload := func(kind, name, content string) error {
			_, _, err := d.Upload(ctx, v.Actor, sub.ID, sub.Rev, kind, d.file(name, content))
			return err
		}
		for _, c := range []struct {
			kind, name, content string
			rule                media.Rule
		}{
			{"statement", "page.txt", "<html><script>alert(1)</script>", media.RuleMarkup},
			{"photo", "board.svg", "<svg onload=alert(1)>", media.RuleExtension},
			{"photo", "board.png", "GIF89a", media.RuleMismatch},
			{"manual", "../../manual.pdf", "%PDF-1.7", media.RuleName},
			{"manual", "manual.bin", "\x00", media.RuleNotAccepted},
			{"sbom", "bill.json", "{}", media.RuleMismatch},
			{"disclosure", "policy.txt", "", media.RuleEmpty},
			{"disclosure", "policy.txt", strings.Repeat("a", 4<<20+1), media.RuleSize},
		} {
			var r *media.Refusal
			if err := upload(c.kind, c.name, c.content); !errors.As(err, &r) || r.Rule != c.rule {
				t.Errorf("%s as %s: %v, want rule %s", c.name, c.kind, err, c.rule)
			}
		}
		wantRule(t, upload("sbom", "bill.cdx.json", `{"bomFormat":"CycloneDX","specVersion":"1.6","components":[{"type":"library"}]}`), certification.ErrInvalid, "sbom-form")
		wantRule(t, upload("nothing", "a.txt", "a"), certification.ErrInvalid, "document-kind")
		wantRule(t, upload("firmware", "image.bin", "another image"), certification.ErrInvalid, "firmware-hash")
		same(t, d.read(sub.ID), before)

		// Without a declared hash the image gives it.
		sub, err := d.EditSubmission(ctx, v.Actor, sub.ID, sub.Rev, certification.Edit{Firmware: &certification.Firmware{Version: "1.0.0"}})
		must(t, err)
		sub = d.upload(v, sub, "firmware", "image.bin", image)
		same(t, sub.Firmware.SHA256, sum(image))
		sub, err = d.EditSubmission(ctx, v.Actor, sub.ID, sub.Rev, certification.Edit{Firmware: &certification.Firmware{Version: "1.0.0", SHA256: sum("another")}})
		must(t, err)
		wantRule(t, second(d.Submit(ctx, v.Actor, sub.ID, sub.Rev)), certification.ErrInvalid, "firmware-hash")

		docs, err := d.Documents(ctx, reviewer, sub.ID)
		must(t, err)
		if len(docs) != 3 || docs[2].Kind != "firmware" {
			t.Fatalf("documents %+v", docs)
		}
		got, err := d.Document(ctx, reviewer, sub.ID, docs[2].ID)
		must(t, err)
		same(t, got, docs[2])
		wantError(t, second(d.Document(ctx, d.vendor().Actor, sub.ID, docs[2].ID)), registry.ErrNotFound)
		wantError(t, second(d.Document(ctx, v.Actor, d.draft(v).ID, docs[2].ID)), registry.ErrNotFound)
		_, err = d.RemoveDocument(ctx, v.Actor, sub.ID, sub.Rev, docs[2].ID)
		must(t, err)
		wantError(t, second(d.RemoveDocument(ctx, v.Actor, sub.ID, sub.Rev+1, docs[2].ID)), registry.ErrNotFound)
	})
}

func TestListsShowWhatOneMaySee(t *testing.T) {
	eachEngine(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		v, other := d.vendor(), d.vendor()
		a, b, c := d.draft(v), d.draft(other), d.screened(v, d.draft(v))
		ids := func(a certification.Actor, f certification.SubmissionFilter) (out []string) {
			list, err := d.Submissions(ctx, a, f)
			must(t, err)
			for _, s := range list {
				out = append(out, s.ID)
			}
			return out
		}
		same(t, ids(v.Actor, certification.SubmissionFilter{}), []string{a.ID, c.ID})
		same(t, ids(v.Actor, certification.SubmissionFilter{Org: other.org}), []string(nil))
		same(t, ids(reviewer, certification.SubmissionFilter{}), []string{a.ID, b.ID, c.ID})
		same(t, ids(reviewer, certification.SubmissionFilter{After: a.ID, Limit: 1}), []string{b.ID})
		same(t, ids(reviewer, certification.SubmissionFilter{State: certification.Testing}), []string{c.ID})
		same(t, ids(reviewer, certification.SubmissionFilter{Model: other.model}), []string{b.ID})
		both := certification.Actor{Account: "acc_both", Orgs: []string{other.org, v.org}}
		same(t, ids(both, certification.SubmissionFilter{Limit: 2}), []string{a.ID, b.ID})
	})
}
