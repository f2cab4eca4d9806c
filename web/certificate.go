package web

import (
	"html/template"
	"time"
)

// CertificateList is the public registry.
type CertificateList struct {
	Page
	Query  string // as it was typed
	State  string // only these; empty: all
	States []string
	Rows   []CertificateRow
	Next   string // address of the next page; empty: this is the last
}

// CertificateRow is one line of the registry.
type CertificateRow struct {
	Serial  string
	Product string
	Model   string
	Vendor  string
	State   string
	Issued  time.Time
	Expires time.Time
}

// CertificateView is one certificate, for everybody.
type CertificateView struct {
	Page
	CertificateRow

	Since        time.Time // of the state
	Reason       string
	Follows      string // serials
	SupersededBy string
	Parent       string

	Firmware   []FirmwareView
	Hardware   []string
	SpecURN    string
	SpecSHA256 string
	Suite      string
	Plans      []string
	Class      string // change class; empty: a first certification
	Groups     []GroupView
	Waivers    []WaiverView
	Conditions []ConditionView
	Regions    []RegionView
	Events     []EventView

	LogIndex int64
	KeyID    string
	Bundle   string // addresses
	Proof    string
	Badge    string
	JSON     string
	QR       template.HTML // an SVG that this program drew
	Embed    string        // HTML for others to paste
}

// FirmwareView is one certified image.
type FirmwareView struct{ Version, SHA256 string }

// GroupView is what the suite found in one group of cases.
type GroupView struct {
	Group, Title                              string
	Pass, Warn, Review, NotFor, Waived, Other int
}

// WaiverView is a requirement that is not met, for a time and in the open.
type WaiverView struct {
	Requirement, Scope, Reason string
	Until                      time.Time
	Ended                      bool
}

// ConditionView is what its holder has to do by a date.
type ConditionView struct {
	Text     string
	Due, Met time.Time
	Missed   bool
}

// RegionView is where the product may be sold.
type RegionView struct {
	Region string
	Holds  bool
	Why    string // where it does not
	Papers []PaperView
}

// PaperView is a regulatory document.
type PaperView struct {
	Scheme, Number, Holder string
	Expires                time.Time
}

// EventView is one leaf of the log.
type EventView struct {
	Kind   string // issued, suspended, …
	At     time.Time
	Index  int64
	Reason string
}

// VerifyPage takes a certificate's file and says what holds of it.
type VerifyPage struct {
	Page
	Fault   string // why the file could not be read, for beside the field
	Verdict string // empty: nothing was given yet; valid, invalid, unknown
	Serial  string
	Checks  []CheckView
}

// CheckView is one thing that was looked at.
type CheckView struct {
	Kind string // good, bad, warn
	Text string
}

// stateKinds are the colours of states; the word beside it says the same.
var stateKinds = map[string]string{
	"active": "good", "suspended": "warn", "superseded": "info", "expired": "warn", "withdrawn": "", "revoked": "bad",
	"valid": "good", "invalid": "bad", "unknown": "warn",
}

var stateIcons = map[string]string{
	"active": "check", "suspended": "pause", "superseded": "chevron", "expired": "clock", "withdrawn": "out", "revoked": "cross",
	"valid": "check", "invalid": "cross", "unknown": "warn",
}

func stateKind(state string) string { return stateKinds[state] }

func stateIcon(state string) string {
	if name, ok := stateIcons[state]; ok {
		return name
	}
	return "mark"
}
