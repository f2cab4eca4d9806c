package certification

import (
	"fmt"

	"github.com/proofmark/proofmark/certification/canonical"
	"github.com/proofmark/proofmark/certification/translog"
)

// CertificateType is the typ of a certificate's JWS.
const CertificateType = "proofmark-certificate"

// PayloadVersion is the version of the payloads that are issued.
const PayloadVersion = 1

// Payload is what is signed: what was tested, with what, and what it may be called
// until when. It never changes; what holds now is told by the status list. Times
// are written as translog.Instant, so that there is one form of each.
type Payload struct {
	Version  int    `json:"version"` // 1
	Serial   string `json:"serial"`
	URL      string `json:"url"` // where it is public
	Product  string `json:"product"`
	Model    string `json:"model"`
	Vendor   Vendor `json:"vendor"`
	Evidence string `json:"evidence"` // SHA-256 of what the reviewers approved, hex

	Spec     SpecRef    `json:"spec"`
	Firmware []Firmware `json:"firmware"`
	Hardware []string   `json:"hardware"`

	Suite   string      `json:"suite"` // release
	Plans   []string    `json:"plans"`
	Runs    []RunRef    `json:"runs"`
	Class   ChangeClass `json:"class,omitempty"`
	Follows string      `json:"follows,omitempty"` // serial
	Parent  string      `json:"parent,omitempty"`  // serial

	Regions    []string       `json:"regions"`
	Conditions []ConditionRef `json:"conditions"`
	Waivers    []WaiverRef    `json:"waivers"`

	IssuedAt  string `json:"issued_at"`
	ExpiresAt string `json:"expires_at"` // from here on it is expired
}

// Vendor is whom a certificate is issued to.
type Vendor struct {
	ID   string `json:"id"` // org_…
	Name string `json:"name"`
}

// SpecRef names a spec document.
type SpecRef struct {
	URN    string `json:"urn"`
	SHA256 string `json:"sha256"`
}

// RunRef names a run and the transcripts that its verdicts follow from.
type RunRef struct {
	ID          string   `json:"id"`
	Plan        string   `json:"plan"`
	Transcripts []string `json:"transcripts"` // SHA-256, hex
}

// ConditionRef is a condition as the public reads it.
type ConditionRef struct {
	ID   string `json:"id"`
	Text string `json:"text"`
	Due  string `json:"due"`
}

// WaiverRef is a waiver as the public reads it: what is waived and until when, not
// by whom.
type WaiverRef struct {
	ID          string   `json:"id"`
	Requirement string   `json:"requirement"`
	Cases       []string `json:"cases"`
	Scope       string   `json:"scope"`
	Reason      string   `json:"reason"`
	Until       string   `json:"until"`
}

// ParsePayload reads a payload strictly: canonical JSON, no unknown member, and
// everything that Lint asks for.
func ParsePayload(data []byte) (Payload, error) {
	var p Payload
	if len(data) > MaxPayload {
		return p, Refuse(ErrInvalid, "payload-size", "a payload of %d bytes; at most %d", len(data), MaxPayload)
	}
	if err := canonical.Unmarshal(data, &p); err != nil {
		return p, fmt.Errorf("certificate's payload: %w", err)
	}
	return p, p.Lint()
}

// certificate is the record that belongs to a payload, not yet issued.
func (p Payload) certificate(a Approval) (Certificate, error) {
	issued, err := translog.ParseInstant(p.IssuedAt)
	if err != nil {
		return Certificate{}, err
	}
	expires, err := translog.ParseInstant(p.ExpiresAt)
	if err != nil {
		return Certificate{}, err
	}
	c := Certificate{
		Serial: p.Serial, Submission: a.Submission.ID, Org: p.Vendor.ID, OrgName: p.Vendor.Name, Product: p.Product, Model: p.Model,
		SpecURN: p.Spec.URN, SpecSHA256: p.Spec.SHA256, Hardware: p.Hardware, Firmware: p.Firmware, Suite: p.Suite, Plans: p.Plans,
		Class: p.Class, Follows: p.Follows, Parent: p.Parent, Regions: p.Regions, Conditions: a.Conditions, Waivers: a.Waivers,
		IssuedAt: issued, ExpiresAt: expires, State: Active, Since: issued,
	}
	for _, r := range p.Runs {
		c.Runs = append(c.Runs, r.ID)
	}
	return c, nil
}
