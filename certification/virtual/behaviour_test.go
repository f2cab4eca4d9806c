package virtual_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/proofmark/proofmark/certification/virtual"
	"github.com/proofmark/proofmark/miot"
)

// TestBehaviourIsTheSeam sets one behaviour at a time and sees exactly that one broken.
func TestBehaviourIsTheSeam(t *testing.T) {
	brightness := []miot.PropertyRef{{DID: "lamp-1", SIID: 2, PIID: 2}}
	for _, c := range []struct {
		sentence  string
		behaviour virtual.Behaviour
		broken    func(b *bench, d *virtual.Device) bool
	}{
		{"it reports what is out of range", virtual.Behaviour{Report: func(rule *miot.PropertyRule, v miot.Value) miot.Value {
			if rule.Name == "brightness" {
				return miot.IntValue(101)
			}
			return v
		}}, func(b *bench, _ *virtual.Device) bool { raw, _ := b.value("lamp-1", 2, 2); return raw == "101" }},
		{
			"it reports nothing",
			virtual.Behaviour{Report: func(*miot.PropertyRule, miot.Value) miot.Value { return miot.Value{} }},
			func(b *bench, _ *virtual.Device) bool { return len(b.heard()) == 0 },
		},
		{"it reports what is read", virtual.Behaviour{ReportReads: true}, func(b *bench, _ *virtual.Device) bool {
			b.forget()
			b.ask("lamp-1", miot.GetProperties(0, brightness))
			time.Sleep(2 * time.Second)
			_, n := b.value("lamp-1", 2, 2)
			return n == 1
		}},
		{
			"it takes what is out of range",
			virtual.Behaviour{Judge: func(*miot.PropertyRule, []byte, *miot.Violation) *miot.Violation { return nil }},
			func(b *bench, d *virtual.Device) bool {
				b.ask("lamp-1", miot.SetProperties(0, []miot.PropertyValue{{DID: "lamp-1", SIID: 2, PIID: 2, Value: []byte("101")}}))
				v, _ := d.Value(2, 2)
				return v.Equal(miot.IntValue(101))
			},
		},
		{"it acts twice", virtual.Behaviour{ActTwice: true}, func(b *bench, d *virtual.Device) bool {
			before, _ := d.Value(2, 1)
			b.ask("lamp-1", miot.InvokeAction(7, miot.ActionCall{DID: "lamp-1", SIID: 2, AIID: 1}))
			b.ask("lamp-1", miot.InvokeAction(7, miot.ActionCall{DID: "lamp-1", SIID: 2, AIID: 1}))
			after, _ := d.Value(2, 1)
			return before == after
		}},
		{"it does not send again", virtual.Behaviour{Resend: func([]byte) []byte { return nil }, NoFullState: true}, func(b *bench, d *virtual.Device) bool {
			b.set(func(b *bench) { b.withhold = true })
			turn(t, d, 2, 2, miot.UintValue(9))
			time.Sleep(time.Second)
			b.forget()
			b.drop()
			time.Sleep(9 * time.Second)
			_, n := b.value("lamp-1", 2, 2)
			return n == 0
		}},
		{
			"it comes back without jitter",
			virtual.Behaviour{Backoff: func(_ *rand.Rand, n int) time.Duration { return time.Duration(n) * time.Second }},
			func(b *bench, _ *virtual.Device) bool {
				at := time.Now()
				b.forget()
				b.drop()
				time.Sleep(3 * time.Second)
				b.mu.Lock()
				defer b.mu.Unlock()
				return len(b.logins) == 1 && b.logins[0].at.Sub(at) == time.Second
			},
		},
		{"it sends another password after a failure", virtual.Behaviour{Password: func(secret string, failures int) string {
			if failures > 0 {
				return ""
			}
			return secret
		}}, func(b *bench, _ *virtual.Device) bool {
			b.drop()
			time.Sleep(3 * time.Second)
			return slices.Equal(b.passwords(), []string{"factory", ""})
		}},
		{"it obeys what was retained", virtual.Behaviour{ObeyRetained: true}, func(b *bench, d *virtual.Device) bool {
			set := miot.SetProperties(5, []miot.PropertyValue{{DID: "lamp-1", SIID: 2, PIID: 2, Value: []byte("3")}})
			b.drop()
			_ = b.server.Publish("device/lamp-1/down/request", set.Payload(), true, 1)
			time.Sleep(10 * time.Second)
			v, _ := d.Value(2, 2)
			return v.Equal(miot.IntValue(3))
		}},
		{"it is silent", virtual.Behaviour{Answer: func(_, _ []byte) []byte { return nil }}, func(b *bench, _ *virtual.Device) bool {
			b.send("lamp-1", miot.GetProperties(9, brightness).Payload())
			time.Sleep(5 * time.Second)
			b.mu.Lock()
			defer b.mu.Unlock()
			return len(b.answers) == 0
		}},
	} {
		t.Run(c.sentence, func(t *testing.T) {
			inBubble(t, virtual.Config{Behaviour: c.behaviour}, func(t *testing.T, b *bench, d *virtual.Device) {
				if !c.broken(b, d) {
					t.Error("the device conforms")
				}
			})
		})
	}
}
