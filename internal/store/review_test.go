package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/suite"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/registry"
)

// room is where reviews are tried: people, and submissions with what their runs
// came to. Runs themselves are tested where they are made.
type room struct {
	*storeDB
	*certification.Reviews
	org string

	mu        sync.Mutex
	at        time.Time
	cases     map[string][]certification.CaseEvidence // by submission
	operators map[string][]string
}

func newRoom(t testing.TB, db *storeDB) *room {
	t.Helper()
	r := &room{storeDB: db, org: id.New("org"), at: now, cases: map[string][]certification.CaseEvidence{}, operators: map[string][]string{}}
	must(t, db.Write(ctx, "INSERT INTO org (id, name, legal_name, country, created_at, blocked_at) VALUES ($1, 'Aurora', 'Aurora', 'IN', 1, 0)", r.org))
	r.Reviews = certification.NewReviews(db.Programme(), r, r.now)
	return r
}

func (r *room) now() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.at
}

func (r *room) pass(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.at = r.at.Add(d)
}

// CaseEvidence implements certification.Tested.
func (r *room) CaseEvidence(_ context.Context, s certification.Submission) ([]certification.CaseEvidence, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.cases[s.ID]), nil
}

// OperatorsOf implements certification.Tested.
func (r *room) OperatorsOf(_ context.Context, submission string) ([]string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.operators[submission]), nil
}

// ran says what a case comes to from now on.
func (r *room) ran(submission, caseID string, change func(c *certification.CaseEvidence)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.cases[submission] {
		if c := &r.cases[submission][i]; c.ID == caseID {
			change(c)
		}
	}
}

func (r *room) account(t testing.TB) string {
	t.Helper()
	a := auth.Account{ID: id.New("acc"), Name: "somebody", CreatedAt: now}
	must(t, r.Auth().CreateAccount(ctx, a))
	return a.ID
}

func (r *room) reviewer(t testing.TB) certification.Actor {
	t.Helper()
	a := r.account(t)
	must(t, r.Auth().GrantRole(ctx, a, auth.RoleReviewer, now))
	return certification.Actor{Account: a, Reviewer: true}
}

func (r *room) joins(t testing.TB, account string) {
	t.Helper()
	must(t, r.Write(ctx, "INSERT INTO member (org, account, role, since) VALUES ($1, $2, 'member', 1)", r.org, account))
}

func (r *room) leaves(t testing.TB, account string) {
	t.Helper()
	must(t, r.Write(ctx, "DELETE FROM member WHERE org = $1 AND account = $2", r.org, account))
}

const (
	passing = "READ-01[2.1]"
	looked  = "SEC-10"
	failing = "WRITE-03[2.1]"
)

// submission is in review, with a case of each verdict that people deal with.
func (r *room) submission(t testing.TB) certification.Submission {
	t.Helper()
	s := certification.Submission{
		ID: id.New("sub"), Org: r.org, Product: "Pure", Model: "aurora-pure1", Hardware: []string{"A"}, Spec: []byte(`{}`), SpecSHA256: "5e",
		Declaration: []byte(`{"max_payload":512}`), Firmware: certification.Firmware{Version: "1.0.0", SHA256: "aa11"}, Regions: []string{"IN"},
		State: certification.Draft, Round: 1, CreatedBy: r.account(t), CreatedAt: now, UpdatedAt: now,
	}
	p := r.Programme()
	must(t, p.CreateSubmission(ctx, s, nil, nil))
	was := s.State
	s.State, s.SubmittedAt, s.UpdatedAt = certification.InReview, r.now(), r.now()
	must(t, p.SaveSubmission(ctx, was, s, nil, nil))
	s.Rev++
	r.mu.Lock()
	defer r.mu.Unlock()
	for name, v := range map[string]suite.Verdict{passing: suite.Pass, looked: suite.Pass, failing: suite.Pass} {
		requirement, _, _ := strings.Cut(name, "[")
		r.cases[s.ID] = append(r.cases[s.ID], certification.CaseEvidence{
			ID: name, Case: requirement, Requirement: requirement, Verdict: v, Attempts: 1, Run: "run_1", Firmware: "aa11", Suite: suite.Release,
		})
	}
	return s
}

func (r *room) saw(t testing.TB, submission string) *certification.Review {
	t.Helper()
	return get(r.Review(ctx, submission))(t)
}

