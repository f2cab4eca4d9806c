package suite

import "time"

// The limits of TIME.
const (
	RPCTimes  = 200                   // TIME-01 asks so often
	RPCEvery  = time.Second           // so far apart
	RPCDelay  = 20 * time.Millisecond // one way: 40 ms there and back
	RPCUsual  = time.Second           // 95 of 100 are answered within it, all within AnswerLimit
	SetTimes  = 100                   // TIME-02 sets so often
	SetUsual  = 2 * time.Second       // 95 of 100 are reported within it
	SetLatest = 10 * time.Second      // what is not reported by then is lost
	Usual     = 95                    // percent
	AtOnce    = 10                    // requests outstanding in TIME-03
	ClockFor  = time.Hour             // TIME-04 looks at timestamps
	ClockEach = time.Minute           // and causes a report
	ColdOff   = 10 * time.Second      // TIME-05's power cut
	ColdWatch = time.Minute           // for what it does with a certificate that it must refuse
)
