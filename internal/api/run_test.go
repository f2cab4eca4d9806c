package api_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/suite"
	"github.com/proofmark/proofmark/internal/api"
	"github.com/proofmark/proofmark/internal/auth"
)

// A startup's CI: start, connect the device, wait, read what came of it. Over real
// sockets, with and without TLS.
func TestARunOverRealSockets(t *testing.T) {
	for _, transport := range []string{"tcp", "tls"} {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			h := build(t)
			h.openRig()
			m := h.newMaker()
			cases := []string{"DECL", "READ-01", "READ-02", "TOPIC-01"}
			if transport == "tls" {
				cases = append(cases, "CONN-02")
			}
			m.device(transport)
			run := m.start(object{"transport": transport, "cases": cases})
			got := m.wait(run.ID)
			if got.State != certification.RunFinished || got.Summary.ExitCode() != suite.ExitPass {
				t.Fatalf("%s (%s): %+v", got.State, got.Reason, got.Summary)
			}
			path := "/api/v1/runs/" + run.ID
			type records struct {
				Records []struct {
					Seq        int
					Kind, Name string
					Case, Hex  string
					Data       struct{ Topic string }
				}
				Total, Next int
			}
			page := want[records](h, m.do("GET", path+"/transcripts/1/records?case=READ-01&dir=in&topic=up/response", nil), http.StatusOK)
			if len(page.Records) == 0 {
				t.Fatal("no answer of the device within READ-01")
			}
			for _, r := range page.Records {
				if r.Kind != "packet" || !strings.HasSuffix(r.Data.Topic, "up/response") || r.Hex == "" {
					t.Errorf("record %+v", r)
				}
			}
			first := want[records](h, m.do("GET", path+"/transcripts/1/records?limit=10", nil), http.StatusOK)
			if len(first.Records) != 10 || first.Next != 10 || first.Total < 50 {
				t.Errorf("%d records, next %d of %d", len(first.Records), first.Next, first.Total)
			}
			report := m.do("GET", path+"/report", nil)
			policy := report.Header.Get("Content-Security-Policy")
			if report.StatusCode != http.StatusOK || !strings.HasPrefix(policy, "sandbox; default-src 'none'") || strings.Contains(policy, "unsafe") ||
				!bytes.Contains(report.body, []byte("READ-01")) {
				t.Errorf("report: %s, policy %q", report.Status, policy)
			}
			if pcap := m.do("GET", path+"/transcripts/1/pcap", nil); !bytes.HasPrefix(pcap.body, []byte{0x4d, 0x3c, 0xb2, 0xa1}) {
				t.Errorf("pcap begins with % x", pcap.body[:4])
			}
			reviewer, _ := h.token(auth.ScopeReviewer)
			evidence := want[struct {
				Outcomes []struct {
					ID, Verdict, Run string
					Transcript       int
				}
			}](h, h.as(reviewer, "GET", "/api/v1/submissions/"+m.sub.ID+"/evidence", nil), http.StatusOK)
			if len(evidence.Outcomes) < 10 || evidence.Outcomes[0].Run != run.ID || evidence.Outcomes[0].Transcript != 1 {
				t.Errorf("evidence %+v", evidence)
			}
		})
	}
}

func TestWhoMayDoWhatWithARun(t *testing.T) {
	h := build(t)
	h.openRig()
	m := h.newMaker()
	run := m.start(object{"transport": "tcp", "cases": []string{"READ-01"}})
	stranger, _ := h.member("org_01890000-0000-7000-8000-000000000000")
	reviewer, _ := h.token(auth.ScopeReviewer)
	path := "/api/v1/runs/" + run.ID
	h.problem(h.as(stranger, "GET", path, nil), http.StatusNotFound, "not-found")
	h.problem(h.as(stranger, "POST", path+"/cancel", nil), http.StatusNotFound, "not-found")
	h.problem(h.as(stranger, "GET", "/api/v1/submissions/"+m.sub.ID+"/bench", nil), http.StatusNotFound, "not-found")
	h.problem(h.as(reviewer, "POST", path+"/cancel", nil), http.StatusForbidden, "forbidden")
	h.problem(h.as(reviewer, "GET", "/api/v1/submissions/"+m.sub.ID+"/bench", nil), http.StatusForbidden, "forbidden")
	want[api.SubmissionRun](h, h.as(reviewer, "GET", path, nil), http.StatusOK)
	h.problem(h.call("GET", path, nil, "Authorization", ""), http.StatusUnauthorized, "unauthorized")
	twice := h.problem(m.do("POST", "/api/v1/submissions/"+m.sub.ID+"/runs", object{"transport": "tcp"}), http.StatusConflict, "not-now")
	if twice.Rule != "one-run-per-plan" {
		t.Errorf("rule %q", twice.Rule)
	}
	bad := h.problem(m.do("POST", "/api/v1/submissions/"+m.sub.ID+"/runs", object{"plan": "full", "cases": []string{"NONE-01"}}), http.StatusUnprocessableEntity, "invalid")
	if bad.Rule != "known-cases" || !strings.Contains(bad.Detail, "NONE-01") {
		t.Errorf("rule %q: %s", bad.Rule, bad.Detail)
	}
	want[api.SubmissionRun](h, m.do("POST", path+"/cancel", nil), http.StatusOK)
	if got := m.wait(run.ID); got.State != certification.RunCancelled {
		t.Errorf("cancelled run is %s", got.State)
	}
}