// marks ticks the whole checklist off.
func (r *room) marks(t testing.TB, who certification.Actor, submission string) {
	t.Helper()
	rv := r.saw(t, submission)
	for _, i := range rv.Checklist {
		_, err := r.Mark(ctx, who, submission, certification.NewMark{Item: i.ID, OK: true, Note: "read", Papers: rv.Papers})
		must(t, err)
	}
}

// approve is the word on what there is now.
func (r *room) approve(t testing.TB, who certification.Actor, submission string) error {
	t.Helper()
	_, err := r.Approve(ctx, who, submission, certification.Ruling{Evidence: r.saw(t, submission).SHA256, Note: "all read"})
	return err
}

func (r *room) state(t testing.TB, submission string) certification.SubmissionState {
	t.Helper()
	return get(r.Programme().Submission(ctx, submission))(t).State
}

// wantRule checks that the error is a refusal by the rule, and of no less kind than it should be.
func wantRule(t testing.TB, err error, rule string) {
	t.Helper()
	var one *certification.Refusal
	var several certification.Refusals
	switch {
	case errors.As(err, &several):
		if !slices.ContainsFunc(several, func(r *certification.Refusal) bool { return r.Rule == rule }) {
			t.Fatalf("refused by %v, want %s", several, rule)
		}
	case errors.As(err, &one):
		if one.Rule != rule {
			t.Fatalf("refused by %v, want %s", one, rule)
		}
	default:
		t.Fatalf("error is %v, want a refusal by %s", err, rule)
	}
}

const because = "the shortfall is bounded, it harms nobody, and the maker mends it by the date"

func (r *room) proposed(t testing.TB, who certification.Actor, submission string) certification.Waiver {
	t.Helper()
	return get(r.ProposeWaiver(ctx, who, submission, certification.NewWaiver{
		Requirement: "WRITE-03", Cases: []string{failing}, Scope: "firmware 1.0.0 in India", Reason: because, Until: r.now().AddDate(0, 3, 0),
	}))(t)
}

// audited are the actions that were written down of a thing.
func (r *room) audited(t testing.TB, subject string) []string {
	return r.words(t, "SELECT action FROM audit_entry WHERE subject = $1 ORDER BY id", subject)
}

func (r *room) noticed(t testing.TB, subject string) []string {
	return r.words(t, "SELECT kind FROM notice WHERE subject = $1 ORDER BY id", subject)
}

func (r *room) words(t testing.TB, query, subject string) (out []string) {
	t.Helper()
	rows, err := r.Pool().QueryContext(ctx, query, subject)
	must(t, err)
	defer rows.Close()
	for rows.Next() {
		var s string
		must(t, rows.Scan(&s))
		out = append(out, s)
	}
	must(t, rows.Err())
	return out
}

