package virtual

import (
	"bytes"
	"math/big"
	"slices"
	"unicode/utf8"

	"github.com/proofmark/proofmark/miot"
)

func init() {
	breed(
		Mutant{
			Name: "refuses-the-greatest", Cases: []string{"WRITE-01"},
			Sentence: "it takes the upper bound of a range for the first value that is too large",
			Behaviour: Behaviour{Judge: func(rule *miot.PropertyRule, raw []byte, bad *miot.Violation) *miot.Violation {
				if v, wrong := rule.Check(raw); wrong == nil && rule.Property.Range != nil && v.Equal(rule.Property.Range.Max) {
					return refusal(rule)
				}
				return bad
			}},
		},
		Mutant{
			Name: "refuses-the-last-of-its-list", Cases: []string{"WRITE-02"},
			Sentence: "it refuses the last value of its lists",
			Behaviour: Behaviour{Judge: func(rule *miot.PropertyRule, raw []byte, bad *miot.Violation) *miot.Violation {
				list := rule.Property.List
				if v, wrong := rule.Check(raw); wrong == nil && len(list) > 0 && v.Equal(list[len(list)-1].Value) {
					return refusal(rule)
				}
				return bad
			}},
		},
		Mutant{
			Name: "clamps", Cases: []string{"WRITE-03", "WRITE-07"},
			Sentence: "it takes a value outside the range for the nearest bound",
			Behaviour: Behaviour{Judge: pardon(miot.RuleRange), Amend: func(rule *miot.PropertyRule, raw []byte, v miot.Value) miot.Value {
				if g := gridOf(rule); lawless(rule, raw) == miot.RuleRange {
					f, _ := v.Float64()
					return g.snap(f)
				}
				return v
			}},
		},
		Mutant{
			Name: "rounds", Cases: []string{"WRITE-04", "WRITE-07"},
			Sentence: "it rounds a value between two steps, which is not declared",
			Behaviour: Behaviour{Judge: pardon(miot.RuleStep), Amend: func(rule *miot.PropertyRule, raw []byte, v miot.Value) miot.Value {
				if g := gridOf(rule); lawless(rule, raw) == miot.RuleStep {
					f, _ := v.Float64()
					return g.snap(f)
				}
				return v
			}},
		},
		Mutant{
			Name: "takes-what-is-not-listed", Cases: []string{"WRITE-05"},
			Sentence:  "it answers a value outside the list with code 0, and ignores it",
			Behaviour: Behaviour{Judge: pardon(miot.RuleList), Amend: keepLawful},
		},
		Mutant{
			Name: "reads-quoted-numbers", Cases: []string{"WRITE-06"},
			Sentence: "it takes a string of digits for the number",
			Behaviour: Behaviour{
				Judge: func(rule *miot.PropertyRule, raw []byte, bad *miot.Violation) *miot.Violation {
					if _, wrong := rule.Check(bytes.Trim(raw, `"`)); bad != nil && bad.Rule == miot.RuleFormat && wrong == nil {
						return nil
					}
					return bad
				},
				Amend: func(rule *miot.PropertyRule, raw []byte, v miot.Value) miot.Value {
					if lawless(rule, raw) != "" {
						v, _ = rule.Check(bytes.Trim(raw, `"`))
					}
					return v
				},
			},
		},
		Mutant{
			Name: "wraps-around", Cases: []string{"WRITE-07"},
			Sentence: "it casts a number to the width of its format before it compares it with the bounds",
			Behaviour: Behaviour{
				Judge: func(rule *miot.PropertyRule, raw []byte, bad *miot.Violation) *miot.Violation {
					if _, wrong := rule.Check(cast(rule, raw)); bad != nil && bad.Rule != miot.RuleAccess && wrong == nil {
						return nil
					}
					return bad
				},
				Amend: func(rule *miot.PropertyRule, raw []byte, _ miot.Value) miot.Value {
					v, _ := rule.Check(cast(rule, raw))
					return v
				},
			},
		},
		Mutant{
			Name: "takes-writes-to-what-is-read-only", Cases: []string{"WRITE-08"},
			Sentence:  "it answers a write to what is not writable with code 0, and ignores it",
			Behaviour: Behaviour{Judge: pardon(miot.RuleAccess), Amend: keepLawful},
		},
		Mutant{
			Name: "cuts-texts", Cases: []string{"WRITE-09"},
			Sentence: "of a text it keeps the first sixteen bytes",
			Behaviour: Behaviour{Amend: func(_ *miot.PropertyRule, _ []byte, v miot.Value) miot.Value {
				s, ok := v.Text()
				if !ok || len(s) <= 16 {
					return v
				}
				n := 16
				for n > 0 && !utf8.RuneStart(s[n]) {
					n--
				}
				return miot.StringValue(s[:n])
			}},
		},
		Mutant{
			Name: "answers-for-the-batch", Cases: []string{"WRITE-10"},
			Sentence: "it answers every item of a batch with the code of the first",
			Behaviour: Behaviour{Answer: items(miot.MethodSetProperties, func(all []miot.ItemResult) []miot.ItemResult {
				for i := range all {
					all[i].Code = all[0].Code
				}
				return all
			})},
		},
		Mutant{
			Name: "writes-in-any-state", Cases: []string{"WRITE-11"},
			Sentence:  "it takes a write that its state bars, as declared",
			Configure: func(c *Config) { c.Exclusions = only(c.Exclusions, true) },
		},
		Mutant{
			Name: "never-completes", Cases: []string{"WRITE-12", "WRITE-01", "WRITE-13", "NOTIFY-01"},
			Sentence:  "it answers a deferred write with code 1, and that is all",
			Behaviour: Behaviour{NeverCompletes: true},
		},
		Mutant{
			Name: "puts-everything-off", Cases: []string{"WRITE-12", "WRITE-01", "WRITE-02", "WRITE-09", "WRITE-10", "WRITE-13", "WRITE-14", "NOTIFY-01", "NOTIFY-06"},
			Sentence: "it answers every write with code 1, which is not declared",
			Behaviour: Behaviour{Answer: items(miot.MethodSetProperties, func(all []miot.ItemResult) []miot.ItemResult {
				for i := range all {
					if all[i].Code == miot.CodeDone {
						all[i].Code = miot.CodeAccepted
					}
				}
				return all
			})},
		},
		Mutant{
			Name: "forgets-its-settings", Cases: []string{"WRITE-13"},
			Sentence:  "after a power cut its settings are those of the factory",
			Behaviour: Behaviour{Forgetful: true},
		},
	)
}

