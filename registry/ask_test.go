package registry_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/proofmark/proofmark/miot"
	"github.com/proofmark/proofmark/registry"
)

// Each case is asked on the device's own node and on another one.
func TestAsk(t *testing.T) {
	for _, c := range []struct {
		name   string
		mind   func(h *house, u *unit) func(q miot.Request) (string, bool)
		want   error
		result string
		took   time.Duration
	}{
		{"is answered", func(_ *house, u *unit) func(miot.Request) (string, bool) {
			return func(q miot.Request) (string, bool) { return fmt.Sprintf(`{"id":%d,"result":["ok"]}`, q.ID), true }
		}, nil, `["ok"]`, 0},
		{"ends after 4 s without an answer", func(*house, *unit) func(miot.Request) (string, bool) { return silent }, registry.ErrTimeout, "", 4 * time.Second},
		{"ends as offline when the device goes", func(_ *house, u *unit) func(miot.Request) (string, bool) {
			return func(miot.Request) (string, bool) { go u.live.Detach(registry.ReasonLost); return "", false }
		}, registry.ErrOffline, "", 0},
		{"ends at an answer that is none", func(_ *house, u *unit) func(miot.Request) (string, bool) {
			return func(q miot.Request) (string, bool) { return fmt.Sprintf(`{"id":%d}`, q.ID), true }
		}, registry.ErrBadAnswer, "", 0},
		{"is not ended by another id", func(_ *house, u *unit) func(miot.Request) (string, bool) {
			return func(q miot.Request) (string, bool) { return fmt.Sprintf(`{"id":%d,"result":[]}`, q.ID+1), true }
		}, registry.ErrTimeout, "", 4 * time.Second},
		{"is offline at once where the device is not subscribed", func(_ *house, u *unit) func(miot.Request) (string, bool) {
			u.deaf = true
			return silent
		}, registry.ErrOffline, "", 0},
	} {
		for _, elsewhere := range []bool{false, true} {
			name := c.name
			if elsewhere {
				name += ", from another node"
			}
			t.Run(name, func(t *testing.T) {
				inBubble(t, func(t *testing.T, h *house) {
					u := h.purifier("D")
					h.settle()
					u.think(c.mind(h, u))
					node := h.node
					if elsewhere {
						node = h.start()
					}
					began := time.Now()
					resp, err := node.Ask(t.Context(), "D", "miIO.info", nil)
					if !errors.Is(err, c.want) || string(resp.Result) != c.result {
						t.Errorf("%s, %v; want %s, %v", resp.Result, err, c.result, c.want)
					}
					if took := time.Since(began); took != c.took {
						t.Errorf("it took %v, want %v", took, c.took)
					}
				})
			})
		}
	}
}

func TestAskEndsAtOnce(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		h.unit("D", "air-purifier")
		began := time.Now()
		if _, err := h.node.Ask(t.Context(), "D", "miIO.info", nil); !errors.Is(err, registry.ErrOffline) {
			t.Errorf("a device that is nowhere: %v", err)
		}
		if _, err := h.node.Ask(t.Context(), "X", "miIO.info", nil); !errors.Is(err, registry.ErrNotFound) {
			t.Errorf("a device that is not: %v", err)
		}
		if _, err := h.node.Ask(t.Context(), "D", "miIO.info", json.RawMessage(`{`)); !errors.Is(err, registry.ErrBadRequest) {
			t.Errorf("params that are no JSON: %v", err)
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("it took %v", took)
		}
	})
}

func TestTheCallerMayGiveUp(t *testing.T) {
	for _, elsewhere := range []bool{false, true} {
		inBubble(t, func(t *testing.T, h *house) {
			u := h.purifier("D")
			h.settle()
			u.think(silent)
			node := h.node
			if elsewhere {
				node = h.start()
			}
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Second, cancel)
			began := time.Now()
			if _, err := node.Ask(ctx, "D", "miIO.info", nil); !errors.Is(err, context.Canceled) || time.Since(began) != time.Second {
				t.Errorf("cancelled after 1 s: %v after %v", err, time.Since(began))
			}
			ctx, cancel = context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			began = time.Now()
			if _, err := node.Ask(ctx, "D", "miIO.info", nil); !errors.Is(err, registry.ErrTimeout) || time.Since(began) != 2*time.Second {
				t.Errorf("given 2 s: %v after %v", err, time.Since(began))
			}
		})
	}
}

