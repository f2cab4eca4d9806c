package registry_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/proofmark/proofmark/registry"
)

func limits(queue, batch int) func(*registry.Options) {
	return func(o *registry.Options) { o.QueueLimit, o.BatchLimit = queue, batch }
}

// body is report i of a device: pm2.5-density (3.1) is i.
func body(did string, i int) []byte {
	return fmt.Appendf(nil, `{"id":%d,"method":"properties_changed","params":[%s]}`, i, prop(did, 3, 1, i%1000))
}

// numbers are the values of 3.1 in history.
func (h *house) numbers(did string) (n []int) {
	for _, p := range h.history(did) {
		var i int
		_, _ = fmt.Sscanf(p, "properties_changed 3.1 %d", &i)
		n = append(n, i)
	}
	return n
}

func upTo(n int) (all []int) {
	for i := range n {
		all = append(all, i)
	}
	return all
}

func TestAFullQueueWaitsOrDrops(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		h.stop(h.node)
		h.node = h.start(limits(4, 4))
		u := h.purifier("D")
		u.report(0, prop("D", 3, 1, 0))
		release := h.hold("commit")
		accepted := 0
		for i := 1; i <= 5; i++ { // one in the commit, four in the queue
			u.send(registry.MethodProperties, string(body("D", i)))
			h.settle()
			accepted++
		}
		if n := h.node.Waiting(); n != 4 {
			t.Fatalf("%d wait, want 4", n)
		}
		no := func(registry.Outcome) { t.Error("done was called for a report that was not taken") }
		err := u.live.Report(t.Context(), registry.Arrival{Method: registry.MethodProperties, Payload: body("D", 6), Droppable: true}, no)
		if !errors.Is(err, registry.ErrBusy) || h.node.Counters.Busy.Load() != 1 {
			t.Errorf("one that may be dropped: %v, %d counted", err, h.node.Counters.Busy.Load())
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err = u.live.Report(ctx, registry.Arrival{Method: registry.MethodProperties, Payload: body("D", 7)}, no)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("one that waits: %v", err)
		}
		entered := make(chan struct{})
		go func() {
			u.send(registry.MethodProperties, string(body("D", 6)))
			close(entered)
		}()
		h.settle()
		select {
		case <-entered:
			t.Error("a report got into a full queue")
		default:
		}
		release()
		<-entered
		h.settle()
		if got, want := fmt.Sprint(h.numbers("D")), fmt.Sprint(upTo(7)); got != want {
			t.Errorf("stored %s, want %s", got, want)
		}
	})
}

func TestReportsBeforeTheMemoryIsLoadedAreBoundedAndInOrder(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		u := h.purifier("D")
		h.settle()
		release := h.hold("fingerprints")
		var sent sync.WaitGroup
		sent.Go(func() {
			for i := range 400 {
				u.send(registry.MethodProperties, string(body("D", i)))
			}
		})
		h.settle()
		err := u.live.Report(t.Context(), registry.Arrival{Method: registry.MethodProperties, Payload: body("D", 999), Droppable: true}, nil)
		if !errors.Is(err, registry.ErrBusy) {
			t.Errorf("one that may be dropped: %v", err)
		}
		release()
		sent.Wait()
		h.settle()
		if got, want := fmt.Sprint(h.numbers("D")), fmt.Sprint(upTo(400)); got != want {
			t.Errorf("stored %s", got)
		}
	})
}

// While the store is away nothing is acknowledged, and then all of it in order.
func TestAStoreThatIsAwayLosesAndReordersNothing(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		units := []*unit{h.purifier("A"), h.purifier("B"), h.purifier("C")}
		for _, u := range units {
			u.report(0, prop(u.did, 3, 1, 0))
		}
		up := h.store.down()
		var mu sync.Mutex
		acked := make(map[string][]int)
		for i := 1; i < 100; i++ {
			time.Sleep(100 * time.Millisecond) // 10 s in all
			for _, u := range units {
				must(t, u.live.Report(t.Context(), registry.Arrival{Method: registry.MethodProperties, Payload: body(u.did, i)}, func(registry.Outcome) {
					mu.Lock()
					defer mu.Unlock()
					acked[u.did] = append(acked[u.did], i)
				}))
			}
		}
		h.settle()
		if len(acked) != 0 {
			t.Fatalf("acknowledged while the store was away: %v", acked)
		}
		up()
		time.Sleep(2 * time.Second)
		h.settle()
		for _, u := range units {
			if got, want := fmt.Sprint(h.numbers(u.did)), fmt.Sprint(upTo(100)); got != want {
				t.Errorf("%s: stored %s", u.did, got)
			}
			if got, want := fmt.Sprint(acked[u.did]), fmt.Sprint(upTo(100)[1:]); got != want {
				t.Errorf("%s: acknowledged %s", u.did, got)
			}
		}
		if n := h.node.Counters.Retries.Load(); n < 5 || n > 20 {
			t.Errorf("tried %d times in 10 s", n)
		}
	})
}

