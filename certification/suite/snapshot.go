package suite

import (
	"fmt"
	"slices"
	"strings"

	"github.com/proofmark/proofmark/miot"
)

// Snapshot is what the readable properties of the device held at one moment.
type Snapshot map[[2]int]miot.Value

// Snapshot reads every readable property that is not declared volatile or
// unsafe. Read-only properties are volatile unless declared otherwise.
func (t *T) Snapshot() Snapshot {
	var refs []miot.PropertyRef
	for _, p := range t.Rules.Properties() {
		if p.Readable && !t.Declaration.Volatile(p) && !t.Declaration.Unsafe(p.SIID, p.PIID) {
			refs = append(refs, t.Ref(p.SIID, p.PIID))
		}
	}
	s := make(Snapshot, len(refs))
	for _, part := range t.split(refs) {
		for i, res := range t.Get(part...) {
			v, err := miot.DecodeValue(res.Value)
			if res.Code != miot.CodeDone || err != nil {
				continue // READ-01 judges it
			}
			s[[2]int{part[i].SIID, part[i].PIID}] = v
		}
	}
	return s
}

// split parts references into commands that the device takes.
func (t *T) split(refs []miot.PropertyRef) [][]miot.PropertyRef {
	parts, err := miot.SplitGet(refs, t.Declaration.MaxItems, t.Declaration.MaxPayload)
	if err != nil {
		t.Inconclusivef("requests cannot be made small enough: %v", err)
		t.Stop()
	}
	return parts
}

// Unchanged checks that nothing differs from a snapshot taken before. It returns
// the one it took.
func (t *T) Unchanged(before Snapshot, what string) Snapshot {
	after := t.Snapshot()
	var diff []string
	for key, v := range before {
		if w, ok := after[key]; !ok || !w.Equal(v) {
			diff = append(diff, fmt.Sprintf("%d.%d was %s, is %s", key[0], key[1], v, w))
		}
	}
	slices.Sort(diff) // a finding is the same each time it is made
	t.Check(len(diff) == 0, "no effect of "+what, strings.Join(diff, "; "))
	return after
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
