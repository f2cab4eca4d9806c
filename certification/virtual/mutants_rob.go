package virtual

import (
	"bytes"
	"regexp"
	"time"
)

// tolerated are what a careless reader of JSON passes over.
var tolerated = regexp.MustCompile(`/\* now \*/|// now\n|# now\n|"exe_time":(NaN|-?Infinity)?,`)

// padding is what makes a request large.
var padding = regexp.MustCompile(`,"pad":"x*"`)

// fooAnswer answers the method foo by something of its own.
func fooAnswer(instead []byte) func(request, answer []byte) []byte {
	return func(request, answer []byte) []byte {
		if !bytes.Contains(request, []byte(`"method":"foo"`)) {
			return answer
		}
		if instead == nil {
			return nil
		}
		return bytes.Replace(answer, []byte("-32601"), instead, 1)
	}
}

// depth is how deep brackets stand in each other.
func depth(payload []byte) int {
	now, most := 0, 0
	for _, c := range payload {
		switch c {
		case '{', '[':
			now++
			most = max(most, now)
		case '}', ']':
			now--
		}
	}
	return most
}

func init() {
	breed(
		Mutant{
			Name: "reads-comments", Cases: []string{"ROB-01"},
			Sentence:  "its parser passes over comments, NaN and missing values, and it acts on the rest",
			Behaviour: Behaviour{Hear: func(p []byte) []byte { return tolerated.ReplaceAll(p, nil) }},
		},
		Mutant{
			Name: "recurses", Cases: []string{"ROB-02"},
			Sentence:  "its parser runs out of stack at 33 levels and the watchdog starts it anew",
			Behaviour: Behaviour{Crash: func(p []byte) bool { return depth(p) > 32 }},
		},
		Mutant{
			Name: "overflows", Cases: []string{"ROB-03"},
			Sentence:  "a message of more than 100,000 bytes makes it start anew",
			Behaviour: Behaviour{Crash: func(p []byte) bool { return len(p) > 100_000 }},
		},
		Mutant{
			Name: "takes-oversized", Cases: []string{"ROB-03"},
			Sentence:  "it acts on requests that are larger than declared",
			Behaviour: Behaviour{Hear: func(p []byte) []byte { return padding.ReplaceAll(p, nil) }},
		},
		Mutant{
			Name: "silent-on-unknown", Cases: []string{"ROB-04"},
			Sentence:  "it does not answer an unknown method",
			Behaviour: Behaviour{Answer: fooAnswer(nil)},
		},
		Mutant{
			Name: "answers-unknown-wrongly", Cases: []string{"ROB-04"},
			Sentence:  "it answers an unknown method with −32602",
			Behaviour: Behaviour{Answer: fooAnswer([]byte("-32602"))},
		},
		Mutant{
			Name: "ids-are-ints", Cases: []string{"ROB-05"},
			Sentence: `it takes the id "a" for 0`,
			Behaviour: Behaviour{Answer: func(request, answer []byte) []byte {
				if bytes.Contains(request, []byte(`"id":"a"`)) {
					return []byte(`{"id":0,"error":{"code":-32600,"message":"id is no number"}}`)
				}
				return answer
			}},
		},
		Mutant{
			Name: "ids-are-floats", Cases: []string{"ROB-05"},
			Sentence: "it writes the id 2^53 with the fifteen digits of a float",
			Behaviour: Behaviour{Answer: func(_, answer []byte) []byte {
				return bytes.Replace(answer, []byte(`"id":9007199254740992`), []byte(`"id":9.00719925474099e15`), 1)
			}},
		},
		Mutant{
			Name: "trips-over-results", Cases: []string{"ROB-06"},
			Sentence:  "a result that it never asked for makes it start anew",
			Behaviour: Behaviour{Crash: func(p []byte) bool { return bytes.Contains(p, []byte(`"result":`)) }},
		},
		Mutant{
			Name: "trips-over-a-flood", Cases: []string{"ROB-07", "ROB-11"},
			Sentence:  "more than 600 requests in ten seconds make it start anew",
			Behaviour: Behaviour{Overload: 600},
		},
		Mutant{
			Name: "obeys-retained", Cases: []string{"ROB-08"},
			Sentence:  "it carries out a retained request that waits as it subscribes",
			Behaviour: Behaviour{ObeyRetained: true},
		},
		Mutant{
			Name: "trips-over-nothing", Cases: []string{"ROB-08"},
			Sentence:  "an empty payload makes it start anew",
			Behaviour: Behaviour{Crash: func(p []byte) bool { return len(p) == 0 }},
		},
		Mutant{
			Name: "takes-illegal-mqtt", Cases: []string{"ROB-09"},
			Sentence:  "it passes over reserved flags, QoS 3 and topics that are no UTF-8",
			Behaviour: Behaviour{Lenient: true},
		},
		Mutant{
			Name: "chokes-on-a-drip", Cases: []string{"ROB-10"},
			Sentence:  "a packet that takes more than 10 s to come makes it start anew",
			Behaviour: Behaviour{SlowReader: 10 * time.Second},
		},
		Mutant{
			Name: "trips-over-a-minus", Cases: []string{"ROB-11"},
			Sentence:  "a negative siid makes it start anew",
			Behaviour: Behaviour{Crash: func(p []byte) bool { return bytes.Contains(p, []byte(`"siid":-`)) }},
		},
	)
}
