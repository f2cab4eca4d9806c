package certification

import (
	"slices"
	"time"
)

// Item is something that a reviewer has to have looked at. Its id is for ever.
type Item struct {
	ID      string        `json:"id"`
	Text    string        `json:"text"`
	Classes []ChangeClass `json:"classes"` // that need it; FirstTime for a first certification
}

// FirstTime is the class of a submission that follows no certificate.
const FirstTime ChangeClass = ""

// checklist is the one list of items.
var checklist = []Item{
	{"sbom", "The software bill of materials was read: components, versions, known weaknesses.", []ChangeClass{FirstTime, ClassB, ClassC, ClassD, ClassE, ClassF}},
	{"disclosure", "The disclosure contact answers, and the support period is acceptable.", []ChangeClass{FirstTime, ClassF}},
	{"photos", "The photos show this model and these hardware revisions.", []ChangeClass{FirstTime, ClassA, ClassE, ClassF}},
	{"declaration", "Each exclusion, unsafe or volatile member that the declaration names is justified.", []ChangeClass{FirstTime, ClassB, ClassC, ClassD, ClassE, ClassF}},
	{"operator-evidence", "What the operator answered, photographed and captured shows what it is to show.", []ChangeClass{FirstTime, ClassE}},
	{"findings", "Each WARN was read, and each FAIL that was repeated is explained.", []ChangeClass{FirstTime, ClassB, ClassC, ClassD, ClassE, ClassF}},
	{"statement", "The change statement is plausible against the images, the documents and what the cases show.", []ChangeClass{ClassA, ClassB, ClassC, ClassD, ClassE, ClassF}},
	{"difference", "The difference statement names everything that sets the new model apart from its platform.", []ChangeClass{ClassF}},
	{"regulatory", "The regulatory documents match model, hardware revisions and regions.", []ChangeClass{FirstTime, ClassA, ClassE, ClassF}},
	{"public-text", "The wording of waivers and conditions may be published.", []ChangeClass{FirstTime, ClassA, ClassB, ClassC, ClassD, ClassE, ClassF}},
}

// Checklist is what a reviewer has to look at in a submission to which the classes
// apply; none is a first certification.
func Checklist(applies []ChangeClass) []Item {
	if len(applies) == 0 {
		applies = []ChangeClass{FirstTime}
	}
	var out []Item
	for _, i := range checklist {
		if slices.ContainsFunc(i.Classes, func(c ChangeClass) bool { return slices.Contains(applies, c) }) {
			out = append(out, i)
		}
	}
	return out
}

// applies are the classes of its change.
func (s *Submission) applies() []ChangeClass {
	if s.Classification == nil {
		return nil
	}
	return s.Classification.Applies
}

// Mark is a reviewer's word that an item was looked at. It is bound to the papers
// that there were: other documents, another statement, and it is to be marked again.
type Mark struct {
	Item   string    `json:"item"`
	OK     bool      `json:"ok"` // false: looked at, and not all right
	Note   string    `json:"note"`
	Papers string    `json:"papers_sha256"`
	By     string    `json:"by"`
	At     time.Time `json:"at"`
}