// A session that is gone does not go on asking a store that is away.
func TestADetachedSessionLeavesNothingBehindWhileTheStoreIsAway(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		u := h.unit("D", "air-purifier")
		must(t, u.login(h.node, u.secret))
		up := h.store.down()
		for i := range 20 {
			u.live = h.node.Attach("D", u)
			_ = u.live.Report(t.Context(), registry.Arrival{Method: registry.MethodProperties, Payload: body("D", i)}, func(registry.Outcome) {
				t.Error("acknowledged")
			})
			u.live.Detach(registry.ReasonLost)
		}
		time.Sleep(10 * time.Second)
		h.store.reset()
		time.Sleep(10 * time.Second)
		if n := h.store.count("fingerprints"); n != 0 {
			t.Errorf("%d calls for sessions that are gone", n)
		}
		up()
	})
}

var errDefect = errors.New("column \"value\" is of type jsonb")

// poison makes the store refuse every batch that holds one of these values of 3.1.
func (h *house) poison(values ...int) {
	h.store.on(func(_ context.Context, op string, about any) error {
		b, ok := about.(registry.Batch)
		if op != "commit" || !ok {
			return nil
		}
		for _, c := range b.Chunks {
			for _, r := range c.Reports {
				for _, it := range r.Items {
					for _, v := range values {
						if string(it.Value) == fmt.Sprint(v) {
							return errDefect
						}
					}
				}
			}
		}
		return nil
	})
}

func TestAReportThatTheStoreRefusesIsIsolated(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		u := h.purifier("D")
		u.report(500, prop("D", 3, 1, 500))
		release := h.hold("commit")
		receipts := []*receipt{u.send(registry.MethodProperties, string(body("D", 0)))}
		h.settle()
		for i := 1; i < 100; i++ {
			receipts = append(receipts, u.send(registry.MethodProperties, string(body("D", i))))
		}
		release()
		h.poison(17, 64)
		h.settle()
		var want []int
		for i, r := range receipts {
			bad := i == 17 || i == 64
			switch {
			case !r.settled():
				t.Fatalf("report %d is not answered", i)
			case bad && fmt.Sprintf("%s", r.outcome.Errors) != fmt.Sprintf(`[{"id":%d,"error":{"code":-4004,"message":"the gateway could not store this report"}}]`, i):
				t.Errorf("report %d: %s", i, r.outcome.Errors)
			case !bad && len(r.outcome.Errors) > 0:
				t.Errorf("report %d: %s", i, r.outcome.Errors)
			case !bad:
				want = append(want, i)
			}
		}
		if got := fmt.Sprint(h.numbers("D")[1:]); got != fmt.Sprint(want) {
			t.Errorf("stored %s", got)
		}
		if n := h.node.Counters.Poisoned.Load(); n != 2 {
			t.Errorf("%d counted, want 2", n)
		}
		if len(h.violations("D")) != 0 {
			t.Error("our own defect is counted against the device")
		}
		h.store.on(nil)
		if !u.report(17, prop("D", 3, 1, 17)).repeat() {
			t.Error("a refused report that is sent again is no repeat")
		}
	})
}

// A store that refuses everything for good is no reason to acknowledge and drop
// what devices report.
func TestAStoreThatIsBrokenAcknowledgesNothing(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		u := h.purifier("D")
		u.report(500, prop("D", 3, 1, 500))
		h.store.on(func(_ context.Context, op string, _ any) error {
			if op == "commit" {
				return errors.New("attempt to write a readonly database")
			}
			return nil
		})
		var receipts []*receipt
		for i := range 20 {
			receipts = append(receipts, u.send(registry.MethodProperties, string(body("D", i))))
		}
		time.Sleep(time.Minute)
		h.settle()
		for i, r := range receipts {
			if r.settled() {
				t.Fatalf("report %d was acknowledged: %s", i, r.outcome.Errors)
			}
		}
		h.store.on(nil)
		time.Sleep(2 * time.Second)
		h.settle()
		if got, want := fmt.Sprint(h.numbers("D")[1:]), fmt.Sprint(upTo(20)); got != want {
			t.Errorf("stored %s", got)
		}
	})
}

func TestStop(t *testing.T) {
	for _, c := range []struct {
		name   string
		back   time.Duration // when the store comes back; Stop may take 10 s
		stored bool
	}{
		{"stores what is queued", 5 * time.Second, true},
		{"acknowledges nothing that it could not store", time.Minute, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, h *house) {
				h.stop(h.node)
				h.node = h.start(limits(50, 7))
				u := h.purifier("D")
				u.report(500, prop("D", 3, 1, 500))
				up := h.store.down()
				var receipts []*receipt
				for i := range 40 {
					receipts = append(receipts, u.send(registry.MethodProperties, string(body("D", i))))
				}
				h.settle()
				u.live.Detach(registry.ReasonStopping)
				time.AfterFunc(c.back, up)
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				err := h.node.Stop(ctx)
				if (err == nil) != c.stored {
					t.Errorf("Stop: %v", err)
				}
				time.Sleep(time.Minute)
				h.settle()
				for i, r := range receipts {
					if r.settled() != c.stored {
						t.Fatalf("report %d: acknowledged %v", i, r.settled())
					}
				}
				if got := len(h.numbers("D")) - 1; c.stored && got != 40 || !c.stored && got != 0 {
					t.Errorf("%d stored", got)
				}
				if err := u.live.Report(t.Context(), registry.Arrival{Method: registry.MethodProperties, Payload: body("D", 99)}, nil); !errors.Is(err, registry.ErrStopped) {
					t.Errorf("a report after the end: %v", err)
				}
			})
		})
	}
}

