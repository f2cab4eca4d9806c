package store

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/proofmark/proofmark/registry"
)

func TestChunkRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := anyChunk(t)
		got, err := parseChunk(c.DID, string(appendChunk(nil, &c)))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.Reports, got, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("-want +got:\n%s", diff)
		}
	})
}

func TestChunkIsCompact(t *testing.T) {
	at := time.UnixMicro(1763712000000000).UTC()
	c := registry.Chunk{DID: "a", Reports: []registry.Report{
		{ID: 5, Fingerprint: 255, Method: registry.MethodProperties, At: at, Quality: registry.QualityGood, Items: []registry.Item{{DID: "a", SIID: 3, IID: 6, Value: json.RawMessage("32")}}},
		{ID: 6, Method: registry.MethodEvent, At: at, Quality: registry.QualityLate, Items: []registry.Item{{DID: "b", SIID: 8, IID: 1, Arguments: json.RawMessage("[]")}}},
	}}
	want := `[{"i":5,"f":"ff","t":1763712000000000,"v":[{"s":3,"p":6,"v":32}]},` +
		`{"i":6,"t":1763712000000000,"m":"e","q":"late","v":[{"s":8,"p":1,"d":"b","a":[]}]}]`
	if got := string(appendChunk(nil, &c)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// FuzzParseChunk: whatever lies in the table, reading it never panics, and what
// could be read is written back with the same meaning.
func FuzzParseChunk(f *testing.F) {
	f.Add(`[{"i":5,"f":"ff","t":1763712000000000,"v":[{"s":3,"p":6,"v":1e400}]}]`)
	f.Add(`[{"m":"e","q":"late","v":[{"d":"b","a":[{"piid":1}]}]}]`)
	f.Fuzz(func(t *testing.T, body string) {
		reports, err := parseChunk("a", body)
		if err != nil {
			return
		}
		again, err := parseChunk("a", string(appendChunk(nil, &registry.Chunk{DID: "a", Reports: reports})))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(reports, again, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("-first +second:\n%s", diff)
		}
	})
}

func anyChunk(t *rapid.T) registry.Chunk {
	text := rapid.StringMatching(`[A-Za-z0-9._"\\<🌬-]{1,8}`)
	value := rapid.SampledFrom([]string{
		`0`, `18446744073709551615`, `-9223372036854775808`, `22.299999`, `1E+400`, `"\u0000\ud83c"`, `"🌬"`, `{"a": [1, 2 ]}`, `false`, `null`, `[]`,
	})
	instant := rapid.Custom(func(t *rapid.T) time.Time {
		if rapid.Bool().Draw(t, "zero") {
			return time.Time{}
		}
		return time.UnixMicro(rapid.Int64Range(1, 1<<52).Draw(t, "µs")).UTC()
	})
	c := registry.Chunk{DID: text.Draw(t, "did")}
	for range rapid.IntRange(0, 4).Draw(t, "reports") {
		r := registry.Report{
			ID: rapid.Int64().Draw(t, "id"), Fingerprint: rapid.Uint64().Draw(t, "fingerprint"), At: instant.Draw(t, "at"),
			Method:  rapid.OneOf(rapid.SampledFrom([]string{registry.MethodProperties, registry.MethodEvent}), text).Filter(func(m string) bool { return m != eventCode }).Draw(t, "method"),
			Quality: registry.Quality(rapid.OneOf(rapid.SampledFrom([]string{"good", "late", "read"}), text).Draw(t, "quality")),
		}
		for range rapid.IntRange(0, 3).Draw(t, "items") {
			it := registry.Item{DID: c.DID, SIID: rapid.Int().Draw(t, "siid"), IID: rapid.Int().Draw(t, "iid")}
			if rapid.Bool().Draw(t, "sub-device") {
				it.DID = text.Draw(t, "sub")
			}
			if rapid.Bool().Draw(t, "event") {
				it.Arguments = json.RawMessage(value.Draw(t, "arguments"))
			} else {
				it.Value = json.RawMessage(value.Draw(t, "value"))
			}
			r.Items = append(r.Items, it)
		}
		c.Reports = append(c.Reports, r)
	}
	return c
}
