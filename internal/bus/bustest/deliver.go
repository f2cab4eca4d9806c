package bustest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/proofmark/proofmark/internal/bus"
)

func everyMatch(t *testing.T, open Open) {
	a, b := open(t)
	inboxes := make([]*inbox, 5)
	for i, pattern := range []string{"dev.one.up", "dev.one.up", "dev.*.up", "dev.>", ">"} {
		inboxes[i] = newInbox()
		subscribe(t, []bus.Bus{a, b}[i%2], pattern, inboxes[i].handle)
	}
	publish(t, a, "dev.one.up", "1")
	publish(t, b, "dev.one.up", "2")
	for i, in := range inboxes {
		got := slices.Sorted(slices.Values(in.wait(t, 2)))
		if !slices.Equal(got, []string{"dev.one.up 1", "dev.one.up 2"}) {
			t.Errorf("subscription %d got %q, want each message once", i, got)
		}
	}
}

// Each pattern is sent subjects it must let through and subjects it must not; the
// last one it must let through shows that the others have gone by.
func patterns(t *testing.T, open Open) {
	a, b := open(t)
	cases := []struct {
		pattern  string
		yes, not []string
	}{
		{"a", []string{"a"}, []string{"b", "a.a", "A", "aa"}},
		{"a.b", []string{"a.b"}, []string{"a", "b", "a.b.c", "a.c"}},
		{"*", []string{"a", "b"}, []string{"a.b", "a.b.c"}},
		{"a.*", []string{"a.b", "a.c"}, []string{"a", "a.b.c", "b.b"}},
		{"*.b", []string{"a.b", "c.b"}, []string{"b", "a.c", "a.a.b"}},
		{"a.*.c", []string{"a.b.c"}, []string{"a.c", "a.b.b.c", "a.b.c.d"}},
		{"*.*", []string{"a.b"}, []string{"a", "a.b.c"}},
		{">", []string{"a", "a.b", "a.b.c"}, nil},
		{"a.>", []string{"a.b", "a.b.c.d"}, []string{"a", "b.a", "b.a.b"}},
		{"a.*.>", []string{"a.b.c", "a.b.c.d"}, []string{"a", "a.b", "b.b.c"}},
		{"*.>", []string{"a.b", "b.c.d"}, []string{"a"}},
		{"a.lumi/158d-_%20", []string{"a.lumi/158d-_%20"}, []string{"a.lumi.158d"}},
	}
	for _, c := range cases {
		t.Run(c.pattern, func(t *testing.T) {
			in := newInbox()
			s := subscribe(t, b, c.pattern, in.handle)
			var want []string
			for _, subject := range c.not {
				publish(t, a, subject, "no")
			}
			for _, subject := range c.yes {
				publish(t, a, subject, "yes")
				want = append(want, subject+" yes")
			}
			if got := in.wait(t, len(want)); !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
			if err := s.Unsubscribe(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func malformed(t *testing.T, open Open) {
	a, _ := open(t)
	bad := []string{"", ".", "a.", ".a", "a..b", "a b", "a.\tb", "a\r\nPUB b 0", "a.b*", "a.>.b", "a>", "**", "a.\x00"}
	for _, s := range bad {
		if _, err := a.Subscribe(s, func(bus.Message) {}); !errors.Is(err, bus.ErrSubject) {
			t.Errorf("Subscribe(%q) = %v, want ErrSubject", s, err)
		}
	}
	for _, s := range append(bad, "*", ">", "a.*", "a.>") {
		if err := a.Publish(s, nil); !errors.Is(err, bus.ErrSubject) {
			t.Errorf("Publish(%q) = %v, want ErrSubject", s, err)
		}
		if _, err := a.Ask(ctx(t), s, nil); !errors.Is(err, bus.ErrSubject) {
			t.Errorf("Ask(%q) = %v, want ErrSubject", s, err)
		}
	}
}

func ordering(t *testing.T, open Open) {
	a, b := open(t)
	const batches = 40
	plain, wild := newInbox(), newInbox()
	subscribe(t, b, "seq.x", plain.handle)
	subscribe(t, b, "seq.>", wild.handle)
	var want []string
	for range batches {
		for range queueRoom / 4 {
			text := fmt.Sprint(len(want))
			publish(t, a, "seq.x", text)
			want = append(want, "seq.x "+text)
		}
		plain.wait(t, len(want)) // never overrun the queue
		wild.wait(t, len(want))
	}
	for _, in := range []*inbox{plain, wild} {
		if got := in.wait(t, len(want)); !slices.Equal(got, want) {
			t.Errorf("messages out of order, or not once each")
		}
	}
}

func oneAtATime(t *testing.T, open Open) {
	a, b := open(t)
	var inside atomic.Int32
	done := make(chan struct{}, queueRoom)
	subscribe(t, b, "one.*", func(bus.Message) {
		if inside.Add(1) != 1 {
			t.Error("two calls of one subscription's handler at once")
		}
		inside.Add(-1)
		done <- struct{}{}
	})
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for range queueRoom / 4 {
				_ = a.Publish(fmt.Sprintf("one.%d", w), nil)
			}
		})
	}
	wg.Wait()
	for range queueRoom {
		within(t, "the handler", done)
	}
}

func slowSubscriber(t *testing.T, open Open) {
	a, b := open(t)
	entered, release := make(chan struct{}, 1), make(chan struct{})
	slow, fast := newInbox(), newInbox()
	subscribe(t, b, "news", func(m bus.Message) {
		select {
		case entered <- struct{}{}:
		default:
		}
		<-release
		slow.handle(m)
	})
	subscribe(t, b, "news", fast.handle)
	subscribe(t, b, "last", slow.handle)
	const total = queueBound + 4*queueRoom
	var want []string
	for len(want) < total {
		for range queueRoom / 2 {
			text := fmt.Sprint(len(want))
			publish(t, a, "news", text)
			want = append(want, "news "+text)
		}
		fast.wait(t, len(want)) // the fast one is not held up
	}
	within(t, "the slow handler", entered)
	if got := fast.wait(t, total); !slices.Equal(got, want) {
		t.Error("the fast subscription lost or reordered messages")
	}
	close(release)
	// What it kept is the oldest, in order: one in hand and a full queue.
	got := slow.wait(t, queueRoom+1)
	if !slices.Equal(got, want[:len(got)]) {
		t.Error("the slow subscription got other messages than the first ones")
	}
}
