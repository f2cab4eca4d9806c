package transcript

import (
	"encoding/json"
	"time"
)

// Format is the version of this file format. A reader refuses a higher one.
const Format = 1

// Header is record 0: everything besides the wire that a verdict depends on.
type Header struct {
	Format      int             `json:"format"`
	Suite       string          `json:"suite"` // release of the suite
	Began       time.Time       `json:"began"`
	Plan        string          `json:"plan"`
	Cases       []string        `json:"cases"`                // selected, in their order
	SoakHours   int             `json:"soak_hours,omitempty"` // of SOAK-01, where they are not all 24
	Seed        uint64          `json:"seed"`
	DID         string          `json:"did"`
	Transport   string          `json:"transport"`             // tcp, tls, mtls
	ServerName  string          `json:"server_name,omitempty"` // by which the device knows the bench; TLS only
	Operator    string          `json:"operator,omitempty"`    // who answers its questions: terminal, web, virtual; empty: nobody
	Spec        json.RawMessage `json:"spec"`
	Previous    json.RawMessage `json:"previous_spec,omitempty"` // the certified version before
	Declaration json.RawMessage `json:"declaration"`             // the exact copy that was used
	Submission  json.RawMessage `json:"submission,omitempty"`    // facts: firmware hash, documents, second unit
	FirstID     int64           `json:"first_id,omitempty"`      // of this transcript's requests; 0: they begin at 1, as they did before
	Resumed     string          `json:"resumed,omitempty"`       // SHA-256 of the transcript that this one goes on from
}