var reviewCases = []conformanceCase{
	{"two reviewers approve, and all of it is written down", func(t *testing.T, db *storeDB) {
		r := newRoom(t, db)
		s, ann, ben := r.submission(t), r.reviewer(t), r.reviewer(t)
		r.marks(t, ann, s.ID)
		must(t, r.approve(t, ann, s.ID))
		if got := r.state(t, s.ID); got != certification.InReview {
			t.Fatalf("after one approval it is %s", got)
		}
		rv := r.saw(t, s.ID)
		same(t, rv.Approvers, []string{ann.Account})
		wantRule(t, rv.Against, "two-approvers")
		must(t, r.approve(t, ben, s.ID))
		if got := r.state(t, s.ID); got != certification.Approved {
			t.Fatalf("after two approvals it is %s", got)
		}
		if got := r.noticed(t, s.ID); !slices.Contains(got, "submission.approved") {
			t.Errorf("notices %v", got)
		}
		if got := r.audited(t, s.ID); !slices.Contains(got, "submission.approved") || len(got) != len(rv.Checklist)+3 {
			t.Errorf("audit %v", got)
		}
		wantRule(t, r.approve(t, r.reviewer(t), s.ID), "wrong-state")
	}},
	{"the same person is no second approver", func(t *testing.T, db *storeDB) {
		r := newRoom(t, db)
		s, ann := r.submission(t), r.reviewer(t)
		r.marks(t, ann, s.ID)
		must(t, r.approve(t, ann, s.ID))
		wantRule(t, r.approve(t, ann, s.ID), "approved-already")
		same(t, r.state(t, s.ID), certification.InReview)
	}},
	{"who has a tie does not decide", func(t *testing.T, db *storeDB) {
		r := newRoom(t, db)
		operator, member, left := r.reviewer(t), r.reviewer(t), r.reviewer(t)
		r.joins(t, member.Account)
		r.joins(t, left.Account)
		s := r.submission(t)
		r.leaves(t, left.Account)
		r.operators[s.ID] = []string{operator.Account}
		for rule, who := range map[string]certification.Actor{
			"run-operator": operator, "no-tie": member, "own-submission": {Account: s.CreatedBy, Reviewer: true},
			"reviewer-only": {Account: r.account(t), Operator: true},
		} {
			if rule == "own-submission" {
				must(t, r.Auth().GrantRole(ctx, s.CreatedBy, auth.RoleReviewer, now))
			}
			wantRule(t, r.approve(t, who, s.ID), rule)
			_, err := r.ProposeWaiver(ctx, who, s.ID, certification.NewWaiver{})
			wantRule(t, err, rule)
		}
		wantRule(t, r.approve(t, left, s.ID), "no-tie") // was one when it was submitted
	}},
	{"a reviewer who joins the vendor takes the approval along", func(t *testing.T, db *storeDB) {
		r := newRoom(t, db)
		s, ann, ben, cyd := r.submission(t), r.reviewer(t), r.reviewer(t), r.reviewer(t)
		r.marks(t, cyd, s.ID)
		must(t, r.approve(t, ann, s.ID))
		r.joins(t, ann.Account)
		must(t, r.approve(t, ben, s.ID))
		same(t, r.state(t, s.ID), certification.InReview)
		wantRule(t, r.saw(t, s.ID).Against, "no-tie")
		must(t, r.approve(t, cyd, s.ID))
		same(t, r.state(t, s.ID), certification.Approved)
	}},
	{"what was seen must be what is", func(t *testing.T, db *storeDB) {
		r := newRoom(t, db)
		s, ann, ben := r.submission(t), r.reviewer(t), r.reviewer(t)
		r.marks(t, ann, s.ID)
		saw := r.saw(t, s.ID).SHA256
		must(t, r.approve(t, ann, s.ID))
		r.ran(s.ID, passing, func(c *certification.CaseEvidence) { c.Run = "run_2" })
		_, err := r.Approve(ctx, ben, s.ID, certification.Ruling{Evidence: saw})
		wantRule(t, err, "evidence-changed")
		must(t, r.approve(t, ben, s.ID)) // is the first now
		same(t, r.state(t, s.ID), certification.InReview)
		wantRule(t, r.saw(t, s.ID).Against, "evidence-changed")
		must(t, r.approve(t, ann, s.ID))
		same(t, r.state(t, s.ID), certification.Approved)
	}},
	{"nothing open is approved", func(t *testing.T, db *storeDB) {
		r := newRoom(t, db)
		s, ann := r.submission(t), r.reviewer(t)
		wantRule(t, r.approve(t, ann, s.ID), "checklist")
		r.marks(t, ann, s.ID)
		for rule, change := range map[string]func(c *certification.CaseEvidence){
			"case-failed":    func(c *certification.CaseEvidence) { c.Verdict = suite.Fail },
			"stale-firmware": func(c *certification.CaseEvidence) { c.Firmware = "bb22" },
			"stale-suite":    func(c *certification.CaseEvidence) { c.Suite = "0.9.0" },
			"case-open":      func(c *certification.CaseEvidence) { c.Verdict = "" },
		} {
			was := r.cases[s.ID][0]
			r.ran(s.ID, was.ID, change)
			wantRule(t, r.approve(t, ann, s.ID), rule)
			r.ran(s.ID, was.ID, func(c *certification.CaseEvidence) { *c = was })
		}
		must(t, r.approve(t, ann, s.ID))
	}},
	{"a REVIEW verdict is accepted for its run", func(t *testing.T, db *storeDB) {
		r := newRoom(t, db)
		s, ann := r.submission(t), r.reviewer(t)
		r.marks(t, ann, s.ID)
		r.ran(s.ID, looked, func(c *certification.CaseEvidence) { c.Verdict = suite.Review })
		wantRule(t, r.approve(t, ann, s.ID), "case-review")
		_, err := r.Accept(ctx, ann, s.ID, passing, "run_1", "the photo shows it")
		wantRule(t, err, "accept-review")
		_, err = r.Accept(ctx, ann, s.ID, looked, "run_0", "the photo shows it")
		wantRule(t, err, "accept-run")
		_, err = r.Accept(ctx, ann, s.ID, "NET-99", "run_1", "the photo shows it")
		wantRule(t, err, "unknown-case")
		rv := get(r.Accept(ctx, ann, s.ID, looked, "run_1", "the photo shows it"))(t)
		if i := slices.IndexFunc(rv.Cases, func(c certification.CaseEvidence) bool { return c.ID == looked }); rv.Cases[i].Accepted == nil || rv.Cases[i].Accepted.By != ann.Account {
			t.Errorf("%+v", rv.Cases[i])
		}
		must(t, r.approve(t, ann, s.ID))
		r.ran(s.ID, looked, func(c *certification.CaseEvidence) { c.Run = "run_2" })
		wantRule(t, r.saw(t, s.ID).Against, "case-review")
	}},
	{"changes are asked for, and nobody approves over them", func(t *testing.T, db *storeDB) {
		r := newRoom(t, db)
		s, ann, ben := r.submission(t), r.reviewer(t), r.reviewer(t)
		saw := r.saw(t, s.ID).SHA256
		_, err := r.RequestChanges(ctx, ann, s.ID, certification.Ruling{Evidence: saw, Reason: "the SBOM is empty"})
		wantRule(t, err, "asked")
		_, err = r.RequestChanges(ctx, ann, s.ID, certification.Ruling{Evidence: saw, Reason: "the SBOM is empty", Asked: []certification.Asked{{Case: "NET-99", Text: "name the components"}}})
		wantRule(t, err, "unknown-case")
		rv := get(r.RequestChanges(ctx, ann, s.ID, certification.Ruling{
			Evidence: saw, Reason: "the SBOM is empty", Note: "odd", Asked: []certification.Asked{{Case: passing, Text: "name the components"}},
		}))(t)
		same(t, rv.Submission.State, certification.ChangesRequested)
		same(t, rv.Decisions[0].Asked[0].Case, passing)
		if got := r.noticed(t, s.ID); !slices.Contains(got, "submission.changes-requested") {
			t.Errorf("notices %v", got)
		}
		// Back in review with nothing changed.
		back := get(db.Programme().Submission(ctx, s.ID))(t)
		back.State = certification.InReview
		must(t, db.Programme().SaveSubmission(ctx, certification.ChangesRequested, back, nil, nil))
		r.marks(t, ben, s.ID)
		wantRule(t, r.approve(t, ben, s.ID), "changes-outstanding")
		r.ran(s.ID, passing, func(c *certification.CaseEvidence) { c.Run = "run_2" })
		must(t, r.approve(t, ben, s.ID))
	}},
	{"a rejection needs its reason and is final", func(t *testing.T, db *storeDB) {
		r := newRoom(t, db)
		s, ann := r.submission(t), r.reviewer(t)
		saw := r.saw(t, s.ID).SHA256
		_, err := r.Reject(ctx, ann, s.ID, certification.Ruling{Evidence: saw, Reason: "no"})
		wantRule(t, err, "reason")
		get(r.Reject(ctx, ann, s.ID, certification.Ruling{Evidence: saw, Reason: "it is a copy of another product"}))(t)
		same(t, r.state(t, s.ID), certification.Rejected)
		_, err = r.Comment(ctx, ann, s.ID, certification.NewComment{Text: "really"})
		wantRule(t, err, "wrong-state")
	}},
	{"an approval is taken back until something is issued", func(t *testing.T, db *storeDB) {
		r := newRoom(t, db)
		s, ann, ben := r.submission(t), r.reviewer(t), r.reviewer(t)
		_, err := r.TakeBackApproval(ctx, ann, s.ID, "I looked at another one")
		wantRule(t, err, "not-approved")
		r.marks(t, ann, s.ID)
		must(t, r.approve(t, ann, s.ID))
		must(t, r.approve(t, ben, s.ID))
		rv := get(r.TakeBackApproval(ctx, ben, s.ID, "I looked at another one"))(t)
		same(t, rv.Submission.State, certification.InReview)
		same(t, rv.Approvers, []string{ann.Account})
		must(t, r.approve(t, ben, s.ID))
		issuing := get(db.Programme().Submission(ctx, s.ID))(t)
		issuing.State = certification.Issuing
		must(t, db.Programme().SaveSubmission(ctx, certification.Approved, issuing, nil, nil))
		_, err = r.TakeBackApproval(ctx, ben, s.ID, "I looked at another one")
		wantRule(t, err, "wrong-state")
	}},
	{"a run is to be made again", func(t *testing.T, db *storeDB) {
		r := newRoom(t, db)
		s, ann := r.submission(t), r.reviewer(t)
		get(r.Repeat(ctx, ann, s.ID, "the clock of the bench was wrong"))(t)
		same(t, r.state(t, s.ID), certification.Testing)
	}},
	{"conditions are part of what is approved", func(t *testing.T, db *storeDB) {
		r := newRoom(t, db)
		s, ann, ben := r.submission(t), r.reviewer(t), r.reviewer(t)
		r.marks(t, ann, s.ID)
		for rule, c := range map[string]certification.NewCondition{
			"condition-date": {Text: "mend the backoff of the device", Due: r.now()},
			"condition-text": {Text: "mend", Due: r.now().AddDate(0, 1, 0)},
		} {
			_, err := r.SetConditions(ctx, ann, s.ID, []certification.NewCondition{c})
			wantRule(t, err, rule)
		}
		_, err := r.SetConditions(ctx, ann, s.ID, []certification.NewCondition{{Text: "mend the backoff of the device", Due: r.now().AddDate(1, 0, 0)}})
		wantRule(t, err, "condition-date")
		must(t, r.approve(t, ann, s.ID))
		rv := get(r.SetConditions(ctx, ben, s.ID, []certification.NewCondition{{Text: "mend the backoff of the device", Due: r.now().AddDate(0, 1, 0)}}))(t)
		if len(rv.Approvers) != 0 || len(rv.Conditions) != 1 || rv.Conditions[0].ID == "" {
			t.Errorf("approvers %v, conditions %+v", rv.Approvers, rv.Conditions)
		}
		must(t, r.approve(t, ben, s.ID))
		must(t, r.approve(t, ann, s.ID))
		same(t, r.state(t, s.ID), certification.Approved)
	}},
	{"comments are public or not, answered, and never edited", func(t *testing.T, db *storeDB) {
		r := newRoom(t, db)
		s, ann := r.submission(t), r.reviewer(t)
		vendor := certification.Actor{Account: r.account(t), Orgs: []string{r.org}}
		internal := get(r.Comment(ctx, ann, s.ID, certification.NewComment{Case: passing, Text: "odd timing"}))(t)
		public := get(r.Comment(ctx, ann, s.ID, certification.NewComment{Case: passing, Public: true, Text: "why 3 s?"}))(t)
		reply := get(r.Comment(ctx, vendor, s.ID, certification.NewComment{ReplyTo: public.ID, Text: "flash erase"}))(t)
		if !reply.Public || !reply.Vendor {
			t.Errorf("%+v", reply)
		}
		_, err := r.Comment(ctx, vendor, s.ID, certification.NewComment{ReplyTo: internal.ID, Text: "?"})
		wantRule(t, err, "comment-reply")
		_, err = r.Comment(ctx, ann, s.ID, certification.NewComment{ReplyTo: internal.ID, Public: true, Text: "?"})
		wantRule(t, err, "comment-reply")
		_, err = r.Comment(ctx, ann, s.ID, certification.NewComment{Text: " "})
		wantRule(t, err, "comment-text")
		_, err = r.Comment(ctx, certification.Actor{Account: r.account(t)}, s.ID, certification.NewComment{Text: "hello"})
		wantRule(t, err, "reviewer-only")
		rv := r.saw(t, s.ID)
		same(t, rv.Comments, []certification.Comment{internal, public, reply})
		same(t, rv.Submission.Rev, s.Rev) // they touch no evidence
	}},
	{"marks are of the papers that were seen", func(t *testing.T, db *storeDB) {
		r := newRoom(t, db)
		s, ann := r.submission(t), r.reviewer(t)
		rv := r.saw(t, s.ID)
		_, err := r.Mark(ctx, ann, s.ID, certification.NewMark{Item: "horoscope", OK: true, Note: "read", Papers: rv.Papers})
		wantRule(t, err, "unknown-item")
		_, err = r.Mark(ctx, ann, s.ID, certification.NewMark{Item: "sbom", OK: true, Note: "read", Papers: "00"})
		wantRule(t, err, "evidence-changed")
		_, err = r.Mark(ctx, ann, s.ID, certification.NewMark{Item: "sbom", OK: true, Papers: rv.Papers})
		wantRule(t, err, "note")
	}},
	{"the queue has the oldest first", func(t *testing.T, db *storeDB) {
		r := newRoom(t, db)
		ann := r.reviewer(t)
		var ids []string
		for range 3 {
			s := r.submission(t)
			ids = append(ids, s.ID)
			r.pass(time.Hour)
		}
		must(t, r.Claim(ctx, ann, ids[1]))
		must(t, r.Claim(ctx, ann, ids[1]))
		order := func(q certification.QueueQuery) (out []string) {
			q.Org = r.org
			for _, found := range get(r.Queue(ctx, q))(t) {
				out = append(out, found.Submission.ID)
			}
			return out
		}
		same(t, order(certification.QueueQuery{}), ids)
		same(t, order(certification.QueueQuery{Newest: true}), []string{ids[2], ids[1], ids[0]})
		same(t, order(certification.QueueQuery{ClaimedBy: ann.Account}), ids[1:2])
		same(t, order(certification.QueueQuery{Unclaimed: true}), []string{ids[0], ids[2]})
		first, b := certification.FirstTime, certification.ClassB
		same(t, order(certification.QueueQuery{Class: &first}), ids)
		same(t, order(certification.QueueQuery{Class: &b}), []string(nil))
		same(t, order(certification.QueueQuery{Model: "other"}), []string(nil))
		page := get(r.Queue(ctx, certification.QueueQuery{Org: r.org, Limit: 2}))(t)
		same(t, order(certification.QueueQuery{After: page[1].Cursor()}), ids[2:])
		page = get(r.Queue(ctx, certification.QueueQuery{Org: r.org, Limit: 1, Newest: true}))(t)
		same(t, order(certification.QueueQuery{Newest: true, After: page[0].Cursor()}), []string{ids[1], ids[0]})
		if q := get(r.Queue(ctx, certification.QueueQuery{ClaimedBy: ann.Account}))(t)[0]; q.Counts["PASS"] != 3 || len(q.Claims) != 1 || !q.Since.Equal(now.Add(time.Hour)) {
			t.Errorf("%+v", q)
		}
		must(t, r.Unclaim(ctx, ann, ids[1]))
		same(t, order(certification.QueueQuery{ClaimedBy: ann.Account}), []string(nil))
	}},
	{"the time in a state does not begin anew with every change", func(t *testing.T, db *storeDB) {
		r := newRoom(t, db)
		s, ann := r.submission(t), r.reviewer(t)
		r.pass(time.Hour)
		r.marks(t, ann, s.ID)
		q := get(r.Queue(ctx, certification.QueueQuery{Org: r.org}))(t)
		same(t, q[0].Since, now)
	}},
}

