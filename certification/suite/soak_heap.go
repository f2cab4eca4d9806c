package suite

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/proofmark/proofmark/miot"
)

// heapSample is how much memory was free at a time.
type heapSample struct {
	at   time.Duration
	free float64
	said *Event
}

// soak02 looks at what SOAK-01 has asked: the declared property, or mem in
// miIO.info, where the device exposes either.
func soak02(w *Watch) {
	var samples []heapSample
	siid, piid, declared := splitMember(w.Declaration.FreeHeap)
	for _, e := range w.Events {
		if free, ok := freeMemory(e, siid, piid, declared); ok {
			samples = append(samples, heapSample{e.At, free, e})
		}
	}
	switch n := len(samples); {
	case n == 0 && !declared:
		w.NotApplicable("the device does not expose its free memory: no free_heap in the declaration, no mem in miIO.info")
	case n < HeapSamples || samples[n-1].at-samples[0].at < HeapSpan:
		// Too little to judge: what checks nothing is INCONCLUSIVE.
		w.find(Inconclusive, nil, fmt.Sprintf("%d samples of the free memory over %v, as SOAK-01 takes them", HeapSamples, HeapSpan), fmt.Sprintf("%d", n))
	default:
		slope := theilSen(samples)
		w.Check(slope > HeapSlope, samples[n-1].said, fmt.Sprintf("free memory that falls by less than %.0f %% an hour", -100*HeapSlope),
			fmt.Sprintf("%+.2f %% an hour: %.0f at first, %.0f at last", 100*slope, samples[0].free, samples[n-1].free))
	}
}

// freeMemory is what an answer says of it.
func freeMemory(e *Event, siid, piid int, declared bool) (float64, bool) {
	switch {
	case e.Response == nil || e.Response.Error != nil:
	case declared:
		for _, res := range e.Response.Results {
			if res.SIID == siid && res.PIID == piid && res.Code == miot.CodeDone {
				v, _ := miot.DecodeValue(res.Value)
				return v.Float64()
			}
		}
	case e.Response.Results == nil && e.Response.Action == nil:
		var info struct {
			Life *float64 `json:"life"` // tells miIO.info from other objects
			Mem  *float64 `json:"mem"`
		}
		if json.Unmarshal(e.Response.Result, &info) == nil && info.Life != nil && info.Mem != nil {
			return *info.Mem, true
		}
	}
	return 0, false
}

// theilSen is the median of the slopes between all pairs of samples, as a share
// of the median sample an hour. A few odd values do not move it.
func theilSen(samples []heapSample) float64 {
	var slopes, levels []float64
	for i, a := range samples {
		levels = append(levels, a.free)
		for _, b := range samples[i+1:] {
			if hours := (b.at - a.at).Hours(); hours > 0 {
				slopes = append(slopes, (b.free-a.free)/hours)
			}
		}
	}
	level := median(levels)
	if level == 0 || len(slopes) == 0 {
		return 0
	}
	return median(slopes) / level
}

func median(list []float64) float64 {
	slices.Sort(list)
	n := len(list)
	if n%2 == 1 {
		return list[n/2]
	}
	return (list[n/2-1] + list[n/2]) / 2
}
