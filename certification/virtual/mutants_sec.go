package virtual

import "bytes"

func init() {
	breed(
		Mutant{
			Name: "obeys-any-did", Cases: []string{"SEC-03", "READ-05"},
			Sentence:  "it looks at no did in a request",
			Behaviour: Behaviour{AnyDID: true},
		},
		Mutant{
			Name: "obeys-any-topic", Cases: []string{"SEC-03"},
			Sentence:  "it carries out requests that come on the topic of another device",
			Behaviour: Behaviour{AnyTopic: true},
		},
		Mutant{
			Name: "forgets-with-the-connection", Cases: []string{"SEC-04"},
			Sentence:  "it remembers requests only as long as the connection lasts",
			Behaviour: Behaviour{ShortMemory: true},
		},
		Mutant{
			Name: "tells-its-key", Cases: []string{"SEC-05"},
			Sentence:  "miIO.info tells the secret that it logs in with",
			Behaviour: Behaviour{TellsKey: true},
		},
		Mutant{
			Name: "tells-the-wifi", Cases: []string{"SEC-05"},
			Sentence: "miIO.info tells the passphrase of the network",
			Behaviour: Behaviour{Answer: func(_, answer []byte) []byte {
				return bytes.Replace(answer, []byte(`"netif":{`), []byte(`"netif":{"passphrase":"correct horse",`), 1)
			}},
		},
		Mutant{
			Name: "reset-keeps-settings", Cases: []string{"SEC-06"},
			Sentence:  "a factory reset leaves the settings of the last owner",
			Behaviour: Behaviour{KeepsSettings: true},
		},
		Mutant{
			Name: "reset-keeps-secret", Cases: []string{"SEC-06"},
			Sentence:  "after a factory reset it still logs in with the configured secret",
			Behaviour: Behaviour{KeepsSecret: true},
		},
	)
}
