package certification

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/proofmark/proofmark/certification/suite"
)

var reviewDay = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

const image = "aa11"

// hearing is all that the guard is asked with.
type hearing struct {
	d           Dossier
	decisions   []Decision
	marks       []Mark
	acceptances []Acceptance
	ties        Ties
	now         time.Time
}

// settledHearing has nothing against it but that nobody approved.
func settledHearing() *hearing {
	h := &hearing{now: reviewDay, ties: Ties{
		Author: "acc_author", Org: "org_aurora", Members: []string{"acc_author", "acc_member"}, Operators: []string{"acc_operator"},
		Reviewers: []string{"acc_ann", "acc_ben", "acc_cyd", "acc_member", "acc_operator", "acc_author"},
	}}
	h.d = Dossier{
		Suite:      suite.Release,
		Submission: Submission{ID: "sub_1", Org: "org_aurora", State: InReview, Round: 2, Firmware: Firmware{"1.0.0", image}},
		Cases: []CaseEvidence{
			caseOf("READ-01[2.1]", suite.Pass), caseOf("READ-01[2.2]", suite.Warn), caseOf("OTA-01", suite.NotFor), caseOf("SEC-10", suite.Review),
			caseOf("WRITE-03[2.1]", suite.Fail), caseOf("CONN-05", suite.Pass),
		},
		Waivers: []Waiver{{
			ID: "wvr_1", Requirement: "WRITE-03", Cases: []string{"WRITE-03[2.1]"}, State: WaiverApproved, Until: reviewDay.AddDate(0, 1, 0),
			ProposedBy: "acc_ann", DecidedBy: "acc_ben",
		}},
		Conditions: []Condition{{ID: "cnd_1", Text: "mend the backoff", Due: reviewDay.AddDate(0, 2, 0)}},
	}
	h.acceptances = []Acceptance{{Case: "SEC-10", Run: "run_1", By: "acc_ann", Note: "the photo is clear"}}
	return h
}

func caseOf(id string, v suite.Verdict) CaseEvidence {
	name, _, _ := strings.Cut(id, "[")
	return CaseEvidence{ID: id, Case: name, Requirement: name, Verdict: v, Attempts: 1, Run: "run_1", Transcript: 1, Firmware: image, Suite: suite.Release}
}

// approved lets the people mark everything and approve what is there.
func (h *hearing) approved(t *testing.T, by ...string) {
	t.Helper()
	h.assemble(t)
	for _, who := range by {
		for _, item := range Checklist(h.d.Submission.applies()) {
			h.marks = append(h.marks, Mark{Item: item.ID, OK: true, Note: "read", Papers: h.d.Papers, By: who, At: h.now})
		}
		h.decisions = append(h.decisions, Decision{Submission: "sub_1", Round: h.d.Submission.Round, Reviewer: who, Kind: Approve, Evidence: h.d.SHA256, At: h.now})
	}
}

func (h *hearing) assemble(t *testing.T) {
	t.Helper()
	h.d.cover(h.acceptances, func(a string) bool { return h.ties.Against(a) != nil }, h.now)
	if err := h.d.seal(h.now); err != nil {
		t.Fatal(err)
	}
}

// refusals are the rules that stand against it, each once.
func (h *hearing) refusals(t *testing.T) []string {
	t.Helper()
	h.assemble(t)
	var rules []string
	for _, r := range ReadyToApprove(&h.d, h.decisions, h.marks, &h.ties, h.now) {
		rules = append(rules, r.Rule)
	}
	slices.Sort(rules)
	return slices.Compact(rules)
}

func (h *hearing) find(id string) *CaseEvidence {
	return &h.d.Cases[slices.IndexFunc(h.d.Cases, func(c CaseEvidence) bool { return c.ID == id })]
}

