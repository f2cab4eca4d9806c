package registry_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/proofmark/proofmark/miot"
	"github.com/proofmark/proofmark/registry"
)

func (h *house) queue(did, value string) registry.Command {
	h.t.Helper()
	c, err := h.node.Queue(h.t.Context(), "", did, miot.MethodSetProperties,
		json.RawMessage(fmt.Sprintf(`[{"did":%q,"siid":4,"piid":1,"value":%s}]`, did, value)), 0)
	must(h.t, err)
	return c
}

func (h *house) command(c registry.Command) registry.Command {
	h.t.Helper()
	got, err := h.node.Command(h.t.Context(), c.ID)
	must(h.t, err)
	return got
}

func TestQueuedCommandsAreSentInOrderAtTheNextConnect(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		u := h.hub("G", "S1", "S2")
		h.settle()
		u.live.Detach(registry.ReasonLost)
		dids := []string{"S2", "G", "S1"}
		var all []registry.Command
		for i := range 9 {
			all = append(all, h.queue(dids[i%3], fmt.Sprint(i)))
			time.Sleep(time.Second)
		}
		n := u.again(h.node)
		h.settle()
		asked := n.asked(miot.MethodSetProperties)
		for i := range all {
			want := fmt.Sprintf(`[{"did":%q,"siid":4,"piid":1,"value":%d}]`, dids[i%3], i)
			if i >= len(asked) || asked[i] != want {
				t.Fatalf("sent: %s", strings.Join(asked, "\n"))
			}
			c := h.command(all[i])
			if c.State != registry.CommandDone || !strings.Contains(string(c.Result), `"code":0`) || c.EndedAt.IsZero() {
				t.Errorf("command %d: %+v", i, c)
			}
		}
		n.again(h.node)
		h.settle()
		if again := len(n.asked(miot.MethodSetProperties)); again != len(all) {
			t.Errorf("%d requests after another connect", again)
		}
	})
}

func TestWhatBecomesOfAQueuedCommand(t *testing.T) {
	for _, c := range []struct {
		name   string
		mind   func(u *unit, q miot.Request) (string, bool)
		first  registry.CommandState
		second registry.CommandState
		result string
	}{
		{"done", func(u *unit, q miot.Request) (string, bool) { return u.obey(q) }, registry.CommandDone, registry.CommandDone, `"code":0`},
		{"rejected by the device", func(_ *unit, q miot.Request) (string, bool) {
			return fmt.Sprintf(`{"id":%d,"error":{"code":-32601,"message":"no"}}`, q.ID), true
		}, registry.CommandRejected, registry.CommandRejected, `-32601`},
		{"answered with what is no answer", func(_ *unit, q miot.Request) (string, bool) {
			return fmt.Sprintf(`{"id":%d,"result":1,"result":2}`, q.ID), true
		}, registry.CommandRejected, registry.CommandRejected, `\"result\":2`},
		{"not answered: it is over, the next one waits", func(*unit, miot.Request) (string, bool) { return "", false }, registry.CommandExpired, registry.CommandQueued, ""},
		{"the device goes: no one knows, and it is not sent again", func(u *unit, _ miot.Request) (string, bool) {
			go u.live.Detach(registry.ReasonLost)
			return "", false
		}, registry.CommandSent, registry.CommandQueued, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, h *house) {
				u := h.unit("D", "air-purifier")
				first, second := h.queue("D", "1"), h.queue("D", "2")
				u.think(func(q miot.Request) (string, bool) {
					if q.Method == miot.MethodInfo {
						return u.obey(q)
					}
					return c.mind(u, q)
				})
				u.connect(h.node)
				time.Sleep(5 * time.Second)
				h.settle()
				one, two := h.command(first), h.command(second)
				if one.State != c.first || two.State != c.second {
					t.Errorf("the first is %s, the second %s; want %s, %s", one.State, two.State, c.first, c.second)
				}
				if !strings.Contains(string(one.Result), c.result) || len(one.Result) > 0 && !json.Valid(one.Result) {
					t.Errorf("result %s", one.Result)
				}
				time.Sleep(registry.DefaultQueueTTL)
				must(t, h.node.Expire(t.Context(), time.Now()))
				if one = h.command(first); c.first == registry.CommandSent && one.State != registry.CommandExpired {
					t.Errorf("after its time to live: %s", one.State)
				}
			})
		})
	}
}

func TestAQueuedCommandIsNotSentAfterItsTime(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		u := h.unit("D", "air-purifier")
		c := h.queue("D", "1")
		time.Sleep(registry.DefaultQueueTTL)
		u.connect(h.node)
		h.settle()
		if n := len(u.asked(miot.MethodSetProperties)); n != 0 {
			t.Errorf("sent %d times", n)
		}
		must(t, h.node.Expire(t.Context(), time.Now()))
		if got := h.command(c).State; got != registry.CommandExpired {
			t.Errorf("it is %s", got)
		}
	})
}

