package suite

import "time"

// The limits of WRITE.
const (
	DeferredLimit = 10 * time.Second // a write that was answered with code 1 is reported
	// CycleLimit is how long a device may take to be back after a power cut. How
	// fast it has to be is for SESS-12.
	CycleLimit = 3 * time.Minute
)
