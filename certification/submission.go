package certification

import (
	"encoding/json"
	"time"

	"github.com/proofmark/proofmark/certification/suite"
)

// Firmware is one image of a product.
type Firmware struct {
	Version string `json:"version"`
	SHA256  string `json:"sha256"` // of the image, 64 lower-case hex digits
}

// Platform is what a model shares with its maker's other models.
type Platform struct {
	Module   string `json:"module"`   // the radio module and its revision, as its maker names it
	Firmware string `json:"firmware"` // the platform firmware that the application stands on, with its version
}

// Units are two devices of the product, by which SEC-01 sees that no two have the
// same secret. Of 256 random bits their hashes tell nothing.
type Units struct {
	SecretSHA256 string     `json:"secret_sha256"` // of the factory secret of the unit under test, 64 lower-case hex digits
	Second       suite.Unit `json:"second"`
}

// Submission is a product's firmware on its way to a certificate.
type Submission struct {
	ID      string `json:"id"`      // sub_…
	Org     string `json:"org"`     // org_… that submits
	Product string `json:"product"` // its name, for people
	Model   string `json:"model"`   // vendor and product of the spec's URN

	Hardware    []string        `json:"hardware"` // revisions that the certificate is to name
	Firmware    Firmware        `json:"firmware"`
	Platform    Platform        `json:"platform,omitzero"`
	Spec        json.RawMessage `json:"spec,omitempty"` // the MIoT-Spec-V2 document, byte by byte as it was given
	SpecSHA256  string          `json:"spec_sha256"`    // of these bytes
	SpecURN     string          `json:"spec_urn"`
	Declaration json.RawMessage `json:"declaration,omitempty"` // suite.Declaration as JSON
	Units       *Units          `json:"units,omitempty"`
	Regions     []string        `json:"regions"` // where it is to be sold: "IN", "EU", …

	Previous string          `json:"previous,omitempty"` // serial of the certificate that this follows
	Parent   string          `json:"parent,omitempty"`   // class F: serial of the certificate of the same platform
	Change   json.RawMessage `json:"change,omitempty"`   // the signed change statement, where it follows one
	Class    ChangeClass     `json:"class,omitempty"`    // as determined; empty: a first certification

	Classification *Classification `json:"classification,omitempty"` // how the class came about, from the first submit on

	State  SubmissionState `json:"state"`
	Reason string          `json:"reason,omitempty"` // of the state, in words
	Round  int             `json:"round"`            // of testing and review: 1, and one more each time the firmware, spec or declaration changes
	Tests  string          `json:"tests,omitempty"`  // SHA-256 over what the round is about; see Submission.subject
	Rev    int64           `json:"rev"`              // counts every change; a change names the one that it saw

	CreatedBy   string    `json:"created_by"` // acc_…
	CreatedAt   time.Time `json:"created_at"`
	SubmittedAt time.Time `json:"submitted_at,omitzero"`
	UpdatedAt   time.Time `json:"updated_at"`
}

// ChangeClass says what changed since the certified firmware, and so which groups
// of cases run again (docs/catalogue.md, last table).
type ChangeClass string

// The change classes.
const (
	ClassA ChangeClass = "A" // documents, packaging, colour
	ClassB ChangeClass = "B" // firmware; spec version and network stack unchanged
	ClassC ChangeClass = "C" // network stack, TLS, bootloader or key storage; and whatever was not declared
	ClassD ChangeClass = "D" // spec version + 1, additive
	ClassE ChangeClass = "E" // hardware revision, same module
	ClassF ChangeClass = "F" // same platform, new model
)

// Document is a file that belongs to a submission or to an organisation.
type Document struct {
	ID         string    `json:"id"` // doc_…
	Org        string    `json:"org"`
	Submission string    `json:"submission,omitempty"`
	Kind       string    `json:"kind"` // sbom, disclosure, photo, pcap, scan, regulatory, …
	Name       string    `json:"name"` // as it was given; shown, never trusted
	Media      string    `json:"media"`
	Size       int64     `json:"size"`
	SHA256     string    `json:"sha256"`
	By         string    `json:"by"`
	At         time.Time `json:"at"`
}