func TestWhoWaitsForRoomIsToldThatTheGatewayStops(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		h.stop(h.node)
		h.node = h.start(limits(1, 1))
		u := h.purifier("D")
		u.report(0, prop("D", 3, 1, 0))
		release := h.hold("commit")
		defer release()
		for i := 1; i <= 2; i++ {
			u.send(registry.MethodProperties, string(body("D", i)))
			h.settle()
		}
		waiting := make(chan error, 1)
		go func() {
			waiting <- u.live.Report(t.Context(), registry.Arrival{Method: registry.MethodProperties, Payload: body("D", 3)}, nil)
		}()
		h.settle()
		h.kill(h.node)
		if err := <-waiting; !errors.Is(err, registry.ErrStopped) {
			t.Errorf("%v", err)
		}
	})
}

func TestARegistryThatNeverStartedStops(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		r := registry.New(registry.Options{Store: h.store, Bus: h.bus})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		must(t, r.Stop(ctx))
	})
}

func TestAcknowledgementsComeInTheOrderOfTheReportsAndSayWhetherMoreFollow(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		h.stop(h.node)
		h.node = h.start(limits(1000, 64))
		var mu sync.Mutex
		type ack struct {
			i    int
			more bool
		}
		acks := make(map[string][]ack)
		units := []*unit{h.purifier("A"), h.purifier("B"), h.purifier("C")}
		for _, u := range units {
			u.report(900, prop(u.did, 3, 1, 900))
		}
		release := h.hold("commit")
		h.settle()
		var flows sync.WaitGroup
		for _, u := range units {
			flows.Go(func() {
				for i := range 200 {
					payload := body(u.did, i)
					if i%10 == 9 {
						payload = body(u.did, i-1) // a repeat among them
					}
					err := u.live.Report(t.Context(), registry.Arrival{Method: registry.MethodProperties, Payload: payload}, func(o registry.Outcome) {
						mu.Lock()
						defer mu.Unlock()
						acks[u.did] = append(acks[u.did], ack{i, o.More})
						if o.Repeat != (i%10 == 9) {
							t.Errorf("%s %d: repeat %v", u.did, i, o.Repeat)
						}
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		flows.Wait()
		commits := h.node.Counters.Commits.Load()
		release()
		h.poison(150) // a batch that is halved keeps the order too
		h.settle()
		commits = h.node.Counters.Commits.Load() - commits
		for did, all := range acks {
			groups := 0
			for i, a := range all {
				if a.i != i {
					t.Fatalf("%s: acknowledgement %d is of report %d", did, i, a.i)
				}
				if !a.more {
					groups++
				}
			}
			if len(all) != 200 || all[199].more || groups > int(commits) {
				t.Errorf("%s: %d acknowledgements in %d groups, by %d commits", did, len(all), groups, commits)
			}
		}
		if len(acks) != 3 {
			t.Errorf("%d devices were answered", len(acks))
		}
	})
}

// Many devices at once, in real time and on both engines: all is stored once.
func TestManyDevicesAtOnce(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *house) {
		const devices, each = 20, 30
		var flows sync.WaitGroup
		for d := range devices {
			u := h.purifier(fmt.Sprintf("D%d", d))
			flows.Go(func() {
				var receipts []*receipt
				for i := range each {
					receipts = append(receipts, u.send(registry.MethodProperties, string(body(u.did, i))))
					if i%7 == 0 {
						receipts = append(receipts, u.send(registry.MethodProperties, string(body(u.did, i))))
					}
				}
				for _, r := range receipts {
					<-r.done
				}
			})
		}
		flows.Wait()
		for d := range devices {
			if got, want := fmt.Sprint(h.numbers(fmt.Sprintf("D%d", d))), fmt.Sprint(upTo(each)); got != want {
				t.Errorf("device %d: stored %s", d, got)
			}
		}
		c := &h.node.Counters
		if c.Reports.Load() != devices*each || c.Repeats.Load() != devices*5 {
			t.Errorf("%d reports and %d repeats counted", c.Reports.Load(), c.Repeats.Load())
		}
	})
}

func TestALongViolationIsClipped(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		u := h.purifier("D")
		u.report(1, prop("D", 3, 1, strings.Repeat("ü", 2000)))
		if v := h.violations("D"); len(v) != 1 || len(v[0].Last) > 256 || len(v[0].Last) < 250 {
			t.Errorf("violations %+v", v)
		}
	})
}
