package suite

import "time"

// The limits of the SEC cases.
const (
	ReplayWindow  = 60 * time.Second // a device remembers what it did for so long
	RestoreLimit  = 2 * time.Minute  // back after a factory reset, where nobody joins it to the network
	RestoreByHand = 10 * time.Minute // where somebody has to
	ScanLimit     = 2 * time.Hour    // a port scan and a look at what is open

	leastECKey  = 256 // bits
	leastRSAKey = 2048
	guesses     = 100
	leastSecret = 6 // characters; the redactor marks nothing shorter
)
