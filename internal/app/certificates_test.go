package app_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/signing"
	"github.com/proofmark/proofmark/certification/suite"
	"github.com/proofmark/proofmark/certification/translog"
	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/internal/store"
	"github.com/proofmark/proofmark/internal/store/storetest"
)

// certify stores what reviewers would have approved, and issues its certificate
// beside the service, which asks the review once more and rightly finds none.
func (s *service) certify() {
	s.t.Helper()
	db, err := store.Open(s.t.Context(), "sqlite:"+filepath.Join(s.data, "proofmark.db"))
	if err != nil {
		s.t.Fatal(err)
	}
	defer db.Close()
	hash, at := strings.Repeat("5a", 32), time.Now().UTC()
	sub := certification.Submission{
		ID: id.New("sub"), Org: id.New("org"), Product: "Pure", Model: "aurora-pure1", Hardware: []string{"A"}, Regions: []string{"IN"},
		Firmware: certification.Firmware{Version: "1", SHA256: hash}, SpecSHA256: hash, SpecURN: "urn:miot-spec-v2:device:air-purifier:0000A007:aurora-pure1:1",
		State: certification.InReview, Round: 1, CreatedAt: at, SubmittedAt: at, UpdatedAt: at,
	}
	run := certification.Run{
		ID: id.New("run"), Submission: sub.ID, Org: sub.Org, Round: 1, Plan: suite.Full, Attempt: 1, Firmware: sub.Firmware, SpecSHA256: hash,
		Suite: suite.Release, State: certification.RunFinished, Transcripts: []certification.Evidence{{Name: "transcript.jsonl.gz", SHA256: hash, Size: 7}},
	}
	raw, err := storetest.Beside(filepath.Join(s.data, "proofmark.db"))
	if err != nil {
		s.t.Fatal(err)
	}
	defer raw.Close()
	write := func(statement string, args ...any) {
		if _, err := raw.ExecContext(s.t.Context(), statement, args...); err != nil {
			s.t.Fatal(err)
		}
	}
	body := func(v any) string {
		b, err := json.Marshal(v)
		if err != nil {
			s.t.Fatal(err)
		}
		return string(b)
	}
	write("INSERT INTO org (id, name, legal_name, country, created_at, blocked_at) VALUES ($1, 'Aurora', 'Aurora Ltd', 'IN', 1, 0)", sub.Org)
	if err := db.Programme().CreateSubmission(s.t.Context(), sub, nil, nil); err != nil {
		s.t.Fatal(err)
	}
	write("INSERT INTO run (id, submission, org, round, plan, attempt, state, rev, node, lease_until, cancel_by, created_at, ended_at, body) VALUES ($1, $2, $3, 1, 'full', 1, 'finished', 1, '', 0, '', 1, 1, $4)",
		run.ID, sub.ID, sub.Org, body(run))
	for _, who := range []string{"acc_1", "acc_2"} {
		write("INSERT INTO decision (submission, round, reviewer, kind, evidence, at, body) VALUES ($1, 1, $2, 'approve', $3, 1, $4)", sub.ID, who, hash,
			body(certification.Decision{Submission: sub.ID, Round: 1, Reviewer: who, Kind: certification.Approve, Evidence: hash, At: at}))
	}
	keys, err := signing.Open(s.t.Context(), filepath.Join(s.data, "keys"), db.Signing(), at)
	if err != nil {
		s.t.Fatal(err)
	}
	origin, err := db.Log().Origin(s.t.Context(), "")
	if err != nil {
		s.t.Fatal(err)
	}
	programme := db.Programme()
	issuer := certification.NewIssuer(certification.IssuerOptions{
		Store: programme, Approvals: programme, Keys: keys, Log: translog.New(db.Log()), Origin: origin, URL: "http://" + s.Addresses().HTTP,
	})
	sub.State = certification.Approved
	if err := programme.SaveSubmission(s.t.Context(), certification.InReview, sub, nil, nil); err != nil {
		s.t.Fatal(err)
	}
	if _, err := issuer.Certify(s.t.Context(), sub.ID); err != nil {
		s.t.Fatal(err)
	}
}

// public waits until what everybody may read says the words; the status list
// by its payload.
func (s *service) public(path string, words ...string) string {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
	defer cancel()
	var last string
	for again := time.NewTicker(50 * time.Millisecond); ; {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.Addresses().HTTP+path, nil)
		if err != nil {
			s.t.Fatal(err)
		}
		if answer, err := http.DefaultTransport.RoundTrip(r); err == nil {
			b, _ := io.ReadAll(answer.Body)
			_ = answer.Body.Close()
			last = string(b)
		}
		if parts := strings.Split(last, "."); path == "/status/list" && len(parts) == 3 {
			payload, err := base64.RawURLEncoding.DecodeString(parts[1])
			if err != nil {
				s.t.Fatal(err)
			}
			last = string(payload)
		}
		if !slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(last, word) }) {
			return last
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			s.t.Fatalf("%s never said %q: %s", path, words, last)
		}
	}
}

// One change reaches everything that everybody reads, by its event alone: the
// list is signed every half an hour otherwise.
func TestASuspensionReachesEverybody(t *testing.T) {
	s := start(t)
	s.certify()
	s.public("/api/v1/certificates", `"state":"active"`)
	found := s.public("/api/v1/certificates", `"lost_regions":["IN"]`) // it has no documents there
	var list struct {
		Certificates []certification.Certificate `json:"certificates"`
	}
	if err := json.Unmarshal([]byte(found), &list); err != nil || len(list.Certificates) != 1 {
		t.Fatalf("%s: %v", found, err)
	}
	c := list.Certificates[0]
	s.public("/certificates/"+c.Serial, "Pure")
	s.call("POST", "/api/v1/certificates/"+c.Serial+"/suspend", map[string]any{"rev": c.Rev, "reason": "the heater stays on"}, nil)
	s.public("/certificates/"+c.Serial, "the heater stays on")
	s.public("/api/v1/certificates/"+c.Serial, `"state":"suspended"`)
	s.public("/status/list", "the heater stays on", c.Serial)
}
