package virtual

import "github.com/proofmark/proofmark/miot"

func init() {
	breed(
		Mutant{
			Name: "leaves-arguments-out", Cases: []string{"EVT-01"},
			Sentence: "its events come without the last of their arguments",
			Behaviour: Behaviour{Event: func(o *miot.Occurrence) {
				o.Arguments = o.Arguments[:max(0, len(o.Arguments)-1)]
			}},
		},
		Mutant{
			Name: "sends-a-debug-event", Cases: []string{"EVT-02"},
			Sentence:  "after each connect it sends an event that the document does not declare",
			Behaviour: Behaviour{StrayEvent: 77},
		},
		Mutant{
			Name: "sends-alarms-without-care", Cases: []string{"EVT-03"},
			Sentence:  "it sends events at QoS 0",
			Behaviour: Behaviour{EventQoS: func() byte { return 0 }},
		},
		Mutant{
			Name: "stamps-events-when-they-go", Cases: []string{"EVT-04"},
			Sentence:  "an event of an outage carries the time at which it was sent",
			Behaviour: Behaviour{StampLate: true},
		},
	)
}
