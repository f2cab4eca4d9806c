package suite

import "fmt"

// add keeps a finding of the member or case under test.
func (t *T) add(f Finding) {
	if f.Verdict == Fail && t.Case.Level == Optional {
		f.Verdict = Warn
	}
	t.result.Findings = append(t.result.Findings, f)
}

// evidence are the records that a finding points at: those given, else the last one.
func (t *T) evidence(events []*Event) []int {
	var out []int
	for _, e := range events {
		if e != nil {
			out = append(out, e.Seq)
		}
	}
	if out == nil && t.last != nil {
		out = []int{t.last.Seq}
	}
	return out
}

// Check is an assertion: ok, or a FAIL with what was expected and what was seen.
func (t *T) Check(ok bool, expected, actual string, shown ...*Event) bool {
	t.result.Checks++
	if !ok {
		t.add(Finding{
			Verdict: Fail, Message: "expected " + expected + ", saw " + actual,
			Expected: expected, Actual: actual, Records: t.evidence(shown),
		})
	}
	return ok
}

// Advise is an assertion whose failure is only a WARN.
func (t *T) Advise(ok bool, expected, actual string, shown ...*Event) bool {
	t.result.Checks++
	if !ok {
		t.add(Finding{
			Verdict: Warn, Message: "expected " + expected + ", saw " + actual,
			Expected: expected, Actual: actual, Records: t.evidence(shown),
		})
	}
	return ok
}

// Failf fails the case and goes on.
func (t *T) Failf(format string, args ...any) { t.say(Fail, fmt.Sprintf(format, args...)) }

// Warnf warns and goes on.
func (t *T) Warnf(format string, args ...any) { t.say(Warn, fmt.Sprintf(format, args...)) }

// Reviewf leaves the judgement to a person.
func (t *T) Reviewf(format string, args ...any) { t.say(Review, fmt.Sprintf(format, args...)) }

// Inconclusivef says that the bench or the environment, not the device, is the reason.
func (t *T) Inconclusivef(format string, args ...any) {
	t.say(Inconclusive, fmt.Sprintf(format, args...))
}

func (t *T) say(v Verdict, message string) {
	t.add(Finding{Verdict: v, Message: message, Records: t.evidence(nil)})
}

// Stop ends the case with what was found so far; within Each, the member.
func (t *T) Stop() { panic(stopped{}) }

// Skip ends the case: what it needs is not at hand.
func (t *T) Skip(format string, args ...any) {
	t.say(Skipped, fmt.Sprintf(format, args...))
	panic(stopped{})
}

// NotApplicable ends the case: by spec or declaration it says nothing about this
// device. What was checked on the way, such as that it answers, is no pass; a FAIL
// stands.
func (t *T) NotApplicable(format string, args ...any) {
	t.result.Checks = 0
	t.say(NotFor, fmt.Sprintf(format, args...))
	panic(stopped{})
}

// Each judges one member of an expanded case (⟂): a result of its own, with the
// member in its id. What run does with Skip or NotApplicable ends only the member.
func (t *T) Each(member string, run func()) {
	outer := t.result
	t.result = &Result{Case: outer.Case, Member: member, Attempt: outer.Attempt, First: t.seq()}
	defer func() {
		t.result.Last = t.seq()
		t.result.settle()
		t.results = append(t.results, t.result)
		t.result = outer
		if r := recover(); r != nil && r != any(stopped{}) {
			panic(r)
		}
	}()
	run()
}

func (t *T) seq() int {
	if t.last == nil {
		return t.first
	}
	return t.last.Seq
}
