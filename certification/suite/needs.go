package suite

import (
	"fmt"
	"slices"

	"github.com/proofmark/proofmark/certification/suite/transcript"
)

// unmet is the result of a case that cannot be begun, for what the header says:
// SKIPPED, or N/A where the declaration is the reason. Nil: it can.
func (run *Run) unmet(c *Case) *Result {
	v, why := run.lacks(c.Needs)
	if v == "" {
		return nil
	}
	r := &Result{Case: c.ID, Attempt: 1, Findings: []Finding{{Verdict: v, Message: why}}}
	r.settle()
	return r
}

func (run *Run) lacks(n Needs) (Verdict, string) {
	h := &run.Header
	switch {
	case n.Offline:
		return "", ""
	case run.Fault != nil:
		return Skipped, fmt.Sprintf("the spec cannot be used (%v); the DECL cases say why", run.Fault)
	case n.V5 && run.Declaration.MQTT != "5.0":
		return NotFor, "it is for devices that speak MQTT 5.0; the declaration says " + quoted(run.Declaration.MQTT)
	case n.TLS && h.Transport != "tls" && h.Transport != "mtls":
		return Skipped, "it needs a device that connects by TLS; this run is over " + h.Transport
	case n.SecondUnit && run.Submission.SecondUnit == nil:
		return Skipped, "it needs a second unit of the product"
	case n.Operator && h.Operator == "":
		return Skipped, "it needs an operator at the device; this run had none"
	}
	return "", ""
}

// byHand says whether a person has to do something for the case, which is left
// open while nobody does.
func (c *Case) byHand() bool {
	if c.Needs.Operator || c.Needs.Hand {
		return true
	}
	r, ok := RequirementOf(c.Requirement)
	return ok && slices.Contains(r.Evidence, EvidenceOperator)
}

// Online are the selected cases that need the device, monitors aside.
func Online(h *transcript.Header) []string {
	return slices.DeleteFunc(slices.Clone(h.Cases), func(id string) bool {
		c, err := Lookup(id)
		return err != nil || c.Needs.Offline || c.Monitor != nil
	})
}
