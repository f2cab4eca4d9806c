package certification

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/proofmark/proofmark/certification/canonical"
	"github.com/proofmark/proofmark/certification/suite"
)

// CaseEvidence is what stands for one required case of a submission, or for one
// member of it, over all runs that count.
type CaseEvidence struct {
	ID          string      `json:"id"` // "WRITE-03[2.1]"
	Case        string      `json:"case"`
	Title       string      `json:"title"`
	Requirement string      `json:"requirement"`
	Sentence    string      `json:"sentence"`
	Level       suite.Level `json:"level"`

	Verdict  suite.Verdict   `json:"verdict"` // empty: no run that counts has judged it
	Attempts int             `json:"attempts"`
	Failed   int             `json:"failed"`
	Tried    string          `json:"tried,omitempty"` // "1 of 4 failed"
	Findings []suite.Finding `json:"findings,omitempty"`

	// Where it is to be seen: record numbers are of this transcript of this run.
	Run        string `json:"run,omitempty"`
	Transcript int    `json:"transcript,omitempty"` // from 1
	First      int    `json:"first_record,omitempty"`
	Last       int    `json:"last_record,omitempty"`
	Firmware   string `json:"firmware_sha256,omitempty"` // that it was judged on
	Suite      string `json:"suite,omitempty"`           // that judged it

	Inherited string `json:"inherited,omitempty"` // serial of the certificate that it is taken over from

	// What people said of it.
	Waiver   string      `json:"waiver,omitempty"` // wvr_… that covers it now
	Accepted *Acceptance `json:"accepted,omitempty"`
}

// Described fills in what the catalogue says of the case.
func (c CaseEvidence) Described() CaseEvidence {
	if known, err := suite.Lookup(c.Case); err == nil {
		c.Title, c.Requirement, c.Level = known.Title, known.Requirement, known.Level
	}
	if q, ok := suite.RequirementOf(c.Requirement); ok {
		c.Sentence = q.Sentence
	}
	return c
}

// Acceptance is a reviewer's word that a REVIEW verdict is all right. It is bound
// to the run whose verdict it was.
type Acceptance struct {
	Case string    `json:"case"` // with its member
	Run  string    `json:"run"`
	By   string    `json:"by"`
	Note string    `json:"note"`
	At   time.Time `json:"at"`
}

// Dossier is all that a decision on a submission rests on, as it stands now.
type Dossier struct {
	Submission Submission     `json:"submission"`
	Suite      string         `json:"suite"` // the release that counts
	Cases      []CaseEvidence `json:"cases"`
	Documents  []Document     `json:"documents"`
	Waivers    []Waiver       `json:"waivers"`    // of any state
	Conditions []Condition    `json:"conditions"` // that the certificate is to have
	Source     *Source        `json:"source,omitempty"`
	Compared   *Comparison    `json:"compared,omitempty"` // with the certificate that it follows
	Counts     map[string]int `json:"counts"`             // of cases by verdict; "open" has none

	// Papers is the SHA-256 of what the checklist is about; SHA256 that of
	// everything, which is what an approval names.
	Papers string `json:"papers_sha256"`
	SHA256 string `json:"evidence_sha256"`
}

// Source is the certificate that a submission changes, and inherits cases from.
type Source struct {
	Serial string           `json:"serial"`
	State  CertificateState `json:"state"`
}

// Open is the count of cases without a verdict.
const Open = "open"

// countsOf are the numbers of cases by verdict.
func countsOf(cases []CaseEvidence) map[string]int {
	counts := make(map[string]int)
	for i := range cases {
		counts[cmp.Or(string(cases[i].Verdict), Open)]++
	}
	return counts
}

// cover completes the cases of a dossier whose parts were read: what covers each, and
// the counts.
func (d *Dossier) cover(acceptances []Acceptance, barred func(account string) bool, now time.Time) {
	d.Counts = countsOf(d.Cases)
	for i := range d.Cases {
		c := &d.Cases[i]
		c.Waiver, c.Accepted = "", nil
		for _, w := range d.Waivers {
			if w.Covers(c.Requirement, c.ID, now) {
				c.Waiver = w.ID
				break
			}
		}
		// The last word on this very verdict.
		for _, a := range slices.Backward(acceptances) {
			if c.Verdict == suite.Review && a.Case == c.ID && a.Run == c.Run && !barred(a.By) {
				c.Accepted = &a
				break
			}
		}
	}
}

// papers is what is hashed of what people wrote.
type papers struct {
	Submission  string
	Round       int
	Model       string
	Hardware    []string
	Firmware    Firmware
	Spec        string
	Declaration string
	Units       *Units
	Regions     []string
	Previous    string
	Parent      string
	Change      string
	Class       ChangeClass
	Applies     []ChangeClass
	Confirmed   string
	Documents   []hashedDocument
}

type hashedDocument struct{ Kind, SHA256 string }

