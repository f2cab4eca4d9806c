package virtual

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/proofmark/proofmark/miot"
)

func init() {
	breed(
		Mutant{
			Name: "loses-answers", Cases: []string{"SOAK-01", "SOAK-05"},
			Sentence: "it does not answer one request in a hundred",
			Configure: func(c *Config) {
				n := 0
				c.Behaviour.Answer = func(_, answer []byte) []byte {
					if n++; n%100 == 0 {
						return nil
					}
					return answer
				}
			},
		},
		Mutant{
			Name: "starts-anew", Cases: []string{"SOAK-01"},
			Sentence:  "its watchdog bites every ten hours",
			Behaviour: Behaviour{RebootEach: 10 * time.Hour},
		},
		Mutant{
			Name: "leaks", Cases: []string{"SOAK-02"},
			Sentence: "it loses 3 % of its memory an hour",
			Configure: func(c *Config) {
				began := time.Now()
				c.Behaviour.Answer = func(request, answer []byte) []byte {
					if !bytes.Contains(request, []byte(miot.MethodInfo)) {
						return answer
					}
					free := 100_000 * max(0, 1-0.03*time.Since(began).Hours())
					return bytes.Replace(answer, []byte(`"life":`), fmt.Appendf(nil, `"mem":%.0f,"life":`, free), 1)
				}
			},
		},
		Mutant{
			Name: "tires-of-drops", Cases: []string{"SOAK-03"},
			Sentence: "from the fiftieth drop on it waits half a minute",
			Configure: func(c *Config) {
				n := 0
				c.Behaviour.Backoff = func(random *rand.Rand, failures int) time.Duration {
					if n++; n > 50 {
						return 30 * time.Second
					}
					return FullJitter(random, failures)
				}
			},
		},
		Mutant{
			Name: "boots-with-luck", Cases: []string{"SOAK-04"},
			Sentence: "one boot in seven takes 40 s",
			Configure: func(c *Config) {
				n := 0
				c.Behaviour.Boot = func() time.Duration {
					if n++; n%7 == 0 {
						return 40 * time.Second
					}
					return 0
				}
			},
		},
		Mutant{
			Name: "forgets-in-the-dark", Cases: []string{"SOAK-04"},
			Sentence:  "a power cut brings its settings back to what they were in the factory",
			Behaviour: Behaviour{Forgetful: true},
		},
		Mutant{
			Name: "mixes-answers-up", Cases: []string{"SOAK-05"},
			Sentence: "once in a thousand reads it answers the value it read before",
			Configure: func(c *Config) {
				n := 0
				var last json.RawMessage
				c.Behaviour.Answer = func(request, answer []byte) []byte {
					r, err := miot.ParseResponse(answer)
					if err != nil || len(r.Results) != 1 || len(r.Results[0].Value) == 0 || !bytes.Contains(request, []byte(miot.MethodGetProperties)) {
						return answer
					}
					stale := last
					last = bytes.Clone(r.Results[0].Value)
					if n++; n < 1000 || bytes.Equal(stale, last) {
						return answer
					}
					n = 0
					r.Results[0].Value = stale
					return miot.AnswerItems(r.ID, r.Results).Payload()
				}
			},
		},
	)
}
