package suite

import "time"

// The limits of ACT and EVT.
const (
	EventLimit = 10 * time.Second // an event after it was provoked
	AlarmLimit = 2 * time.Second  // an alarm or fault
	AlarmTimes = 5                // so often each is provoked
	SilenceFor = 60 * time.Second // EVT-04 keeps the device offline, at least
	LostEvents = 5                // that happen meanwhile
	// ClockLimit is by how much a timestamp may be off.
	ClockLimit = 2 * time.Second
)
