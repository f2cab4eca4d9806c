package rehearsal

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/proofmark/proofmark/certification/suite/bench"
	"github.com/proofmark/proofmark/certification/suite/transcript"
	"github.com/proofmark/proofmark/certification/virtual"
	"github.com/proofmark/proofmark/miot"
)

// Name is who answers, for the header of a transcript.
const Name = "virtual"

// forGood is how long a device without power stays so, unless somebody restores it.
const forGood = 24 * time.Hour

// Ask does what a question asks for at the virtual device. It is a suite.Setup.Ask.
func (d *Device) Ask(ctx context.Context, q bench.Question) (transcript.Answer, error) {
	device, err := d.at(ctx)
	if err != nil {
		return transcript.Answer{}, err
	}
	done := transcript.Answer{Answer: "done"}
	switch q.Kind {
	case bench.PowerCycle: // the answer comes when the power is back
		device.PowerCycle(q.For)
		return done, wait(ctx, q.For)
	case bench.UnplugNetwork: // likewise the network
		device.Unplug(q.For)
		return done, wait(ctx, q.For)
	case bench.PowerOff:
		off := q.For
		if off == 0 {
			off = forGood
		}
		device.PowerCycle(off)
	case bench.PowerOn:
		device.PowerCycle(0)
	case bench.LocalChange:
		if err := d.change(device, q); err != nil {
			return skip(err.Error()), nil
		}
	case bench.Provoke:
		if err := device.Fire(q.SIID, q.EIID); err != nil {
			return skip(err.Error()), nil
		}
	case bench.Confirm, bench.Photo:
		done.Answer = "yes"
	case bench.Install:
		var version string
		if err := json.Unmarshal(q.Value, &version); err != nil {
			return transcript.Answer{}, err
		}
		device.Install(version)
	case bench.ResetKey:
		device.PressReset()
	default:
		return skip("a virtual device has no such thing"), nil
	}
	if q.Evidence != "" || q.Kind == bench.Photo {
		// There is nothing to see at a device that is software; the answer names
		// a file as a real one would.
		sum := sha256.Sum256([]byte(q.ID))
		done.Note, done.File = "a virtual device has no "+q.Evidence, hex.EncodeToString(sum[:])
	}
	return done, nil
}

// wait lets time pass, as long as the run goes on.
func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func skip(why string) transcript.Answer { return transcript.Answer{Answer: "skip", Note: why} }

// change turns the knob of a property, to any other value where none is asked for.
func (d *Device) change(device *virtual.Device, q bench.Question) error {
	rule, ok := d.rules.Property(q.SIID, q.PIID)
	if !ok {
		return fmt.Errorf("there is no property %d.%d", q.SIID, q.PIID)
	}
	if len(q.Value) > 0 {
		v, bad := rule.Check(q.Value)
		if bad != nil {
			return bad
		}
		return device.Set(q.SIID, q.PIID, v)
	}
	now, _ := device.Value(q.SIID, q.PIID)
	for _, v := range others(rule, now) {
		if sure, bad := rule.Check(v.Append(nil)); bad == nil && !sure.Equal(now) {
			return device.Set(q.SIID, q.PIID, sure)
		}
	}
	return fmt.Errorf("property %d.%d has no other value than %s", q.SIID, q.PIID, now)
}

// others are values that a property may be turned to.
func others(rule *miot.PropertyRule, now miot.Value) []miot.Value {
	switch on, isBool := now.Bool(); {
	case isBool:
		return []miot.Value{miot.BoolValue(!on)}
	case rule.Format == miot.FormatString:
		return []miot.Value{miot.StringValue("turned"), miot.StringValue("turned again")}
	}
	var list []miot.Value
	for _, item := range rule.Property.List {
		list = append(list, item.Value)
	}
	if i := slices.IndexFunc(list, now.Equal); i >= 0 {
		list = append(slices.Clone(list[i+1:]), list[:i]...) // the next one, as a key does
	}
	if r := rule.Property.Range; r != nil {
		list = append(list, step(now, r.Step), r.Min, r.Max)
	}
	return append(list, step(now, miot.IntValue(1)), miot.IntValue(0))
}

// step is a value and one step more.
func step(v, by miot.Value) miot.Value {
	if a, ok := v.Int64(); ok {
		if b, ok := by.Int64(); ok {
			return miot.IntValue(a + b)
		}
	}
	a, _ := v.Float64()
	b, _ := by.Float64()
	return miot.FloatValue(a + b)
}
