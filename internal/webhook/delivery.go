package webhook

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/proofmark/proofmark/internal/notice"
)

// DeliveryState says how far a delivery is.
type DeliveryState string

// The states. Waiting → delivered | failed; back to waiting by Redeliver.
const (
	Waiting   DeliveryState = "waiting"
	Delivered DeliveryState = "delivered"
	Failed    DeliveryState = "failed" // after its last attempt
)

// Delivery is one notice on its way to one endpoint.
type Delivery struct {
	ID        string // whd_…
	Endpoint  string
	Notice    string // evt_…: what the receiver knows it by; one delivery per endpoint and notice
	Kind      string
	Sequence  int64  // of this endpoint's deliveries, from 1
	Body      []byte // exactly these bytes are sent, each time
	State     DeliveryState
	Attempts  int       // made so far
	Tries     int       // of them since the last Redeliver
	DueAt     time.Time // of the next attempt
	CreatedAt time.Time
	EndedAt   time.Time // zero while waiting
}

// Attempt is one request that was made.
type Attempt struct {
	Number   int // of the delivery's, from 1
	At       time.Time
	Duration time.Duration
	Status   int    // HTTP; 0: there was no answer
	Error    string // why it did not do; empty: it did
	Response string // what was answered: at most 4 KiB, as text
}

// Body is what a receiver gets.
type Body struct {
	ID        string          `json:"id"`
	Type      string          `json:"type"`
	Timestamp time.Time       `json:"timestamp"` // of the fact
	Sequence  int64           `json:"sequence"`
	Subject   string          `json:"subject"`
	Data      json.RawMessage `json:"data"`
}

func bodyOf(n notice.Notice, sequence int64) ([]byte, error) {
	data := n.Data
	if len(data) == 0 {
		data = json.RawMessage("null")
	}
	b, err := json.Marshal(Body{n.ID, n.Kind, n.At.UTC(), sequence, n.Subject, data})
	if err != nil {
		return nil, fmt.Errorf("body of notice %s: %w", n.ID, err)
	}
	return b, nil
}

// waits are those before the second and each further attempt.
var waits = []time.Duration{
	5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute,
	time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour,
}

const (
	// GivesUpAfter is how long an endpoint may do nothing but fail.
	GivesUpAfter = 5 * 24 * time.Hour
	// KeptFor is how long deliveries can be looked at.
	KeptFor = 30 * 24 * time.Hour
	// retryAfterLimit is the longest Retry-After that is honoured.
	retryAfterLimit = time.Hour
)

// next is the wait after so many tries, ± 20 % so that what failed together does
// not come back together; false: that was the last one. A receiver may ask for a
// longer one, up to an hour.
func next(tries int, asked time.Duration) (time.Duration, bool) {
	if tries > len(waits) {
		return 0, false
	}
	wait := time.Duration(float64(waits[tries-1]) * (0.8 + 0.4*rand.Float64()))
	return max(wait, min(asked, retryAfterLimit)), true
}
