package health

import (
	"slices"
	"time"

	"github.com/proofmark/proofmark/certification"
)

// State is where a flag stands.
type State string

// The states: open → dismissed | upheld, both final.
const (
	Open      State = "open"
	Dismissed State = "dismissed"
	Upheld    State = "upheld" // the certificate was suspended for it
)

// Flag says that the devices of a firmware drifted from what was certified.
type Flag struct {
	ID       string    `json:"id"` // flg_…
	Product  string    `json:"product"`
	Model    string    `json:"model"`
	Firmware string    `json:"firmware"`
	Rule     string    `json:"rule"`
	Serial   string    `json:"serial"` // of the certificate
	Org      string    `json:"org"`
	At       time.Time `json:"at"`
	Standing Standing  `json:"standing"` // when it was raised

	State      State      `json:"state"`
	DecidedBy  string     `json:"decided_by,omitempty"`
	DecidedAt  time.Time  `json:"decided_at,omitzero"`
	Reason     string     `json:"reason,omitempty"`
	QuietUntil time.Time  `json:"quiet_until,omitzero"` // dismissed: no new flag of this firmware and rule before
	Evidence   []Evidence `json:"evidence,omitempty"`   // when it was raised; a reviewer's to see, and part of what Public leaves out
	Talk       []Remark   `json:"talk,omitempty"`       // what reviewers asked, and the maker answered
	Rev        int64      `json:"rev"`
}

// Remark is a question of a reviewer to the maker, or its answer.
type Remark struct {
	By    string    `json:"by,omitempty"` // of the maker's people; a reviewer's name is not told
	Maker bool      `json:"maker"`
	At    time.Time `json:"at"`
	Text  string    `json:"text"`
}

// Waits says whether a question waits for the maker's answer.
func (f *Flag) Waits() bool {
	return f.State == Open && len(f.Talk) > 0 && !f.Talk[len(f.Talk)-1].Maker
}

// Public is what the maker and its webhooks get: no device, no byte and no reviewer.
func (f Flag) Public() Flag {
	f.Evidence, f.DecidedBy, f.Talk = nil, "", slices.Clone(f.Talk)
	for i := range f.Talk {
		if !f.Talk[i].Maker {
			f.Talk[i].By = ""
		}
	}
	return f
}

// Evidence is one device that shows it, and what it did last.
type Evidence struct {
	Device   string    `json:"device"` // its did, or its alias
	SIID     int       `json:"siid,omitempty"`
	IID      int       `json:"iid,omitempty"`
	Count    int64     `json:"count"` // on its last day
	At       time.Time `json:"at"`
	Last     string    `json:"last"` // the last offending bytes, at most 256
	Redacted bool      `json:"redacted,omitempty"`
}

// The rules by which something that a person wants of a flag is refused.
var refusals = struct{ open, tie, reviewer, reason, quiet, talk string }{
	"flag-open", "flag-tie", "reviewer-only", "flag-reason", "flag-quiet", "flag-talk",
}

// The longest reason of a dismissal, in bytes, and the shortest.
const (
	leastReason = 10
	mostReason  = 700
	mostQuiet   = 30 * 24 * time.Hour
	mostTalk    = 50 // remarks about one flag
)

// mayDecide says why the person may not decide about the flag.
func (f *Flag) mayDecide(a certification.Actor) error {
	switch {
	case a.Of(f.Org):
		return certification.Refuse(certification.ErrForbidden, refusals.tie, "account %s is a member of %s, whose model %s is", a.Account, f.Org, f.Model)
	case !a.Reviewer && !a.Operator:
		return certification.Refuse(certification.ErrForbidden, refusals.reviewer, "account %s is neither reviewer nor operator", a.Account)
	case f.State != Open:
		return certification.Refuse(certification.ErrState, refusals.open, "flag %s is %s since %s: it was decided already", f.ID, f.State, f.DecidedAt.UTC().Format(time.RFC3339))
	}
	return nil
}
