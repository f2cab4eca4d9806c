package suite

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/proofmark/proofmark/certification/suite/bench"
	"github.com/proofmark/proofmark/certification/suite/transcript"
)

// OperatorLimit is how long an operator may take to answer.
const OperatorLimit = 10 * time.Minute

// Operator asks a person (or what stands in the place of one) and waits for the
// answer. Without one the case is SKIPPED: nobody was there to do it.
func (t *T) Operator(q bench.Question) transcript.Answer {
	a, _ := t.AskOperator(q)
	return a
}

// person skips what only a person can do, in a run that has none.
func (t *T) person(why string) {
	if t.Header.Operator == "" {
		t.Skip("it needs an operator, and this run had none: %s", why)
	}
}

// AskOperator is Operator that also tells when the answer came, for what is
// measured from that moment.
func (t *T) AskOperator(q bench.Question) (transcript.Answer, time.Duration) {
	t.asked++
	q.ID = fmt.Sprintf("%s-%d-%d", t.Case.ID, t.first, t.asked)
	if q.Timeout == 0 {
		q.Timeout = OperatorLimit
	}
	t.Do(q)
	e := t.Await(q.Timeout, func(e *Event) bool { return e.Kind == transcript.KindAnswer && e.Name == q.ID })
	if e == nil {
		t.Skip("no operator answered within %v: %s", q.Timeout, q.Text)
	}
	var a transcript.Answer
	if err := json.Unmarshal(e.Data, &a); err != nil {
		t.Inconclusivef("the operator's answer cannot be read: %v", err)
		t.Stop()
	}
	if a.Answer == "skip" {
		t.Skip("the operator skipped it: %s", q.Text)
	}
	return a, e.At
}
