package suite

import "time"

// Limits of CONN, SESS and LIFE.
const (
	Rungs              = 12                // failures in one ladder of SESS-04
	AttemptsPerMinute  = 12                // at most, in any 60 s
	LeastPause         = 10 * time.Second  // mean of the last five pauses
	SteadyPause        = 20 * time.Second  // from here on pauses need not grow
	PauseGrowth        = 3                 // the last five together, in first threes
	RetryLimit         = 300 * time.Second // the longest pause; also the return after an outage
	JitterPairs        = 4                 // of the ten pairs of pauses from the third on, so many differ …
	JitterShare        = 0.05              // … by so much of the longer one
	StableSession      = 120 * time.Second // such a session resets the backoff
	FirstRetry         = 10 * time.Second  // after one
	TakeoverReconnects = 8                 // in 60 s of a rival
	OnlineLimit        = 60 * time.Second  // after power is back, whatever was declared
	PowerOffTime       = 5 * time.Second
	InfoLimit          = 10 * time.Second // miIO.info is answered
	StateLimit         = 10 * time.Second // the full state after a reconnect
	KeepAliveGrace     = time.Second      // a gap beyond the keep-alive
	MuteGrace          = 5 * time.Second  // beyond 1.5 keep-alives, until a dead broker is given up
	PortClosed         = 10 * time.Minute // CONN-06
	LongOutage         = 30 * time.Minute // SESS-08
	IdleKeepAlives     = 10               // SESS-02
	QuickKeepAlives    = 2                // SESS-02 in the quick plan …
	QuickIdle          = time.Minute      // … at most
	TLSRecord          = 16384            // bytes of the largest record

	ServerKeepAlive   = 30 // seconds: what CONN-11 asks for
	ReceiveMaximum    = 2
	MaximumPacketSize = 4096
)
