package virtual

import (
	"bytes"
	"time"
)

func init() {
	breed(
		Mutant{
			Name: "leaves-its-will-elsewhere", Cases: []string{"LIFE-01"},
			Sentence:  "its last will is on a topic of somebody else",
			Behaviour: Behaviour{WillTopic: "device/somebody-else/up/event_occured"},
		},
		Mutant{
			Name: "subscribes-late", Cases: []string{"LIFE-02"},
			Sentence:  "it subscribes 8 s after CONNACK",
			Behaviour: Behaviour{SubscribeAfter: func(int) time.Duration { return 8 * time.Second }},
		},
		Mutant{
			Name: "names-another-firmware", Cases: []string{"LIFE-02"},
			Sentence: "miIO.info says another version than the declaration",
			Behaviour: Behaviour{Answer: func(_, answer []byte) []byte {
				return bytes.Replace(answer, []byte(`"fw_ver":"`), []byte(`"fw_ver":"9.`), 1)
			}},
		},
		Mutant{
			Name: "lives-on-without-power", Cases: []string{"LIFE-03"},
			Sentence:  "a power cut does not reach its radio",
			Behaviour: Behaviour{KeepsPower: true},
		},
		Mutant{
			Name: "comes-back-slowly", Cases: []string{"LIFE-03"},
			Sentence:  "it needs 40 s from power to its first attempt, and declared 10 s",
			Behaviour: Behaviour{Boot: func() time.Duration { return 40 * time.Second }},
		},
		Mutant{
			Name: "forgets-what-it-missed", Cases: []string{"LIFE-04"},
			Sentence:  "what changed while there was no connection is never reported",
			Behaviour: Behaviour{NoFullState: true, Resend: func([]byte) []byte { return nil }},
		},
	)
}
