package rig

import (
	"context"

	"github.com/proofmark/proofmark/certification"
)

var _ certification.Tested = (*Rig)(nil)

// CaseEvidence is Outcomes as reviewers need it: with what the catalogue says of
// each case, and with the cases that no run has ended.
func (r *Rig) CaseEvidence(ctx context.Context, sub certification.Submission, release string) ([]certification.CaseEvidence, error) {
	d, err := r.outcomes(ctx, sub, release)
	if err != nil {
		return nil, err
	}
	all := make([]certification.CaseEvidence, 0, len(d.Outcomes)+len(d.Missing))
	for _, o := range d.Outcomes {
		all = append(all, certification.CaseEvidence{
			ID: o.ID, Case: o.Case, Verdict: o.Verdict, Attempts: o.Attempts, Failed: o.Failed, Tried: o.Tried, Findings: o.Findings,
			Run: o.Run, Transcript: o.Transcript, First: o.First, Last: o.Last, Firmware: sub.Firmware.SHA256, Suite: d.Suite,
		}.Described())
	}
	for _, id := range d.Missing {
		all = append(all, certification.CaseEvidence{ID: id, Case: id}.Described())
	}
	return all, nil
}
