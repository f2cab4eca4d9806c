package virtual

import (
	"time"

	"github.com/proofmark/proofmark/miot"
)

func init() {
	breed(
		Mutant{
			Name: "keeps-remote-changes-to-itself", Cases: []string{"NOTIFY-01"},
			Sentence:  "it does not report a switch that an app has turned",
			Behaviour: Behaviour{SilentSet: func(rule *miot.PropertyRule) bool { return rule.Format == miot.FormatBool }},
		},
		Mutant{
			Name: "keeps-local-changes-to-itself", Cases: []string{"NOTIFY-02"},
			Sentence:  "it does not report what is changed at the device",
			Behaviour: Behaviour{SilentLocal: true},
		},
		Mutant{
			Name: "reports-everything", Cases: []string{"NOTIFY-03"},
			Sentence:  "it reports properties without notify too",
			Behaviour: Behaviour{ReportAll: true},
		},
		Mutant{
			Name: "chatters", Cases: []string{"NOTIFY-04"},
			Sentence:  "it reports each sensor twice a second, whether it has changed or not",
			Behaviour: Behaviour{Chatter: 500 * time.Millisecond, Interval: 300 * time.Millisecond},
		},
		Mutant{
			Name: "keeps-its-state-to-itself", Cases: []string{"NOTIFY-05"},
			Sentence:  "after a reconnect it reports only what changes",
			Behaviour: Behaviour{NoFullState: true},
		},
		Mutant{
			Name: "throttles-the-last-change", Cases: []string{"NOTIFY-06", "WRITE-01"},
			Sentence:  "it never reports what changes within a second of a report",
			Behaviour: Behaviour{Throttle: true},
		},
		Mutant{
			Name: "reports-refused-writes", Cases: []string{"NOTIFY-07"},
			Sentence:  "it reports a property after a write, whether that was taken or not",
			Behaviour: Behaviour{ReportRefused: true},
		},
	)
}
