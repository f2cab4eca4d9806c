package suite

import "time"

// Limits of NET.
const (
	LinkPace          = 5 * time.Second  // between two requests
	LateAnswer        = 10 * time.Second // an answer that takes longer is lost
	PoorLinkTime      = 15 * time.Minute
	PoorLinkLoss      = 0.05
	PoorLinkLatency   = 50 * time.Millisecond // one way: 100 ± 30 ms there and back
	PoorLinkJitter    = 15 * time.Millisecond
	PoorLinkAnswered  = 0.99
	PoorLinkP95       = 3 * time.Second
	PoorLinkDrops     = 2
	BadLinkTime       = 5 * time.Minute
	BadLinkLoss       = 0.20
	NormalAgain       = 60 * time.Second
	BlackHoleTime     = 10 * time.Minute
	RestartTime       = 10 * time.Second
	NetworkReturn     = 90 * time.Second // online after Wi-Fi is back
	NetworkAway       = 10 * time.Second
	NameTTL           = 60 * time.Second // of the A record of NET-06
	NameGrace         = 60 * time.Second
	NameServerFailure = 10 * time.Minute
)
