package registry_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/proofmark/proofmark/miot"
	"github.com/proofmark/proofmark/registry"
)

// wants opens a wish for fan-level (2.3) of "D".
func (h *house) wants(value string) registry.Desired {
	h.t.Helper()
	d, err := h.node.Desire(h.t.Context(), "", "D", 2, 3, []byte(value), 0)
	must(h.t, err)
	h.settle()
	return d
}

// open are the open wishes of "D".
func (h *house) open() string {
	h.t.Helper()
	twin, err := h.node.Twin(h.t.Context(), "D")
	must(h.t, err)
	var s []string
	for _, d := range twin.Desired {
		s = append(s, string(d.Value))
	}
	return strings.Join(s, " ")
}

// ended is how a wish ended, as the store tells who tries to end it again.
func (h *house) ended(d registry.Desired) string {
	err := h.db.Registry().EndDesired(h.t.Context(), registry.DesiredEnd{ID: d.ID, State: registry.DesiredExpired, At: time.Now()})
	if err == nil {
		return "open"
	}
	_, state, _ := strings.Cut(err.Error(), "it is ")
	state, _, _ = strings.Cut(state, ":")
	return state
}

func TestTheLifeOfADesiredValue(t *testing.T) {
	set := func(u *unit) int { return len(u.asked(miot.MethodSetProperties)) }
	for _, c := range []struct {
		name string
		does func(t *testing.T, h *house, u *unit, d registry.Desired)
		ends string
	}{
		{"stays open once the device took it, until it reports", func(*testing.T, *house, *unit, registry.Desired) {}, "open"},
		{"is met when reported equal", func(_ *testing.T, _ *house, u *unit, _ registry.Desired) {
			u.report(1, prop("D", 2, 3, 4))
		}, "met"},
		{"is met by an equal value among others", func(_ *testing.T, _ *house, u *unit, _ registry.Desired) {
			u.report(1, prop("D", 2, 1, true)+","+prop("D", 2, 3, 4))
		}, "met"},
		{"is overridden when somebody turns the knob", func(_ *testing.T, _ *house, u *unit, _ registry.Desired) {
			time.Sleep(time.Second)
			u.report(1, prop("D", 2, 3, 2))
		}, "overridden"},
		{"does not end by another property", func(_ *testing.T, _ *house, u *unit, _ registry.Desired) {
			time.Sleep(time.Second)
			u.report(1, prop("D", 2, 4, 300))
		}, "open"},
		{"does not end by a refused report", func(_ *testing.T, _ *house, u *unit, _ registry.Desired) {
			time.Sleep(time.Second)
			u.report(1, prop("D", 2, 3, 9))
		}, "open"},
		{"does not end by what the device tells of its past", func(_ *testing.T, _ *house, u *unit, _ registry.Desired) {
			time.Sleep(time.Second)
			r := u.send(registry.MethodProperties, `{"id":1,"method":"properties_changed","params":[`+prop("D", 2, 3, 2)+`]`+ago(time.Hour)(time.Now())+`}`)
			<-r.done
		}, "open"},
		{"expires", func(t *testing.T, h *house, _ *unit, _ registry.Desired) {
			time.Sleep(registry.DefaultWishTTL)
			must(t, h.node.Expire(t.Context(), time.Now()))
		}, "expired"},
		{"is replaced by a newer one", func(_ *testing.T, h *house, u *unit, _ registry.Desired) {
			h.wants("3")
			if h.open() != "3" || set(u) != 2 {
				h.t.Errorf("open: %s after %d requests", h.open(), set(u))
			}
		}, "replaced"},
		{"is withdrawn", func(t *testing.T, h *house, u *unit, d registry.Desired) {
			must(t, h.node.Withdraw(t.Context(), "D", d.ID))
			u.again(h.node)
			h.settle()
		}, "replaced"},
		{"is sent again on reconnect, and the state reported then does not override it", func(t *testing.T, h *house, u *unit, _ registry.Desired) {
			u.live.Detach(registry.ReasonLost)
			time.Sleep(time.Minute)
			n := u.again(h.node)
			n.report(1, prop("D", 2, 3, 1))
			h.settle()
			if set(n) != 1 {
				t.Errorf("sent %d times after the reconnect, want once", set(n))
			}
		}, "open"},
		{"is not sent again while the connection lasts", func(t *testing.T, h *house, u *unit, _ registry.Desired) {
			_, err := h.node.Desire(t.Context(), "", "D", 2, 1, []byte("true"), 0)
			must(t, err)
			h.settle()
			if got := strings.Join(u.asked(miot.MethodSetProperties), " "); strings.Count(got, `"piid":3`) != 1 {
				t.Errorf("sent: %s", got)
			}
		}, "open"},
	} {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, h *house) {
				u := h.purifier("D")
				h.settle()
				d := h.wants("4")
				if got := u.asked(miot.MethodSetProperties); len(got) != 1 || got[0] != `[{"did":"D","siid":2,"piid":3,"value":4}]` {
					t.Fatalf("sent: %s", got)
				}
				c.does(t, h, u, d)
				h.settle()
				if got := h.ended(d); got != c.ends {
					t.Errorf("it is %s, want %s", got, c.ends)
				}
			})
		})
	}
}

