// Package notice is the durable word that something happened which somebody
// outside may wait for: a certificate was suspended, an order was refunded.
//
// A notice is stored in the transaction of the fact itself. From there it
// reaches the bus (live pages), the webhooks of the organisation that it
// concerns, and mail; each of them at least once, none of them before the commit.
package notice

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/proofmark/proofmark/internal/id"
)

// Notice is one thing that happened.
type Notice struct {
	ID      string          `json:"id"`            // evt_…
	Kind    string          `json:"kind"`          // the thing, then the past tense: "certificate.suspended"
	Org     string          `json:"org,omitempty"` // org_… that it concerns; empty: only operators hear of it
	Subject string          `json:"subject"`       // the id of the thing
	At      time.Time       `json:"at"`
	Data    json.RawMessage `json:"data"` // what a listener may know: the public form of the thing
}

// New makes a notice. Data is anything that JSON can hold.
func New(at time.Time, kind, subject, org string, data any) (Notice, error) {
	n := Notice{ID: id.New("evt"), Kind: kind, Org: org, Subject: subject, At: at}
	var err error
	if n.Data, err = json.Marshal(data); err != nil {
		return Notice{}, fmt.Errorf("notice %s of %s: %w", kind, subject, err)
	}
	return n, nil
}

// Topic is the subject on the bus of all notices of a kind.
func Topic(kind string) string { return "notice." + kind }

// JobKind is the kind of the job that carries a notice to those outside; its key
// and its payload are the notice's id.
const JobKind = "notice.deliver"
