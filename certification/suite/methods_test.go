package suite

import (
	"maps"
	"slices"
	"testing"

	"github.com/proofmark/proofmark/certification/virtual"
	"github.com/proofmark/proofmark/miot"
)

// methodGroups are the groups about what a device does with requests and what it
// reports, apart from how it is connected.
var methodGroups = []string{"READ", "WRITE", "NOTIFY", "ACT", "EVT", "TIME"}

// casesOf are the ids of all cases of some groups, in the order of the full plan.
func casesOf(t *testing.T, groups ...string) []string {
	t.Helper()
	ids, err := Select(Full, groups)
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

// TestEveryDocumentPassesMethods runs every case of the groups on every document.
// What is left open needs TLS.
func TestEveryDocumentPassesMethods(t *testing.T) {
	all := documents(t)
	if testing.Short() {
		maps.DeleteFunc(all, func(name string, _ *miot.Spec) bool { return !slices.Contains(miot.SampleNames(), name) })
	}
	cases := casesOf(t, methodGroups...)
	count := make(map[Verdict]int)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		t.Run(name, func(t *testing.T) {
			tr := trial{spec: all[name], cases: cases}
			if name == "gateway" {
				tr.configure = func(c *virtual.Config) {
					c.SubDevices = []virtual.SubDevice{{DID: "sub-device", Spec: all["lamp"]}}
				}
			}
			rep := tr.run(t)
			passes(t, rep)
			for _, r := range rep.Results {
				count[r.Verdict]++
				if r.Verdict == Skipped && !skippable[r.Case] {
					t.Errorf("%s: SKIPPED: %v", r.ID(), r.Findings)
				}
			}
		})
	}
	t.Logf("%d documents × %d cases: %v", len(all), len(cases), count)
}

// skippable are the cases that a device without a thing in question leaves open.
var skippable = map[string]bool{
	"TIME-05": true, // without TLS; TestColdBoot has it
	"TIME-04": true, // a device that has nothing to report in an hour
}
