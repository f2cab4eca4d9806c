package suite

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/proofmark/proofmark/certification/virtual"
)

// guardGroups are the groups that look at what a device does when it is treated
// badly, and at what it never does.
var guardGroups = []string{"TOPIC", "QOS", "ROB", "SEC"}

// guarded are the cases of these groups but ROB-11, which takes a while.
func guarded(t *testing.T) []string {
	t.Helper()
	return slices.DeleteFunc(casesOf(t, guardGroups...), func(id string) bool { return id == "ROB-11" })
}

func TestEveryDocumentPassesGuards(t *testing.T) {
	all, cases := documents(t), guarded(t)
	count := make(map[Verdict]int)
	open := make(map[string]int)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		t.Run(name, func(t *testing.T) {
			tr := trial{spec: all[name], cases: cases}
			if name == "gateway" {
				tr.configure = func(c *virtual.Config) {
					c.SubDevices = []virtual.SubDevice{{DID: "sub-1", Spec: all["climate-sensor"]}}
				}
			}
			rep := tr.run(t)
			passes(t, rep)
			for _, r := range rep.Results {
				count[r.Verdict]++
				if r.Verdict != Pass {
					open[fmt.Sprint(r.Case, " ", r.Verdict)]++
				}
			}
		})
	}
	t.Logf("%d documents × %d cases: %v, of these %v", len(all), len(cases), count, open)
}

func TestFuzzedMessages(t *testing.T) {
	rep := trial{spec: sample(t, "lamp"), cases: []string{"ROB-11"}}.run(t)
	passes(t, rep)
}

// TestGuardMutants runs each mutant of the groups against its group.
func TestGuardMutants(t *testing.T) {
	for _, group := range guardGroups {
		cases := casesOf(t, group)
		for _, m := range bred(group) {
			t.Run(m.Name, func(t *testing.T) {
				tr := trial{spec: sample(t, "lamp"), cases: cases}
				if !slices.Contains(m.Cases, "ROB-11") {
					tr.cases = slices.DeleteFunc(slices.Clone(cases), func(id string) bool { return id == "ROB-11" })
				}
				if slices.Contains(m.Cases, "SEC-05") {
					tr.cases = append(slices.Clone(tr.cases), "LIFE-02") // which asks what the mutant tells
				}
				if slices.Contains(m.Cases, "QOS-05") {
					tr.declare = func(d *Declaration) { d.QoS2 = true }
				}
				unmasked(t, m, tr, "answers-unknown-wrongly")
			})
		}
	}
}

func TestExactlyOnce(t *testing.T) {
	for _, name := range []string{"lamp", "climate-sensor"} {
		t.Run(name, func(t *testing.T) {
			rep := trial{
				spec: sample(t, name), cases: []string{"QOS-04", "QOS-05"},
				declare:   func(d *Declaration) { d.QoS2 = true },
				configure: func(c *virtual.Config) { c.ReportQoS = 2 },
			}.run(t)
			for _, r := range rep.Results {
				if r.Verdict != Pass {
					t.Errorf("%s: %s: %v", r.ID(), r.Verdict, r.Findings)
				}
			}
		})
	}
}