func TestADesiredValueOfAnOfflineDeviceWaits(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		u := h.unit("D", "air-purifier")
		d := h.wants("4")
		time.Sleep(time.Hour)
		u.attach(h.node)
		u.report(1, prop("D", 2, 3, 1)) // before it heard of the wish
		u.live.Ready()
		h.settle()
		if got := h.ended(d); len(u.asked(miot.MethodSetProperties)) != 1 || got != "open" {
			t.Errorf("sent %s, it is %s", u.asked(miot.MethodSetProperties), got)
		}
	})
}

// What a device says when it comes back may be judged before the gateway knows of the
// wish, and be stored after the device took it: it has that value already, and reports
// it no second time.
func TestAWishIsMetByAReportThatWasBeingStored(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		u := h.unit("D", "air-purifier")
		d := h.wants("4")
		u.attach(h.node)
		h.settle()
		release := h.hold("commit")
		u.send(registry.MethodProperties, `{"id":1,"method":"properties_changed","params":[`+prop("D", 2, 3, 4)+`]}`)
		h.settle()
		u.live.Ready()
		h.settle()
		if n := len(u.asked(miot.MethodSetProperties)); n != 1 {
			t.Fatalf("sent %d times, want once", n)
		}
		release()
		h.settle()
		if got := h.ended(d); got != "met" {
			t.Errorf("it is %s, want met", got)
		}
	})
}

func TestADesiredValueEndsWithoutAReportWhereNoneFollows(t *testing.T) {
	for _, c := range []struct {
		name string
		code miot.Code
		iid  [2]int
		want string
		ends string
	}{
		{"the device refuses it", miot.CodeValue, [2]int{2, 3}, "4", "refused"},
		{"the device says: not in this state", miot.CodeState, [2]int{2, 3}, "4", "refused"},
		{"the property is never reported", miot.CodeDone, [2]int{6, 4}, "5", "met"},
		{"the property has that value already", miot.CodeDone, [2]int{2, 3}, "1", "met"},
		{"the device will do it later", miot.CodeAccepted, [2]int{2, 3}, "4", "open"},
		{"the device will do it later, and the value is the old one", miot.CodeAccepted, [2]int{2, 3}, "1", "open"},
	} {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, h *house) {
				u := h.purifier("D")
				u.report(1, prop("D", 2, 3, 1))
				u.codes = map[string]miot.Code{"2.3": c.code, "6.4": c.code}
				d, err := h.node.Desire(t.Context(), "", "D", c.iid[0], c.iid[1], []byte(c.want), 0)
				must(t, err)
				h.settle()
				if got := h.ended(d); got != c.ends {
					t.Errorf("it is %s, want %s", got, c.ends)
				}
			})
		})
	}
}

func TestACallThatIsRefusedAsAWholeRefusesTheWish(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		u := h.purifier("D")
		h.settle()
		u.think(func(q miot.Request) (string, bool) {
			return string(miot.AnswerError(q.ID, miot.CodeNoMethod, "no").Payload()), true
		})
		if got := h.ended(h.wants("4")); got != "refused" {
			t.Errorf("it is %s, want refused", got)
		}
	})
}

func TestADesiredValueThatGotNoAnswerIsSentAgain(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		u := h.purifier("D")
		h.settle()
		u.think(silent)
		d := h.wants("4")
		time.Sleep(5 * time.Second)
		h.settle()
		u.report(1, prop("D", 2, 3, 1)) // it never took the wish
		if got := h.ended(d); got != "open" {
			t.Fatalf("it is %s, want open", got)
		}
	})
}

// Many wishes for a device that does not answer must not become many goroutines,
// each sending them all.
func TestWishesForASilentDeviceDoNotPileUp(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		u := h.purifier("D")
		h.settle()
		u.think(silent)
		for i := range 100 {
			h.wants([]string{"1", "2", "3", "4"}[i%4])
		}
		time.Sleep(time.Minute)
		if n := len(u.asked(miot.MethodSetProperties)); n > 3 {
			t.Errorf("%d requests for one property in a minute", n)
		}
	})
}

