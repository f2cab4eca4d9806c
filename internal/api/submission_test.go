package api_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/suite"
	"github.com/proofmark/proofmark/internal/api"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/internal/jobs"
	"github.com/proofmark/proofmark/internal/store/storetest"
	"github.com/proofmark/proofmark/miot"
)

// startupOf makes an organisation with one member: the headers are its token's.
func (h *house) startupOf() (org string, as []string) {
	h.Helper()
	token, account := h.token(auth.ScopeStartup)
	org = id.New("org")
	h.exec(`INSERT INTO org (id, name, legal_name, country, created_at, blocked_at) VALUES ($1, 'Aurora', 'Aurora', 'IN', 0, 0)`, org)
	h.exec(`INSERT INTO member (org, account, role, since) VALUES ($1, $2, 'owner', 0)`, org, account)
	return org, []string{"Authorization", "Bearer " + token}
}

func (h *house) reviewer() []string {
	h.Helper()
	token, _ := h.token(auth.ScopeReviewer)
	return []string{"Authorization", "Bearer " + token}
}

func (h *house) exec(query string, args ...any) {
	h.Helper()
	db, err := storetest.Beside(h.file)
	if err != nil {
		h.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(h.Context(), query, args...); err != nil {
		h.Fatal(err)
	}
}

// declaration fits the sample.
func declaration(t testing.TB, sample, firmware string) json.RawMessage {
	t.Helper()
	spec, err := miot.Parse(miot.Sample(sample))
	if err != nil {
		t.Fatal(err)
	}
	d := suite.Conforming(spec, "d-1")
	d.Firmware, d.Hardware = firmware, ""
	b, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

const (
	bill   = `{"bomFormat":"CycloneDX","specVersion":"1.6","components":[{"type":"library","name":"lwip","version":"2.2.0"}]}`
	policy = "Write to security@aurora.example.\n"
)

func with(as []string, more ...string) []string { return append(slices.Clone(as), more...) }

// lampDraft registers the lamp and makes a whole draft of it.
func (h *house) lampDraft(org string, as []string) (path string) {
	h.Helper()
	want[object](h, h.call("POST", "/api/v1/products", `{"spec":`+string(miot.Sample("lamp"))+`}`, as...), http.StatusCreated)
	sub := want[object](h, h.call("POST", "/api/v1/submissions", object{
		"org": org, "product": "Glow", "hardware": []string{"A1"}, "firmware": object{"version": "1.0.0"}, "regions": []string{"IN"},
		"declaration": declaration(h, "lamp", "1.0.0"),
	}, as...), http.StatusCreated)
	path = "/api/v1/submissions/" + sub["id"].(string)
	want[object](h, h.call("PUT", path+"/spec", miot.Sample("lamp"), with(as, "If-Match", `"1"`)...), http.StatusOK)
	h.addDocument(path, "firmware", "glow.bin", "\x00\x01 image", as)
	h.addDocument(path, "sbom", "glow.cdx.json", bill, as)
	h.addDocument(path, "disclosure", "policy.txt", policy, as)
	return path
}

func (h *house) etag(path string, as []string) string {
	h.Helper()
	r := h.call("GET", path, nil, as...)
	want[object](h, r, http.StatusOK)
	return r.Header.Get("ETag")
}

func (h *house) addDocument(path, kind, name, content string, as []string) object {
	h.Helper()
	r := h.call("POST", path+"/documents?kind="+kind+"&name="+name, content, with(as, "If-Match", h.etag(path, as), "Content-Type", "application/octet-stream")...)
	return want[object](h, r, http.StatusCreated)
}

// work runs the jobs and the outbox of the house until the test ends.
func (h *house) work() {
	h.Helper()
	runner := jobs.NewRunner(h.db.Jobs(), jobs.Options{})
	runner.Register(certification.ScreenJob, func(ctx context.Context, j jobs.Job) error { return h.programme.Screen(ctx, string(j.Payload)) })
	if err := runner.Start(); err != nil {
		h.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	relay := jobs.NewRelay(h.db.Jobs(), h.bus, nil)
	go func() { defer close(ended); relay.Run(ctx) }()
	h.Cleanup(func() { runner.Stop(context.Background()); cancel(); <-ended })
}

func TestASubmissionGoesThroughScreening(t *testing.T) {
	h := build(t)
	h.work()
	org, as := h.startupOf()
	path := h.lampDraft(org, as)
	sent := want[certification.Submission](h, h.call("POST", path+"/submit", nil, with(as, "If-Match", h.etag(path, as))...), http.StatusOK)
	sum := sha256.Sum256([]byte("\x00\x01 image"))
	if sent.State != certification.Submitted || sent.Firmware.SHA256 != hex.EncodeToString(sum[:]) || sent.Spec != nil {
		t.Fatalf("%+v", sent)
	}
	got := want[certification.Submission](h, h.call("GET", path+"?wait=60s&while=submitted,screening", nil, as...), http.StatusOK)
	if got.State != certification.Testing {
		t.Fatalf("it is %s: %s", got.State, got.Reason)
	}
	for _, who := range [][]string{as, h.reviewer(), nil} { // nil: the operator
		found := want[certification.Screened](h, h.call("GET", path+"/screening", nil, who...), http.StatusOK)
		if !found.Passed || found.Findings == nil {
			t.Errorf("%+v", found)
		}
		if spec := h.call("GET", path+"/spec", nil, who...); string(spec.body) != string(miot.Sample("lamp")) {
			t.Errorf("the spec came back as %d bytes: %s", len(spec.body), spec.Status)
		}
		needed := want[certification.Requirements](h, h.call("GET", path+"/requirements", nil, who...), http.StatusOK)
		if len(needed.Runs) != 2 {
			t.Errorf("%+v", needed)
		}
	}
	transcript := h.call("GET", path+"/screening/transcript", nil, as...)
	if transcript.StatusCode != http.StatusOK || !strings.HasPrefix(transcript.Header.Get("Content-Disposition"), "attachment") || string(transcript.body[:2]) != "\x1f\x8b" {
		t.Errorf("%s %v", transcript.Status, transcript.Header)
	}
	// A wait that nothing ends answers with what is.
	if again := want[certification.Submission](h, h.call("GET", path+"?wait=10ms", nil, as...), http.StatusOK); again.Rev != got.Rev {
		t.Errorf("%+v", again)
	}
	h.problem(h.call("GET", path+"?wait=1h", nil, as...), http.StatusUnprocessableEntity, "invalid")

	list := want[struct{ Submissions []certification.Submission }](h, h.call("GET", "/api/v1/submissions?state=testing&model=aurora-glow2", nil, as...), http.StatusOK)
	if len(list.Submissions) != 1 || list.Submissions[0].ID != got.ID {
		t.Errorf("%+v", list)
	}
	// It is taken back, mended, and withdrawn.
	reopened := want[certification.Submission](h, h.call("POST", path+"/reopen", object{"reason": "a typo"}, with(as, "If-Match", h.etag(path, as))...), http.StatusOK)
	if reopened.State != certification.Draft {
		t.Errorf("%+v", reopened)
	}
	want[object](h, h.call("PATCH", path, object{"product": "Glow 2"}, with(as, "If-Match", h.etag(path, as))...), http.StatusOK)
	gone := want[certification.Submission](h, h.call("POST", path+"/withdraw", object{}, with(as, "If-Match", h.etag(path, as))...), http.StatusOK)
	if gone.State != certification.Withdrawn || gone.Product != "Glow 2" {
		t.Errorf("%+v", gone)
	}
}

func TestFindingsComeBackWithTheDraft(t *testing.T) {
	h := build(t)
	h.work()
	org, as := h.startupOf()
	want[object](h, h.call("POST", "/api/v1/products", `{"spec":`+string(miot.Sample("lamp"))+`}`, as...), http.StatusCreated)
	text := "# as YAML\n" + string(declaration(t, "lamp", "1.0.0")) // JSON is YAML
	sub := want[certification.Submission](h, h.call("POST", "/api/v1/submissions", object{
		"org": org, "product": "Glow", "hardware": []string{"A1"}, "regions": []string{"IN"}, "spec": json.RawMessage(miot.Sample("lamp")),
		"firmware": object{"version": "1.0.0", "sha256": strings.Repeat("ab", 32)}, "declaration": text,
	}, as...), http.StatusCreated)
	path := "/api/v1/submissions/" + sub.ID
	h.problem(h.call("GET", path+"/screening", nil, as...), http.StatusNotFound, "not-found")
	want[object](h, h.call("POST", path+"/submit", nil, with(as, "If-Match", `"1"`)...), http.StatusOK)
	got := want[certification.Submission](h, h.call("GET", path+"?wait=60s&while=submitted,screening", nil, as...), http.StatusOK)
	found := want[certification.Screened](h, h.call("GET", path+"/screening", nil, as...), http.StatusOK)
	if got.State != certification.Draft || found.Passed || len(found.Findings) != 3 || found.Findings[2].Rule != "units-missing" || found.Findings[0].Rule != "document-missing" || found.Findings[0].Mend == "" {
		t.Errorf("%s: %+v", got.State, found)
	}
}

func TestRefusalsNameTheirRule(t *testing.T) {
	h := build(t)
	org, as := h.startupOf()
	other, theirs := h.startupOf()
	path := h.lampDraft(org, as)
	tag := h.etag(path, as)
	match := with(as, "If-Match", tag)
	app, _ := h.token(auth.ScopeApp)
	file := func(headers []string) []string { return with(headers, "Content-Type", "application/octet-stream") }
	bad := strings.Replace(string(miot.Sample("lamp")), "[1, 100, 1]", "[100, 1, 1]", 1)
	for _, c := range []struct {
		name         string
		method, path string
		body         any
		as           []string
		status       int
		kind, rule   string
	}{
		{"nobody", "GET", path, nil, []string{"Authorization", ""}, 401, "unauthorized", ""},
		{"an app", "GET", path, nil, []string{"Authorization", "Bearer " + app}, 403, "forbidden", ""},
		{"another's submission", "GET", path, nil, theirs, 404, "not-found", ""},
		{"another's submission, edited", "PATCH", path, object{"product": "x"}, with(theirs, "If-Match", tag), 404, "not-found", ""},
		{"another's screening", "GET", path + "/screening", nil, theirs, 404, "not-found", ""},
		{"another's documents", "GET", path + "/documents", nil, theirs, 404, "not-found", ""},
		{"another's spec", "GET", path + "/spec", nil, theirs, 404, "not-found", ""},
		{"another's change statement", "GET", path + "/change-statement", nil, theirs, 404, "not-found", ""},
		{"a submission that is not there", "GET", "/api/v1/submissions/sub_none", nil, as, 404, "not-found", ""},
		{"a draft for another organisation", "POST", "/api/v1/submissions", object{"org": other}, as, 403, "forbidden", "member-only"},
		{"a reviewer who edits", "PATCH", path, object{"product": "x"}, with(h.reviewer(), "If-Match", tag), 403, "forbidden", ""},
		{"an operator who edits", "PATCH", path, object{"product": "x"}, []string{"If-Match", tag}, 403, "forbidden", "member-only"},
		{"a vendor who classifies", "PUT", path + "/class", object{"class": "A"}, match, 403, "forbidden", ""},
		{"a reviewer who classifies a first certification", "PUT", path + "/class", object{"class": "A"}, with(h.reviewer(), "If-Match", tag), 409, "not-now", "class-none"},
		{"no revision", "PATCH", path, object{"product": "x"}, as, 428, "no-revision", ""},
		{"any revision", "PATCH", path, object{"product": "x"}, with(as, "If-Match", "*"), 428, "no-revision", ""},
		{"an old revision", "PATCH", path, object{"product": "x"}, with(as, "If-Match", `"1"`), 412, "stale", ""},
		{"an old revision, submitted", "POST", path + "/submit", nil, with(as, "If-Match", `"1"`), 412, "stale", ""},
		{"a spec with lint errors", "PUT", path + "/spec", bad, match, 422, "spec-refused", ""},
		{"a declaration with an unknown field", "PATCH", path, object{"declaration": object{"foo": 1}}, match, 422, "invalid", "declaration-form"},
		{"a region that is none", "PATCH", path, object{"regions": []string{"Mars"}}, match, 422, "invalid", "submission-form"},
		{"a member that nobody knows", "PATCH", path, object{"state": "certified"}, match, 422, "invalid", ""},
		{"an answer to nothing", "POST", path + "/answer", object{"answer": "done"}, match, 409, "not-now", "state-table"},
		{"HTML", "POST", path + "/documents?kind=statement&name=a.txt", "<html><script>alert(1)</script>", file(match), 422, "file-refused", "file-markup"},
		{"SVG with script", "POST", path + "/documents?kind=photo&name=a.svg", "<svg onload=alert(1)/>", file(match), 422, "file-refused", "file-extension"},
		{"SVG under another name", "POST", path + "/documents?kind=photo&name=a.png", "<svg onload=alert(1)/>", file(match), 422, "file-refused", "file-markup"},
		{"what its name does not say", "POST", path + "/documents?kind=manual&name=a.pdf", "\x89PNG\r\n\x1a\n", file(match), 422, "file-refused", "file-mismatch"},
		{"too large", "POST", path + "/documents?kind=disclosure&name=a.txt", strings.Repeat("a", 4<<20+1), file(match), 422, "file-refused", "file-size"},
		{"a bill that names nothing", "POST", path + "/documents?kind=sbom&name=a.cdx.json", `{"bomFormat":"CycloneDX","specVersion":"1.6"}`, file(match), 422, "invalid", "sbom-form"},
		{"another image", "POST", path + "/documents?kind=firmware&name=a.bin", "another image", file(match), 422, "invalid", "firmware-hash"},
		{"a kind of document that nobody knows", "POST", path + "/documents?kind=x&name=a.txt", "a", file(match), 422, "invalid", "document-kind"},
		{"a forged statement", "PUT", path + "/change-statement", object{"jws": "a.b.c"}, match, 422, "invalid", "statement-signature"},
		{"a statement without a change", "PUT", path + "/change-statement", object{"statement": object{}}, match, 422, "invalid", "statement-form"},
		{"both forms of a statement", "PUT", path + "/change-statement", object{"statement": object{}, "jws": "x"}, match, 422, "invalid", ""},
		{"a key that is none", "POST", "/api/v1/vendor-keys", object{"org": org, "key": "x"}, as, 422, "invalid", "key-form"},
		{"a key for another organisation", "POST", "/api/v1/vendor-keys", object{"org": other, "key": "x"}, as, 403, "forbidden", "member-only"},
		{"another's keys", "GET", "/api/v1/vendor-keys?org=" + org, nil, theirs, 404, "not-found", ""},
		{"another's model", "POST", "/api/v1/products", `{"spec":` + string(miot.Sample("lamp")) + `}`, theirs, 409, "exists", ""},
		{"a product for another organisation", "POST", "/api/v1/products", `{"org":"` + other + `","spec":` + string(miot.Sample("vacuum")) + `}`, as, 403, "forbidden", ""},
		{"giving a product away", "PUT", "/api/v1/products/prd_1/owner", object{"org": org}, as, 403, "forbidden", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := h.problem(h.call(c.method, c.path, c.body, c.as...), c.status, c.kind)
			if p.Rule != c.rule {
				t.Errorf("rule %q, want %q: %s", p.Rule, c.rule, p.Detail)
			}
		})
	}
	if h.etag(path, as) != tag {
		t.Error("a refusal changed the submission")
	}
	want[object](h, h.call("POST", path+"/submit", nil, match...), http.StatusOK)
	p := h.problem(h.call("PATCH", path, object{"product": "x"}, with(as, "If-Match", h.etag(path, as))...), http.StatusConflict, "not-now")
	if p.Rule != "edit-state" {
		t.Errorf("rule %q", p.Rule)
	}
	models := want[struct{ Products []struct{ Org string } }](h, h.call("GET", "/api/v1/products", nil, as...), http.StatusOK)
	if len(models.Products) != 1 || models.Products[0].Org != org {
		t.Errorf("%+v", models)
	}
}

func TestDocumentsAreAttachments(t *testing.T) {
	h := build(t)
	org, as := h.startupOf()
	path := h.lampDraft(org, as)
	d := h.addDocument(path, "manual", "manual.md", "# Glow\n", as)
	file := path + "/documents/" + d["id"].(string)
	r := h.call("GET", file, nil, h.reviewer()...)
	if r.StatusCode != http.StatusOK || string(r.body) != "# Glow\n" || !strings.HasPrefix(r.Header.Get("Content-Disposition"), "attachment") ||
		r.Header.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(r.Header.Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("%s %v", r.Status, r.Header)
	}
	_, theirs := h.startupOf()
	h.problem(h.call("GET", file, nil, theirs...), http.StatusNotFound, "not-found")
	want[object](h, h.call("DELETE", file, nil, with(as, "If-Match", h.etag(path, as))...), http.StatusOK)
	h.problem(h.call("GET", file, nil, as...), http.StatusNotFound, "not-found")
}

func TestProductsBelongToWhoRegistersThem(t *testing.T) {
	h := build(t)
	org, as := h.startupOf()
	mine := want[object](h, h.call("POST", "/api/v1/products", `{"spec":`+string(miot.Sample("lamp"))+`}`, as...), http.StatusCreated)
	nobodys := want[object](h, h.call("POST", "/api/v1/products", `{"spec":`+string(miot.Sample("vacuum"))+`}`), http.StatusCreated)
	if mine["org"] != org || nobodys["org"] != nil {
		t.Fatalf("%v, %v", mine["org"], nobodys["org"])
	}
	path := "/api/v1/products/" + nobodys["id"].(string)
	h.problem(h.call("GET", path, nil, as...), http.StatusNotFound, "not-found")
	h.problem(h.call("GET", path+"/specs", nil, as...), http.StatusNotFound, "not-found")
	want[object](h, h.call("PUT", path+"/owner", object{"org": org}), http.StatusNoContent)
	h.problem(h.call("PUT", path+"/owner", object{"org": "org_other"}), http.StatusNotFound, "not-found")
	want[object](h, h.call("GET", path, nil, as...), http.StatusOK)
	second := strings.ReplaceAll(string(miot.Sample("lamp")), "aurora-glow2:1", "aurora-glow2:2")
	want[object](h, h.call("POST", "/api/v1/products/"+mine["id"].(string)+"/specs", second, as...), http.StatusCreated)
	_, theirs := h.startupOf()
	h.problem(h.call("POST", "/api/v1/products/"+mine["id"].(string)+"/specs", second, theirs...), http.StatusNotFound, "not-found")
}

var scriptOf = regexp.MustCompile("(?s)```sh\n(#!/bin/sh\n.*?)```")

// The script of docs/programme.md submits from a CI and waits for the screening.
func TestTheDocumentedScriptSubmitsAndWaits(t *testing.T) {
	for _, tool := range []string{"sh", "curl", "jq", "sha256sum"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("the script needs %s, which is not here", tool)
		}
	}
	page, err := os.ReadFile("../../docs/programme.md")
	if err != nil {
		t.Fatal(err)
	}
	script := scriptOf.FindSubmatch(page)
	if script == nil {
		t.Fatal("docs/programme.md has no script")
	}
	h := build(t)
	h.work()
	org, as := h.startupOf()
	want[object](h, h.call("POST", "/api/v1/products", `{"spec":`+string(miot.Sample("lamp"))+`}`, as...), http.StatusCreated)
	dir := t.TempDir()
	for name, content := range map[string]string{
		"submit.sh": string(script[1]), "spec.json": string(miot.Sample("lamp")), "firmware.bin": "\x00\x01 image 1.0.0",
		"declaration.yaml": string(declaration(t, "lamp", "1.0.0")), "sbom.cdx.json": bill, "disclosure.txt": policy,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run := func() (string, error) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		cmd := exec.CommandContext(ctx, "sh", "submit.sh", "Glow", "1.0.0", "A1", "IN")
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "PROOFMARK="+h.url, "PROOFMARK_ORG="+org, "PROOFMARK_TOKEN="+strings.TrimPrefix(as[1], "Bearer "))
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	out, err := run()
	if err != nil || !strings.Contains(out, "testing") {
		t.Fatalf("%v:\n%s", err, out)
	}
	// A fault in the papers fails the job, and says what it is.
	faulty := strings.Replace(string(declaration(t, "lamp", "1.0.0")), `"keep_alive":`, `"keep_alive":5`, 1)
	if err := os.WriteFile(filepath.Join(dir, "declaration.yaml"), []byte(faulty), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err = run(); err == nil || !strings.Contains(out, "DECL-07 declaration/keep_alive") {
		t.Fatalf("%v:\n%s", err, out)
	}
}

func TestATestedSubmissionIsHandedToTheReviewers(t *testing.T) {
	h := build(t)
	h.work()
	org, as := h.startupOf()
	path := h.lampDraft(org, as)
	want[object](h, h.call("PATCH", path, object{"units": object{
		"secret_sha256": strings.Repeat("ab", 32), "second": object{"did": "lamp-2", "serial": "SN-2", "secret_sha256": strings.Repeat("cd", 32)},
	}}, with(as, "If-Match", h.etag(path, as))...), http.StatusOK)
	want[object](h, h.call("POST", path+"/submit", nil, with(as, "If-Match", h.etag(path, as))...), http.StatusOK)
	sub := want[certification.Submission](h, h.call("GET", path+"?wait=60s&while=submitted,screening", nil, as...), http.StatusOK)
	if found := want[certification.Screened](h, h.call("GET", path+"/screening", nil, as...), http.StatusOK); !found.Passed || len(found.Findings) != 0 {
		t.Errorf("%+v", found)
	}
	hand := func(who ...string) reply {
		return h.call("POST", path+"/request-review", nil, with(who, "If-Match", h.etag(path, as))...)
	}
	ran := func(verdict suite.Verdict) {
		h.verdicts.mu.Lock()
		defer h.verdicts.mu.Unlock()
		h.verdicts.cases = map[string][]certification.CaseEvidence{sub.ID: {{ID: "READ-01", Case: "READ-01", Verdict: verdict}}}
	}
	refusedBy := func(rule string, p api.Problem) {
		t.Helper()
		if p.Rule != rule {
			t.Errorf("%+v, want the rule %s", p, rule)
		}
	}
	ran("")
	refusedBy("runs-missing", h.problem(hand(as...), http.StatusConflict, "not-now"))
	ran(suite.Fail) // for which a waiver can be proposed
	_, stranger := h.startupOf()
	h.problem(hand(stranger...), http.StatusNotFound, "not-found")
	h.problem(hand(h.reviewer()...), http.StatusForbidden, "forbidden")
	if got := want[certification.Submission](h, hand(as...), http.StatusOK); got.State != certification.InReview {
		t.Errorf("it is %s", got.State)
	}
	refusedBy("state-table", h.problem(hand(as...), http.StatusConflict, "not-now"))
}