func refusal(rule *miot.PropertyRule) *miot.Violation {
	return &miot.Violation{Code: miot.CodeValue, Rule: miot.RuleRange, SIID: rule.SIID, IID: rule.PIID, Message: "refused by a mutant"}
}

// pardon takes what breaks one rule.
func pardon(broken string) func(*miot.PropertyRule, []byte, *miot.Violation) *miot.Violation {
	return func(_ *miot.PropertyRule, _ []byte, bad *miot.Violation) *miot.Violation {
		if bad != nil && bad.Rule == broken {
			return nil
		}
		return bad
	}
}

// lawless is the rule that a value breaks.
func lawless(rule *miot.PropertyRule, raw []byte) string {
	if _, bad := rule.Check(raw); bad != nil {
		return bad.Rule
	}
	return ""
}

// keepLawful keeps what should have been taken, and nothing else.
func keepLawful(rule *miot.PropertyRule, raw []byte, v miot.Value) miot.Value {
	if !rule.Writable || lawless(rule, raw) != "" {
		return miot.Value{}
	}
	return v
}

// cast is what is left of a whole number in the width of the property's format.
func cast(rule *miot.PropertyRule, raw []byte) []byte {
	bits := map[miot.Format]uint{miot.FormatUint8: 8, miot.FormatUint16: 16, miot.FormatUint32: 32}[rule.Format]
	n, ok := new(big.Int).SetString(string(raw), 10)
	if !ok || bits == 0 {
		return raw
	}
	return []byte(n.Mod(n, new(big.Int).Lsh(big.NewInt(1), bits)).String())
}

// only are the exclusions of actions, or of writes.
func only(all []Exclusion, action bool) []Exclusion {
	return slices.DeleteFunc(slices.Clone(all), func(e Exclusion) bool { return e.Action != action })
}
