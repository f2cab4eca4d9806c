package registry

import (
	"encoding/json"
	"time"
)

// Device is one unit of a product. Its did is its name on every wire.
type Device struct {
	DID       string
	ProductID string
	SpecID    string
	Account   string // acc_… of whom it belongs to; empty for a unit that nobody owns yet
	Parent    string // did of the gateway that speaks for it; empty for a device with its own connection
	Name      string
	Info      Info
	CreatedAt time.Time
}

// Info is what the device said of itself in its last answer to miIO.info.
type Info struct {
	Model    string          // empty until it answered once
	Firmware string          // fw_ver
	Hardware string          // hw_ver
	Raw      json.RawMessage // the whole result object
	At       time.Time       // when it answered; zero until then
}

// CredentialState is the life of a device's secret.
type CredentialState string

// The states of a credential. A retiring one still opens the door until its
// successor was used for the first time.
const (
	CredentialActive   CredentialState = "active"
	CredentialRetiring CredentialState = "retiring"
	CredentialRevoked  CredentialState = "revoked"
)

// Credential lets a device log in. The secret itself is shown once and never
// stored: Hash is HMAC-SHA256 of it under Salt.
type Credential struct {
	ID        string // crd_…
	DID       string
	Salt      []byte // 16 bytes
	Hash      []byte // 32 bytes
	State     CredentialState
	CreatedAt time.Time
	UsedAt    time.Time // the login by which it ended its predecessors; zero while it had none
	RevokedAt time.Time // zero unless revoked
}
