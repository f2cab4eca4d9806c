package suite

import "fmt"

// Verdict is what a case says of a device.
type Verdict string

// The verdicts. Status (running, waiting for an operator, interrupted) is none.
const (
	Pass         Verdict = "PASS"
	Warn         Verdict = "WARN"         // passed, with something to mend
	Fail         Verdict = "FAIL"         // sticky within an attempt
	Review       Verdict = "REVIEW"       // a person decides
	Skipped      Verdict = "SKIPPED"      // what the case needs is not at hand
	NotFor       Verdict = "N/A"          // does not apply, by declaration or spec
	Inconclusive Verdict = "INCONCLUSIVE" // the bench or the environment, not the device
)

// weight orders verdicts: of several within one case the heaviest stands. What
// was skipped on the way outweighs what had passed until then.
var weight = map[Verdict]int{NotFor: 1, Pass: 2, Review: 3, Warn: 4, Skipped: 5, Inconclusive: 6, Fail: 7}

// Heavier is the verdict that stands when both were given. Inconclusive weighs
// less than a FAIL that was seen, and more than everything that was not.
func Heavier(a, b Verdict) Verdict {
	if weight[b] > weight[a] {
		return b
	}
	return a
}

// Finding is one thing that a case found, with the records that show it.
type Finding struct {
	Verdict  Verdict `json:"verdict"` // FAIL, WARN, REVIEW, INCONCLUSIVE, SKIPPED, N/A
	Message  string  `json:"message"`
	Expected string  `json:"expected,omitempty"`
	Actual   string  `json:"actual,omitempty"`
	Records  []int   `json:"records,omitempty"` // sequence numbers in the transcript
}

// Result is the outcome of one case, or of one expansion of it, in one attempt.
type Result struct {
	Case     string    `json:"case"`
	Member   string    `json:"member,omitempty"`  // "2.1" where the case is expanded per property, action or event
	Segment  int       `json:"segment,omitempty"` // the transcript of the run that holds it: 0, and more after each resumption
	Attempt  int       `json:"attempt"`
	Verdict  Verdict   `json:"verdict"`
	Checks   int       `json:"checks"`         // assertions that were made
	Lags     int       `json:"lags,omitempty"` // how often the bench itself was late meanwhile
	Findings []Finding `json:"findings,omitempty"`
	First    int       `json:"first_record"`
	Last     int       `json:"last_record"`
}

// ID is the case's id with the member that it was expanded for.
func (r *Result) ID() string {
	if r.Member == "" {
		return r.Case
	}
	return fmt.Sprintf("%s[%s]", r.Case, r.Member)
}

// settle gives the verdict that follows from the findings. What checked nothing
// and found nothing never passes.
func (r *Result) settle() {
	v := Verdict("")
	if r.Checks > 0 {
		v = Pass
	}
	for _, f := range r.Findings {
		v = Heavier(v, f.Verdict)
	}
	if v == "" {
		v = Inconclusive
		r.Findings = append(r.Findings, Finding{Verdict: Inconclusive, Message: "the case checked nothing"})
	}
	if v == Fail && r.Lags > 0 {
		// A device that keeps the limits of a late bench keeps them all the more; one
		// that does not may have been wronged.
		v = Inconclusive
		r.Findings = append(r.Findings, Finding{
			Verdict: Inconclusive, Message: fmt.Sprintf("the bench was late by more than %v %d times meanwhile: run the case again", LagLimit, r.Lags),
		})
	}
	r.Verdict = v
}
