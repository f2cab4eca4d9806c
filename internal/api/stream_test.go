package api

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/proofmark/proofmark/internal/bus"
)

// gate is a client that reads only when it is let.
type gate struct {
	*httptest.ResponseRecorder
	open chan struct{}
}

func (g gate) Write(p []byte) (int, error) {
	<-g.open
	return g.ResponseRecorder.Write(p)
}

// Unwrap implements the rwUnwrapper of http.ResponseController.
func (g gate) Unwrap() http.ResponseWriter { return g.ResponseRecorder }

func TestAStreamSaysThatItLives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStream(heartbeat)
		ctx, cancel := context.WithTimeout(t.Context(), 2*heartbeat+time.Second)
		defer cancel()
		w := httptest.NewRecorder()
		s.run(ctx, w)
		if got := strings.Count(w.Body.String(), ": alive\n\n"); got != 2 || !w.Flushed {
			t.Errorf("%d signs of life in two periods, flushed %v:\n%s", got, w.Flushed, w.Body)
		}
		if !strings.HasSuffix(w.Body.String(), "event: end\ndata: {\"reason\":\""+endStopping+"\"}\n\n") {
			t.Errorf("%s", w.Body)
		}
	})
}

func TestAStreamEndsWithItsToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStream(heartbeat)
		s.still = func(context.Context) bool { return false }
		w := httptest.NewRecorder()
		s.run(t.Context(), w)
		if !strings.Contains(w.Body.String(), endToken) {
			t.Errorf("%s", w.Body)
		}
	})
}

func TestAClientThatDoesNotReadIsCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := bus.NewLocal(bus.Options{Queue: 2 * streamQueue})
		s := newStream(heartbeat)
		defer s.close()
		if err := s.subscribe(b, nil, []string{"changed"}, true); err != nil {
			t.Fatal(err)
		}
		w := gate{httptest.NewRecorder(), make(chan struct{})}
		ended := make(chan struct{})
		go func() {
			s.run(t.Context(), w)
			close(ended)
		}()
		for range streamQueue + 10 {
			if err := b.Publish("device.p1.changed", []byte(`{"did":"p1"}`)); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait() // the bus has handed over all that it will
		close(w.open)
		<-ended
		text := w.Body.String()
		if got := strings.Count(text, "event: changed\n"); got != streamQueue {
			t.Errorf("%d events, want the %d before the gap", got, streamQueue)
		}
		if !strings.HasSuffix(text, endTooSlow+"\"}\n\n") {
			t.Errorf("it ends with %q", text[max(0, len(text)-200):])
		}
	})
}
