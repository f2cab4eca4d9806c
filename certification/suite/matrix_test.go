package suite

import (
	"os"
	"slices"
	"testing"

	"github.com/proofmark/proofmark/certification/suite/bench"
	"github.com/proofmark/proofmark/certification/virtual"
)

// quick is the quick plan without its papers, which no mutant touches.
func quick(t *testing.T) []string {
	t.Helper()
	ids, err := Quick.Cases()
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(ids, func(id string) bool { return byID[id].Group() == "DECL" })
}

// TestEveryMutantMeetsTheQuickPlan: what a startup runs on its bench finds every
// mutant that was made for a case of it, and blames no case that is not at fault.
// The groups' own tests let each mutant meet its own group.
func TestEveryMutantMeetsTheQuickPlan(t *testing.T) {
	cases := quick(t)
	for _, m := range virtual.Mutants() {
		if byID[m.Cases[0]].Group() == "SOAK" {
			continue // once in a hundred or a thousand: luck decides what a short run sees
		}
		t.Run(m.Name, func(t *testing.T) {
			t.Parallel()
			tr := methods(t)
			tr.cases = cases
			if m.Name == "reuses-packet-ids" {
				// Seen only while PUBACKs are withheld, which the quick plan does not do.
				tr.cases = slices.DeleteFunc(slices.Clone(cases), func(id string) bool { return id == "QOS-04" })
			}
			if c := byID[m.Cases[0]]; c.Needs.TLS || c.Group() == "CONN" {
				tr.transport = bench.TLS
			}
			unmasked(t, m, tr, "answers-unknown-wrongly")
		})
	}
}

// TestConformingDevicePassesEverything: the whole catalogue, the 24-hour soak
// included, over TLS; with PROOFMARK_MATRIX on every document of ours.
func TestConformingDevicePassesEverything(t *testing.T) {
	names := []string{"lamp"}
	if os.Getenv("PROOFMARK_MATRIX") != "" {
		names = []string{"air-purifier", "lamp", "vacuum", "climate-sensor", "gateway"}
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var ids []string
			for _, c := range Cases() {
				ids = append(ids, c.ID)
			}
			rep := trial{spec: sample(t, name), cases: ids, transport: bench.TLS}.run(t)
			passes(t, rep)
			seen := make(map[string]bool)
			for _, r := range rep.Results {
				seen[r.Case] = true
			}
			for _, id := range ids {
				if !seen[id] {
					t.Errorf("%s gave no result", id)
				}
			}
		})
	}
}

// TestEveryCaseCanFail: each case is named by a mutant, or by an operator or a
// paper that says no.
func TestEveryCaseCanFail(t *testing.T) {
	// Judged from papers, certificates, what a person says, or of MQTT 5 devices,
	// which the virtual one is not: their failing devices are in the tests of papers
	// and operators (sec_test.go, methods_mutants_test.go, net_test.go) and of a
	// scripted MQTT 5 client (conn_v5_test.go).
	elsewhere := []string{"SEC-01", "SEC-02", "SEC-07", "SEC-08", "SEC-09", "SEC-10", "WRITE-14", "NET-06", "CONN-11"}
	for _, c := range Cases() {
		if c.Group() == "DECL" || slices.Contains(elsewhere, c.ID) {
			continue
		}
		if !slices.ContainsFunc(virtual.Mutants(), func(m virtual.Mutant) bool { return slices.Contains(m.Cases, c.ID) }) {
			t.Errorf("%s has no mutant that it must fail", c.ID)
		}
	}
}
