package suite

import (
	"fmt"
	"slices"
	"strings"
)

// Outcome is what stands for a case, or for one member of it, after all its
// attempts.
type Outcome struct {
	Case     string
	Member   string
	Verdict  Verdict
	Attempts int // that judged the device
	Failed   int // of these
	Results  []*Result
}

// ID is the case's id with the member that it was expanded for.
func (o *Outcome) ID() string { return o.Results[0].ID() }

// Tried says what repetition showed: "1 of 4 failed"; empty where nothing was
// repeated.
func (o *Outcome) Tried() string {
	if o.Attempts < 2 {
		return ""
	}
	return fmt.Sprintf("%d of %d failed", o.Failed, o.Attempts)
}

// Decisive is the result that the verdict comes from.
func (o *Outcome) Decisive() *Result {
	for _, r := range slices.Backward(o.Results) {
		if r.Verdict == o.Verdict {
			return r
		}
	}
	// A WARN that only the repetition gives: the last attempt passed, what is to
	// be seen is the one that failed.
	for _, r := range slices.Backward(o.Results) {
		if r.Verdict == Fail {
			return r
		}
	}
	return o.Results[len(o.Results)-1]
}

// passesAfterFail is how often in a row a case must pass after it failed.
const passesAfterFail = 3

// Conclude gives what stands for each case after all its attempts, in the order
// of the catalogue. A FAIL is taken back only by three passes in a row, and then
// leaves a WARN; an attempt that came to no conclusion counts neither way. What a
// monitor found in any transcript of the run stands.
func Conclude(results []*Result) []*Outcome {
	return conclude(results, func(o *Outcome) {
		if c, err := Lookup(o.Case); err == nil && c.Monitor != nil {
			o.watched()
		} else {
			o.repeated()
		}
	})
}

// conclude gathers the results of each case and judges them together.
func conclude(results []*Result, judge func(*Outcome)) []*Outcome {
	byName := make(map[string]*Outcome)
	var out []*Outcome
	for _, r := range results {
		o := byName[r.ID()]
		if o == nil {
			o = &Outcome{Case: r.Case, Member: r.Member}
			byName[r.ID()] = o
			out = append(out, o)
		}
		o.Results = append(o.Results, r)
	}
	for _, o := range out {
		judge(o)
	}
	slices.SortStableFunc(out, func(a, b *Outcome) int { return inCatalogue(a.Case, b.Case) })
	return out
}

// ConcludeRuns gives what stands for each case after several runs of the same
// firmware, in the order in which they were begun. A run is one attempt of each
// monitor, which watched all of it; what it found in one run is taken back as any
// FAIL is, by three passes in a row.
func ConcludeRuns(runs ...[]*Result) []*Outcome {
	var all []*Result
	for _, results := range runs {
		for _, o := range Conclude(results) {
			if c, err := Lookup(o.Case); err == nil && c.Monitor != nil {
				all = append(all, o.Decisive())
			} else {
				all = append(all, o.Results...)
			}
		}
	}
	return conclude(all, (*Outcome).repeated)
}

// watched is what a monitor says of a run in several transcripts.
func (o *Outcome) watched() {
	var idle Verdict
	for _, r := range o.Results {
		if r.Checks == 0 && r.Verdict == Inconclusive {
			idle = Inconclusive // nothing of its kind in this part of the run
			continue
		}
		o.Verdict = Heavier(o.Verdict, r.Verdict)
	}
	if o.Verdict == "" {
		o.Verdict = idle
	}
	o.Attempts = 1
	if o.Verdict == Fail {
		o.Failed = 1
	}
}

func (o *Outcome) repeated() {
	inARow := 0
	for _, r := range o.Results {
		switch r.Verdict {
		case Fail:
			o.Attempts++
			o.Failed++
			inARow = 0
			o.Verdict = Fail
		case Inconclusive, Skipped:
			if o.Attempts == 0 {
				o.Verdict = r.Verdict
			}
		default:
			o.Attempts++
			inARow++
			switch {
			case o.Failed == 0:
				o.Verdict = r.Verdict
			case inARow >= passesAfterFail:
				o.Verdict = Heavier(Warn, r.Verdict)
			}
		}
	}
}

// hopeless says that so many more attempts cannot take a FAIL back.
func (o *Outcome) hopeless(left int) bool {
	inARow := 0
	for _, r := range slices.Backward(o.Results) {
		if r.Verdict == Fail {
			break
		}
		if r.Verdict != Inconclusive && r.Verdict != Skipped {
			inARow++
		}
	}
	return o.Failed > 0 && inARow+left < passesAfterFail
}

// inCatalogue orders case ids as the catalogue does.
func inCatalogue(a, b string) int {
	ga, na, _ := strings.Cut(a, "-")
	gb, nb, _ := strings.Cut(b, "-")
	if d := slices.Index(groups, ga) - slices.Index(groups, gb); d != 0 {
		return d
	}
	return strings.Compare(na, nb)
}
