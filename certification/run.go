package certification

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/proofmark/proofmark/certification/suite"
	"github.com/proofmark/proofmark/certification/suite/transcript"
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
	RunFinished    RunState = "finished"    // final, unless cases were left open for want of an operator
	RunCancelled   RunState = "cancelled"   // final
)

// RunMoves is the one table of what may become of a run.
var RunMoves = []Move[RunState]{
	{RunQueued, RunWaiting, []Mover{ByProgramme}, "a bench is free"},
	{RunWaiting, RunRunning, []Mover{ByProgramme}, "the device is connected and has subscribed"},
	{RunRunning, RunWaiting, []Mover{ByProgramme}, "the device is away between two cases"},
	{RunRunning, RunAsking, []Mover{ByProgramme}, "a case asks a person"},
	{RunWaiting, RunAsking, []Mover{ByProgramme}, "likewise"},
	{RunAsking, RunRunning, []Mover{ByProgramme}, "the question was answered, or its time is over"},
	{RunAsking, RunWaiting, []Mover{ByProgramme}, "likewise"},
	{RunWaiting, RunFinished, []Mover{ByProgramme}, "all cases have ended"},
	{RunRunning, RunFinished, []Mover{ByProgramme}, "likewise"},
	{RunAsking, RunFinished, []Mover{ByProgramme}, "likewise"},
	{RunWaiting, RunInterrupted, []Mover{ByProgramme}, "no device came, or the service stopped"},
	{RunRunning, RunInterrupted, []Mover{ByProgramme}, "the device did not come back, or the service stopped"},
	{RunAsking, RunInterrupted, []Mover{ByProgramme}, "the service stopped"},
	{RunInterrupted, RunQueued, []Mover{ByVendor, ByOperator}, "resumed"},
	{RunFinished, RunQueued, []Mover{ByVendor, ByOperator}, "resumed, for the cases that were left open"},
	{RunQueued, RunCancelled, []Mover{ByVendor, ByOperator, ByProgramme}, "by the programme when the submission left testing or changed"},
	{RunWaiting, RunCancelled, []Mover{ByVendor, ByOperator, ByProgramme}, "likewise"},
	{RunRunning, RunCancelled, []Mover{ByVendor, ByOperator, ByProgramme}, "likewise"},
	{RunAsking, RunCancelled, []Mover{ByVendor, ByOperator, ByProgramme}, "likewise"},
	{RunInterrupted, RunCancelled, []Mover{ByVendor, ByOperator}, ""},
}

// Executing says that a node runs it now.
func (s RunState) Executing() bool { return s == RunWaiting || s == RunRunning || s == RunAsking }

// Ended says that nothing more comes of it by itself.
func (s RunState) Ended() bool { return s == RunFinished || s == RunCancelled || s == RunInterrupted }

// Run is one passage of a submission's device through a plan. Its verdicts follow
// from its transcripts.
type Run struct {
	ID         string     `json:"id"` // run_…
	Submission string     `json:"submission"`
	Org        string     `json:"org"`
	Round      int        `json:"round"` // of the submission
	Plan       suite.Plan `json:"plan"`
	Cases      []string   `json:"cases,omitempty"` // only these; empty: all of the plan
	SoakHours  int        `json:"soak_hours,omitempty"`
	Attempt    int        `json:"attempt"` // of this plan in this round, from 1

	Firmware          Firmware `json:"firmware"`
	SpecSHA256        string   `json:"spec_sha256"`
	DeclarationSHA256 string   `json:"declaration_sha256"`
	Suite             string   `json:"suite"` // suite.Release
	Seed              uint64   `json:"seed"`
	Repeat            int      `json:"repeat,omitempty"` // how often a case that fails is run again
	DID               string   `json:"did"`
	Transport         string   `json:"transport"`             // tcp or tls
	ServerName        string   `json:"server_name,omitempty"` // by which the device knows the bench; TLS only
	Port              int      `json:"port,omitempty"`        // of its own, where the installation has such

	State    RunState `json:"state"`
	Reason   string   `json:"reason,omitempty"`
	Rev      int64    `json:"rev"`
	Operator string   `json:"operator,omitempty"`  // acc_… who began it, or resumed it last
	Hands    []string `json:"hands,omitempty"`     // acc_… of all who began, resumed or cancelled it
	CancelBy string   `json:"cancel_by,omitempty"` // acc_… who wants it cancelled, or did it
	Node     string   `json:"node,omitempty"`      // that runs it now, or holds evidence that is not stored yet

	Transcripts []Evidence     `json:"transcripts,omitempty"` // in their order, packed
	Report      Evidence       `json:"report,omitzero"`       // the HTML report
	ReportJSON  Evidence       `json:"report_json,omitzero"`  // the same for programs
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
	// Contents is the blob with the transcript.Contents of a transcript; one that was
	// stored before there were such has none.
	Contents string `json:"contents_sha256,omitempty"`
}

// Touched adds somebody who had a hand in the run.
func (r *Run) Touched(account string) {
	if !slices.Contains(r.Hands, account) {
		r.Hands = append(slices.Clone(r.Hands), account)
	}
}

// QuestionState is where a question to an operator stands.
type QuestionState string

// The states of a question.
const (
	QuestionOpen     QuestionState = "open"
	QuestionAnswered QuestionState = "answered" // final
	QuestionExpired  QuestionState = "expired"  // final: its time is over, or its run was interrupted
)

// Question is what a run asks a person at the device.
type Question struct {
	ID       string        `json:"id"` // qst_…
	Run      string        `json:"run"`
	Case     string        `json:"case"`
	Kind     string        `json:"kind"` // of bench.Question
	Text     string        `json:"text"`
	Evidence string        `json:"evidence,omitempty"` // what is wanted: photo, video, pcap, document
	For      time.Duration `json:"for_ns,omitempty"`   // how long the power, or the network, is to be off

	// Of what is asked for, for a fixture that answers in a person's place.
	SIID  int             `json:"siid,omitempty"`
	PIID  int             `json:"piid,omitempty"`
	EIID  int             `json:"eiid,omitempty"`
	Value json.RawMessage `json:"value,omitempty"`

	State   QuestionState `json:"state"`
	AskedAt time.Time     `json:"asked_at"`
	DueAt   time.Time     `json:"due_at"`

	Answer     *transcript.Answer `json:"answer,omitempty"`
	AnsweredAt time.Time          `json:"answered_at,omitzero"`
	AnsweredBy string             `json:"answered_by,omitempty"` // acc_…
}

// RunFile is a file that somebody gave for an answer.
type RunFile struct {
	Run    string    `json:"run"`
	Name   string    `json:"name"`
	Media  string    `json:"media"`
	SHA256 string    `json:"sha256"`
	Size   int64     `json:"size"`
	By     string    `json:"by"`
	At     time.Time `json:"at"`
}

// Judgement is a run that was judged again, from its transcripts alone.
type Judgement struct {
	ID      string    `json:"id"` // jdg_…
	Run     string    `json:"run"`
	By      string    `json:"by"`
	At      time.Time `json:"at"`
	EndedAt time.Time `json:"ended_at,omitzero"` // zero: not yet

	Suite   string         `json:"suite,omitempty"` // release that judged
	Same    bool           `json:"same"`
	Differs []string       `json:"differs,omitempty"`
	Signed  []string       `json:"signed_by,omitempty"` // key of each transcript; empty: it is unsigned
	Summary *suite.Summary `json:"summary,omitempty"`
	Failed  string         `json:"failed,omitempty"` // why it could not be judged
}