func TestALateAnswerIsDropped(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		u := h.purifier("D")
		h.settle()
		u.think(silent)
		_, _ = h.node.Ask(t.Context(), "D", "miIO.info", nil)
		late := u.requests[len(u.requests)-1]
		done := make(chan string)
		go func() {
			r, err := h.node.Ask(t.Context(), "D", "miIO.info", nil)
			done <- fmt.Sprintf("%s %v", r.Result, err)
		}()
		h.settle()
		u.live.Response([]byte(fmt.Sprintf(`{"id":%d,"result":["late"]}`, late.ID)))
		u.live.Response([]byte(`no JSON`))
		u.live.Response([]byte(fmt.Sprintf(`{"id":%d,"result":["good"]}`, u.requests[len(u.requests)-1].ID)))
		u.live.Response([]byte(fmt.Sprintf(`{"id":%d,"result":["twice"]}`, u.requests[len(u.requests)-1].ID)))
		if got := <-done; got != `["good"] <nil>` {
			t.Errorf("answer %s", got)
		}
		if n := h.node.Counters.Unmatched.Load(); n != 3 {
			t.Errorf("%d unmatched answers, want 3", n)
		}
	})
}

func TestRequestIdsAreUniqueOverAllNodes(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		nodes := []*registry.Registry{h.node, h.start(), h.start()}
		u := h.purifier("D")
		var wg sync.WaitGroup
		for i := range 3 * 1200 {
			wg.Go(func() {
				if _, err := nodes[i%3].Ask(t.Context(), "D", "miIO.info", nil); err != nil {
					t.Errorf("ask: %v", err)
				}
			})
			if i%300 == 0 {
				wg.Wait() // the queue of a bus subscription holds 1,024
			}
		}
		wg.Wait()
		seen := make(map[int64]bool)
		for _, q := range u.requests {
			if seen[q.ID] || q.ID < 1 || q.ID >= 1<<31 {
				t.Fatalf("id %d is used twice, or no int32", q.ID)
			}
			seen[q.ID] = true
		}
		if n := h.store.count("ids"); n > 6 {
			t.Errorf("%d queries for %d ids", n, len(seen))
		}
	})
}

func TestWaitingForAnIdCanBeGivenUp(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		h.unit("D", "air-purifier").attach(h.node)
		release := h.hold("ids")
		defer release()
		go func() { _, _ = h.node.Ask(t.Context(), "D", "miIO.info", nil) }() // holds the turn
		h.settle()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		_, err := h.node.Ask(ctx, "D", "miIO.info", nil)
		if err == nil || time.Since(began) != time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		_, err = h.node.Ask(t.Context(), "D", "miIO.info", nil)
		if !errors.Is(err, registry.ErrUnavailable) {
			t.Errorf("without a deadline: %v, want that the store is unavailable", err)
		}
	})
}

// Protocol §2: at most 64 items and 4,096 bytes in one command.
func TestLongCommandsAreSplit(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		u := h.purifier("D")
		h.settle()
		var refs []miot.PropertyRef
		for range 150 {
			refs = append(refs, miot.PropertyRef{SIID: 2, PIID: 3}, miot.PropertyRef{SIID: 9, PIID: 9})
		}
		got, err := h.node.GetProperties(t.Context(), "D", refs)
		must(t, err)
		for i, r := range got {
			if i%2 == 0 && (r.Code != 0 || string(r.Value) != valueOf(2, 3)) || i%2 == 1 && r.Code != miot.CodeNotFound {
				t.Fatalf("result %d: %+v", i, r)
			}
		}
		if n := len(u.asked(miot.MethodGetProperties)); n != 3 {
			t.Errorf("%d requests for 150 items, want 3", n)
		}
		var items []miot.PropertyValue
		for range 10 {
			items = append(items, miot.PropertyValue{SIID: 5, PIID: 2, Value: json.RawMessage(`"` + strings.Repeat("x", 1000) + `"`)})
		}
		_, err = h.node.SetProperties(t.Context(), "D", items)
		must(t, err)
		sent := u.asked(miot.MethodSetProperties)
		if len(sent) < 3 {
			t.Errorf("%d requests for 10 kB", len(sent))
		}
		for _, p := range sent {
			if len(p) > 4000 {
				t.Errorf("a command of %d bytes", len(p))
			}
		}
	})
}

