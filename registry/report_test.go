package registry_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/proofmark/proofmark/registry"
)

// Each case is one message of the purifier "D"; reports.golden shows what was
// answered and what is stored once it is acknowledged.
var reportCases = []struct{ name, method, payload string }{
	{"a good item", "p", `{"id":1,"method":"properties_changed","params":[{"did":"D","siid":3,"piid":1,"value":32}]}`},
	{"several good items, one property twice", "p", `{"id":2,"method":"properties_changed","params":[{"did":"D","siid":3,"piid":1,"value":1},{"did":"D","siid":2,"piid":1,"value":true},{"did":"D","siid":3,"piid":1,"value":2}]}`},
	{"a property that the spec lacks", "p", `{"id":3,"method":"properties_changed","params":[{"did":"D","siid":3,"piid":9,"value":1}]}`},
	{"a service that the spec lacks", "p", `{"id":4,"method":"properties_changed","params":[{"did":"D","siid":99,"piid":1,"value":1}]}`},
	{"a property without notify", "p", `{"id":5,"method":"properties_changed","params":[{"did":"D","siid":6,"piid":2,"value":1}]}`},
	{"a value of the wrong type", "p", `{"id":6,"method":"properties_changed","params":[{"did":"D","siid":2,"piid":1,"value":1}]}`},
	{"a quoted number", "p", `{"id":7,"method":"properties_changed","params":[{"did":"D","siid":3,"piid":1,"value":"32"}]}`},
	{"no value at all", "p", `{"id":8,"method":"properties_changed","params":[{"did":"D","siid":3,"piid":1}]}`},
	{"a value off range", "p", `{"id":9,"method":"properties_changed","params":[{"did":"D","siid":3,"piid":1,"value":1000}]}`},
	{"a value off step", "p", `{"id":10,"method":"properties_changed","params":[{"did":"D","siid":2,"piid":4,"value":320}]}`},
	{"a value off list", "p", `{"id":11,"method":"properties_changed","params":[{"did":"D","siid":2,"piid":2,"value":7}]}`},
	{"good and bad items mixed", "p", `{"id":12,"method":"properties_changed","params":[{"did":"D","siid":3,"piid":1,"value":5},{"did":"D","siid":3,"piid":3,"value":101},{"did":"D","siid":3,"piid":3,"value":102},{"did":"D","siid":2,"piid":1,"value":false}]}`},
	{"an item of a foreign did", "p", `{"id":13,"method":"properties_changed","params":[{"did":"E","siid":3,"piid":1,"value":5}]}`},
	{"an item without did", "p", `{"id":14,"method":"properties_changed","params":[{"siid":3,"piid":1,"value":5}]}`},
	{"an item that is no object", "p", `{"id":15,"method":"properties_changed","params":[17]}`},
	{"malformed JSON", "p", `{"id":16,"method":"properties_changed","params":[{`},
	{"bad UTF-8", "p", "{\"id\":17,\"method\":\"properties_changed\",\"params\":[{\"did\":\"D\",\"siid\":5,\"piid\":2,\"value\":\"\xff\"}]}"},
	{"the method of the other topic", "p", `{"id":18,"method":"event_occured","params":{"did":"D","siid":2,"eiid":1,"arguments":[{"piid":5,"value":1}]}}`},
	{"no id", "p", `{"method":"properties_changed","params":[{"did":"D","siid":3,"piid":1,"value":32}]}`},
	{"params that are no array", "p", `{"id":20,"method":"properties_changed","params":{"did":"D","siid":3,"piid":1,"value":32}}`},
	{"an unsigned integer of 64 bits", "p", `{"id":21,"method":"properties_changed","params":[{"did":"D","siid":6,"piid":1,"value":18446744073709551615}]}`},
	{"an integer beyond 2^53", "p", `{"id":22,"method":"properties_changed","params":[{"did":"D","siid":6,"piid":1,"value":9007199254740993}]}`},
	{"a float with float32 noise", "p", `{"id":23,"method":"properties_changed","params":[{"did":"D","siid":3,"piid":2,"value":22.299999}]}`},
	{"a string with markup and a NUL", "p", `{"id":24,"method":"properties_changed","params":[{"did":"D","siid":5,"piid":2,"value":"<b>&\u0000ü"}]}`},
	{"an event with its argument", "e", `{"id":30,"method":"event_occured","params":{"did":"D","siid":2,"eiid":1,"arguments":[{"piid":5,"value":1}]}}`},
	{"an event with an argument off list", "e", `{"id":31,"method":"event_occured","params":{"did":"D","siid":2,"eiid":1,"arguments":[{"piid":5,"value":9}]}}`},
	{"an event without its argument", "e", `{"id":32,"method":"event_occured","params":{"did":"D","siid":2,"eiid":1,"arguments":[]}}`},
	{"an event without arguments", "e", `{"id":33,"method":"event_occured","params":{"did":"D","siid":2,"eiid":1}}`},
	{"an event that the spec lacks", "e", `{"id":34,"method":"event_occured","params":{"did":"D","siid":2,"eiid":9,"arguments":[]}}`},
	{"an event of a foreign did", "e", `{"id":35,"method":"event_occured","params":{"did":"E","siid":2,"eiid":1,"arguments":[{"piid":5,"value":1}]}}`},
}

