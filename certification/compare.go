package certification

import (
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/proofmark/proofmark/certification/suite"
	"github.com/proofmark/proofmark/miot"
)

// Comparison is what a submission changes against the certificate that it follows.
type Comparison struct {
	Serial      string         `json:"serial"`     // of the certificate
	Submission  string         `json:"submission"` // that it was issued for
	Firmware    FirmwareChange `json:"firmware"`
	Spec        miot.Changes   `json:"spec"`
	SpecFault   string         `json:"spec_fault,omitempty"` // why the documents could not be compared
	Declaration []MemberChange `json:"declaration"`
	Cases       []CaseChange   `json:"cases"`
	Counts      map[string]int `json:"counts"` // of cases by Trend
}

// FirmwareChange is the image that was certified beside the one that is to be.
type FirmwareChange struct {
	Before Firmware `json:"before"`
	After  Firmware `json:"after"`
}

// Trend says what became of a case.
type Trend string

// What may become of a case. One that does not apply any more (N/A, or not
// required) is gone; one that applies now is new.
const (
	Better Trend = "better"
	Worse  Trend = "worse"
	New    Trend = "new"
	Gone   Trend = "gone"
	Same   Trend = "same"
)

// CaseChange is one case before and now.
type CaseChange struct {
	ID     string          `json:"id"`
	Trend  Trend           `json:"trend"`
	Before suite.Verdict   `json:"before,omitempty"`
	After  suite.Verdict   `json:"after,omitempty"`
	Was    []suite.Finding `json:"findings_before,omitempty"`
	Is     []suite.Finding `json:"findings_after,omitempty"`
}

// MemberChange is one member of a JSON document before and now.
type MemberChange struct {
	Pointer string          `json:"pointer"` // RFC 6901
	Before  json.RawMessage `json:"before,omitempty"`
	After   json.RawMessage `json:"after,omitempty"`
}

// severity orders the verdicts that say something of a device.
var severity = map[suite.Verdict]int{
	suite.Pass: 1, suite.Warn: 2, suite.Review: 3, suite.Skipped: 4, suite.Inconclusive: 5, suite.Fail: 6,
}

// CompareCases says case by case what changed, what is worse first.
func CompareCases(before, after []CaseEvidence) []CaseChange {
	was, is := byID(before), byID(after)
	ids := slices.Collect(maps.Keys(was))
	for id := range is {
		if _, both := was[id]; !both {
			ids = append(ids, id)
		}
	}
	out := make([]CaseChange, 0, len(ids))
	for _, id := range ids {
		b, a := was[id], is[id]
		out = append(out, CaseChange{
			ID: id, Trend: trend(b.Verdict, a.Verdict), Before: b.Verdict, After: a.Verdict, Was: b.Findings, Is: a.Findings,
		})
	}
	order := []Trend{Worse, New, Gone, Better, Same}
	slices.SortFunc(out, func(a, b CaseChange) int {
		return cmp.Or(slices.Index(order, a.Trend)-slices.Index(order, b.Trend), cmp.Compare(a.ID, b.ID))
	})
	return out
}

func byID(cases []CaseEvidence) map[string]CaseEvidence {
	m := make(map[string]CaseEvidence, len(cases))
	for _, c := range cases {
		m[c.ID] = c
	}
	return m
}

func trend(before, after suite.Verdict) Trend {
	b, a := severity[before], severity[after]
	switch {
	case a == b:
		return Same
	case b == 0:
		return New
	case a == 0:
		return Gone
	case a > b:
		return Worse
	}
	return Better
}

// compare puts two submissions side by side.
func compare(serial string, before, after Submission, were, are []CaseEvidence) *Comparison {
	c := &Comparison{
		Serial: serial, Submission: before.ID, Firmware: FirmwareChange{before.Firmware, after.Firmware},
		Declaration: CompareJSON(before.Declaration, after.Declaration), Cases: CompareCases(were, are), Counts: make(map[string]int),
	}
	older, errB := miot.Parse(before.Spec)
	newer, errA := miot.Parse(after.Spec)
	switch {
	case errB != nil:
		c.SpecFault = "the certified document: " + errB.Error()
	case errA != nil:
		c.SpecFault = "the submitted document: " + errA.Error()
	default:
		c.Spec = miot.Diff(older, newer)
	}
	for _, change := range c.Cases {
		c.Counts[string(change.Trend)]++
	}
	return c
}

// CompareJSON lists the members in which two documents differ, by their pointers.
// Lists are compared element by element; what is no JSON is one member.
func CompareJSON(before, after json.RawMessage) []MemberChange {
	var out []MemberChange
	compareAt("", before, after, &out)
	return out
}

func compareAt(pointer string, before, after json.RawMessage, out *[]MemberChange) {
	b, was := members(before)
	a, is := members(after)
	if was != is || was == 0 {
		if !bytes.Equal(compact(before), compact(after)) {
			*out = append(*out, MemberChange{Pointer: pointer, Before: compact(before), After: compact(after)})
		}
		return
	}
	all := maps.Clone(b)
	maps.Copy(all, a)
	for _, key := range slices.SortedFunc(maps.Keys(all), naturally) {
		compareAt(pointer+"/"+escaped.Replace(key), b[key], a[key], out)
	}
}

// members are those of an object, or a list's elements by their numbers. kind is
// the bracket that they stand in, 0 where there is none.
func members(raw json.RawMessage) (m map[string]json.RawMessage, kind byte) {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || !json.Valid(raw) {
		return nil, 0
	}
	var err error
	switch raw[0] {
	case '{':
		err = json.Unmarshal(raw, &m)
	case '[':
		var elements []json.RawMessage
		err = json.Unmarshal(raw, &elements)
		m = make(map[string]json.RawMessage, len(elements))
		for i, e := range elements {
			m[strconv.Itoa(i)] = e
		}
	default:
		return nil, 0
	}
	if err != nil {
		return nil, 0
	}
	return m, raw[0]
}

// naturally has element 10 after element 9.
func naturally(a, b string) int {
	i, errA := strconv.Atoi(a)
	j, errB := strconv.Atoi(b)
	if errA == nil && errB == nil {
		return i - j
	}
	return cmp.Compare(a, b)
}

// compact takes the layout away; of what is no JSON it makes a JSON text.
func compact(raw json.RawMessage) json.RawMessage {
	if len(raw) == 0 {
		return nil
	}
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		text, _ := json.Marshal(string(raw)) // a string has a JSON form
		return text
	}
	return b.Bytes()
}

// escaped is RFC 6901 §3.
var escaped = strings.NewReplacer("~", "~0", "/", "~1")
