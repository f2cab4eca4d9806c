package suite

import "time"

// The limits of the ROB cases.
const (
	RecoverLimit      = 30 * time.Second // alive again after an oversized message or a drip
	FloodRecoverLimit = 10 * time.Second // and after a flood
	IllegalCloseLimit = 10 * time.Second // a connection is closed on which MQTT was broken
	DripFor           = 60 * time.Second
	AttemptsMost      = 12 // connections in any 60 s

	jsonDepth  = 64
	jsonKeys   = 1000
	floodRate  = 100 // requests a second
	floodFor   = 10 * time.Second
	fuzzRounds = 100 // of fuzzRound messages each; an alive check ends each
	fuzzRound  = 100
)
