package certification

import (
	"slices"
	"time"
)

// Certificate is what was issued, and what holds of it now. What is signed are
// the members up to ExpiresAt; the rest is told by the status list and the log.
type Certificate struct {
	Serial     string   `json:"serial"` // PM-2026-000001
	Submission string   `json:"submission"`
	Org        string   `json:"org"`
	OrgName    string   `json:"org_name"`
	Product    string   `json:"product"`
	Model      string   `json:"model"`
	SpecURN    string   `json:"spec_urn"`
	SpecSHA256 string   `json:"spec_sha256"`
	Hardware   []string `json:"hardware"`

	Firmware []Firmware  `json:"firmware"`
	Suite    string      `json:"suite"`
	Plans    []string    `json:"plans"`
	Runs     []string    `json:"runs"` // run_…, each with the SHA-256 of its transcripts in the payload
	Class    ChangeClass `json:"class,omitempty"`
	Follows  string      `json:"follows,omitempty"` // serial of the one that it supersedes
	Parent   string      `json:"parent,omitempty"`  // class F: inherited cases are of this one

	Regions    []string    `json:"regions"`
	Conditions []Condition `json:"conditions,omitempty"`
	Waivers    []Waiver    `json:"waivers,omitempty"`
	IssuedAt   time.Time   `json:"issued_at"`
	ExpiresAt  time.Time   `json:"expires_at"`

	State        CertificateState `json:"state"`
	Since        time.Time        `json:"since"`
	Reason       string           `json:"reason,omitempty"`
	SupersededBy string           `json:"superseded_by,omitempty"`
	LostRegions  []string         `json:"lost_regions,omitempty"`
	LogIndex     int64            `json:"log_index"`
	Rev          int64            `json:"rev"`

	Proposed *Proposal `json:"proposed,omitempty"` // to revoke it; not public
}

// Proposal is one person's wish to revoke a certificate.
type Proposal struct {
	By     string    `json:"by"` // acc_…
	Reason string    `json:"reason"`
	At     time.Time `json:"at"`
}

// Public is what everybody may see of a certificate: no person is named in it.
func (c Certificate) Public() Certificate {
	c.Proposed = nil
	c.Conditions = slices.Clone(c.Conditions)
	for i := range c.Conditions {
		c.Conditions[i].MetBy, c.Conditions[i].Reminded = "", 0
	}
	c.Waivers = slices.Clone(c.Waivers)
	for i := range c.Waivers {
		w := &c.Waivers[i]
		w.ProposedBy, w.DecidedBy, w.EndedBy, w.Decision = "", "", "", ""
	}
	return c
}
