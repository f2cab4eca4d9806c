package suite

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/proofmark/proofmark/certification/suite/transcript"
	"github.com/proofmark/proofmark/miot"
)

// papers judges the DECL cases on a document: they need no device, so a
// transcript of begin and end records is all there is.
func papers(t *testing.T, spec, previous string, d *Declaration) map[string]*Result {
	t.Helper()
	ids, err := Select(Quick, []string{"DECL"})
	if err != nil {
		t.Fatal(err)
	}
	h := transcript.Header{
		Format: 1, Suite: Release, Plan: string(Quick), Cases: ids, DID: "d-1", Transport: "tcp",
		Spec: json.RawMessage(spec), Previous: json.RawMessage(previous), Declaration: marshalled(t, d),
	}
	if previous == "" {
		h.Previous = nil
	}
	records := []*transcript.Record{{Kind: transcript.KindHeader, Data: marshalled(t, h)}}
	for _, id := range ids {
		records = append(records,
			&transcript.Record{Kind: transcript.KindBegin, Case: id, Attempt: 1},
			&transcript.Record{Kind: transcript.KindEnd, Case: id, Attempt: 1})
	}
	for i, r := range records {
		r.Seq = i
	}
	rep, err := Judge(records)
	if err != nil {
		t.Fatal(err)
	}
	out := make(map[string]*Result)
	for _, r := range rep.Results {
		out[r.Case] = r
	}
	return out
}

func marshalled(t *testing.T, v any) json.RawMessage {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestPapersThatConform(t *testing.T) {
	for _, name := range miot.SampleNames() {
		d := Conforming(sampleSpec(t, name), "d-1")
		for id, r := range papers(t, string(miot.Sample(name)), string(miot.Sample(name)), d) {
			if r.Verdict != Pass {
				t.Errorf("%s: %s is %s: %v", name, id, r.Verdict, r.Findings)
			}
		}
	}
}

func TestPapersThatFail(t *testing.T) {
	lamp := string(miot.Sample("lamp"))
	d := Conforming(sampleSpec(t, "lamp"), "d-1")
	replace := func(from, to string) string {
		t.Helper()
		if !strings.Contains(lamp, from) {
			t.Fatalf("the sample has no %s", from)
		}
		return strings.Replace(lamp, from, to, 1)
	}
	for _, c := range []struct {
		what, spec string
		fails      []string
	}{
		{"another model", strings.ReplaceAll(lamp, "aurora-glow2", "aurora-glow3"), []string{"DECL-01", "DECL-07"}},
		{"a type that is no URN", replace("urn:miot-spec-v2:device:light", "urn:light"), []string{"DECL-01"}},
		{"no device-information", replace(":device-information:00007801:", ":device-info:00009801:"), []string{"DECL-02"}},
		{"an iid that is twice", replace("\"iid\": 2,\n          \"type\": \"urn:miot-spec-v2:property:brightness", "\"iid\": 1,\n          \"type\": \"urn:miot-spec-v2:property:brightness"), []string{"DECL-03", "DECL-06"}},
		{"a format that nobody knows", replace(`"format": "bool"`, `"format": "boolean"`), []string{"DECL-04"}},
		{"a range that does not end on a step", replace("[2700, 6500, 100]", "[2700, 6550, 100]"), []string{"DECL-05"}},
		{"arguments of nobody", replace(`"in": [2, 6]`, `"in": [2, 66]`), []string{"DECL-04", "DECL-06"}},
		{"a list where an object belongs", `[]`, []string{"DECL-01", "DECL-02", "DECL-03", "DECL-04", "DECL-05", "DECL-06"}},
	} {
		got := papers(t, c.spec, "", d)
		for id, r := range got {
			if want := slices.Contains(c.fails, id); want != (r.Verdict == Fail) && (want || id != "DECL-07") {
				t.Errorf("%s: %s is %s: %v", c.what, id, r.Verdict, r.Findings)
			}
		}
		if got["DECL-08"].Verdict != NotFor {
			t.Errorf("%s: DECL-08 is %s without a version before", c.what, got["DECL-08"].Verdict)
		}
	}
	if r := papers(t, replace("[2700, 6500, 100]", "[2700, 6400, 100]"), lamp, d)["DECL-08"]; r.Verdict != Fail {
		t.Errorf("a range that shrank: %s", r.Verdict)
	}
}

// Whoever uses a document that cannot be compiled must not get to the device.
func TestFaultySpecKeepsTheDeviceOut(t *testing.T) {
	run, err := newRun(transcript.Header{DID: "d-1", Spec: json.RawMessage(`{"type":"x","description":"","services":7}`), Declaration: json.RawMessage(`{}`)})
	if err != nil {
		t.Fatal(err)
	}
	if v, why := run.lacks(Needs{}); v != Skipped || !strings.Contains(why, "DECL") {
		t.Errorf("%s, %s", v, why)
	}
}
