package certification

import (
	"errors"
	"slices"
	"time"

	"github.com/proofmark/proofmark/certification/translog"
)

// CertificateLife is for how long a certificate is issued.
const CertificateLife = 2 * 365 * 24 * time.Hour

// Approval is a submission that was approved, and all that its certificate is to
// say.
type Approval struct {
	Submission Submission
	OrgName    string
	Decisions  []Decision // of its round, in their order
	Runs       []Run      // finished, of its round, in their order
	Conditions []Condition
	Waivers    []Waiver // approved
}

// check says everything that stands against a certificate now. The review has
// asked most of it before; here it is asked of what is stored, at the last moment.
func (a Approval) check(now time.Time) error {
	var errs []error
	want := func(ok bool, rule, format string, args ...any) {
		if !ok {
			errs = append(errs, Refuse(ErrState, rule, format, args...))
		}
	}
	s := a.Submission
	want(s.State == Approved, "state-table", "submission %s is %s; only an approved one is issued", s.ID, s.State)
	evidence, approvers := a.approvers()
	want(len(approvers) >= 2, "two-approvers", "submission %s was approved by %d reviewers on evidence %q; want two different ones", s.ID, len(approvers), evidence)
	runs := a.counting()
	want(len(runs) > 0 || s.Class == ClassA, "stale-run", "submission %s has no finished run of firmware %s with hash %s and spec %s", s.ID, s.Firmware.Version, s.Firmware.SHA256, s.SpecSHA256)
	for _, r := range a.Runs {
		counts := slices.ContainsFunc(runs, func(c Run) bool { return c.Plan == r.Plan })
		want(counts, "stale-run", "run %s of plan %s was of firmware %s, spec %s, suite %s, and there is none that counts", r.ID, r.Plan, r.Firmware.SHA256, r.SpecSHA256, r.Suite)
	}
	for _, r := range runs {
		want(len(r.Transcripts) > 0, "no-transcript", "run %s has no transcript", r.ID)
	}
	for _, w := range a.Waivers {
		want(w.State == WaiverApproved && w.DecidedBy != w.ProposedBy, "waiver-state", "waiver %s is %s, proposed by %s and decided by %s", w.ID, w.State, w.ProposedBy, w.DecidedBy)
		want(w.Until.After(now), "waiver-date", "waiver %s ended at %s", w.ID, translog.Instant(w.Until))
	}
	for _, c := range a.Conditions {
		want(c.Due.After(now), "condition-date", "condition %s was due at %s", c.ID, translog.Instant(c.Due))
	}
	return errors.Join(errs...)
}

// approvers are those who approved the evidence that was approved last.
func (a Approval) approvers() (evidence string, reviewers []string) {
	for _, d := range slices.Backward(a.Decisions) {
		if d.Kind != Approve || d.Round != a.Submission.Round {
			continue
		}
		if evidence == "" {
			evidence = d.Evidence
		}
		if d.Evidence == evidence {
			reviewers = append(reviewers, d.Reviewer)
		}
	}
	return evidence, inOrder(reviewers)
}

// counting are the runs of this firmware and spec that were judged by the newest
// release of the suite that judged one.
func (a Approval) counting() (runs []Run) {
	s, release := a.Submission, ""
	for _, r := range slices.Backward(a.Runs) {
		if r.State != RunFinished || r.Firmware != s.Firmware || r.SpecSHA256 != s.SpecSHA256 {
			continue
		}
		if release == "" {
			release = r.Suite
		}
		if r.Suite == release {
			runs = append(runs, r)
		}
	}
	slices.Reverse(runs)
	return runs
}

// payload is what the certificate says.
func (a Approval) payload(serial, suite, url string, now time.Time) Payload {
	s := a.Submission
	evidence, _ := a.approvers()
	p := Payload{
		Version: PayloadVersion, Serial: serial, URL: url + "/certificates/" + serial,
		Product: s.Product, Model: s.Model, Vendor: Vendor{s.Org, a.OrgName}, Evidence: evidence,
		Spec: SpecRef{s.SpecURN, s.SpecSHA256}, Firmware: []Firmware{s.Firmware}, Hardware: inOrder(s.Hardware),
		Suite: suite, Plans: []string{}, Runs: []RunRef{}, Class: s.Class, Follows: s.Previous, Parent: s.Parent,
		Regions: inOrder(s.Regions), Conditions: []ConditionRef{}, Waivers: []WaiverRef{},
		IssuedAt: translog.Instant(now), ExpiresAt: translog.Instant(now.Add(CertificateLife)),
	}
	for _, r := range a.counting() {
		ref := RunRef{ID: r.ID, Plan: string(r.Plan)}
		for _, t := range r.Transcripts {
			ref.Transcripts = append(ref.Transcripts, t.SHA256)
		}
		p.Suite, p.Runs, p.Plans = r.Suite, append(p.Runs, ref), append(p.Plans, string(r.Plan))
	}
	p.Plans = inOrder(p.Plans)
	for _, c := range a.Conditions {
		p.Conditions = append(p.Conditions, ConditionRef{c.ID, c.Text, translog.Instant(c.Due)})
	}
	for _, w := range a.Waivers {
		p.Waivers = append(p.Waivers, WaiverRef{w.ID, w.Requirement, w.Cases, w.Scope, w.Reason, translog.Instant(w.Until)})
	}
	return p
}

// dated is the payload with other times.
func (p Payload) dated(now time.Time) (Payload, error) {
	p.IssuedAt, p.ExpiresAt = translog.Instant(now), translog.Instant(now.Add(CertificateLife))
	return p, p.Lint()
}

// inOrder is each value once, in order; never nil.
func inOrder(values []string) []string {
	return slices.Compact(append([]string{}, slices.Sorted(slices.Values(values))...))
}
