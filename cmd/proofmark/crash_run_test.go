package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/rig"
	"github.com/proofmark/proofmark/certification/suite"
	"github.com/proofmark/proofmark/certification/virtual"
	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/internal/pgtest"
	"github.com/proofmark/proofmark/internal/store"
	"github.com/proofmark/proofmark/miot"
)

// lampInTesting stores a submission beside the running service.
func lampInTesting(t *testing.T, database string) certification.Submission {
	t.Helper()
	db, err := store.Open(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	document := miot.Sample("lamp")
	spec, err := miot.Parse(document)
	if err != nil {
		t.Fatal(err)
	}
	declaration, err := json.Marshal(suite.Conforming(spec, "declared"))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(document)
	now := time.Now()
	sub := certification.Submission{
		ID: id.New("sub"), Org: id.New("org"), Product: "Lamp", Model: "lamp", Firmware: certification.Firmware{Version: "1.0.0", SHA256: hex.EncodeToString(sum[:])},
		Spec: document, SpecSHA256: hex.EncodeToString(sum[:]), Declaration: declaration, State: certification.Testing, Round: 1, CreatedAt: now, UpdatedAt: now,
	}
	if err := db.Programme().CreateSubmission(t.Context(), sub, nil, nil); err != nil {
		t.Fatal(err)
	}
	return sub
}

// kill -9 in the middle of a run, again and again: what had ended is never run
// again, and the run comes to its end.
func TestKilledInMidRunNoFinishedCaseIsLost(t *testing.T) {
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			bench := freeAddr(t)
			args, database := []string{"--bench", bench}, ""
			if engine == "postgres" {
				database = pgtest.URL(t)
				args = append(args, "--database", database)
			}
			n := serve(t, args...)
			if database == "" {
				database = "sqlite:" + filepath.Join(n.data, "proofmark.db")
			}
			sub := lampInTesting(t, database)
			var access rig.Access
			n.call("GET", "/api/v1/submissions/"+sub.ID+"/bench", nil, &access)
			spec, err := miot.Parse(sub.Spec)
			if err != nil {
				t.Fatal(err)
			}
			device, err := virtual.New(virtual.Config{Spec: spec, DID: access.DID, Secret: access.Secret, Serial: "SN-declared", Broker: "tcp://" + bench, Seed: 1})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			go func() { _ = device.Run(ctx) }() // it ends with ctx

			var run certification.Run
			n.call("POST", "/api/v1/submissions/"+sub.ID+"/runs", map[string]any{"transport": "tcp", "cases": []string{"DECL", "READ", "WRITE-01", "WRITE-02"}}, &run)
			path := "/api/v1/runs/" + run.ID
			for kills, case_ := 0, 9; kills < 3; kills, case_ = kills+1, case_+2 {
				reached := n.reach(path, case_)
				n.kill()
				n.start()
				n.call("GET", path+"?wait=60", nil, &run)
				if run.State != certification.RunInterrupted || len(run.Transcripts) != kills+1 {
					t.Fatalf("after kill %d: %s (%s), %d transcripts", kills+1, run.State, run.Reason, len(run.Transcripts))
				}
				if missing := run.Summary.Missing; len(missing) > 0 && slices.Index(mustCases(t), missing[0]) < reached-1 {
					t.Errorf("after kill %d: %s is missing, though case %d was reached", kills+1, missing[0], reached)
				}
				n.call("POST", path+"/resume", nil, &run)
			}
			for !run.State.Ended() {
				n.call("GET", path+"?wait=60", nil, &run)
			}
			if run.State != certification.RunFinished || run.Summary.ExitCode() != suite.ExitPass || len(run.Transcripts) != 4 {
				t.Fatalf("%s (%s), %d transcripts, %+v", run.State, run.Reason, len(run.Transcripts), run.Summary)
			}
			ended := map[string]int{}
			for i := range run.Transcripts {
				for _, kind := range []string{"begin", "end"} {
					var page struct{ Records []struct{ Case string } }
					n.call("GET", path+"/transcripts/"+string(rune('1'+i))+"/records?limit=1000&kind="+kind, nil, &page)
					for _, r := range page.Records {
						if before, again := ended[r.Case]; again && before < i {
							t.Errorf("%s ended in transcript %d, and is in %d too", r.Case, before+1, i+1)
						}
						if kind == "end" {
							ended[r.Case] = i
						}
					}
				}
			}
			if len(ended) != len(mustCases(t)) {
				t.Errorf("%d cases ended, want %d", len(ended), len(mustCases(t)))
			}
		})
	}
}

// mustCases are those of the run, in their order.
func mustCases(t *testing.T) []string {
	t.Helper()
	ids, err := suite.Select(suite.Quick, []string{"DECL", "READ", "WRITE-01", "WRITE-02"})
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

// reach waits until a run is at the case of that number, or a later one.
func (n *node) reach(path string, number int) int {
	n.t.Helper()
	for range 3000 {
		var p rig.RunProgress
		n.call("GET", path+"/progress", nil, &p)
		if p.Number >= number {
			return p.Number
		}
		<-time.After(20 * time.Millisecond)
	}
	n.t.Fatalf("case %d was not reached", number)
	return 0
}