// After a crash between sent and answered a command is lost rather than done twice.
func TestACommandIsNeverSentTwice(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		u := h.unit("D", "air-purifier")
		c := h.queue("D", "1")
		u.think(func(q miot.Request) (string, bool) {
			if q.Method == miot.MethodInfo {
				return u.obey(q)
			}
			return "", false
		})
		u.connect(h.node)
		h.settle()
		h.kill(h.node)
		h.node = h.start()
		n := u.again(h.node)
		h.settle()
		if got := h.command(c).State; len(n.asked(miot.MethodSetProperties)) != 0 || got != registry.CommandSent {
			t.Errorf("sent again: %s; it is %s", n.asked(miot.MethodSetProperties), got)
		}
	})
}

// Where nothing was sent, the command goes back into the queue.
func TestACommandThatCouldNotBeSentStaysQueued(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		u := h.unit("D", "air-purifier").attach(h.node)
		u.deaf = true
		c := h.queue("D", "1")
		h.settle()
		if got := h.command(c); got.State != registry.CommandQueued || !got.EndedAt.IsZero() {
			t.Errorf("it is %+v", got)
		}
		u.deaf = false
		u.live.Ready()
		h.settle()
		if got := h.command(c).State; got != registry.CommandDone {
			t.Errorf("it is %s", got)
		}
	})
}

func TestAConnectedDeviceGetsAQueuedCommandAtOnce(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		u := h.purifier("D")
		h.settle()
		c, err := h.start().Queue(t.Context(), "", "D", "miIO.restore", nil, 0)
		must(t, err)
		h.settle()
		if got := h.command(c).State; got != registry.CommandRejected || len(u.asked("miIO.restore")) != 1 {
			t.Errorf("it is %s", got)
		}
	})
}

// The answer of a command is kept even if the store was away when it came.
func TestTheAnswerOfACommandWaitsForTheStore(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		u := h.purifier("D")
		h.settle()
		h.store.on(func(_ context.Context, op string, _ any) error {
			if op == "move done" {
				return registry.ErrUnavailable
			}
			return nil
		})
		c := h.queue("D", "1")
		time.Sleep(3 * time.Second)
		h.store.on(nil)
		time.Sleep(3 * time.Second)
		h.settle()
		if got := h.command(c).State; got != registry.CommandDone || len(u.asked(miot.MethodSetProperties)) != 1 {
			t.Errorf("it is %s", got)
		}
	})
}

func TestWhatCannotBeQueued(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		h.unit("D", "air-purifier")
		for name, c := range map[string]struct {
			did    string
			params string
			ttl    time.Duration
			want   error
		}{
			"for more than 7 days":           {"D", `[]`, registry.MaxQueueTTL + 1, registry.ErrBadRequest},
			"params that are no JSON":        {"D", `[`, 0, registry.ErrBadRequest},
			"for a device that is not there": {"X", `[]`, 0, registry.ErrNotFound},
		} {
			if _, err := h.node.Queue(t.Context(), "", c.did, "miIO.info", json.RawMessage(c.params), c.ttl); !errors.Is(err, c.want) {
				t.Errorf("%s: %v, want %v", name, err, c.want)
			}
		}
	})
}

// What somebody left for a device that was away is not done in his name once he may
// not command it any more; an operator's is.
func TestWhatWaitsEndsWithTheRightToIt(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		u := h.purifier("D")
		u.live.Detach(registry.ReasonLost)
		h.settle()
		params := func(value string) json.RawMessage {
			return json.RawMessage(`[{"did":"D","siid":2,"piid":1,"value":` + value + `}]`)
		}
		his, err := h.node.Queue(t.Context(), "acc_1", "D", miot.MethodSetProperties, params("true"), 0)
		must(t, err)
		operators, err := h.node.Queue(t.Context(), "", "D", miot.MethodSetProperties, params("false"), 0)
		must(t, err)
		wish, err := h.node.Desire(t.Context(), "acc_1", "D", 2, 3, json.RawMessage("2"), 0)
		must(t, err)
		must(t, h.node.SetOwner(t.Context(), "D", "acc_2", "D"))
		h.settle()
		u = u.again(h.node)
		h.settle()
		if c := h.command(his); c.State != registry.CommandRejected || !strings.Contains(string(c.Result), "may not command") || c.EndedAt.IsZero() {
			t.Errorf("his command: %+v", c)
		}
		if c := h.command(operators); c.State != registry.CommandDone {
			t.Errorf("the operator's: %+v", c)
		}
		if got := h.ended(wish); !strings.HasPrefix(got, "refused") {
			t.Errorf("his wish: %s", got)
		}
		if sent := u.asked(miot.MethodSetProperties); len(sent) != 1 || sent[0] != string(params("false")) {
			t.Errorf("sent: %s", sent)
		}
		// Of who may, it is done.
		u.live.Detach(registry.ReasonLost)
		hers, err := h.node.Queue(t.Context(), "acc_2", "D", miot.MethodSetProperties, params("true"), 0)
		must(t, err)
		u.again(h.node)
		h.settle()
		if c := h.command(hers); c.State != registry.CommandDone {
			t.Errorf("hers: %+v", c)
		}
	})
}