// exhibit is what is hashed of a case.
type exhibit struct {
	ID, Requirement, Verdict, Run, Firmware, Suite, Inherited string
	Attempts, Failed, Transcript, First, Last                 int
	Findings                                                  string // SHA-256
	Waiver                                                    string
	AcceptedBy, AcceptedNote                                  string
}

// seal computes both hashes. Persons' opinions (comments, marks, decisions) are in
// neither, or the first approval would be gone by the second.
func (d *Dossier) seal(now time.Time) error {
	s := &d.Submission
	p := papers{
		Submission: s.ID, Round: s.Round, Model: s.Model, Hardware: s.Hardware, Firmware: s.Firmware, Spec: s.SpecSHA256,
		Declaration: hashOf(s.Declaration), Units: s.Units, Regions: s.Regions, Previous: s.Previous, Parent: s.Parent, Change: hashOf(s.Change), Class: s.Class,
	}
	if c := s.Classification; c != nil {
		p.Applies, p.Confirmed = c.Applies, c.ConfirmedBy
	}
	for _, doc := range d.Documents {
		p.Documents = append(p.Documents, hashedDocument{doc.Kind, doc.SHA256})
	}
	slices.SortFunc(p.Documents, func(a, b hashedDocument) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.SHA256, b.SHA256))
	})
	var err error
	if d.Papers, err = hashJSON(p); err != nil {
		return fmt.Errorf("papers of submission %s: %w", s.ID, err)
	}
	all := struct {
		Papers     string
		Suite      string
		Cases      []exhibit
		Waivers    []PublicWaiver
		Conditions []condition
		Source     *Source
	}{Papers: d.Papers, Suite: d.Suite, Source: d.Source}
	for i := range d.Cases {
		e, err := d.Cases[i].exhibit()
		if err != nil {
			return fmt.Errorf("evidence of submission %s: %s: %w", s.ID, d.Cases[i].ID, err)
		}
		all.Cases = append(all.Cases, e)
	}
	slices.SortFunc(all.Cases, func(a, b exhibit) int { return cmp.Compare(a.ID, b.ID) })
	for _, w := range d.Waivers {
		if w.Holds(now) {
			all.Waivers = append(all.Waivers, w.Public())
		}
	}
	slices.SortFunc(all.Waivers, func(a, b PublicWaiver) int { return cmp.Compare(a.ID, b.ID) })
	for _, c := range d.Conditions {
		all.Conditions = append(all.Conditions, condition{c.ID, c.Text, c.Due.UnixMicro()})
	}
	if d.SHA256, err = hashJSON(all); err != nil {
		return fmt.Errorf("evidence of submission %s: %w", s.ID, err)
	}
	return nil
}

// condition is what is hashed of one; a time zone is not.
type condition struct {
	ID, Text string
	Due      int64
}

// noFindings is hashJSON of none.
var noFindings = hashOf([]byte("null"))

func (c *CaseEvidence) exhibit() (exhibit, error) {
	e := exhibit{
		ID: c.ID, Requirement: c.Requirement, Verdict: string(c.Verdict), Run: c.Run, Firmware: c.Firmware, Suite: c.Suite, Inherited: c.Inherited,
		Attempts: c.Attempts, Failed: c.Failed, Transcript: c.Transcript, First: c.First, Last: c.Last, Waiver: c.Waiver,
	}
	if c.Accepted != nil {
		e.AcceptedBy, e.AcceptedNote = c.Accepted.By, c.Accepted.Note
	}
	if c.Findings == nil { // as nearly all are
		e.Findings = noFindings
		return e, nil
	}
	var err error
	e.Findings, err = hashJSON(c.Findings)
	return e, err
}

// hashJSON is the hash of a value in canonical form. That form follows from the JSON of
// the value, so that of one that was hashed before it need not be made again: a review
// is read many times before anything in it changes.
func hashJSON(v any) (string, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	return hashes.of(sha256.Sum256(text), func() (string, error) {
		b, err := canonical.Marshal(json.RawMessage(text))
		return hashOf(b), err
	})
}

// hashes remembers hashes of canonical forms by the hash of the form that they were made
// of: 100 bytes each, two halves of at most halfHashes.
var hashes hashMemo

const halfHashes = 4096

type hashMemo struct {
	mu          sync.Mutex
	young, aged map[[sha256.Size]byte]string
}

func (m *hashMemo) of(of [sha256.Size]byte, hash func() (string, error)) (string, error) {
	m.mu.Lock()
	known, ok := m.young[of]
	if !ok {
		known, ok = m.aged[of]
	}
	m.mu.Unlock()
	if ok {
		return known, nil
	}
	made, err := hash()
	if err != nil {
		return "", err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.young == nil || len(m.young) >= halfHashes {
		m.aged, m.young = m.young, make(map[[sha256.Size]byte]string)
	}
	m.young[of] = made
	return made, nil
}

func hashOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
