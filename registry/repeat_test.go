package registry_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/proofmark/proofmark/registry"
)

// A repeat is the same (did, method, id, payload) within 10 minutes (protocol
// §4): it is acknowledged and dropped, wherever it arrives.
func TestARepeatIsAcknowledgedAndDropped(t *testing.T) {
	first := func(u *unit) *receipt { return u.report(7, prop(u.did, 3, 1, 32)) }
	for _, c := range []struct {
		name   string
		again  func(h *house, u *unit) *receipt
		repeat bool
	}{
		{"over the same connection", func(_ *house, u *unit) *receipt { return first(u) }, true},
		{"after a reconnect", func(h *house, u *unit) *receipt {
			u.live.Detach(registry.ReasonLost)
			return first(u.again(h.node))
		}, true},
		{"after a crash", func(h *house, u *unit) *receipt {
			h.kill(h.node)
			h.node = h.start()
			return first(u.again(h.node))
		}, true},
		{"on another node", func(h *house, u *unit) *receipt { return first(u.again(h.start())) }, true},
		{"on another node, and back again", func(h *house, u *unit) *receipt {
			other := u.again(h.start())
			other.report(8, prop(u.did, 3, 1, 33))
			back := u.again(h.node)
			if !back.report(8, prop(u.did, 3, 1, 33)).repeat() {
				t.Error("what the other node took is not known after the return")
			}
			return first(back)
		}, true},
		{"a second before 10 minutes", func(_ *house, u *unit) *receipt {
			time.Sleep(10*time.Minute - time.Second)
			return first(u)
		}, true},
		{"a second before 10 minutes after a crash", func(h *house, u *unit) *receipt {
			time.Sleep(10*time.Minute - time.Second)
			h.kill(h.node)
			h.node = h.start()
			return first(u.again(h.node))
		}, true},
		{"but after 10 minutes it is new", func(_ *house, u *unit) *receipt {
			time.Sleep(10 * time.Minute)
			return first(u)
		}, false},
		{"but the same id with another payload is new", func(_ *house, u *unit) *receipt {
			return u.report(7, prop(u.did, 3, 1, 33))
		}, false},
		{"but another id with the same value is new", func(_ *house, u *unit) *receipt {
			return u.report(8, prop(u.did, 3, 1, 32))
		}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, h *house) {
				u := h.purifier("D")
				if first(u).repeat() {
					t.Fatal("the first is taken for a repeat")
				}
				before := len(h.history("D"))
				if got := c.again(h, u).repeat(); got != c.repeat {
					t.Errorf("repeat = %v, want %v", got, c.repeat)
				}
				after := len(h.history("D"))
				if stored := after > before; c.repeat && c.name != "on another node, and back again" && stored {
					t.Errorf("%d points before, %d after: the repeat was stored", before, after)
				}
			})
		})
	}
}

func TestARepeatIsToldWhileTheFirstCopyStillWaits(t *testing.T) {
	payload := `{"id":7,"method":"properties_changed","params":[{"did":"D","siid":3,"piid":1,"value":32}]}`
	for _, c := range []struct {
		name string
		copy func(h *house, u *unit) *receipt
	}{
		{"over the same connection", func(_ *house, u *unit) *receipt { return u.send(registry.MethodProperties, payload) }},
		{"after a reconnect", func(h *house, u *unit) *receipt {
			u.live.Detach(registry.ReasonLost)
			return u.again(h.node).send(registry.MethodProperties, payload)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, h *house) {
				u := h.purifier("D")
				u.report(1, prop("D", 3, 1, 1))
				release := h.hold("commit")
				first := u.send(registry.MethodProperties, payload)
				h.settle()
				second := c.copy(h, u)
				h.settle()
				if first.settled() || second.settled() {
					t.Fatal("acknowledged before it was stored")
				}
				release()
				h.settle()
				if !first.settled() || !second.settled() || first.repeat() || !second.repeat() {
					t.Errorf("first: settled %v repeat %v; second: settled %v repeat %v", first.settled(), first.repeat(), second.settled(), second.repeat())
				}
				if n := len(h.history("D")); n != 2 {
					t.Errorf("%d points in history, want 2", n)
				}
			})
		})
	}
}

func TestARefusedReportIsCountedOnce(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		u := h.purifier("D")
		u.report(1, prop("D", 3, 1, 1000))
		if r := u.report(1, prop("D", 3, 1, 1000)); !r.repeat() || len(r.outcome.Errors) > 0 {
			t.Errorf("the repeat: %+v", r.outcome)
		}
		if v := h.violations("D"); len(v) != 1 || v[0].Count != 1 {
			t.Errorf("violations: %+v", v)
		}
	})
}

func TestRepeatsCostNoCommit(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		u := h.purifier("D")
		u.report(1, prop("D", 3, 1, 1))
		h.store.reset()
		for range 5 {
			u.report(1, prop("D", 3, 1, 1))
		}
		if n := h.store.count("commit"); n != 0 {
			t.Errorf("%d commits for nothing but repeats", n)
		}
	})
}

// The memory of a day at one report a second is that of 10 minutes.
func TestTheMemoryOfRepeatsIsBounded(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		u := h.purifier("D")
		for i := range 2000 {
			time.Sleep(5 * time.Second)
			u.report(i, prop("D", 3, 1, i%1000))
		}
		if !u.report(1999, prop("D", 3, 1, 999)).repeat() {
			t.Error("the last report is forgotten")
		}
		if n := registry.Remembered(h.node, "D"); n > 300 {
			t.Errorf("%d reports are remembered, 120 are within 10 minutes", n)
		}
		u.live.Detach(registry.ReasonLost)
		time.Sleep(12 * time.Minute)
		other := h.purifier("E")
		other.report(1, prop("E", 3, 1, 1))
		h.settle()
		if n := registry.Remembered(h.node, "D"); n != 0 {
			t.Errorf("%d reports of a silent device are remembered", n)
		}
	})
}

// hold makes the calls of one name wait until release.
func (h *house) hold(op string) (release func()) {
	gate := make(chan struct{})
	h.store.on(func(ctx context.Context, called string, _ any) error {
		if called != op {
			return nil
		}
		select {
		case <-gate:
			return nil
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", registry.ErrUnavailable, ctx.Err())
		}
	})
	return func() {
		h.store.on(nil)
		close(gate)
	}
}

// A device that comes back to the node that it left is known there: the store is
// asked for its earlier reports only when another node may have taken some.
func TestAReturnToTheSameNodeLooksNothingUp(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		u := h.purifier("D")
		id := 0
		arrive := func(r *registry.Registry, lookups int, what string) {
			t.Helper()
			h.store.reset()
			u.live.Detach(registry.ReasonLost)
			u = u.again(r)
			id++
			u.report(id, prop(u.did, 3, 1, id)).repeat()
			if n := h.store.count("fingerprints"); n != lookups {
				t.Errorf("%s: the store was asked %d times, want %d", what, n, lookups)
			}
		}
		id++
		u.report(id, prop(u.did, 3, 1, id)).repeat()
		arrive(h.node, 0, "back on the same node")
		arrive(h.node, 0, "and again")
		other := h.start()
		arrive(other, 1, "on another node")
		arrive(h.node, 1, "back, after another node had it")
		arrive(h.node, 0, "and still there")
	})
}
