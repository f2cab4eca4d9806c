package store_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/suite"
)

// TestOnlyWhatMayBeIsApproved lets reviewers, a vendor, runs and time do anything
// in any order, beside a model of its own that says of each approval whether it
// must be taken, and when the submission is approved.
func TestOnlyWhatMayBeIsApproved(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *storeDB) {
		approved := 0
		people := newRoom(t, db)
		reviewers := []certification.Actor{people.reviewer(t), people.reviewer(t), people.reviewer(t)}
		rapid.Check(t, func(rt *rapid.T) {
			m := newReviewModel(t, db, reviewers)
			acts := map[string]func(*rapid.T){
				"run a case": m.run, "repeat a failed case": m.repeat, "run all well": m.runAll, "accept": m.accept, "new firmware": m.reflash,
				"propose a waiver": m.propose, "decide on it": m.decide, "take it back": m.takeBack, "its date": m.end,
				"join the vendor": m.join, "operate": m.operate, "mark": m.mark, "condition": m.condition,
				"approve": m.approve, "approve too": m.approve, "and again": m.approve, "withdraw": m.withdraw, "time": m.time,
			}
			names := slices.Sorted(maps.Keys(acts))
			for range rapid.IntRange(4, 24).Draw(rt, "acts") {
				acts[rapid.SampledFrom(names).Draw(rt, "act")](rt)
				m.check(rt)
			}
			if m.ever {
				approved++
			}
		})
		t.Logf("approved in %d sequences", approved)
	})
}

type modelCase struct {
	verdict          suite.Verdict
	attempts, failed int
	run              int
	firmware         string
}

type reviewModel struct {
	t      *testing.T
	r      *room
	sub    string
	people []certification.Actor

	state      certification.SubmissionState
	ever       bool
	firmware   string
	runs       int
	cases      map[string]*modelCase
	waiver     certification.Waiver
	accepted   map[int]string // run → who
	due        time.Time      // of the condition
	conditions int
	tied       map[string]bool
	marked     map[[2]string]bool // who and firmware: what was read stays read
	approvals  map[string]string  // who → evidence
}

func newReviewModel(t *testing.T, db *storeDB, people []certification.Actor) *reviewModel {
	r := newRoom(t, db)
	m := &reviewModel{
		t: t, r: r, sub: r.submission(t).ID, people: people,
		state: certification.InReview, firmware: "aa11", cases: map[string]*modelCase{}, accepted: map[int]string{},
		tied: map[string]bool{}, marked: map[[2]string]bool{}, approvals: map[string]string{},
	}
	for _, id := range []string{passing, looked, failing} {
		m.cases[id] = &modelCase{verdict: suite.Pass, attempts: 1, run: 1, firmware: "aa11"}
	}
	m.runs = 1
	// Somebody has read everything, or nothing would ever be approved.
	r.marks(t, m.people[0], m.sub)
	m.marked[[2]string{m.people[0].Account, m.firmware}] = true
	return m
}

func (m *reviewModel) who(t *rapid.T) certification.Actor {
	return rapid.SampledFrom(m.people).Draw(t, "who")
}

func (m *reviewModel) caseID(t *rapid.T) string {
	return rapid.SampledFrom([]string{passing, looked, failing}).Draw(t, "case")
}

// ends stores what a case comes to: the runs are made while it is in review, which
// the rest of the programme would not allow.
func (m *reviewModel) ends(id string, v suite.Verdict, attempts, failed int) {
	if m.state != certification.InReview {
		return
	}
	m.runs++
	m.cases[id] = &modelCase{v, attempts, failed, m.runs, m.firmware}
	run, firmware := fmt.Sprintf("run_%d", m.runs), m.firmware
	m.r.ran(m.sub, id, func(c *certification.CaseEvidence) {
		c.Verdict, c.Attempts, c.Failed, c.Run, c.Firmware = v, attempts, failed, run, firmware
	})
}

func (m *reviewModel) run(t *rapid.T) {
	v := rapid.SampledFrom([]suite.Verdict{suite.Pass, suite.Warn, suite.Fail, suite.Review, suite.NotFor, suite.Skipped, suite.Inconclusive, ""}).Draw(t, "verdict")
	failed := 0
	if v == suite.Fail {
		failed = 1
	}
	m.ends(m.caseID(t), v, 1, failed)
}

func (m *reviewModel) repeat(t *rapid.T) {
	n := rapid.IntRange(2, 5).Draw(t, "attempts")
	m.ends(m.caseID(t), rapid.SampledFrom([]suite.Verdict{suite.Pass, suite.Warn}).Draw(t, "verdict"), n, 1)
}

