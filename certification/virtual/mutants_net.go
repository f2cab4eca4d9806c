package virtual

import (
	"math/rand/v2"
	"time"
)

func init() {
	breed(
		Mutant{
			Name: "loses-patience", Cases: []string{"NET-01"},
			Sentence:  "a PINGRESP that takes 100 ms makes it reconnect at once",
			Behaviour: Behaviour{Patience: 100 * time.Millisecond, ForgetFailure: true},
		},
		Mutant{
			Name: "reboots-when-lost", Cases: []string{"NET-02", "NET-01"},
			Sentence:  "a PINGRESP that takes 100 ms makes it restart",
			Behaviour: Behaviour{Patience: 100 * time.Millisecond, RebootWhenLost: true},
		},
		Mutant{
			Name: "trusts-the-black-hole", Cases: []string{"NET-03"},
			Sentence:  "it waits ten minutes for a PINGRESP",
			Behaviour: Behaviour{Patience: 10 * time.Minute},
		},
		Mutant{
			Name: "returns-without-its-state", Cases: []string{"NET-04"},
			Sentence:  "after a reconnect it reports only what changes",
			Behaviour: Behaviour{NoFullState: true},
		},
		Mutant{
			Name: "returns-slowly", Cases: []string{"NET-05"},
			Sentence: "it waits two to four minutes after each failure",
			Behaviour: Behaviour{Backoff: func(random *rand.Rand, _ int) time.Duration {
				return 2*time.Minute + time.Duration(random.Int64N(int64(2*time.Minute)))
			}},
		},
	)
}
