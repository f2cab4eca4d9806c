package api_test

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/suite"
	"github.com/proofmark/proofmark/internal/api"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/internal/store/storetest"
	"github.com/proofmark/proofmark/miot"
)

// verdicts is what the runs of submissions came to: they take hours, and are
// tested where they are made.
type verdicts struct {
	mu        sync.Mutex
	cases     map[string][]certification.CaseEvidence
	operators []string
}

// CaseEvidence implements certification.Tested.
func (v *verdicts) CaseEvidence(_ context.Context, s certification.Submission, _ string) ([]certification.CaseEvidence, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Clone(v.cases[s.ID]), nil
}

// OperatorsOf implements certification.Tested.
func (v *verdicts) OperatorsOf(context.Context, string) ([]string, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Clone(v.operators), nil
}

// hearing is a submission in review with people around it.
type hearing struct {
	*house
	t                *testing.T
	org, sub         string
	ann, ben, vendor string // tokens
	accounts         map[string]string
}

func hear(t *testing.T) *hearing {
	t.Helper()
	c := &hearing{house: build(t), t: t, org: id.New("org"), sub: id.New("sub"), accounts: map[string]string{}}
	c.exec("INSERT INTO org (id, name, legal_name, country, created_at, blocked_at) VALUES ($1, 'Aurora', 'Aurora', 'IN', 1, 0)", c.org)
	c.ann, c.ben = c.somebody(auth.ScopeReviewer), c.somebody(auth.ScopeReviewer)
	var account string
	c.vendor, account = c.token(auth.ScopeStartup)
	c.joins(account)
	at := time.Now().UTC()
	s := certification.Submission{
		ID: c.sub, Org: c.org, Product: "Glow", Model: "aurora-glow2", Hardware: []string{"A"}, Spec: miot.Sample("lamp"), SpecSHA256: "5e",
		Declaration: []byte(`{"max_payload":512}`), Firmware: certification.Firmware{Version: "1.0.0", SHA256: "aa11"}, Regions: []string{"IN"},
		State: certification.Draft, Round: 1, CreatedBy: account, CreatedAt: at, UpdatedAt: at,
	}
	p := c.db.Programme()
	if err := p.CreateSubmission(t.Context(), s, nil, nil); err != nil {
		t.Fatal(err)
	}
	s.State, s.SubmittedAt = certification.InReview, at
	if err := p.SaveSubmission(t.Context(), certification.Draft, s, nil, nil); err != nil {
		t.Fatal(err)
	}
	c.verdicts.cases = map[string][]certification.CaseEvidence{c.sub: {
		{ID: "READ-01[2.1]", Case: "READ-01", Requirement: "READ-01", Verdict: suite.Pass, Attempts: 1, Run: "run_1", Firmware: "aa11", Suite: suite.Release},
		{ID: "SEC-10", Case: "SEC-10", Requirement: "SEC-10", Verdict: suite.Review, Attempts: 1, Run: "run_1", Firmware: "aa11", Suite: suite.Release},
		{
			ID: "WRITE-03[2.1]", Case: "WRITE-03", Requirement: "WRITE-03", Verdict: suite.Fail, Attempts: 1, Failed: 1, Run: "run_1", Firmware: "aa11", Suite: suite.Release,
			Findings: []suite.Finding{{Verdict: suite.Fail, Message: "not refused", Expected: "-4005", Actual: "0", Records: []int{7, 8}}},
		},
	}}
	return c
}

func (c *hearing) somebody(scope auth.Scope) string {
	text, account := c.token(scope)
	c.accounts[text] = account
	return text
}