// A wish that ends while the open ones are read does not come to life again.
func TestAnOverriddenWishDoesNotTurnTheKnobBack(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		u := h.purifier("D")
		d := h.wants("4")
		release := h.hold("desired read")
		_, err := h.node.Desire(t.Context(), "", "D", 2, 1, []byte("true"), 0)
		must(t, err)
		time.Sleep(time.Second)
		u.report(1, prop("D", 2, 3, 2))
		h.settle()
		release()
		h.settle()
		if sent := strings.Join(u.asked(miot.MethodSetProperties), " "); strings.Count(sent, `"piid":3`) != 1 || strings.Count(sent, `"piid":1`) != 1 {
			t.Errorf("sent: %s", sent)
		}
		if got := h.ended(d); got != "overridden" {
			t.Errorf("it is %s", got)
		}
	})
}

func TestWhatCannotBeDesired(t *testing.T) {
	for _, c := range []struct {
		name       string
		siid, piid int
		value      string
		ttl        time.Duration
		want       error // nil: a *SpecError
	}{
		{"a write-only property", 6, 2, "1", 0, registry.ErrNotWritable},
		{"a read-only property", 3, 1, "1", 0, registry.ErrNotWritable},
		{"an argument", 4, 3, "1", 0, registry.ErrNotWritable},
		{"a property that is not", 9, 9, "1", 0, nil},
		{"a value off range", 2, 3, "5", 0, nil},
		{"a value of the wrong type", 2, 3, `"4"`, 0, nil},
		{"no value", 2, 3, ``, 0, nil},
		{"a value that fits in no command", 5, 2, `"` + strings.Repeat("x", 5000) + `"`, 0, registry.ErrBadRequest},
		{"for longer than 30 days", 2, 3, "4", registry.MaxWishTTL + 1, registry.ErrBadRequest},
		{"for less than no time", 2, 3, "4", -1, registry.ErrBadRequest},
	} {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, h *house) {
				h.purifier("D")
				_, err := h.node.Desire(t.Context(), "", "D", c.siid, c.piid, []byte(c.value), c.ttl)
				var spec *registry.SpecError
				if c.want == nil && !errors.As(err, &spec) || c.want != nil && !errors.Is(err, c.want) {
					t.Errorf("error %v, want %v", err, c.want)
				}
				if h.open() != "" {
					t.Errorf("open: %s", h.open())
				}
			})
		})
	}
	inBubble(t, func(t *testing.T, h *house) {
		_, err := h.node.Desire(t.Context(), "", "nobody", 2, 3, []byte("1"), 0)
		if !errors.Is(err, registry.ErrNotFound) {
			t.Errorf("of a device that is not: %v", err)
		}
	})
}

func TestOnlyTheDevicesOwnWishIsWithdrawn(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		h.purifier("D")
		h.purifier("E")
		d := h.wants("4")
		if err := h.node.Withdraw(t.Context(), "E", d.ID); !errors.Is(err, registry.ErrNotFound) {
			t.Errorf("E withdraws a wish of D: %v", err)
		}
		must(t, h.node.Withdraw(t.Context(), "D", d.ID))
		if err := h.node.Withdraw(t.Context(), "D", d.ID); !errors.Is(err, registry.ErrNotFound) {
			t.Errorf("a second time: %v", err)
		}
	})
}

func TestAWishSetOnAnotherNodeIsSentAtOnce(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		u := h.purifier("D")
		h.settle()
		u.think(silent) // whoever wishes does not wait for the device
		other := h.start()
		began := time.Now()
		_, err := other.Desire(t.Context(), "", "D", 2, 3, []byte("4"), 0)
		must(t, err)
		if took := time.Since(began); took > 0 {
			t.Errorf("Desire took %v", took)
		}
		h.settle()
		if n := len(u.asked(miot.MethodSetProperties)); n != 1 {
			t.Errorf("sent %d times", n)
		}
	})
}

func TestAWishForASubDeviceGoesThroughItsGateway(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		u := h.hub("G", "S1")
		h.settle()
		h.store.reset()
		_, err := h.node.Desire(t.Context(), "", "S1", 4, 1, []byte("60"), 0)
		must(t, err)
		h.settle()
		if got := u.asked(miot.MethodSetProperties); len(got) != 1 || got[0] != `[{"did":"S1","siid":4,"piid":1,"value":60}]` {
			t.Errorf("sent: %s", got)
		}
		if n := h.store.count("desired"); n != 1 {
			t.Errorf("the wishes of %d devices were read for one", n)
		}
		u.report(1, prop("S1", 4, 1, 60))
		twin, err := h.node.Twin(t.Context(), "S1")
		must(t, err)
		if len(twin.Desired) != 0 {
			t.Errorf("open: %+v", twin.Desired)
		}
	})
}
