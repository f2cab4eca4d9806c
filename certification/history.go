package certification

import "time"

// CertificateEvent is one leaf of the log that tells of a certificate.
type CertificateEvent struct {
	Index  int64     `json:"index"`
	Kind   string    `json:"kind"` // "certificate.issued"
	At     time.Time `json:"at"`
	Reason string    `json:"reason,omitempty"`
	Region string    `json:"region,omitempty"`
}
