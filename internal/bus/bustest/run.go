package bustest

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/proofmark/proofmark/internal/bus"
)

// patience is how long something that must happen may take on a busy machine.
const patience = 20 * time.Second

// Open gives two connections to one fresh bus; both may be the same one. It
// closes them by t.Cleanup. The queue of a subscription must have room for
// queueRoom messages, and not for more than queueBound.
type Open func(t *testing.T) (a, b bus.Bus)

const (
	queueRoom  = 128
	queueBound = bus.DefaultQueue
)

// Run holds a carrier to the contract.
func Run(t *testing.T, open Open) {
	tests := []struct {
		name string
		run  func(*testing.T, Open)
	}{
		{"a message reaches every subscription that matches", everyMatch},
		{"a pattern matches by the rules of NATS", patterns},
		{"malformed subjects and patterns are refused", malformed},
		{"one publisher's messages keep their order", ordering},
		{"handlers of one subscription never overlap", oneAtATime},
		{"a slow subscriber blocks nobody and loses only its own", slowSubscriber},
		{"nothing arrives after Unsubscribe", unsubscribe},
		{"a handler may use the bus", reentrant},
		{"the first answer wins", firstAnswer},
		{"a question crosses connections both ways", askAcross},
		{"a question nobody hears fails at once", askNobody},
		{"a question nobody answers ends with its context", askTimeout},
		{"a reply to a plain message is refused", replyToNothing},
		{"Wanted is never wrong about a listener", wanted},
		{"a closed bus refuses everything", closed},
		{"Close ends open questions", closeEndsAsk},
		{"everything at once", everythingAtOnce},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { test.run(t, open) })
	}
}

// ctx ends with the test or when patience does.
func ctx(t *testing.T) context.Context {
	t.Helper()
	c, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return c
}

// subscribe subscribes and waits until the other connection sees it.
func subscribe(t *testing.T, b bus.Bus, pattern string, h bus.Handler) bus.Subscription {
	t.Helper()
	s, err := b.Subscribe(pattern, h)
	if err != nil {
		t.Fatalf("Subscribe(%q): %v", pattern, err)
	}
	flush(t, b)
	return s
}

func flush(t *testing.T, b bus.Bus) {
	t.Helper()
	if err := b.Flush(ctx(t)); err != nil {
		t.Fatalf("Flush: %v", err)
	}
}

func publish(t *testing.T, b bus.Bus, subject, data string) {
	t.Helper()
	if err := b.Publish(subject, []byte(data)); err != nil {
		t.Fatalf("Publish(%q): %v", subject, err)
	}
}

// inbox keeps what a handler gets, however fast it comes.
type inbox struct {
	mu   sync.Mutex
	got  []string
	more chan struct{}
}

func newInbox() *inbox { return &inbox{more: make(chan struct{}, 1)} }

func (in *inbox) handle(m bus.Message) {
	in.mu.Lock()
	in.got = append(in.got, m.Subject+" "+string(m.Data))
	in.mu.Unlock()
	select {
	case in.more <- struct{}{}:
	default:
	}
}

// wait returns the first n messages, or more, once they are there.
func (in *inbox) wait(t *testing.T, n int) []string {
	t.Helper()
	late := time.After(patience)
	for {
		in.mu.Lock()
		got := in.got[:len(in.got):len(in.got)]
		in.mu.Unlock()
		if len(got) >= n {
			return got
		}
		select {
		case <-in.more:
		case <-late:
			t.Fatalf("%d messages after %v, want %d: %.500q", len(got), patience, n, got)
		}
	}
}

// within fails the test when the channel stays silent.
func within[T any](t *testing.T, what string, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatalf("%s: nothing within %v", what, patience)
		panic("unreachable")
	}
}
