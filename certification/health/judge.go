package health

import (
	"math"
	"time"

	"github.com/proofmark/proofmark/internal/stat"
)

// Alpha bounds the probability that a fleet with a tolerable rate is flagged by the
// evidence of one run of days (design §6).
const Alpha = 1e-4

// Limit is the score at which a firmware has drifted: ln(1/Alpha), 9.21.
var Limit = -math.Log(Alpha)

// LeastDevices is how many different devices must have shown it: one that is broken
// every day says nothing about its firmware.
const LeastDevices = 3

// Day is what one firmware's devices did on one UTC day.
type Day struct {
	Day       time.Time `json:"day"`
	Devices   int64     `json:"devices"`   // that were there
	Violating int64     `json:"violating"` // of them broke the rule
	Events    int64     `json:"events"`    // how often, all together
}

// Standing is how a firmware stands by one rule.
type Standing struct {
	Firmware    string  `json:"firmware"`
	Rule        string  `json:"rule"`
	Requirement string  `json:"requirement,omitempty"`
	DeviceDays  int64   `json:"device_days"` // within 30 days, from the first that counts: the sample
	Violating   int64   `json:"violating"`   // of them the rule was broken on
	Events      int64   `json:"events"`      // how often, all together
	Rate        float64 `json:"rate"`
	Low         float64 `json:"low"`  // of the rate, Wilson, 99 %
	High        float64 `json:"high"` //
	Good        float64 `json:"good"` // the tolerated rate
	Bad         float64 `json:"bad"`  // the rate that is to be found
	Run         Run     `json:"run"`
	Days        []Day   `json:"days,omitempty"` // those that count, in their order; the last one may be under way
}

// Run is the evidence that counts now.
type Run struct {
	Since      time.Time `json:"since"` // its first day
	DeviceDays int64     `json:"device_days"`
	Violating  int64     `json:"violating"`
	Score      float64   `json:"score"` // ln of how much likelier Bad is than Good by it
	Limit      float64   `json:"limit"` // past it the firmware has drifted
}

// Past says whether the score is past its limit.
func (s Standing) Past() bool { return s.Run.Score >= s.Run.Limit }

// z99 is the normal distribution's quantile for 99 % on both sides.
const z99 = 2.575829

// weigh is what a day adds to a score: ln of how much likelier Bad is by it than Good.
func weigh(devices, violating int64, good, bad float64) float64 {
	return float64(violating)*math.Log(bad/good) + float64(devices-violating)*math.Log((1-bad)/(1-good))
}

// Judge is the test: Wald's sequential probability ratio, restarted whenever a day
// ends with nothing against the firmware (Page 1954), so that a good past never
// pays for a bad today. It is a pure function of the days, which are in their
// order; the last one may be under way.
//
// It may be asked as often as one likes. Of one run of days the score's exponential
// is a likelihood ratio whose expectation under Good is 1 at every look, however
// often one looks, so that it ever reaches 1/Alpha has at most the probability Alpha
// (Ville's inequality). While a day is under way a device that was seen counts as
// good until it is not, and at least as many devices count as on the day before:
// both can only lower the score.
func Judge(days []Day, r Rule) Standing {
	s := Standing{Rule: r.ID, Requirement: r.Requirement, Good: r.Good, Bad: r.Bad, Days: days}
	run := Run{Limit: Limit}
	for i, d := range days {
		if run.Score <= 0 { // a new one begins
			run = Run{Limit: Limit, Since: d.Day}
		}
		n := d.Devices
		if i == len(days)-1 && i > 0 && days[i-1].Day.Equal(d.Day.AddDate(0, 0, -1)) {
			n = max(n, days[i-1].Devices)
		}
		n = max(n, d.Violating)
		run.DeviceDays += n
		run.Violating += d.Violating
		run.Score += weigh(n, d.Violating, r.Good, r.Bad)
		s.DeviceDays += n
		s.Violating += d.Violating
		s.Events += d.Events
	}
	if s.DeviceDays > 0 {
		s.Rate = float64(s.Violating) / float64(s.DeviceDays)
	}
	s.Low, s.High = stat.Wilson(s.Violating, s.DeviceDays, z99)
	s.Run = run
	return s
}
