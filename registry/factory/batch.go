package factory

import (
	"time"

	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/notice"
	"github.com/proofmark/proofmark/registry"
	"github.com/proofmark/proofmark/registry/claims"
)

// State is the life of a batch.
type State string

// The states.
const (
	Made      State = "made"      // its manifest waits to be fetched
	Delivered State = "delivered" // it was, once
	Revoked   State = "revoked"   // lost, or not needed: what nobody claimed is gone
	Imported  State = "imported"  // made elsewhere: there is no manifest
)

// MostUnits is how many devices one batch or import may have.
const MostUnits = 10_000

// Batch is a number of devices that were made together.
type Batch struct {
	ID          string // bat_…
	ProductID   string
	Certificate string // serial of the certificate under which they were made; empty for none
	Units       int64
	Recipient   string // the factory's age public key, age1…
	State       State
	SHA256      string // of the sealed manifest, hex
	Reason      string // of the import, or of the revocation
	CreatedBy   string
	CreatedAt   time.Time
	DeliveredAt time.Time // zero until then
	RevokedAt   time.Time // zero unless revoked
}

// Unit is one device to be stored with its batch.
type Unit struct {
	Device registry.Device
	Key    registry.Credential
	Code   *claims.Code // nil: it gets its code later
}

// Word is what is told of a batch, as the data of the notices batch.made, .delivered,
// .refused, .revoked and .imported: nothing of its devices.
type Word struct {
	Batch     string `json:"batch"`
	Product   string `json:"product"`
	Model     string `json:"model"`
	Units     int64  `json:"units"`
	Recipient string `json:"recipient,omitempty"` // the factory's public key
	Reason    string `json:"reason,omitempty"`
}

// Change is what a transaction records and tells beside what it changes.
type Change struct {
	Entry  audit.Entry
	Notice notice.Notice
}

// change makes what is recorded and told of a batch.
func change(at time.Time, by, action string, b Batch, p registry.Product, reason string, detail map[string]any) (Change, error) {
	e, err := audit.New(at, by, action, b.ID, p.Org, detail)
	if err != nil {
		return Change{}, err
	}
	n, err := notice.New(at, action, b.ID, p.Org, Word{b.ID, p.ID, p.Model, b.Units, b.Recipient, reason})
	return Change{e, n}, err
}

// Grant allows units of a product, or with a negative number takes some back.
type Grant struct {
	ID        string // grt_…
	ProductID string
	Units     int64
	Reason    string
	GrantedBy string
	CreatedAt time.Time
}

// Quota is how many units of a product may be made, and were.
type Quota struct {
	Granted int64 // by operators
	Made    int64 // without what was revoked; imports do not count
}

// Manifest is what a factory needs, and nobody else may see.
type Manifest struct {
	Issuer      string    `json:"iss"` // where it was made
	Batch       string    `json:"batch"`
	Model       string    `json:"model"`
	Certificate string    `json:"certificate,omitempty"`
	MadeAt      time.Time `json:"made_at"`
	Units       []Keyed   `json:"units"`
}

// Keyed is one device of a manifest.
type Keyed struct {
	DID  string `json:"did"`
	Key  string `json:"key"`        // its secret: into the device, nowhere else
	Code string `json:"claim_code"` // onto its label, nowhere else
}

// ManifestType is the typ of a manifest's signature: with it a signature over
// something else never passes for one.
const ManifestType = "proofmark-manifest+jws"
