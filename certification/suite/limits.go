package suite

import "time"

// Release is the version of the suite: of its cases and limits together. A
// certificate names it.
const Release = "1.0.0"

// The limits of the catalogue, in one place and versioned with Release.
const (
	AnswerLimit  = 4 * time.Second  // a request is answered
	ConnectLimit = 10 * time.Second // CONNECT after TLS
	ReadyLimit   = 5 * time.Second  // SUBSCRIBE after CONNACK
	ReportLimit  = 2 * time.Second  // a report after a change
	LagLimit     = 50 * time.Millisecond
)
