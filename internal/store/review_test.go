package store_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/suite"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/registry"
)

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
				must(t, r.Auth().GrantRole(ctx, s.CreatedBy, auth.RoleReviewer, now, decision(s.CreatedBy)))
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
	{"the queue counts anew what has changed, and only that", func(t *testing.T, db *storeDB) {
		r := newRoom(t, db)
		first, second, ann := r.submission(t), r.submission(t), r.reviewer(t)
		counts := func() (passes, fails []int) {
			t.Helper()
			for _, q := range get(r.Queue(ctx, certification.QueueQuery{Org: r.org}))(t) {
				passes, fails = append(passes, q.Counts["PASS"]), append(fails, q.Counts["FAIL"])
			}
			return passes, fails
		}
		passes, fails := counts()
		same(t, [][]int{passes, fails}, [][]int{{3, 3}, {0, 0}})
		r.ran(first.ID, passing, func(c *certification.CaseEvidence) { c.Verdict = suite.Fail })
		passes, fails = counts() // what is kept is shown: no run of the submission says otherwise
		same(t, [][]int{passes, fails}, [][]int{{3, 3}, {0, 0}})
		run := get(db.Programme().CreateRun(ctx, runOf(first, suite.Quick), 20, nil, nil))(t)
		passes, fails = counts()
		same(t, [][]int{passes, fails}, [][]int{{2, 3}, {1, 0}})
		r.ran(first.ID, passing, func(c *certification.CaseEvidence) { c.Verdict = suite.Pass })
		run.State = certification.RunCancelled
		_ = get(db.Programme().SaveRun(ctx, certification.RunQueued, run, nil, nil, nil))(t)
		passes, fails = counts()
		same(t, [][]int{passes, fails}, [][]int{{3, 3}, {0, 0}})
		r.ran(second.ID, passing, func(c *certification.CaseEvidence) { c.Verdict = suite.Fail })
		r.marks(t, ann, first.ID)
		must(t, r.approve(t, ann, first.ID)) // the submission is another one
		_, fails = counts()
		same(t, fails[0], 0)
		// Another release of the suite counts for itself.
		page := get(r.Queue(ctx, certification.QueueQuery{Org: r.org}))(t)
		of := page[0].Counted
		of.Suite = "0.0.1"
		must(t, db.Programme().KeepCounts(ctx, of, map[string]int{"PASS": 77}))
		passes, _ = counts()
		same(t, passes[0], 3)
		same(t, []int{page[0].Approvals, page[1].Approvals}, []int{1, 0})
		r.joins(t, ann.Account) // and the approval counts no more
		same(t, get(r.Queue(ctx, certification.QueueQuery{Org: r.org}))(t)[0].Approvals, 0)
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
