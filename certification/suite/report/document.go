package report

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/proofmark/proofmark/certification/suite"
)

// Format is the version of the JSON form.
const Format = 1

// Document is a report. Its JSON form is stable: members are added, never renamed.
type Document struct {
	Format    int           `json:"format"`
	Suite     string        `json:"suite"`
	DID       string        `json:"did"`
	Model     string        `json:"model"`
	Device    string        `json:"device"` // the description in the spec
	Firmware  string        `json:"firmware"`
	Plan      string        `json:"plan"`
	Seed      uint64        `json:"seed"`
	Transport string        `json:"transport"`
	Operator  string        `json:"operator,omitempty"`
	Began     time.Time     `json:"began"`
	Took      time.Duration `json:"took_ns"` // of all transcripts together
	Parts     int           `json:"transcripts"`
	suite.Summary
	Groups []Group `json:"groups"`
}

// Group is the cases of one part of the catalogue.
type Group struct {
	Name     string  `json:"name"`
	Title    string  `json:"title"`
	Outcomes []Entry `json:"outcomes"`
}

// Entry is what stands for one case, or for one member of it.
type Entry struct {
	ID          string          `json:"id"`
	Title       string          `json:"title"`
	Requirement string          `json:"requirement"`
	Sentence    string          `json:"sentence"`
	Level       suite.Level     `json:"level"`
	Verdict     suite.Verdict   `json:"verdict"`
	Attempts    int             `json:"attempts"`
	Failed      int             `json:"failed"`
	Tried       string          `json:"tried,omitempty"` // "1 of 4 failed"
	Took        time.Duration   `json:"took_ns"`
	Lags        int             `json:"lags,omitempty"` // how often the bench was late meanwhile
	Hint        string          `json:"hint,omitempty"` // only where something is to be mended
	Findings    []suite.Finding `json:"findings,omitempty"`
	Segment     int             `json:"transcript"` // from 1; record numbers are of this one
	Timeline    *Timeline       `json:"-"`
}

// New makes the report of a run.
func New(rep *suite.Report) *Document {
	h := &rep.Header
	d := &Document{
		Format: Format, Suite: h.Suite, DID: h.DID, Plan: h.Plan, Seed: h.Seed, Transport: h.Transport, Operator: h.Operator,
		Began: h.Began, Parts: len(rep.Segments), Summary: rep.Summarize(),
	}
	d.about(h.Spec, h.Declaration)
	for _, s := range rep.Segments {
		if n := len(s); n > 0 {
			d.Took += s[n-1].At
		}
	}
	for _, o := range suite.Conclude(rep.Results) {
		name, _, _ := strings.Cut(o.Case, "-")
		if n := len(d.Groups); n == 0 || d.Groups[n-1].Name != name {
			d.Groups = append(d.Groups, Group{Name: name, Title: suite.GroupTitle(name)})
		}
		g := &d.Groups[len(d.Groups)-1]
		g.Outcomes = append(g.Outcomes, entry(rep, o))
	}
	return d
}

// about takes what is shown of the device out of its papers, which may be faulty.
func (d *Document) about(spec, declaration json.RawMessage) {
	var s struct {
		Type        string `json:"type"`
		Description string `json:"description"`
	}
	var decl suite.Declaration
	// A field that cannot be read is not shown; the DECL cases have judged it.
	_ = json.Unmarshal(spec, &s)
	_ = json.Unmarshal(declaration, &decl)
	d.Device, d.Model, d.Firmware = s.Description, decl.Model, decl.Firmware
	if d.Device == "" {
		d.Device = s.Type
	}
}

func entry(rep *suite.Report, o *suite.Outcome) Entry {
	r := o.Decisive()
	e := Entry{
		ID: o.ID(), Title: o.Case, Verdict: o.Verdict, Attempts: o.Attempts, Failed: o.Failed, Tried: o.Tried(),
		Findings: r.Findings, Segment: r.Segment + 1,
	}
	for _, tried := range o.Results {
		e.Lags += tried.Lags
	}
	if c, err := suite.Lookup(o.Case); err == nil {
		e.Title, e.Requirement, e.Level = c.Title, c.Requirement, c.Level
		if o.Verdict == suite.Fail || o.Verdict == suite.Warn {
			e.Hint = c.Hint
		}
	}
	if q, ok := suite.RequirementOf(e.Requirement); ok {
		e.Sentence = q.Sentence
	}
	for _, one := range o.Results {
		if records := rep.Segments[one.Segment]; one.Last > one.First && one.Last < len(records) && one.First > 0 {
			e.Took += records[one.Last].At - records[one.First].At
		}
	}
	if o.Verdict == suite.Fail || o.Verdict == suite.Warn || o.Verdict == suite.Inconclusive {
		e.Timeline = timeline(rep.Segments[r.Segment], r)
	}
	return e
}

// JSON is the report for programs.
func (d *Document) JSON() ([]byte, error) {
	b, err := json.MarshalIndent(d, "", "  ")
	return append(b, '\n'), err
}

// Compare tells where two reports judge differently. Times and words do not count.
func Compare(stored, again *Document) []string {
	var diff []string
	if stored.Verdict != again.Verdict || stored.Status != again.Status {
		diff = append(diff, fmt.Sprintf("the run was %s, %s; now it is %s, %s", stored.Verdict, stored.Status, again.Verdict, again.Status))
	}
	now := make(map[string]suite.Verdict)
	for _, e := range again.entries() {
		now[e.ID] = e.Verdict
	}
	for _, e := range stored.entries() {
		switch v, ok := now[e.ID]; {
		case !ok:
			diff = append(diff, fmt.Sprintf("%s was %s, and is not judged any more", e.ID, e.Verdict))
		case v != e.Verdict:
			diff = append(diff, fmt.Sprintf("%s was %s, now it is %s", e.ID, e.Verdict, v))
		}
		delete(now, e.ID)
	}
	for _, e := range again.entries() {
		if v, isNew := now[e.ID]; isNew {
			diff = append(diff, fmt.Sprintf("%s is %s, and was not in the stored report", e.ID, v))
		}
	}
	return diff
}

func (d *Document) entries() []*Entry {
	var all []*Entry
	for i := range d.Groups {
		for j := range d.Groups[i].Outcomes {
			all = append(all, &d.Groups[i].Outcomes[j])
		}
	}
	return all
}

// Lags is how often the bench was late in all.
func (d *Document) Lags() (n int) {
	for _, g := range d.Groups {
		for _, e := range g.Outcomes {
			n += e.Lags
		}
	}
	return n
}
