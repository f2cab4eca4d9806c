package virtual

import (
	"encoding/json"
	"slices"

	"github.com/proofmark/proofmark/miot"
)

func init() {
	breed(
		Mutant{
			Name: "quotes-its-sensors", Cases: []string{"READ-01"},
			Sentence: "it answers measured numbers as strings",
			Behaviour: Behaviour{Read: func(rule *miot.PropertyRule, raw []byte) []byte {
				if rule.Format.Numeric() && !rule.Writable {
					return slices.Concat([]byte{'"'}, raw, []byte{'"'})
				}
				return raw
			}},
		},
		Mutant{
			Name: "answers-twelve-items", Cases: []string{"READ-02"},
			Sentence: "of a larger batch it answers only the first twelve items",
			Behaviour: Behaviour{Answer: items(miot.MethodGetProperties, func(all []miot.ItemResult) []miot.ItemResult {
				return all[:min(len(all), 12)]
			})},
		},
		Mutant{
			Name: "reads-what-is-not-readable", Cases: []string{"READ-03"},
			Sentence: "it answers what is not readable",
			Behaviour: Behaviour{Answer: items(miot.MethodGetProperties, func(all []miot.ItemResult) []miot.ItemResult {
				for i := range all {
					if all[i].Code == miot.CodeNotReadable {
						all[i].Code, all[i].Value = miot.CodeDone, json.RawMessage("0")
					}
				}
				return all
			})},
		},
		Mutant{
			Name: "spoils-the-batch", Cases: []string{"READ-04"},
			Sentence: "one unknown property makes a whole batch fail",
			Behaviour: Behaviour{Answer: items(miot.MethodGetProperties, func(all []miot.ItemResult) []miot.ItemResult {
				if slices.ContainsFunc(all, func(r miot.ItemResult) bool { return r.Code == miot.CodeNotFound }) {
					for i := range all {
						all[i].Code, all[i].Value = miot.CodeNotFound, nil
					}
				}
				return all
			})},
		},
		Mutant{
			Name: "answers-for-strangers", Cases: []string{"READ-05"},
			Sentence: "it does not compare the did of an item with its own",
			Behaviour: Behaviour{Answer: items(miot.MethodGetProperties, func(all []miot.ItemResult) []miot.ItemResult {
				for i := range all {
					if all[i].Code == miot.CodeWrongDID {
						all[i].Code, all[i].Value = miot.CodeDone, json.RawMessage("true")
					}
				}
				return all
			})},
		},
		Mutant{
			Name: "tells-another-serial-number", Cases: []string{"READ-06"},
			Sentence:  "its serial-number is a constant of the firmware",
			Configure: func(c *Config) { c.Serial = "SN-0000" },
		},
		Mutant{
			Name: "reports-what-is-read", Cases: []string{"READ-07", "NOTIFY-07"},
			Sentence:  "every read causes a report, also that which follows a refused write",
			Behaviour: Behaviour{ReportReads: true},
		},
	)
}

// items changes the results of one method.
func items(method string, edit func([]miot.ItemResult) []miot.ItemResult) func(request, answer []byte) []byte {
	return func(request, answer []byte) []byte {
		q, err := miot.ParseRequest(request)
		if err != nil || q.Method != method {
			return answer
		}
		r, err := miot.ParseResponse(answer)
		if err != nil || r.Results == nil {
			return answer
		}
		return miot.AnswerItems(r.ID, edit(r.Results)).Payload()
	}
}
