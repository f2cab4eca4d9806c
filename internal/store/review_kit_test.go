package store_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/suite"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/id"
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
func (r *room) CaseEvidence(_ context.Context, s certification.Submission, _ string) ([]certification.CaseEvidence, error) {
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
	must(t, r.Auth().CreateAccount(ctx, a, decision(a.ID)))
	return a.ID
}

func (r *room) reviewer(t testing.TB) certification.Actor {
	t.Helper()
	a := r.account(t)
	must(t, r.Auth().GrantRole(ctx, a, auth.RoleReviewer, now, decision(a)))
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
