package suite

import (
	"fmt"

	"github.com/proofmark/proofmark/certification/suite/transcript"
)

// Watch is what a monitor sees: the whole run, from its first record to its last.
type Watch struct {
	*Run
	Case   *Case
	Events []*Event

	result *Result
}

func (run *Run) watch(c *Case, records []*transcript.Record) []*Result {
	w := &Watch{Run: run, Case: c, result: &Result{Case: c.ID, Attempt: 1}}
	for _, r := range records {
		w.Events = append(w.Events, run.topics.read(r))
	}
	c.Monitor(w)
	w.result.Last = len(records) - 1
	w.result.settle()
	return []*Result{w.result}
}

// Check is an assertion about one event.
func (w *Watch) Check(ok bool, e *Event, expected, actual string) {
	w.result.Checks++
	if ok {
		return
	}
	v := Fail
	if w.Case.Level == Optional {
		v = Warn
	}
	w.find(v, e, expected, actual)
}

// Advise is Check with a WARN.
func (w *Watch) Advise(ok bool, e *Event, expected, actual string) {
	w.result.Checks++
	if !ok {
		w.find(Warn, e, expected, actual)
	}
}

// maxFindings keeps a device that breaks a rule in every message readable.
const maxFindings = 20

func (w *Watch) find(v Verdict, e *Event, expected, actual string) {
	if len(w.result.Findings) > maxFindings {
		return
	}
	f := Finding{Verdict: v, Message: fmt.Sprintf("expected %s, saw %s", expected, actual), Expected: expected, Actual: actual}
	if e != nil {
		f.Records = []int{e.Seq}
	}
	w.result.Findings = append(w.result.Findings, f)
}

// NotApplicable says that the run gives the monitor nothing to judge.
func (w *Watch) NotApplicable(format string, args ...any) {
	w.result.Findings = append(w.result.Findings, Finding{Verdict: NotFor, Message: fmt.Sprintf(format, args...)})
}