func (m *reviewModel) runAll(*rapid.T) {
	for _, id := range []string{passing, looked, failing} {
		m.ends(id, suite.Pass, 1, 0)
	}
}

func (m *reviewModel) accept(t *rapid.T) {
	id, who := m.caseID(t), m.who(t)
	c := m.cases[id]
	_, err := m.r.Accept(ctx, who, m.sub, id, fmt.Sprintf("run_%d", c.run), "it is as it should be")
	ok := m.state == certification.InReview && !m.tied[who.Account] && c.verdict == suite.Review
	m.want(t, "accept", err, ok)
	if ok {
		m.accepted[c.run] = who.Account
	}
}

func (m *reviewModel) reflash(t *rapid.T) {
	if m.state != certification.InReview {
		return
	}
	m.firmware = rapid.SampledFrom([]string{"aa11", "bb22"}).Draw(t, "firmware")
	s := get(m.r.Programme().Submission(ctx, m.sub))(m.t)
	s.Firmware.SHA256 = m.firmware
	must(m.t, m.r.Programme().SaveSubmission(ctx, s.State, s, nil, nil))
}

func (m *reviewModel) propose(t *rapid.T) {
	who := m.who(t)
	w, err := m.r.ProposeWaiver(ctx, who, m.sub, certification.NewWaiver{
		Requirement: "WRITE-03", Cases: []string{failing}, Scope: "firmware 1.0.0 in India", Reason: because, Until: m.r.now().AddDate(0, 3, 0),
	})
	ok := m.state == certification.InReview && !m.tied[who.Account]
	m.want(t, "propose", err, ok)
	if !ok {
		return
	}
	// Only the last one is followed: one that holds is ended first.
	if m.waiver.State == certification.WaiverApproved {
		for _, p := range m.people {
			if !m.tied[p.Account] {
				get(m.r.TakeBackWaiver(ctx, p, m.waiver.ID, "another one is proposed"))(m.t)
				break
			}
		}
	}
	m.waiver = w
}

func (m *reviewModel) decide(t *rapid.T) {
	if m.waiver.ID == "" {
		return
	}
	who, approve := m.who(t), rapid.Bool().Draw(t, "approve")
	w, err := m.r.DecideWaiver(ctx, who, m.waiver.ID, approve, "bounded and harmless")
	ok := m.state == certification.InReview && !m.tied[who.Account] && m.waiver.State == certification.WaiverProposed &&
		who.Account != m.waiver.ProposedBy && (!approve || m.r.now().Before(m.waiver.Until))
	m.want(t, "decide", err, ok)
	if ok {
		m.waiver = w
	}
}

func (m *reviewModel) takeBack(t *rapid.T) {
	if m.waiver.ID == "" {
		return
	}
	who := m.who(t)
	_, err := m.r.TakeBackWaiver(ctx, who, m.waiver.ID, "the maker does not answer")
	ok := !m.tied[who.Account] && (m.waiver.State == certification.WaiverProposed || m.waiver.State == certification.WaiverApproved)
	m.want(t, "take back", err, ok)
	if ok {
		m.ended()
	}
}

func (m *reviewModel) end(t *rapid.T) {
	open := m.waiver.State == certification.WaiverProposed || m.waiver.State == certification.WaiverApproved
	if m.waiver.ID == "" || !open {
		return
	}
	ok := m.r.now().After(m.waiver.Until)
	m.want(t, "end", m.r.EndWaiver(ctx, m.waiver.ID), ok)
	if ok {
		m.ended()
	}
}

func (m *reviewModel) ended() {
	if m.waiver.State == certification.WaiverApproved && m.state == certification.Approved {
		m.state = certification.InReview
	}
	m.waiver.State = certification.WaiverEnded
}

func (m *reviewModel) join(t *rapid.T) {
	who := m.who(t)
	if rapid.IntRange(0, 3).Draw(t, "rarely") > 0 || m.tied[who.Account] {
		return
	}
	m.r.joins(m.t, who.Account)
	m.tied[who.Account] = true
}

func (m *reviewModel) operate(t *rapid.T) {
	who := m.who(t)
	if rapid.IntRange(0, 3).Draw(t, "rarely") > 0 {
		return
	}
	m.r.mu.Lock()
	m.r.operators[m.sub] = append(m.r.operators[m.sub], who.Account)
	m.r.mu.Unlock()
	m.tied[who.Account] = true
}