// TestTheGuard takes what two reviewers approve, and says for each thing that may
// be otherwise which rule stands against it. before happens before they approve,
// after between the approval and the question.
func TestTheGuard(t *testing.T) {
	both := []string{"acc_ann", "acc_ben"}
	for _, c := range []struct {
		name   string
		before func(h *hearing)
		by     []string
		after  func(h *hearing)
		want   []string
	}{
		{name: "two reviewers, nothing open", by: both},
		{name: "nobody", want: []string{"checklist", "two-approvers"}},
		{name: "one reviewer", by: []string{"acc_ann"}, want: []string{"two-approvers"}},
		{name: "one reviewer twice", by: []string{"acc_ann", "acc_ann"}, want: []string{"two-approvers"}},
		{name: "a member of the vendor is no second", by: []string{"acc_ann", "acc_member"}, want: []string{"no-tie", "two-approvers"}},
		{name: "nor who operated a run", by: []string{"acc_ann", "acc_operator"}, want: []string{"run-operator", "two-approvers"}},
		{name: "nor the author", by: []string{"acc_ann", "acc_author"}, want: []string{"own-submission", "two-approvers"}},
		{name: "nor who is no reviewer any more", by: both, after: func(h *hearing) { h.ties.Reviewers = []string{"acc_ann"} }, want: []string{"reviewer-only", "two-approvers"}},
		{name: "nor who became a member afterwards", by: both, after: func(h *hearing) { h.ties.Members = append(h.ties.Members, "acc_ben") }, want: []string{"no-tie", "two-approvers"}},
		{name: "an approval of another round", by: both, after: func(h *hearing) { h.decisions[0].Round = 1 }, want: []string{"two-approvers"}},

		{name: "a case that failed", before: func(h *hearing) { h.find("CONN-05").Verdict = suite.Fail }, by: both, want: []string{"case-failed"}},
		{name: "a case that never ran", before: func(h *hearing) { h.find("CONN-05").Verdict = "" }, by: both, want: []string{"case-open"}},
		{name: "a waiver does not cover what never ran", before: func(h *hearing) { h.find("WRITE-03[2.1]").Verdict = "" }, by: both, want: []string{"case-open"}},
		{name: "a case that was skipped", before: func(h *hearing) { h.find("CONN-05").Verdict = suite.Skipped }, by: both, want: []string{"case-skipped"}},
		{name: "an inconclusive case", before: func(h *hearing) { h.find("CONN-05").Verdict = suite.Inconclusive }, by: both, want: []string{"case-inconclusive"}},
		{name: "1 of 3 failed", before: func(h *hearing) { c := h.find("READ-01[2.2]"); c.Attempts, c.Failed = 3, 1 }, by: both, want: []string{"case-repeated"}},
		{name: "1 of 4 failed", before: func(h *hearing) { c := h.find("READ-01[2.2]"); c.Attempts, c.Failed = 4, 1 }, by: both},
		{name: "a FAIL never becomes a PASS", before: func(h *hearing) { c := h.find("READ-01[2.1]"); c.Attempts, c.Failed = 4, 1 }, by: both, want: []string{"case-repeated"}},
		{name: "no case at all", before: func(h *hearing) { h.d.Cases = nil }, by: both, want: []string{"case-open"}},
		{name: "class A needs none", before: func(h *hearing) {
			changed("acc_cyd")(h)
			h.d.Cases, h.d.Submission.Class, h.d.Submission.Classification.Applies = nil, ClassA, []ChangeClass{ClassA}
		}, by: both},

		{name: "a REVIEW that nobody accepted", before: func(h *hearing) { h.acceptances = nil }, by: both, want: []string{"case-review"}},
		{name: "one accepted in another run", before: func(h *hearing) { h.acceptances[0].Run = "run_0" }, by: both, want: []string{"case-review"}},
		{name: "one accepted by a member of the vendor", before: func(h *hearing) { h.acceptances[0].By = "acc_member" }, by: both, want: []string{"case-review"}},

		{name: "a waiver that was only proposed", before: func(h *hearing) { h.d.Waivers[0].State = WaiverProposed }, by: both, want: []string{"case-failed"}},
		{name: "a waiver for another case", before: func(h *hearing) { h.d.Waivers[0].Cases = []string{"WRITE-03[2.2]"} }, by: both, want: []string{"case-failed"}},
		{name: "a waiver whose date passed before", before: func(h *hearing) { h.now = reviewDay.AddDate(0, 1, 1) }, by: both, want: []string{"case-failed"}},
		{name: "a waiver whose date passes afterwards", by: both, after: func(h *hearing) { h.now = reviewDay.AddDate(0, 1, 1) }, want: []string{"case-failed", "evidence-changed", "two-approvers"}},
		{name: "a waiver that was taken back", by: both, after: func(h *hearing) { h.d.Waivers[0].State = WaiverEnded }, want: []string{"case-failed", "evidence-changed", "two-approvers"}},
		{name: "a waiver of what cannot be waived", before: func(h *hearing) {
			h.find("CONN-05").Verdict = suite.Fail
			h.d.Waivers = append(h.d.Waivers, Waiver{ID: "wvr_2", Requirement: "CONN-05", Cases: []string{"CONN-05"}, State: WaiverApproved, Until: reviewDay.AddDate(0, 1, 0)})
		}, by: both, want: []string{"case-failed"}},

		{name: "another firmware", before: func(h *hearing) { h.d.Submission.Firmware.SHA256 = "bb22" }, by: both, want: []string{"stale-firmware"}},
		{name: "another firmware afterwards", by: both, after: func(h *hearing) { h.d.Submission.Firmware.SHA256 = "bb22" }, want: []string{"checklist", "evidence-changed", "stale-firmware", "two-approvers"}},
		{name: "another release of the suite", before: func(h *hearing) { h.find("CONN-05").Suite = "0.9.0" }, by: both, want: []string{"stale-suite"}},
		{name: "a new run afterwards", by: both, after: func(h *hearing) { h.find("CONN-05").Run = "run_2" }, want: []string{"evidence-changed", "two-approvers"}},
		{name: "another finding afterwards", by: both, after: func(h *hearing) {
			h.find("READ-01[2.2]").Findings = []suite.Finding{{Verdict: suite.Warn, Message: "slow"}}
		}, want: []string{"evidence-changed", "two-approvers"}},

		{name: "a condition whose date has passed", before: func(h *hearing) { h.d.Conditions[0].Due = reviewDay }, by: both, want: []string{"condition-date"}},
		{name: "another condition afterwards", by: both, after: func(h *hearing) { h.d.Conditions = nil }, want: []string{"evidence-changed", "two-approvers"}},
		{name: "a document that came afterwards", by: both, after: func(h *hearing) {
			h.d.Documents = append(h.d.Documents, Document{Kind: "sbom", SHA256: "cc"})
		}, want: []string{"checklist", "evidence-changed", "two-approvers"}},

		{name: "an item that is not all right", by: both, after: func(h *hearing) {
			h.marks = append(h.marks, Mark{Item: "sbom", Note: "empty", Papers: h.d.Papers, By: "acc_ben"})
		}, want: []string{"checklist"}},
		{name: "an item that only a third reviewer marked", by: both, after: func(h *hearing) {
			for i := range h.marks {
				if h.marks[i].Item == "sbom" {
					h.marks[i].By = "acc_cyd"
				}
			}
		}, want: []string{"checklist"}},
		{name: "an item that only the other one marked", by: both, after: func(h *hearing) {
			for i := range h.marks {
				h.marks[i].By = "acc_ben"
			}
		}},

		{name: "a third reviewer asked for changes on this evidence", by: both, after: func(h *hearing) {
			h.decisions = append(h.decisions, Decision{Round: 2, Reviewer: "acc_cyd", Kind: RequestChanges, Evidence: h.d.SHA256})
		}, want: []string{"changes-outstanding"}},
		{name: "on evidence that is no more", by: both, after: func(h *hearing) {
			h.decisions = append(h.decisions, Decision{Round: 2, Reviewer: "acc_cyd", Kind: RequestChanges, Evidence: "00"})
		}},

		{name: "a case of the certificate that is followed", before: inherits(Active, "PM-2026-000001"), by: both},
		{name: "which is suspended", before: inherits(Suspended, "PM-2026-000001"), by: both},
		{name: "which is revoked", before: inherits(Revoked, "PM-2026-000001"), by: both, want: []string{"source-certificate"}},
		{name: "of another certificate", before: inherits(Active, "PM-2026-000002"), by: both, want: []string{"source-certificate"}},
		{name: "of a parent that is suspended", before: func(h *hearing) {
			inherits(Suspended, "PM-2026-000001")(h)
			h.d.Submission.Parent = "PM-2026-000001"
		}, by: both, want: []string{"source-certificate"}},
		{name: "that was not run there either", before: func(h *hearing) {
			inherits(Active, "PM-2026-000001")(h)
			h.find("CONN-05").Verdict = ""
		}, by: both, want: []string{"case-open"}},
		{name: "that failed there", before: func(h *hearing) {
			inherits(Active, "PM-2026-000001")(h)
			h.find("CONN-05").Verdict = suite.Fail
		}, by: both, want: []string{"case-failed"}},

		{name: "a class that nobody confirmed", before: changed(""), by: both, want: []string{"class-unconfirmed"}},
		{name: "one that a member of the vendor confirmed", before: changed("acc_member"), by: both, want: []string{"class-unconfirmed"}},
		{name: "one that a reviewer confirmed", before: changed("acc_cyd"), by: both},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := settledHearing()
			if c.before != nil {
				c.before(h)
			}
			h.approved(t, c.by...)
			if c.after != nil {
				c.after(h)
			}
			if got := h.refusals(t); !slices.Equal(got, c.want) {
				t.Errorf("refused by %v, want %v", got, c.want)
			}
		})
	}
}

