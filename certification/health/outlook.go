package health

import (
	"math"
	"slices"
	"time"

	"github.com/proofmark/proofmark/certification"
)

// StepKind is what the certificate programme will do about a model.
type StepKind string

// The kinds of steps.
const (
	StepDecide  StepKind = "decide"  // a reviewer decides about an open flag; until then the firmware is not rolled out
	StepAnswer  StepKind = "answer"  // the maker is asked about an open flag
	StepMend    StepKind = "mend"    // the certificate is suspended: a reviewer reinstates it once the cause is mended
	StepFlag    StepKind = "flag"    // past the limit: flagged as soon as three different devices show it
	StepNear    StepKind = "near"    // at the rate of its last day the firmware is flagged on At
	StepQuiet   StepKind = "quiet"   // a flag was dismissed: none of its firmware and rule is raised before At
	StepExpires StepKind = "expires" // the certificate ends on At
)

// Step is one thing that the programme will do, and when.
type Step struct {
	Kind     StepKind  `json:"kind" enum:"decide,answer,mend,flag,near,quiet,expires"`
	Firmware string    `json:"firmware,omitempty"`
	Rule     string    `json:"rule,omitempty"`
	Flag     string    `json:"flag,omitempty"`
	Serial   string    `json:"serial,omitempty"`
	At       time.Time `json:"at,omitzero"` // since when, or when; absent where a person decides
	Reason   string    `json:"reason,omitempty"`
}

// mostAhead is how far a firmware's flag is foretold: beyond the window the days
// that it stands on no longer count.
const mostAhead = Window

// Outlook says what the programme will do next about a model, what is the most
// urgent first. It is a pure function.
func Outlook(standings []Standing, flags []Flag, certificates []certification.Certificate, now time.Time) []Step {
	steps := []Step{}
	flagged := map[[2]string]bool{}
	for _, f := range flags {
		switch {
		case f.State == Open:
			flagged[[2]string{f.Firmware, f.Rule}] = true
			s := Step{Kind: StepDecide, Firmware: f.Firmware, Rule: f.Rule, Flag: f.ID, Serial: f.Serial, At: f.At}
			if f.Waits() {
				s.Kind, s.At, s.Reason = StepAnswer, f.Talk[len(f.Talk)-1].At, f.Talk[len(f.Talk)-1].Text
			}
			steps = append(steps, s)
		case f.State == Dismissed && f.QuietUntil.After(now):
			steps = append(steps, Step{Kind: StepQuiet, Firmware: f.Firmware, Rule: f.Rule, Flag: f.ID, At: f.QuietUntil, Reason: f.Reason})
		}
	}
	for _, c := range certificates {
		if c.State == certification.Suspended {
			steps = append(steps, Step{Kind: StepMend, Serial: c.Serial, At: c.Since, Reason: c.Reason})
		}
	}
	for _, s := range standings {
		if flagged[[2]string{s.Firmware, s.Rule}] || carrier(certificates, s) == nil {
			continue
		}
		if s.Past() {
			steps = append(steps, Step{Kind: StepFlag, Firmware: s.Firmware, Rule: s.Rule})
		} else if at, ok := s.due(); ok {
			steps = append(steps, Step{Kind: StepNear, Firmware: s.Firmware, Rule: s.Rule, At: at})
		}
	}
	for _, c := range slices.Backward(certificates) {
		if c.State == certification.Active {
			steps = append(steps, Step{Kind: StepExpires, Serial: c.Serial, At: c.ExpiresAt})
			break
		}
	}
	return steps
}

// due is the day on which the score passes its limit if every day is as the last one.
func (s *Standing) due() (time.Time, bool) {
	if len(s.Days) == 0 || s.Run.Score <= 0 {
		return time.Time{}, false
	}
	last := s.Days[len(s.Days)-1]
	daily := weigh(max(last.Devices, last.Violating), last.Violating, s.Good, s.Bad)
	if daily <= 0 {
		return time.Time{}, false
	}
	days := math.Ceil((s.Run.Limit - s.Run.Score) / daily)
	if days > mostAhead.Hours()/24 {
		return time.Time{}, false
	}
	return last.Day.AddDate(0, 0, int(days)), true
}
