package certification

import (
	"time"

	"github.com/proofmark/proofmark/certification/suite"
)

// RunState is where a run on the service stands. It says nothing about the device.
type RunState string

// The states of a run.
const (
	RunQueued      RunState = "queued"
	RunWaiting     RunState = "waiting-for-device"
	RunRunning     RunState = "running"
	RunAsking      RunState = "waiting-for-operator"
	RunInterrupted RunState = "interrupted" // can be resumed
	RunFinished    RunState = "finished"    // final
	RunCancelled   RunState = "cancelled"   // final
)

// Run is one passage of a submission's device through a plan. Its verdicts follow
// from its transcripts.
type Run struct {
	ID         string     `json:"id"` // run_…
	Submission string     `json:"submission"`
	Org        string     `json:"org"`
	Round      int        `json:"round"` // of the submission
	Plan       suite.Plan `json:"plan"`
	Cases      []string   `json:"cases,omitempty"` // only these; empty: all of the plan
	Attempt    int        `json:"attempt"`         // of this plan in this round, from 1

	Firmware   Firmware `json:"firmware"`
	SpecSHA256 string   `json:"spec_sha256"`
	Suite      string   `json:"suite"` // suite.Release
	Seed       uint64   `json:"seed"`
	DID        string   `json:"did"`
	Transport  string   `json:"transport"`

	State    RunState `json:"state"`
	Reason   string   `json:"reason,omitempty"`
	Rev      int64    `json:"rev"`
	Operator string   `json:"operator,omitempty"` // acc_… who began it, and answered its questions
	Node     string   `json:"node,omitempty"`     // that runs it now

	Transcripts []Evidence     `json:"transcripts,omitempty"` // in their order, packed
	Report      Evidence       `json:"report,omitzero"`       // the HTML report
	Summary     *suite.Summary `json:"summary,omitempty"`     // once it finished

	CreatedAt time.Time `json:"created_at"`
	StartedAt time.Time `json:"started_at,omitzero"`
	EndedAt   time.Time `json:"ended_at,omitzero"`
}

// Evidence is a file in the blob store.
type Evidence struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size"`
}
