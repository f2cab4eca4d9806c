package suite

import "time"

// Limits of SOAK.
const (
	SoakTime      = 24 * time.Hour
	ShortSoak     = 4                // hours of SOAK-01 after a change that left the network alone
	SoakPace      = 10 * time.Second // between two requests
	SoakAnswered  = 0.999
	SoakDrops     = 2
	ShortDrops    = 1             // in a short one: as many as in a day, for its share and rounded up
	HeapSlope     = -0.01         // of the median, an hour
	HeapSpan      = 4 * time.Hour // of samples, at least
	HeapSamples   = 20
	SoakDropCount = 200
	SoakCycles    = 20
	SoakCommands  = 10_000
	CommandPause  = 200 * time.Millisecond // and up to …
	CommandSpread = 300 * time.Millisecond // … this much more
)