// What was answered of a long command is told, whatever became of its end.
func TestALongCommandThatBreaksOff(t *testing.T) {
	for _, c := range []struct {
		name  string
		after func(u *unit, q miot.Request) (string, bool) // how the second part is answered
		code  miot.Code
	}{
		{"silence", func(*unit, miot.Request) (string, bool) { return "", false }, miot.CloudTimeout},
		{"a refusal", func(_ *unit, q miot.Request) (string, bool) {
			return fmt.Sprintf(`{"id":%d,"error":{"code":-32602,"message":"no"}}`, q.ID), true
		}, miot.CodeInvalidParams},
		{"the end of the connection", func(u *unit, _ miot.Request) (string, bool) {
			go u.live.Detach(registry.ReasonLost)
			return "", false
		}, miot.CloudOffline},
	} {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, h *house) {
				u := h.purifier("D")
				h.settle()
				asked := 0
				u.think(func(q miot.Request) (string, bool) {
					if asked++; asked > 1 {
						return c.after(u, q)
					}
					values, _ := q.SetParams()
					return fmt.Sprintf(`{"id":%d,"result":[%s]}`, q.ID, strings.TrimSuffix(strings.Repeat(`{"siid":2,"piid":3,"code":0},`, len(values)), ",")), true
				})
				items := make([]miot.PropertyValue, 66)
				for i := range items {
					items[i] = miot.PropertyValue{SIID: 2, PIID: 3, Value: json.RawMessage("2")}
				}
				items[10].Value = json.RawMessage("9")
				got, err := h.node.SetProperties(t.Context(), "D", items)
				must(t, err)
				for i, r := range got {
					want := miot.CodeDone
					switch i {
					case 10:
						want = miot.CodeValue
					case 65:
						want = c.code
					}
					if r.Code != want {
						t.Errorf("item %d: code %d, want %d", i, r.Code, want)
					}
				}
			})
		})
	}
}

func TestItemsThatTheSpecRefusesNeverReachTheDevice(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		u := h.purifier("D")
		h.settle()
		got, err := h.node.SetProperties(t.Context(), "D", []miot.PropertyValue{
			{SIID: 2, PIID: 3, Value: json.RawMessage("9")},
			{SIID: 2, PIID: 3, Value: json.RawMessage("2")},
			{SIID: 3, PIID: 1, Value: json.RawMessage("2")},
			{SIID: 9, PIID: 9, Value: json.RawMessage("2")},
		})
		must(t, err)
		var codes []miot.Code
		for _, r := range got {
			codes = append(codes, r.Code)
		}
		if fmt.Sprint(codes) != fmt.Sprint([]miot.Code{miot.CodeValue, 0, miot.CodeNotWritable, miot.CodeNotFound}) {
			t.Errorf("codes %v", codes)
		}
		if sent := u.asked(miot.MethodSetProperties); len(sent) != 1 || sent[0] != `[{"did":"D","siid":2,"piid":3,"value":2}]` {
			t.Errorf("sent: %s", sent)
		}
		if got, err := h.node.GetProperties(t.Context(), "D", []miot.PropertyRef{{SIID: 6, PIID: 2}}); err != nil || got[0].Code != miot.CodeNotReadable {
			t.Errorf("reading a write-only property: %+v, %v", got, err)
		}
		if n := len(u.asked(miot.MethodGetProperties)); n != 0 {
			t.Errorf("%d requests for nothing", n)
		}
	})
}