func (m *reviewModel) mark(t *rapid.T) {
	who := m.who(t)
	if m.state != certification.InReview || m.tied[who.Account] || m.marked[[2]string{who.Account, m.firmware}] {
		return
	}
	m.r.marks(m.t, who, m.sub)
	m.marked[[2]string{who.Account, m.firmware}] = true
}

func (m *reviewModel) condition(t *rapid.T) {
	who := m.who(t)
	due := m.r.now().AddDate(0, 0, 100)
	_, err := m.r.SetConditions(ctx, who, m.sub, []certification.NewCondition{{Text: "mend the backoff", Due: due}})
	ok := m.state == certification.InReview && !m.tied[who.Account]
	m.want(t, "condition", err, ok)
	if ok {
		m.due = due
		m.conditions++
	}
}

func (m *reviewModel) time(t *rapid.T) {
	m.r.pass(time.Duration(rapid.IntRange(1, 60).Draw(t, "days")) * 24 * time.Hour)
}

// evidence is everything that an approval is of.
func (m *reviewModel) evidence() string {
	e := fmt.Sprint(m.firmware, m.conditions)
	for _, id := range []string{passing, looked, failing} {
		c := m.cases[id]
		e += fmt.Sprint(*c, m.valid(c))
	}
	if m.holds() {
		e += m.waiver.ID
	}
	return e
}

// valid says who accepted the verdict, as far as that counts.
func (m *reviewModel) valid(c *modelCase) string {
	if by := m.accepted[c.run]; c.verdict == suite.Review && by != "" && !m.tied[by] {
		return by
	}
	return ""
}

func (m *reviewModel) holds() bool {
	return m.waiver.State == certification.WaiverApproved && !m.r.now().After(m.waiver.Until)
}

// fine says whether a case is no obstacle.
func (m *reviewModel) fine(id string) bool {
	c := m.cases[id]
	if c.verdict == "" || c.firmware != m.firmware {
		return false
	}
	if id == failing && m.holds() {
		return true
	}
	switch c.verdict {
	case suite.Pass:
		return c.failed == 0
	case suite.Warn, suite.NotFor:
		return c.failed == 0 || c.attempts-c.failed >= 3
	case suite.Review:
		return m.valid(c) != ""
	}
	return false
}

func (m *reviewModel) counting() (out []string) {
	for who, e := range m.approvals {
		if e == m.evidence() && !m.tied[who] {
			out = append(out, who)
		}
	}
	return out
}

func (m *reviewModel) approve(t *rapid.T) {
	who := m.who(t)
	rv := m.r.saw(m.t, m.sub)
	_, err := m.r.Approve(ctx, who, m.sub, certification.Ruling{Evidence: rv.SHA256})
	before := m.counting()
	after := append(slices.Clone(before), who.Account)
	read := func(p certification.Actor) bool {
		return m.marked[[2]string{p.Account, m.firmware}] && !m.tied[p.Account] && (len(after) < 2 || slices.Contains(after, p.Account))
	}
	ok := m.state == certification.InReview && !m.tied[who.Account] && !slices.Contains(before, who.Account) &&
		m.fine(passing) && m.fine(looked) && m.fine(failing) &&
		(m.conditions == 0 || m.due.After(m.r.now())) && slices.ContainsFunc(m.people, read)
	m.want(t, "approve", err, ok)
	if !ok {
		return
	}
	m.approvals[who.Account] = m.evidence()
	if len(after) >= 2 {
		m.state, m.ever = certification.Approved, true
	}
}

func (m *reviewModel) withdraw(t *rapid.T) {
	who := m.who(t)
	_, err := m.r.TakeBackApproval(ctx, who, m.sub, "I looked at another one")
	ok := !m.tied[who.Account] && m.approvals[who.Account] != ""
	m.want(t, "withdraw", err, ok)
	if ok {
		delete(m.approvals, who.Account)
		m.state = certification.InReview
	}
}

func (m *reviewModel) want(t *rapid.T, what string, err error, ok bool) {
	if (err == nil) != ok {
		t.Fatalf("%s: %v; the model says %v", what, err, ok)
	}
}

func (m *reviewModel) check(t *rapid.T) {
	if got := m.r.state(m.t, m.sub); got != m.state {
		t.Fatalf("it is %s, the model says %s", got, m.state)
	}
	rv := m.r.saw(m.t, m.sub)
	if m.state == certification.InReview && len(rv.Against) == 0 {
		// Two count and nothing is open, yet nobody approved since that became so.
		if n := len(m.counting()); n < 2 {
			t.Fatalf("nothing stands against it with %d approvals", n)
		}
	}
}
