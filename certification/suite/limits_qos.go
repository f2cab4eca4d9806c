package suite

import "time"

// The limits of the QOS cases.
const (
	AcknowledgeLimit = 2 * time.Second  // PUBACK after a PUBLISH
	ResendLimit      = 30 * time.Second // an unacknowledged report again, after CONNACK
	HandshakeLimit   = 5 * time.Second  // PUBREL after PUBREC

	qosMessages = 100
	qosWindow   = 10 // outstanding at once
	// reportPatience is how long a case waits for a report that it cannot cause.
	reportPatience = 90 * time.Second
)
