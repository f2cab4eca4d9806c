package virtual

import (
	"crypto/tls"
	"time"
)

func init() {
	breed(
		Mutant{
			Name: "thinks-before-it-answers", Cases: []string{"TIME-01"},
			Sentence:  "each answer takes a second and a half",
			Behaviour: Behaviour{AnswerAfter: 1500 * time.Millisecond},
		},
		Mutant{
			Name: "reports-now-and-then", Cases: []string{"TIME-02", "NOTIFY-01", "WRITE-01"},
			Sentence:  "it reports a property every three and a half seconds at most, which is not declared",
			Behaviour: Behaviour{Interval: 3500 * time.Millisecond},
		},
		Mutant{
			Name: "answers-twice", Cases: []string{"TIME-03"},
			Sentence:  "it sends each answer twice",
			Behaviour: Behaviour{AnswerTwice: true},
		},
		Mutant{
			Name: "lives-in-its-own-time-zone", Cases: []string{"TIME-04", "EVT-04"},
			Sentence:  "its timestamps are local time",
			Behaviour: Behaviour{Clock: 8 * time.Hour},
		},
		Mutant{
			Name: "trusts-anybody-without-a-clock", Cases: []string{"TIME-05", "CONN-03", "CONN-04", "CONN-05"},
			Sentence: "while it does not know the time it validates no certificate",
			Behaviour: Behaviour{Secure: func(c *tls.Config) {
				c.InsecureSkipVerify = true
			}},
		},
	)
}
