package virtual

import (
	"math/rand/v2"
	"time"
)

func init() {
	breed(
		Mutant{
			Name: "keeps-alive-as-it-likes", Cases: []string{"SESS-01"},
			Sentence:  "its keep-alive is twice the declared one",
			Configure: func(c *Config) { c.KeepAlive = min(2*c.KeepAlive, 300*time.Second) },
		},
		Mutant{
			Name: "pings-late", Cases: []string{"SESS-02", "SESS-03"},
			Sentence:  "it sends PINGREQ every two keep-alives",
			Configure: func(c *Config) { c.Behaviour.HeartbeatEach = 2 * c.KeepAlive },
		},
		Mutant{
			Name: "deaf", Cases: []string{"SESS-03", "NET-03"},
			Sentence:  "it pings, and does not look for the answer",
			Behaviour: Behaviour{Deaf: true},
		},
		Mutant{
			Name: "listens-when-idle", Cases: []string{"SESS-03", "NET-03"},
			Sentence:  "while it publishes it does not ping, and takes what TCP takes for an answer",
			Behaviour: Behaviour{PingsWhenIdle: true},
		},
		Mutant{
			Name: "retries-every-five-seconds", Cases: []string{"SESS-04", "SESS-05", "SESS-06", "SESS-11", "SESS-13"},
			Sentence:  "it tries again every 5 s for ever",
			Behaviour: Behaviour{Backoff: every(5 * time.Second)},
		},
		Mutant{
			Name: "hammers", Cases: []string{"SESS-05", "SESS-04", "SESS-06", "SESS-11", "SESS-13"},
			Sentence:  "it tries again 50 ms after a failure",
			Behaviour: Behaviour{Backoff: every(50 * time.Millisecond)},
		},
		Mutant{
			Name: "has-no-jitter", Cases: []string{"SESS-04", "SESS-05", "SESS-06", "SESS-13"},
			Sentence: "it waits 2, 4, 8 … 120 s, as all the others do",
			Behaviour: Behaviour{Backoff: func(_ *rand.Rand, failures int) time.Duration {
				return min(backoffBase<<min(failures-1, 10), backoffCap)
			}},
		},
		Mutant{
			Name: "takes-connack-for-success", Cases: []string{"SESS-06", "SESS-11", "SESS-13"},
			Sentence:  "any session, however short, resets its backoff",
			Behaviour: Behaviour{ForgetFailure: true},
		},
		Mutant{
			Name: "never-forgets-failures", Cases: []string{"SESS-07"},
			Sentence:  "no session resets its backoff",
			Behaviour: Behaviour{NeverReset: true},
		},
		Mutant{
			Name: "gives-up", Cases: []string{"SESS-08"},
			Sentence: "after 25 failures in a row it rests for half an hour",
			Behaviour: Behaviour{Backoff: func(random *rand.Rand, failures int) time.Duration {
				if failures > 25 {
					return 30 * time.Minute
				}
				return FullJitter(random, failures)
			}},
		},
		Mutant{
			Name: "subscribes-again-late", Cases: []string{"SESS-09", "SESS-10"},
			Sentence: "after a reconnect it subscribes when it has time, after 8 s",
			Behaviour: Behaviour{SubscribeAfter: func(sessions int) time.Duration {
				if sessions > 1 {
					return 8 * time.Second
				}
				return 0
			}},
		},
		Mutant{
			Name: "obeys-the-past", Cases: []string{"SESS-10"},
			Sentence:  "it acts on retained requests",
			Behaviour: Behaviour{ObeyRetained: true},
		},
		Mutant{
			Name: "boots-slowly", Cases: []string{"SESS-12"},
			Sentence:  "it needs 30 s from power to its first attempt, and declared 10 s",
			Behaviour: Behaviour{Boot: func() time.Duration { return 30 * time.Second }},
		},
	)
}
