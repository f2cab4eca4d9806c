package virtual

import "github.com/proofmark/proofmark/miot"

func init() {
	breed(
		Mutant{
			Name: "answers-without-out", Cases: []string{"ACT-01"},
			Sentence: "it answers an action without the out arguments",
			Behaviour: Behaviour{Answer: func(_, answer []byte) []byte {
				r, err := miot.ParseResponse(answer)
				if err != nil || r.Action == nil || len(r.Action.Out) == 0 {
					return answer
				}
				r.Action.Out = nil
				return miot.AnswerAction(r.ID, *r.Action).Payload()
			}},
		},
		Mutant{
			Name: "does-not-count-arguments", Cases: []string{"ACT-02"},
			Sentence: "it answers a call with too few or too many arguments with code 0",
			Behaviour: Behaviour{JudgeAction: func(rule *miot.ActionRule, bad *miot.Violation) *miot.Violation {
				if rule != nil && bad.Rule == miot.RuleArguments {
					return nil
				}
				return bad
			}},
		},
		Mutant{
			Name: "does-not-judge-arguments", Cases: []string{"ACT-03"},
			Sentence: "it answers a call with arguments of any type and size with code 0",
			Behaviour: Behaviour{JudgeAction: func(rule *miot.ActionRule, bad *miot.Violation) *miot.Violation {
				if rule != nil && bad.Rule != miot.RuleArguments {
					return nil
				}
				return bad
			}},
		},
		Mutant{
			Name: "takes-unknown-actions", Cases: []string{"ACT-04"},
			Sentence: "it answers a call of an action that does not exist with code 0",
			Behaviour: Behaviour{JudgeAction: func(rule *miot.ActionRule, bad *miot.Violation) *miot.Violation {
				if rule == nil {
					return nil
				}
				return bad
			}},
		},
		Mutant{
			Name: "acts-in-any-state", Cases: []string{"ACT-05"},
			Sentence:  "it runs an action that its state bars, as declared",
			Configure: func(c *Config) { c.Exclusions = only(c.Exclusions, false) },
		},
		Mutant{
			Name: "acts-on-each-repeat", Cases: []string{"ACT-06", "QOS-03"},
			Sentence:  "it acts again on a request that comes again with the same id",
			Behaviour: Behaviour{ActTwice: true},
		},
	)
}
