package store_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/suite"
)

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
