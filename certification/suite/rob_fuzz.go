package suite

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/proofmark/proofmark/certification/suite/transcript"
)

func rob11(t *T) {
	t.Ready(ConnectLimit)
	b := t.before()
	for round := range fuzzRounds {
		t.Step("messages %d to %d of seed %d", round*fuzzRound+1, (round+1)*fuzzRound, t.Header.Seed)
		for range fuzzRound {
			t.sendBytes(t.fuzz())
			// A PUBACK paces the messages: this is no flood.
			t.Await(AcknowledgeLimit, func(e *Event) bool { return e.Is(transcript.In, "PUBACK") || e.Kind == transcript.KindClose })
		}
		what := fmt.Sprintf("messages %d to %d of seed %d", round*fuzzRound+1, (round+1)*fuzzRound, t.Header.Seed)
		if !t.survived(b, 0, RecoverLimit, what) {
			return
		}
	}
}

// fuzz makes one message by a grammar of requests in which each part may go wrong.
// Whatever it makes is harmless: it writes nothing lawful, calls no action that
// exists, and neither restores nor updates nor rekeys the device.
func (t *T) fuzz() []byte {
	r := t.Rand
	method := pick(r, "get_properties", "set_properties", "action", "miIO.info", "properties_changed", "event_occured", "", "x", strings.Repeat("m", r.IntN(300)))
	members := []string{
		`"id":` + pick(r, strconv.Itoa(r.IntN(1<<20)), "-7", "1e3", "18446744073709551616", `"1"`, "null", "[]", "true"),
		`"method":` + pick(r, strconv.Quote(method), "null", "1", `["get_properties"]`),
		`"params":` + t.fuzzParams(method),
	}
	r.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
	if r.IntN(4) == 0 {
		members = members[:r.IntN(len(members)+1)]
	}
	if r.IntN(4) == 0 {
		members = append(members, `"`+pick(r, "exe_time", "tid", "\\u0000", "é", strings.Repeat("k", r.IntN(200)))+`":`+fuzzValue(r, 3))
	}
	out := []byte("{" + strings.Join(members, ",") + "}")
	switch r.IntN(8) {
	case 0:
		out = out[:r.IntN(len(out)+1)]
	case 1:
		out = append(out, binaryBytes(r, nil)...)
	case 2:
		out = append([]byte(pick(r, " ", "\n", "[", "\xef\xbb\xbf", "\x00")), out...)
	}
	return out
}

func (t *T) fuzzParams(method string) string {
	r := t.Rand
	if r.IntN(6) == 0 {
		return fuzzValue(r, 3)
	}
	items := make([]string, r.IntN(4))
	if r.IntN(20) == 0 {
		items = make([]string, 65+r.IntN(40)) // more than a device takes
	}
	for i := range items {
		items[i] = t.fuzzItem(method)
	}
	if method == "action" && len(items) > 0 {
		return items[0]
	}
	return "[" + strings.Join(items, ",") + "]"
}

// fuzzItem names what exists only in order to read it.
func (t *T) fuzzItem(method string) string {
	r := t.Rand
	// No such service, not even to a device that keeps only the low byte.
	siid, piid := strconv.Itoa(256*(4+r.IntN(200))+128+r.IntN(128)), strconv.Itoa(r.IntN(300))
	if method == "get_properties" && r.IntN(2) == 0 {
		p := t.Rules.Properties()[r.IntN(len(t.Rules.Properties()))]
		siid, piid = strconv.Itoa(p.SIID), strconv.Itoa(p.PIID)
	}
	members := []string{
		`"did":` + pick(r, strconv.Quote(t.Header.DID), strconv.Quote(t.Header.DID), `"other"`, `""`, "0", "null", strconv.Quote(strings.Repeat("d", r.IntN(400)))),
		`"siid":` + pick(r, siid, siid, siid, "-"+siid, siid+".5", "1e400", "null"),
		`"piid":` + pick(r, piid, piid, piid, "-1", "4294967297", `"1"`, "{}"),
	}
	if method != "get_properties" {
		members = append(members, `"value":`+fuzzValue(r, 3), `"aiid":`+pick(r, "1", "-1", "null"), `"in":`+fuzzValue(r, 2))
	}
	r.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
	if r.IntN(8) == 0 {
		members = members[1:]
	}
	return "{" + strings.Join(members, ",") + "}"
}

// fuzzValue is any JSON value, of some depth.
func fuzzValue(r *rand.Rand, depth int) string {
	if depth > 0 {
		switch r.IntN(4) {
		case 0:
			return "[" + fuzzValue(r, depth-1) + "," + fuzzValue(r, depth-1) + "]"
		case 1:
			return `{"` + pick(r, "a", "value", "siid") + `":` + fuzzValue(r, depth-1) + "}"
		}
	}
	return pick(r, "true", "null", "0", "-0", "1e308", "-1e-400", "9223372036854775808", `""`, `"\ud800"`, `"%s%n"`, `"../../x"`, strconv.Quote(strings.Repeat("s", r.IntN(500))))
}

func pick(r *rand.Rand, from ...string) string { return from[r.IntN(len(from))] }