// TestServiceLevel wants a database of its own: it counts all that wait.
func TestServiceLevel(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *storeDB) {
		r := newRoom(t, db)
		same(t, get(r.ServiceLevel(ctx))(t), certification.ServiceLevel{State: certification.InReview})
		for _, since := range []time.Duration{time.Hour, 2 * time.Hour, 3 * time.Hour, 10 * time.Hour} {
			r.mu.Lock()
			r.at = now.Add(-since)
			r.mu.Unlock()
			r.submission(t)
		}
		r.mu.Lock()
		r.at = now
		r.mu.Unlock()
		same(t, get(r.ServiceLevel(ctx))(t), certification.ServiceLevel{
			State: certification.InReview, Waiting: 4, Median: 150 * time.Minute, Oldest: 10 * time.Hour,
		})
	})
}

// TestTwoReviewersAtTheSameMoment lets several approve at once: exactly two of
// them are counted, one of them as the first and one as the second.
func TestTwoReviewersAtTheSameMoment(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *storeDB) {
		r := newRoom(t, db)
		reviewers := []certification.Actor{r.reviewer(t), r.reviewer(t), r.reviewer(t), r.reviewer(t)}
		for range 10 {
			s := r.submission(t)
			// Whoever approves must have marked the list, or the other one.
			for _, who := range reviewers {
				r.marks(t, who, s.ID)
			}
			saw := r.saw(t, s.ID).SHA256
			errs := together(len(reviewers), func(i int) error {
				_, err := r.Approve(ctx, reviewers[i], s.ID, certification.Ruling{Evidence: saw})
				return err
			})
			done := 0
			for _, err := range errs {
				switch {
				case err == nil:
					done++
				case errors.Is(err, registry.ErrConflict):
				default:
					wantRule(t, err, "wrong-state")
				}
			}
			decisions := get(db.Programme().Decisions(ctx, s.ID))(t)
			if done != 2 || len(decisions) != 2 || r.state(t, s.ID) != certification.Approved {
				t.Fatalf("%d succeeded, %d are stored, it is %s: %v", done, len(decisions), r.state(t, s.ID), errs)
			}
			told := 0
			for _, kind := range r.noticed(t, s.ID) {
				if kind == "submission.approved" {
					told++
				}
			}
			if told != 1 {
				t.Fatalf("told %d times", told)
			}
		}
	})
}

