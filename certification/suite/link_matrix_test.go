package suite

import (
	"maps"
	"os"
	"slices"
	"testing"

	"github.com/proofmark/proofmark/certification/suite/bench"
	"github.com/proofmark/proofmark/certification/virtual"
)

// TestEveryDocumentKeepsTheLink runs CONN, SESS, LIFE, NET and SOAK with all
// documents. By default there are a few of each kind and no day of soak; make
// matrix runs them all.
func TestEveryDocumentKeepsTheLink(t *testing.T) {
	all := documents(t)
	names := slices.Sorted(maps.Keys(all))
	whole := os.Getenv("PROOFMARK_MATRIX") != ""
	if !whole {
		names = slices.DeleteFunc(names, func(name string) bool { return len(name) > 15 && len(name)%9 != 0 })
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			tr := trial{spec: all[name], configure: func(c *virtual.Config) {
				if name == "gateway" {
					c.SubDevices = []virtual.SubDevice{{DID: "bound-to-it", Spec: all["climate-sensor"]}}
				}
			}}
			tr.cases = slices.Concat(caseIDs("CONN"), caseIDs("SESS"), caseIDs("LIFE"), caseIDs("NET"))
			passes(t, tr.run(t))
			tr.transport = bench.TLS
			tr.cases = caseIDs("CONN")
			passes(t, tr.run(t))
			if whole {
				tr.transport = bench.TCP
				tr.cases = caseIDs("SOAK")
				passes(t, tr.run(t))
			}
		})
	}
}
