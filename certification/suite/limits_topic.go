package suite

import "time"

// The limits of the TOPIC cases.
const (
	SubscribeMost    = 12               // SUBSCRIBEs in any 60 s while they are refused
	SubscribeRetries = 5                // refusals that are waited for
	SubscribeRetry   = 2 * time.Minute  // a refused SUBSCRIBE is tried again
	RefuseFor        = 60 * time.Second // at least
	RefuseAtMost     = 5 * time.Minute  // a device that tries ever more seldom is let in then

	// ReportSize bounds a report in bytes, as the protocol bounds a command; AnswerSize
	// bounds an answer, which holds whatever was asked for: the gateway takes packets of
	// 64 KiB.
	ReportSize = 4096
	AnswerSize = 60 << 10
)