// TestAWaiverEndsWhileSomebodyApproves lets both happen at once: there never is an
// approval that rests on a waiver that was taken back.
func TestAWaiverEndsWhileSomebodyApproves(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *storeDB) {
		r := newRoom(t, db)
		ann, ben := r.reviewer(t), r.reviewer(t)
		for range 10 {
			s := r.submission(t)
			r.ran(s.ID, failing, func(c *certification.CaseEvidence) { c.Verdict = suite.Fail })
			w := r.proposed(t, ann, s.ID)
			get(r.DecideWaiver(ctx, ben, w.ID, true, "bounded and harmless"))(t)
			r.marks(t, ann, s.ID)
			must(t, r.approve(t, ann, s.ID))
			saw := r.saw(t, s.ID).SHA256
			errs := together(2, func(i int) error {
				var err error
				if i == 0 {
					_, err = r.Approve(ctx, ben, s.ID, certification.Ruling{Evidence: saw})
				} else {
					_, err = r.TakeBackWaiver(ctx, ann, w.ID, "the maker has not answered")
				}
				return err
			})
			must(t, errs[1])
			if got := r.state(t, s.ID); got != certification.InReview {
				t.Fatalf("it is %s without its waiver (%v)", got, errs[0])
			}
			if errs[0] != nil {
				wantRule(t, errs[0], "evidence-changed")
			}
		}
	})
}

