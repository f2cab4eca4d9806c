package bustest

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/proofmark/proofmark/internal/bus"
)

func unsubscribe(t *testing.T, open Open) {
	a, b := open(t)
	for _, pattern := range []string{"gone.x", "gone.*"} {
		var subs []bus.Subscription
		var inboxes []*inbox
		for range 3 {
			in := newInbox()
			inboxes = append(inboxes, in)
			subs = append(subs, subscribe(t, b, pattern, in.handle))
		}
		// The middle one, the first, the last: each leaves the others alone.
		for round, leaves := range []int{1, 0, 2} {
			publish(t, a, "gone.x", fmt.Sprint(round))
			for _, in := range inboxes {
				if in != nil {
					in.wait(t, 2*round+1)
				}
			}
			for range 2 { // the second time does nothing
				if err := subs[leaves].Unsubscribe(); err != nil {
					t.Fatalf("Unsubscribe: %v", err)
				}
			}
			got := inboxes[leaves]
			inboxes[leaves] = nil
			publish(t, a, "gone.x", "after")
			marker(t, a, b)
			if n := len(got.wait(t, 0)); n != round*2+1 {
				t.Errorf("%s: %d messages, want %d and none after Unsubscribe", pattern, n, round*2+1)
			}
		}
	}
}

// marker returns when what a published before has reached b's queues.
func marker(t *testing.T, a, b bus.Bus) {
	t.Helper()
	in := newInbox()
	s := subscribe(t, b, "marker", in.handle)
	publish(t, a, "marker", "")
	in.wait(t, 1)
	if err := s.Unsubscribe(); err != nil {
		t.Fatal(err)
	}
}

func reentrant(t *testing.T, open Open) {
	a, b := open(t)
	var once bus.Subscription
	ready, end := make(chan struct{}), make(chan error, 1)
	in := newInbox()
	once = subscribe(t, b, "start", func(bus.Message) {
		<-ready
		second, err := b.Subscribe("inner", in.handle)
		if err == nil {
			err = b.Publish("inner", nil)
		}
		in.wait(t, 1)
		end <- errors.Join(err, second.Unsubscribe(), once.Unsubscribe())
	})
	close(ready)
	publish(t, a, "start", "")
	if err := within(t, "the handler", end); err != nil {
		t.Error(err)
	}
}

func wanted(t *testing.T, open Open) {
	a, b := open(t)
	for _, pattern := range []string{"want.x", "want.*", "want.>", ">"} {
		s := subscribe(t, b, pattern, func(bus.Message) {})
		if !a.Wanted("want.x") {
			t.Errorf("Wanted denies the subscription to %s", pattern)
		}
		if err := s.Unsubscribe(); err != nil {
			t.Fatal(err)
		}
	}
}

func closed(t *testing.T, open Open) {
	a, _ := open(t)
	s := subscribe(t, a, "x", func(bus.Message) {})
	for range 2 {
		if err := a.Close(); err != nil {
			t.Fatalf("Close: %v", err)
		}
	}
	if err := a.Publish("x", nil); !errors.Is(err, bus.ErrClosed) {
		t.Errorf("Publish = %v, want ErrClosed", err)
	}
	if _, err := a.Subscribe("x", func(bus.Message) {}); !errors.Is(err, bus.ErrClosed) {
		t.Errorf("Subscribe = %v, want ErrClosed", err)
	}
	if _, err := a.Ask(ctx(t), "x", nil); !errors.Is(err, bus.ErrClosed) {
		t.Errorf("Ask = %v, want ErrClosed", err)
	}
	if err := a.Flush(ctx(t)); !errors.Is(err, bus.ErrClosed) {
		t.Errorf("Flush = %v, want ErrClosed", err)
	}
	if err := s.Unsubscribe(); err != nil {
		t.Errorf("Unsubscribe after Close = %v, want nothing", err)
	}
}

func closeEndsAsk(t *testing.T, open Open) {
	a, b := open(t)
	asked, answer := make(chan struct{}), make(chan error, 1)
	subscribe(t, b, "mute", func(bus.Message) { close(asked) })
	go func() {
		_, err := a.Ask(ctx(t), "mute", nil)
		answer <- err
	}()
	within(t, "the question", asked)
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if err := within(t, "Ask", answer); !errors.Is(err, bus.ErrClosed) {
		t.Errorf("Ask = %v, want ErrClosed", err)
	}
}

// For the race detector: all methods together, then an end in the middle of it.
func everythingAtOnce(t *testing.T, open Open) {
	a, b := open(t)
	subscribe(t, b, "all.>", func(m bus.Message) { _ = m.Reply(m.Data) })
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			subject := fmt.Sprintf("all.%d", w)
			for range 200 {
				s, err := a.Subscribe(subject, func(bus.Message) {})
				if err != nil {
					t.Errorf("Subscribe: %v", err)
					return
				}
				a.Wanted(subject)
				if err := b.Publish(subject, nil); err != nil {
					t.Errorf("Publish: %v", err)
				}
				if _, err := b.Ask(ctx(t), "all.ask", []byte("?")); err != nil {
					t.Errorf("Ask: %v", err)
				}
				if err := s.Unsubscribe(); err != nil {
					t.Errorf("Unsubscribe: %v", err)
				}
			}
		})
	}
	wg.Wait()
	for range 4 { // until it is closed
		wg.Go(func() {
			for b.Publish("all.end", nil) == nil {
			}
		})
	}
	if err := b.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	wg.Wait()
}
