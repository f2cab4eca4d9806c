package web

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/proofmark/proofmark/certification/health"
)

// The charts of the fleet are SVG in the page, drawn without script: what they show
// also stands beside them in words.

// Interval is a rate with its bounds beside what is tolerated, on a scale of powers
// of ten from 0.01 % to 100 %. All are places from the left, of intervalWidth.
type Interval struct {
	Low, High, Rate, Good, Bad float64
	Over                       bool // the lower bound is above what is tolerated
}

const intervalWidth = 240

func intervalOf(s health.Standing) Interval {
	return Interval{place(s.Low), place(s.High), place(s.Rate), place(s.Good), place(s.Bad), s.Low > s.Good}
}

// Wide is how wide the interval is.
func (i Interval) Wide() float64 { return tenth(max(i.High-i.Low, 2)) }

func place(rate float64) float64 {
	const least = 1e-4
	return tenth(6 + (intervalWidth-12)*(math.Log10(min(max(rate, least), 1))+4)/4)
}

func tenth(x float64) float64 { return math.Round(x*10) / 10 }

// Bars are values by day.
type Bars struct {
	Bars  []Bar
	Width float64
	Line  float64 // where the threshold is, from the top; 0: there is none
	Text  string  // what they show, for those who do not see them
}

// Bar is one day.
type Bar struct {
	X, Y, High float64
	Over       bool
	Text       string
}

const (
	barsHigh = 32
	barWide  = 6
)

// rateBars are the rates of a standing by day, and the rate that is to be found.
func rateBars(s health.Standing) Bars {
	rate := func(d health.Day) float64 {
		if n := max(d.Devices, d.Violating); n > 0 {
			return float64(d.Violating) / float64(n)
		}
		return 0
	}
	top := s.Bad * 1.25
	for _, d := range s.Days {
		top = max(top, rate(d))
	}
	out := Bars{Line: tenth(barsHigh * (1 - s.Bad/top))}
	for _, d := range s.Days {
		out.add(rate(d)/top, rate(d) >= s.Bad, fmt.Sprintf("%s: %s, %d of %d", dayName(d.Day), percent(rate(d)), d.Violating, max(d.Devices, d.Violating)))
	}
	if n := len(s.Days); n > 0 {
		out.Text = fmt.Sprintf("%s – %s", out.Bars[0].Text, out.Bars[n-1].Text)
	}
	return out
}

// aliveBars are how many devices were there by day.
func aliveBars(days []health.Alive) Bars {
	top := int64(1)
	for _, d := range days {
		top = max(top, d.Devices)
	}
	var out Bars
	for _, d := range days {
		out.add(float64(d.Devices)/float64(top), false, fmt.Sprintf("%s: %d", dayName(d.Day), d.Devices))
	}
	if n := len(days); n > 0 {
		out.Text = fmt.Sprintf("%s – %s", out.Bars[0].Text, out.Bars[n-1].Text)
	}
	return out
}

func (b *Bars) add(share float64, over bool, text string) {
	high := tenth(max(share*barsHigh, 1))
	b.Bars = append(b.Bars, Bar{b.Width, tenth(barsHigh - high), high, over, text})
	b.Width += barWide
}

func dayName(t time.Time) string { return t.UTC().Format("2 Jan") }

// percent is a rate as people read it: 0.12 %.
func percent(rate float64) string {
	return strconv.FormatFloat(rate*100, 'g', 3, 64) + " %"
}