var waiverCases = []conformanceCase{
	{"one proposes, another approves, and it covers until its date", func(t *testing.T, db *storeDB) {
		r := newRoom(t, db)
		s, ann, ben := r.submission(t), r.reviewer(t), r.reviewer(t)
		r.ran(s.ID, failing, func(c *certification.CaseEvidence) { c.Verdict = suite.Fail })
		r.marks(t, ann, s.ID)
		w := r.proposed(t, ann, s.ID)
		same(t, get(db.Programme().Waiver(ctx, w.ID))(t), w)
		wantRule(t, r.approve(t, ann, s.ID), "case-failed")
		_, err := r.DecideWaiver(ctx, ann, w.ID, true, "bounded and harmless")
		wantRule(t, err, "waiver-two-people")
		w = get(r.DecideWaiver(ctx, ben, w.ID, true, "bounded and harmless"))(t)
		same(t, w.State, certification.WaiverApproved)
		_, err = r.DecideWaiver(ctx, ben, w.ID, true, "bounded and harmless")
		wantRule(t, err, "waiver-state")
		must(t, r.approve(t, ann, s.ID))
		must(t, r.approve(t, ben, s.ID))
		same(t, r.audited(t, w.ID), []string{"waiver.proposed", "waiver.approved"})
		if p := w.Public(); p.Sentence == "" || strings.Contains(fmt.Sprint(p), "acc_") {
			t.Errorf("%+v", p)
		}

		// Its date passes before anything is issued.
		wantError(t, r.EndWaiver(ctx, w.ID), certification.ErrState)
		r.pass(93 * 24 * time.Hour)
		wantRule(t, get(r.StillReady(ctx, s.ID))(t), "case-failed")
		must(t, r.EndWaiver(ctx, w.ID))
		must(t, r.EndWaiver(ctx, w.ID))
		same(t, get(db.Programme().Waiver(ctx, w.ID))(t).State, certification.WaiverEnded)
		same(t, r.state(t, s.ID), certification.InReview)
		same(t, r.noticed(t, w.ID), []string{"waiver.proposed", "waiver.approved", "waiver.ended"})
	}},
	{"its job is due when its last moment has passed", func(t *testing.T, db *storeDB) {
		r := newRoom(t, db)
		s, ann := r.submission(t), r.reviewer(t)
		w := r.proposed(t, ann, s.ID)
		var due int64
		must(t, db.Pool().QueryRowContext(ctx, "SELECT due_at FROM job WHERE kind = $1 AND key = $2", certification.WaiverEndJob, w.ID).Scan(&due))
		same(t, due, w.Until.UnixMicro()+1)
	}},
	{"its end on an issued certificate leaves the submission alone", func(t *testing.T, db *storeDB) {
		r := newRoom(t, db)
		s, ann, ben := r.submission(t), r.reviewer(t), r.reviewer(t)
		w := r.proposed(t, ann, s.ID)
		get(r.DecideWaiver(ctx, ben, w.ID, true, "bounded and harmless"))(t)
		certified := get(db.Programme().Submission(ctx, s.ID))(t)
		certified.State = certification.Certified
		must(t, db.Programme().SaveSubmission(ctx, certification.InReview, certified, nil, nil))
		rev := get(db.Programme().Submission(ctx, s.ID))(t).Rev
		get(r.TakeBackWaiver(ctx, ben, w.ID, "the maker does not answer"))(t)
		same(t, get(db.Programme().Submission(ctx, s.ID))(t).Rev, rev)
		same(t, r.noticed(t, w.ID)[2:], []string{"waiver.ended"})
	}},
	{"what is proposed is held to the rules", func(t *testing.T, db *storeDB) {
		r := newRoom(t, db)
		s, ann, ben := r.submission(t), r.reviewer(t), r.reviewer(t)
		for _, c := range []struct {
			rule   string
			change func(w *certification.NewWaiver)
		}{
			{"unwaivable", func(w *certification.NewWaiver) { w.Requirement = "CONN-05" }},
			{"unwaivable", func(w *certification.NewWaiver) { w.Requirement = "SEC-03" }},
			{"waiver-cases", func(w *certification.NewWaiver) { w.Requirement = "WRITE-99" }},
			{"waiver-cases", func(w *certification.NewWaiver) { w.Requirement = "READ-01" }},
			{"waiver-cases", func(w *certification.NewWaiver) { w.Cases = nil }},
			{"waiver-cases", func(w *certification.NewWaiver) { w.Cases = []string{failing, failing} }},
			{"waiver-cases", func(w *certification.NewWaiver) { w.Cases = []string{"WRITE-03[9.9]"} }},
			{"waiver-reason", func(w *certification.NewWaiver) { w.Reason = "because" }},
			{"waiver-reason", func(w *certification.NewWaiver) { w.Scope = "all" }},
			{"waiver-date", func(w *certification.NewWaiver) { w.Until = r.now() }},
			{"waiver-date", func(w *certification.NewWaiver) { w.Until = r.now().AddDate(1, 0, 1) }},
		} {
			in := certification.NewWaiver{Requirement: "WRITE-03", Cases: []string{failing}, Scope: "firmware 1.0.0 in India", Reason: because, Until: r.now().AddDate(0, 3, 0)}
			c.change(&in)
			_, err := r.ProposeWaiver(ctx, ann, s.ID, in)
			wantRule(t, err, c.rule)
		}
		late := r.proposed(t, ann, s.ID)
		r.pass(92 * 24 * time.Hour)
		_, err := r.DecideWaiver(ctx, ben, late.ID, true, "bounded and harmless")
		wantRule(t, err, "waiver-date")
		get(r.DecideWaiver(ctx, ben, late.ID, false, "its date has passed"))(t)
		_, err = r.TakeBackWaiver(ctx, ann, late.ID, "its date has passed")
		wantRule(t, err, "waiver-state")
	}},
	{"the database itself wants two people", func(t *testing.T, db *storeDB) {
		r := newRoom(t, db)
		s, ann := r.submission(t), r.reviewer(t)
		w := r.proposed(t, ann, s.ID)
		was := w.State
		w.State, w.DecidedBy = certification.WaiverApproved, ann.Account
		if err := db.Programme().SaveReview(ctx, certification.ReviewChange{Waiver: &w, WaiverWas: was}); err == nil {
			t.Error("a waiver was approved by who proposed it")
		}
	}},
}