func TestAReportIsJudgedItemByItemAndStoredBeforeItIsAcknowledged(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *house) {
		var b strings.Builder
		for i, c := range reportCases {
			did := fmt.Sprintf("D%d", i)
			u := h.unit(did, "air-purifier").attach(h.node)
			method := registry.MethodProperties
			if c.method == "e" {
				method = registry.MethodEvent
			}
			r := u.send(method, strings.ReplaceAll(c.payload, `"did":"D"`, fmt.Sprintf(`"did":%q`, did)))
			<-r.done
			fmt.Fprintf(&b, "%s\n", c.name)
			for _, e := range r.outcome.Errors {
				fmt.Fprintf(&b, "  answer    %s\n", e)
			}
			b.WriteString(h.stored(did))
			if r.repeat() || r.outcome.More {
				t.Errorf("%s: outcome %+v", c.name, r.outcome)
			}
		}
		golden(t, "reports", b.String())
	})
}

// stored is what the database holds of a device.
func (h *house) stored(did string) string {
	h.t.Helper()
	var b strings.Builder
	twin, err := h.node.Twin(h.t.Context(), did)
	must(h.t, err)
	for _, v := range twin.Reported {
		fmt.Fprintf(&b, "  twin      %d.%d = %s (%s)\n", v.SIID, v.PIID, v.Value, v.Quality)
	}
	for _, p := range h.history(did) {
		fmt.Fprintf(&b, "  history   %s\n", p)
	}
	for _, v := range h.violations(did) {
		fmt.Fprintf(&b, "  violation %s %d.%d ×%d %q\n", v.Rule, v.SIID, v.IID, v.Count, v.Last)
	}
	return b.String()
}

func (h *house) history(did string) (points []string) {
	h.t.Helper()
	q := registry.HistoryQuery{DID: did, From: time.Now().Add(-48 * time.Hour), To: time.Now().Add(48 * time.Hour)}
	must(h.t, h.node.History(h.t.Context(), q, func(p registry.Point) bool {
		points = append(points, fmt.Sprintf("%s %d.%d %s (%s)", p.Method, p.SIID, p.IID, p.Value, p.Quality))
		return true
	}))
	return points
}

func (h *house) violations(did string) []registry.Violation {
	h.t.Helper()
	v, err := h.node.Violations(h.t.Context(), did, time.Now().Add(-48*time.Hour), time.Now().Add(48*time.Hour))
	must(h.t, err)
	return v
}

// twin is one reported value, or "" if there is none.
func (h *house) twin(did string, siid, piid int) string {
	h.t.Helper()
	twin, err := h.node.Twin(h.t.Context(), did)
	must(h.t, err)
	for _, v := range twin.Reported {
		if v.SIID == siid && v.PIID == piid {
			return string(v.Value)
		}
	}
	return ""
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		must(t, os.WriteFile(path, []byte(got), 0o600))
	}
	want, err := os.ReadFile(path)
	must(t, err)
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (- want, + got; -update writes it anew):\n%s", path, diff)
	}
}