func inherits(s CertificateState, from string) func(h *hearing) {
	return func(h *hearing) {
		h.d.Source = &Source{"PM-2026-000001", s}
		c := h.find("CONN-05")
		c.Inherited, c.Firmware, c.Suite = from, "ff", "0.9.0"
	}
}

func changed(confirmedBy string) func(h *hearing) {
	return func(h *hearing) {
		c := &Classification{Class: ClassB, Applies: []ChangeClass{ClassB}, ConfirmedBy: confirmedBy}
		if confirmedBy != "" {
			c.ConfirmedAt = reviewDay
		}
		h.d.Submission.Class, h.d.Submission.Classification = ClassB, c
	}
}

// What an approval is bound to does not depend on the order in which the parts
// were read, nor on what people think of it.
func TestTheEvidenceHashIsOfTheEvidence(t *testing.T) {
	h := settledHearing()
	h.assemble(t)
	was := h.d.SHA256
	slices.Reverse(h.d.Cases)
	h.d.Conditions[0].Due = h.d.Conditions[0].Due.In(time.FixedZone("IST", 19800))
	h.d.Submission.Rev, h.d.Submission.UpdatedAt = 9, reviewDay
	h.assemble(t)
	if h.d.SHA256 != was {
		t.Error("the same evidence has another hash")
	}
	h.d.Submission.Declaration = json.RawMessage(`{"qos2":true}`)
	if h.assemble(t); h.d.SHA256 == was {
		t.Error("another declaration has the same hash")
	}
}