func (c *hearing) exec(statement string, args ...any) {
	c.Helper()
	db, err := storetest.Beside(c.file)
	if err != nil {
		c.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(c.Context(), statement, args...); err != nil {
		c.Fatal(err)
	}
}

func (c *hearing) joins(account string) {
	c.exec("INSERT INTO member (org, account, role, since) VALUES ($1, $2, 'member', 1)", c.org, account)
}

func (c *hearing) as(token, method, path string, body any) reply {
	c.Helper()
	return c.call(method, "/api/v1"+path, body, "Authorization", "Bearer "+token)
}

func (c *hearing) review(token string) object {
	c.Helper()
	return want[object](c.house, c.as(token, "GET", "/submissions/"+c.sub+"/review", nil), http.StatusOK)
}

// do acts on the submission as it is now.
func (c *hearing) do(token, act string, body object) reply {
	c.Helper()
	rv := c.review(c.ann)
	full := object{}
	switch act {
	case "approve", "request-changes", "reject":
		full["evidence_sha256"] = rv["evidence_sha256"]
	case "marks":
		full["papers_sha256"] = rv["papers_sha256"]
	}
	maps.Copy(full, body)
	method := "POST"
	if act == "conditions" {
		method = "PUT"
	}
	return c.as(token, method, "/submissions/"+c.sub+"/"+act, full)
}

func (c *hearing) marksAll(token string) {
	c.Helper()
	items, _ := c.review(token)["checklist"].([]any)
	for _, i := range items {
		item, _ := i.(object)
		want[object](c.house, c.do(token, "marks", object{"item": item["id"], "ok": true, "note": "read"}), http.StatusOK)
	}
}

func (c *hearing) waiver(token string) string {
	c.Helper()
	w := want[object](c.house, c.as(token, "POST", "/submissions/"+c.sub+"/waivers", c.waiverBody()), http.StatusCreated)
	id, _ := w["id"].(string)
	return id
}

func (c *hearing) waiverBody() object {
	return object{
		"requirement": "WRITE-03", "cases": []string{"WRITE-03[2.1]"}, "scope": "firmware 1.0.0 in India", "until": time.Now().AddDate(0, 3, 0),
		"reason": "the shortfall is bounded, it harms nobody, and the maker mends it by the date",
	}
}

// rule checks that the answer refuses by a rule.
func (c *hearing) rule(r reply, status int, kind, rule string) {
	c.Helper()
	p := c.problem(r, status, kind)
	if p.Rule != rule && !slices.ContainsFunc(p.Errors, func(f api.Fault) bool { return f.Rule == rule }) {
		c.Fatalf("refused by %q, want %s: %s", p.Rule, rule, r.body)
	}
}

// settle leaves nothing open but the approvals.
func (c *hearing) settle() {
	c.Helper()
	want[object](c.house, c.do(c.ann, "acceptances", object{"case": "SEC-10", "run": "run_1", "note": "the photo shows it"}), http.StatusOK)
	w := c.waiver(c.ann)
	want[object](c.house, c.as(c.ben, "POST", "/waivers/"+w+"/approve", object{"reason": "bounded and harmless"}), http.StatusOK)
	c.marksAll(c.ann)
}

func TestTwoReviewersApproveOverHTTP(t *testing.T) {
	c := hear(t)
	c.rule(c.do(c.ann, "approve", nil), http.StatusConflict, "not-now", "case-failed")
	c.settle()
	want[object](c.house, c.do(c.ann, "conditions", object{"conditions": []object{{"text": "mend the backoff", "due": time.Now().AddDate(0, 1, 0)}}}), http.StatusOK)
	first := want[object](c.house, c.do(c.ann, "approve", object{"note": "odd, but fine"}), http.StatusOK)
	if approvers, _ := first["approvers"].([]any); len(approvers) != 1 {
		t.Errorf("approvers %v", first["approvers"])
	}
	c.rule(c.do(c.ann, "approve", nil), http.StatusConflict, "not-now", "approved-already")
	second := want[object](c.house, c.do(c.ben, "approve", nil), http.StatusOK)
	if s, _ := second["submission"].(object); s["state"] != "approved" {
		t.Errorf("%v", s["state"])
	}
	c.rule(c.do(c.ben, "approve", nil), http.StatusConflict, "not-now", "wrong-state")
	back := want[object](c.house, c.do(c.ben, "take-back-approval", object{"reason": "I looked at another one"}), http.StatusOK)
	if s, _ := back["submission"].(object); s["state"] != "review" {
		t.Errorf("%v", s["state"])
	}

	// The vendor reads what was decided, and nothing of who and what they think.
	r := c.as(c.vendor, "GET", "/submissions/"+c.sub+"/feedback", nil)
	f := want[object](c.house, r, http.StatusOK)
	decisions, _ := f["decisions"].([]any)
	if len(decisions) != 1 || strings.Contains(string(r.body), "odd, but fine") || strings.Contains(string(r.body), c.accounts[c.ann]) {
		t.Errorf("%s", r.body)
	}
	if waivers, _ := f["waivers"].([]any); len(waivers) != 1 {
		t.Errorf("waivers %v", f["waivers"])
	}
}

func TestWhatIsRefusedInAReview(t *testing.T) {
	c := hear(t)
	tied, operator := c.somebody(auth.ScopeReviewer), c.somebody(auth.ScopeReviewer)
	c.joins(c.accounts[tied])
	c.verdicts.operators = []string{c.accounts[operator]}
	c.settle()

	c.rule(c.do(tied, "approve", nil), http.StatusForbidden, "forbidden", "no-tie")
	c.rule(c.as(tied, "GET", "/submissions/"+c.sub+"/review", nil), http.StatusForbidden, "forbidden", "no-tie")
	c.rule(c.do(operator, "approve", nil), http.StatusForbidden, "forbidden", "run-operator")
	c.rule(c.do(c.operator, "approve", nil), http.StatusForbidden, "forbidden", "reviewer-only")
	c.problem(c.do(c.vendor, "approve", nil), http.StatusForbidden, "forbidden")
	c.rule(c.do(c.ann, "approve", object{"evidence_sha256": strings.Repeat("0", 64)}), http.StatusConflict, "not-now", "evidence-changed")
	c.rule(c.do(c.ann, "marks", object{"item": "sbom", "note": "read", "ok": true, "papers_sha256": "0"}), http.StatusConflict, "not-now", "evidence-changed")
	c.problem(c.as(c.ann, "POST", "/submissions/sub_none/approve", object{"evidence_sha256": "0"}), http.StatusNotFound, "not-found")

	// Waivers.
	for rule, change := range map[string]object{
		"unwaivable":   {"requirement": "SEC-03"},
		"waiver-cases": {"cases": []string{"WRITE-03[9.9]"}},
		"waiver-date":  {"until": time.Now().Add(-time.Hour)},
	} {
		body := c.waiverBody()
		maps.Copy(body, change)
		c.rule(c.as(c.ann, "POST", "/submissions/"+c.sub+"/waivers", body), http.StatusUnprocessableEntity, "invalid", rule)
	}
	w := c.waiver(c.ann)
	c.rule(c.as(c.ann, "POST", "/waivers/"+w+"/approve", object{"reason": "bounded and harmless"}), http.StatusForbidden, "forbidden", "waiver-two-people")
	want[object](c.house, c.as(c.ben, "POST", "/waivers/"+w+"/refuse", object{"reason": "one is enough"}), http.StatusOK)
	c.rule(c.as(c.ben, "POST", "/waivers/"+w+"/take-back", object{"reason": "one is enough"}), http.StatusConflict, "not-now", "waiver-state")

	// Somebody joins the vendor after approving; a run is stale.
	want[object](c.house, c.do(c.ann, "approve", nil), http.StatusOK)
	c.joins(c.accounts[c.ben])
	c.rule(c.do(c.ben, "approve", nil), http.StatusForbidden, "forbidden", "no-tie")
	c.verdicts.mu.Lock()
	c.verdicts.cases[c.sub][0].Firmware = "bb22"
	c.verdicts.mu.Unlock()
	third := c.somebody(auth.ScopeReviewer)
	c.rule(c.do(third, "approve", nil), http.StatusConflict, "not-now", "stale-firmware")
}

func TestChangesAreRequestedAndAnswered(t *testing.T) {
	c := hear(t)
	c.problem(c.do(c.ann, "request-changes", object{"reason": "the SBOM is empty"}), http.StatusUnprocessableEntity, "invalid") // asks for nothing
	want[object](c.house, c.do(c.ann, "comments", object{"text": "for us only", "case": "SEC-10"}), http.StatusCreated)
	said := want[object](c.house, c.do(c.ann, "comments", object{"text": "why is it empty?", "public": true}), http.StatusCreated)
	want[object](c.house, c.do(c.ann, "request-changes", object{
		"reason": "the SBOM is empty", "asked": []object{{"text": "name all components"}, {"case": "WRITE-03[2.1]", "text": "refuse what is out of range"}},
	}), http.StatusOK)
	answer := want[object](c.house, c.as(c.vendor, "POST", "/submissions/"+c.sub+"/comments", object{"text": "it comes tomorrow", "reply_to": said["id"]}), http.StatusCreated)
	if answer["vendor"] != true || answer["public"] != true {
		t.Errorf("%v", answer)
	}
	r := c.as(c.vendor, "GET", "/submissions/"+c.sub+"/feedback", nil)
	f := want[certification.Feedback](c.house, r, http.StatusOK)
	if f.State != certification.ChangesRequested || len(f.Asked) != 2 || len(f.Comments) != 2 || f.Comments[0].By != "" || strings.Contains(string(r.body), "for us only") {
		t.Errorf("%s", r.body)
	}
	nobody, stranger, own := c.somebody(auth.ScopeStartup), c.somebody(auth.ScopeStartup), id.New("org")
	c.exec("INSERT INTO org (id, name, legal_name, country, created_at, blocked_at) VALUES ($1, 'Other', 'Other', 'IN', 1, 0)", own)
	c.exec("INSERT INTO member (org, account, role, since) VALUES ($1, $2, 'member', 1)", own, c.accounts[stranger])
	c.problem(c.as(nobody, "GET", "/submissions/"+c.sub+"/feedback", nil), http.StatusForbidden, "forbidden")
	c.problem(c.as(stranger, "GET", "/submissions/"+c.sub+"/feedback", nil), http.StatusNotFound, "not-found")
	c.rule(c.as(stranger, "POST", "/submissions/"+c.sub+"/comments", object{"text": "hello"}), http.StatusForbidden, "forbidden", "reviewer-only")
}

func TestTheQueueOverHTTP(t *testing.T) {
	c := hear(t)
	list := func(query string) []any {
		t.Helper()
		l := want[object](c.house, c.as(c.ann, "GET", "/reviews"+query, nil), http.StatusOK)
		queue, _ := l["queue"].([]any)
		return queue
	}
	q := list("")
	if len(q) != 1 {
		t.Fatalf("%v", q)
	}
	row, _ := q[0].(object)
	counts, _ := row["counts"].(object)
	if row["submission"] != c.sub || counts["FAIL"] != 1.0 || row["model"] != "aurora-glow2" {
		t.Errorf("%v", row)
	}
	want[object](c.house, c.as(c.ann, "PUT", "/submissions/"+c.sub+"/claim", nil), http.StatusNoContent)
	for query, n := range map[string]int{
		"?claimed_by=me": 1, "?unclaimed=true": 0, "?class=first": 1, "?class=B": 0, "?org=" + c.org: 1, "?order=newest": 1, "?state=approved": 0,
	} {
		if got := list(query); len(got) != n {
			t.Errorf("%s: %d, want %d", query, len(got), n)
		}
	}
	want[object](c.house, c.as(c.ann, "DELETE", "/submissions/"+c.sub+"/claim", nil), http.StatusNoContent)
	if got := list("?claimed_by=me"); len(got) != 0 {
		t.Errorf("%v", got)
	}
	if age := want[object](c.house, c.as(c.ann, "GET", "/reviews/age", nil), http.StatusOK); age["waiting"] != 1.0 {
		t.Errorf("%v", age)
	}
	c.problem(c.as(c.ann, "GET", "/reviews?after=x", nil), http.StatusUnprocessableEntity, "invalid")
	c.problem(c.as(c.vendor, "GET", "/reviews", nil), http.StatusForbidden, "forbidden")
}
