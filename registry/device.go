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
	Home      string // hom_… that it stands in; empty for none
	Room      string // rom_… of that home; empty for none
	Info      Info
	CreatedAt time.Time

	QuarantinedAt time.Time // zero unless it is kept out: see Quarantine
	Quarantine    string    // why
	ResetAt       time.Time // when it last asked in with its factory key after that was replaced; zero: never
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

// CredentialKind says what a credential is checked against.
type CredentialKind string

// The kinds. The zero value is a secret that was made for a running device.
const (
	KindSecret  CredentialKind = ""
	KindFactory CredentialKind = "factory" // the secret that it was made with, to which a reset takes it back
	KindKey     CredentialKind = "key"     // the public key of its certificate: Hash is the SHA-256 of the key's DER form
)

// Credential lets a device log in. The secret itself is shown once and never
// stored: Hash is HMAC-SHA256 of it under Salt.
type Credential struct {
	ID        string // crd_…
	DID       string
	Salt      []byte // 16 bytes
	Hash      []byte // 32 bytes
	State     CredentialState
	Kind      CredentialKind
	CreatedAt time.Time
	UsedAt    time.Time // the login by which it ended its predecessors; zero while it had none
	RevokedAt time.Time // zero unless revoked
}
