package simulator

import (
	"context"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"reflect"
	"time"
)

// Faults are what goes wrong between the PSP and its merchant. A share is 0 to 1:
// how many of the calls or events are hit. The draws go by Seed and by the number
// of calls and events since the faults were set, so that a sequence can be repeated.
type Faults struct {
	Seed uint64 `json:"seed"`

	Broken  float64  `json:"broken"`   // calls that are answered 503 and not executed
	Lost    float64  `json:"lost"`     // calls that are executed, and then the connection is cut
	LostFor Duration `json:"lost_for"` // … after it was kept waiting so long
	Slow    float64  `json:"slow"`     // calls that are executed late
	SlowBy  Duration `json:"slow_by"`  // … by so much

	Repeat  float64  `json:"repeat"`  // events that are delivered twice
	Reverse float64  `json:"reverse"` // steps whose events are delivered last first
	Late    float64  `json:"late"`    // events that are held back, so that others overtake them
	LateBy  Duration `json:"late_by"` // … for up to so long
	Drop    float64  `json:"drop"`    // events that are never delivered
	Forge   float64  `json:"forge"`   // events before which somebody else posts one with another amount

	// Hits is how often one call (the same method, path and key) may be hit by each
	// fault, so that who repeats it gets through; 1 by default.
	Hits int `json:"hits"`
}

// Duration is a time.Duration that is written as "1.5s".
type Duration time.Duration

// MarshalText implements encoding.TextMarshaler.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	*d = Duration(v)
	return err
}

// maxFaultWait bounds what a fault may hold back.
const maxFaultWait = Duration(24 * time.Hour)

func (f Faults) check() error {
	v := reflect.ValueOf(f)
	for i := range v.NumField() {
		name := v.Type().Field(i).Tag.Get("json")
		switch x := v.Field(i).Interface().(type) {
		case float64:
			if !(x >= 0 && x <= 1) { // also NaN
				return fmt.Errorf("fault %s = %v: want a share of 0 to 1", name, x)
			}
		case Duration:
			if x < 0 || x > maxFaultWait {
				return fmt.Errorf("fault %s = %v: want 0 to %v", name, time.Duration(x), time.Duration(maxFaultWait))
			}
		}
	}
	if f.Hits < 0 {
		return fmt.Errorf("fault hits = %d: want 0 or more", f.Hits)
	}
	return nil
}

type faultState struct {
	Faults
	draws map[string]uint64 // by fault
	hits  map[string]int    // by fault and call
}

func newFaultState(f Faults) faultState {
	return faultState{Faults: f, draws: make(map[string]uint64), hits: make(map[string]int)}
}

// Faults are those that are set.
func (p *PSP) Faults() Faults {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.faults.Faults
}

// SetFaults sets what goes wrong from now on, also after a restart.
func (p *PSP) SetFaults(ctx context.Context, f Faults) error {
	if err := f.check(); err != nil {
		return err
	}
	p.mu.Lock()
	p.faults = newFaultState(f)
	p.keep(kindSetting, settingFaults, f)
	b := p.stored()
	p.mu.Unlock()
	return b.wait(ctx)
}

// draw is the next number in [0, 1) for a fault.
func (f *faultState) draw(fault string) float64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(fault))
	n := f.draws[fault]
	f.draws[fault]++
	return rand.New(rand.NewPCG(f.Seed^h.Sum64(), n)).Float64()
}

// strikes says whether a fault hits now.
func (f *faultState) strikes(fault string, share float64) bool {
	return share > 0 && f.draw(fault) < share
}

// strikesCall says whether a fault hits this call, which may be a repetition.
func (f *faultState) strikesCall(fault string, share float64, call string) bool {
	call = fault + " " + call
	if !f.strikes(fault, share) || f.hits[call] >= max(f.Hits, 1) {
		return false
	}
	f.hits[call]++
	return true
}
