package certification

import "time"

// DecisionKind is what a reviewer says of a submission.
type DecisionKind string

// What a reviewer says.
const (
	Approve        DecisionKind = "approve"
	RequestChanges DecisionKind = "request-changes"
	Reject         DecisionKind = "reject"
)

// Decision is one reviewer's word in one round. A later one of the same person
// replaces it; all stay in the audit log.
type Decision struct {
	Submission string       `json:"submission"`
	Round      int          `json:"round"`
	Reviewer   string       `json:"reviewer"` // acc_…
	Kind       DecisionKind `json:"kind"`
	Reason     string       `json:"reason"`          // the vendor reads it
	Note       string       `json:"note,omitempty"`  // only reviewers do
	Asked      []Asked      `json:"asked,omitempty"` // what has to change
	Evidence   string       `json:"evidence"`        // Dossier.SHA256 of what was decided on
	At         time.Time    `json:"at"`
}

// Asked is one thing that has to change.
type Asked struct {
	Case string `json:"case,omitempty"` // "WRITE-03[2.1]"; empty: in general
	Text string `json:"text"`
}

// WaiverState is where a waiver stands.
type WaiverState string

// The states of a waiver.
const (
	WaiverProposed WaiverState = "proposed"
	WaiverApproved WaiverState = "approved"
	WaiverRefused  WaiverState = "refused"
	WaiverEnded    WaiverState = "ended" // past its date, or taken back
)

// Waiver lets a requirement pass unmet for a time. Approved ones are public.
type Waiver struct {
	ID          string      `json:"id"` // wvr_…
	Submission  string      `json:"submission"`
	Requirement string      `json:"requirement"` // of the catalogue
	Cases       []string    `json:"cases"`       // outcomes that it covers: "WRITE-03[2.1]"
	Scope       string      `json:"scope"`       // where it holds: models, firmware, regions, in words
	Reason      string      `json:"reason"`
	Until       time.Time   `json:"until"` // its last moment
	State       WaiverState `json:"state"`
	ProposedBy  string      `json:"proposed_by"`
	ProposedAt  time.Time   `json:"proposed_at"`
	DecidedBy   string      `json:"decided_by,omitempty"`
	DecidedAt   time.Time   `json:"decided_at,omitzero"`
	Decision    string      `json:"decision,omitempty"` // why it was approved or refused
	EndedBy     string      `json:"ended_by,omitempty"` // acc_… who took it back; empty: its date passed
	EndedAt     time.Time   `json:"ended_at,omitzero"`
	EndReason   string      `json:"end_reason,omitempty"`
}

// Condition is what a conditional approval asks for by a date. One that is missed
// suspends the certificate by itself.
type Condition struct {
	ID     string    `json:"id"` // cnd_…
	Text   string    `json:"text"`
	Due    time.Time `json:"due"`
	MetAt  time.Time `json:"met_at,omitzero"`
	MetBy  string    `json:"met_by,omitempty"` // acc_… of the reviewer who saw it
	Missed bool      `json:"missed,omitempty"`
	// Reminded is how many days before its date its holder was last reminded of it.
	Reminded int `json:"reminded,omitempty"`
}
