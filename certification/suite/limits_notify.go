package suite

import "time"

// The limits of NOTIFY.
const (
	LocalReportLimit = 3 * time.Second  // a report after the operator's change
	FullStateLimit   = 10 * time.Second // every notify property after a reconnect
	FinalReportLimit = 3 * time.Second  // the last report of a burst
	ReturnLimit      = 6 * time.Minute  // a device is back after an outage: its longest pause, and a boot

	ChatterFor    = 10 * time.Minute // of idleness in which reports are counted
	ChatterMean   = 1                // messages a second, on average
	ChatterBurst  = 10               // messages in any second
	ChatterRepeat = time.Second      // the same value is not reported twice within it
	// IntervalSlack is by how much the network may bring two reports closer
	// together than they were sent.
	IntervalSlack = 100 * time.Millisecond
)
