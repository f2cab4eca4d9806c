package bustest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/proofmark/proofmark/internal/bus"
)

func firstAnswer(t *testing.T, open Open) {
	a, b := open(t)
	tried := make(chan error, 1)
	subscribe(t, b, "who", func(m bus.Message) {
		err := m.Reply([]byte("first"))
		tried <- errors.Join(err, m.Reply([]byte("second")))
	})
	got, err := a.Ask(ctx(t), "who", []byte("is there?"))
	if err != nil || string(got) != "first" {
		t.Errorf("Ask = %q, %v, want first", got, err)
	}
	if err := within(t, "the replies", tried); err != nil {
		t.Errorf("Reply: %v", err)
	}
}

func askAcross(t *testing.T, open Open) {
	a, b := open(t)
	for _, pair := range []struct {
		name          string
		asks, answers bus.Bus
	}{{"a asks b", a, b}, {"b asks a", b, a}, {"a asks itself", a, a}} {
		t.Run(pair.name, func(t *testing.T) {
			s := subscribe(t, pair.answers, "echo.*", func(m bus.Message) {
				_ = m.Reply([]byte(m.Subject + " " + string(m.Data)))
			})
			for _, text := range []string{"", "hello"} { // an empty answer is one
				got, err := pair.asks.Ask(ctx(t), "echo.x", []byte(text))
				if err != nil || string(got) != "echo.x "+text {
					t.Errorf("Ask = %q, %v", got, err)
				}
			}
			if err := s.Unsubscribe(); err != nil {
				t.Fatal(err)
			}
			flush(t, pair.answers)
		})
	}
	subscribe(t, b, "empty", func(m bus.Message) { _ = m.Reply(nil) })
	if got, err := a.Ask(ctx(t), "empty", nil); err != nil || len(got) != 0 {
		t.Errorf("an empty answer came as %q, %v", got, err)
	}
}

func askNobody(t *testing.T, open Open) {
	a, b := open(t)
	s := subscribe(t, b, "was.here", func(m bus.Message) { _ = m.Reply(nil) })
	if err := s.Unsubscribe(); err != nil {
		t.Fatal(err)
	}
	flush(t, b)
	for _, subject := range []string{"never.here", "was.here"} {
		started := time.Now()
		if _, err := a.Ask(ctx(t), subject, nil); !errors.Is(err, bus.ErrNobody) {
			t.Errorf("Ask(%s) = %v, want ErrNobody", subject, err)
		}
		if took := time.Since(started); took > patience/4 {
			t.Errorf("it took %v to find that nobody listens", took)
		}
	}
}

func askTimeout(t *testing.T, open Open) {
	a, b := open(t)
	asked := make(chan bus.Message, 2)
	subscribe(t, b, "shy", func(m bus.Message) { asked <- m })

	short, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := a.Ask(short, "shy", nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Ask = %v, want DeadlineExceeded", err)
	}
	_ = within(t, "the question", asked).Reply([]byte("too late")) // goes nowhere

	stop, cancel := context.WithCancel(t.Context())
	defer cancel()
	answer := make(chan error, 1)
	go func() {
		_, err := a.Ask(stop, "shy", nil)
		answer <- err
	}()
	within(t, "the question", asked)
	cancel()
	if err := within(t, "Ask", answer); !errors.Is(err, context.Canceled) {
		t.Errorf("Ask = %v, want Canceled", err)
	}
	if _, err := a.Ask(stop, "shy", nil); !errors.Is(err, context.Canceled) {
		t.Errorf("Ask with a dead context = %v, want Canceled", err)
	}
}

func replyToNothing(t *testing.T, open Open) {
	a, b := open(t)
	reply := make(chan error, 1)
	subscribe(t, b, "statement", func(m bus.Message) { reply <- m.Reply([]byte("so?")) })
	publish(t, a, "statement", "it rains")
	if err := within(t, "the handler", reply); !errors.Is(err, bus.ErrNoQuestion) {
		t.Errorf("Reply = %v, want ErrNoQuestion", err)
	}
}
