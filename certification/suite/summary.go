package suite

// Status says how far a run came. It is no verdict.
type Status string

// The statuses of a run that is judged.
const (
	Finished    Status = "finished"
	Interrupted Status = "interrupted"
	Waiting     Status = "waiting for an operator"
)

// Summary is a whole run in a line.
type Summary struct {
	Status  Status          `json:"status"`
	Verdict Verdict         `json:"verdict"` // the heaviest; INCONCLUSIVE where nothing was judged, or not everything
	Counts  map[Verdict]int `json:"counts"`
	Open    []string        `json:"open,omitempty"`    // cases that wait for an operator
	Missing []string        `json:"missing,omitempty"` // cases that did not end
}

// Summarize says what stands for the run as a whole.
func (rep *Report) Summarize() Summary {
	s := Summary{Status: Finished, Counts: make(map[Verdict]int), Missing: rep.Missing}
	for _, o := range Conclude(rep.Results) {
		s.Counts[o.Verdict]++
		s.Verdict = Heavier(s.Verdict, o.Verdict)
		if c, err := Lookup(o.Case); err == nil && o.Verdict == Skipped && c.byHand() {
			s.Open = append(s.Open, o.ID())
		}
	}
	switch {
	case len(rep.Missing) > 0 || !rep.Finished:
		s.Status = Interrupted
	case len(s.Open) > 0:
		s.Status = Waiting
	}
	// N/A and SKIPPED alone are nobody's pass.
	judged := s.Counts[Pass] + s.Counts[Warn] + s.Counts[Review] + s.Counts[Fail]
	if s.Verdict != Fail && (judged == 0 || s.Status == Interrupted) {
		s.Verdict = Inconclusive
	}
	return s
}

// The exit codes of the commands that test and judge. 2 is for what cannot be begun.
const (
	ExitPass  = 0 // warnings allowed
	ExitFail  = 1
	ExitUsage = 2
	ExitOpen  = 3 // inconclusive, interrupted, or cases left open for an operator
	ExitOther = 4 // judge: the stored report says something else
)

// ExitCode is how a command ends that says this.
func (s Summary) ExitCode() int {
	switch {
	case s.Verdict == Fail:
		return ExitFail
	case s.Verdict == Inconclusive || s.Status != Finished:
		return ExitOpen
	}
	return ExitPass
}