func TestAnAnswerHasOneResultPerItemInOrder(t *testing.T) {
	for _, c := range []struct {
		name, result string
		want         error
	}{
		{"in order", `[{"did":"D","siid":2,"piid":1,"code":0,"value":true},{"did":"D","siid":2,"piid":3,"code":0,"value":2}]`, nil},
		{"without dids", `[{"siid":2,"piid":1,"code":0,"value":true},{"siid":2,"piid":3,"code":0,"value":2}]`, nil},
		{"out of order", `[{"did":"D","siid":2,"piid":3,"code":0,"value":2},{"did":"D","siid":2,"piid":1,"code":0,"value":true}]`, registry.ErrBadAnswer},
		{"one too few", `[{"did":"D","siid":2,"piid":1,"code":0,"value":true}]`, registry.ErrBadAnswer},
		{"one too many", `[{"did":"D","siid":2,"piid":1,"code":0},{"did":"D","siid":2,"piid":3,"code":0},{"did":"D","siid":2,"piid":4,"code":0}]`, registry.ErrBadAnswer},
		{"no list", `{"code":0}`, registry.ErrBadAnswer},
		{"a list of something else", `["ok","ok"]`, registry.ErrBadAnswer},
	} {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, h *house) {
				u := h.purifier("D")
				h.settle()
				u.think(func(q miot.Request) (string, bool) { return fmt.Sprintf(`{"id":%d,"result":%s}`, q.ID, c.result), true })
				got, err := h.node.GetProperties(t.Context(), "D", []miot.PropertyRef{{SIID: 2, PIID: 1}, {SIID: 2, PIID: 3}})
				if !errors.Is(err, c.want) {
					t.Errorf("error %v, want %v", err, c.want)
				}
				for _, r := range got {
					if r.DID != "D" {
						t.Errorf("a result of %q", r.DID)
					}
				}
			})
		})
	}
}

// A report that came while a property was read is newer than what was read.
func TestWhatIsReadDoesNotOverwriteALaterReport(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		u := h.purifier("D")
		h.settle()
		u.think(func(q miot.Request) (string, bool) {
			go func() {
				time.Sleep(time.Second)
				u.report(1, prop("D", 2, 3, 4))
				u.live.Response([]byte(fmt.Sprintf(`{"id":%d,"result":[{"did":"D","siid":2,"piid":3,"code":0,"value":1}]}`, q.ID)))
			}()
			return "", false
		})
		_, err := h.node.GetProperties(t.Context(), "D", []miot.PropertyRef{{SIID: 2, PIID: 3}})
		must(t, err)
		if got := h.twin("D", 2, 3); got != "4" {
			t.Errorf("twin %s, want what was reported", got)
		}
	})
}

func TestInvoke(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		u := h.purifier("D")
		h.settle()
		u.think(func(q miot.Request) (string, bool) {
			return fmt.Sprintf(`{"id":%d,"result":{"code":0,"out":[{"piid":4,"value":12}]}}`, q.ID), true
		})
		a, err := h.node.Invoke(t.Context(), "D", 4, 1, []miot.Argument{{PIID: 3, Value: json.RawMessage("2")}})
		must(t, err)
		if a.DID != "D" || a.SIID != 4 || a.AIID != 1 || len(a.Out) != 1 {
			t.Errorf("result %+v", a)
		}
		var spec *registry.SpecError
		if _, err := h.node.Invoke(t.Context(), "D", 4, 1, []miot.Argument{{PIID: 3, Value: json.RawMessage("3")}}); !errors.As(err, &spec) {
			t.Errorf("an argument off list: %v", err)
		}
		for _, in := range []string{`[2]`, `[{"value":2,"piid":3}]`} {
			got, err := h.node.Arguments(t.Context(), "D", 4, 1, json.RawMessage(in))
			if err != nil || len(got) != 1 || got[0].PIID != 3 || string(got[0].Value) != "2" {
				t.Errorf("arguments %s: %+v, %v", in, got, err)
			}
		}
		for _, in := range []string{`[1,2]`, `[7]`, `[]`, `{}`, `[{"piid":9,"value":2}]`} {
			if _, err := h.node.Arguments(t.Context(), "D", 4, 1, json.RawMessage(in)); !errors.As(err, &spec) || spec.Violation.Code != miot.CodeArguments {
				t.Errorf("arguments %s: %v", in, err)
			}
		}
		if _, err := h.node.Arguments(t.Context(), "D", 4, 9, nil); !errors.As(err, &spec) || spec.Violation.Code != miot.CodeNotFound {
			t.Errorf("no such action: %v", err)
		}
	})
}
