package api

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/proofmark/proofmark/internal/bus"
)

const (
	// heartbeat is how often a stream that has nothing to say says so, less than
	// the minute after which proxies give up.
	heartbeat = 15 * time.Second
	// streamQueue is how many events may wait for a client.
	streamQueue = 1024
	// streamStall is how long one write may take.
	streamStall = 10 * time.Second
)

// The reasons for which a stream ends.
const (
	endTooSlow  = "the client does not read fast enough; events were lost"
	endToken    = "the token ended"
	endHome     = "the caller is no longer in one of the homes"
	endStopping = "the service stops or the client went away"
)

// stream is one client that follows events. The bus puts, one goroutine writes:
// a client that does not read holds up nobody but itself.
type stream struct {
	heartbeat time.Duration
	still     func(context.Context) bool                 // is the token still good?
	may       func(ctx context.Context, did string) bool // nil: every device

	subs   []bus.Subscription
	queue  chan event
	full   chan struct{} // closed when an event was lost
	lostIt sync.Once
	over   chan string // why the stream is to end at once
}

type event struct {
	kind, subject string
	data          []byte // one line: the bus carries what json.Marshal made
}

func newStream(heartbeat time.Duration) *stream {
	return &stream{
		heartbeat: heartbeat,
		still:     func(context.Context) bool { return true },
		queue:     make(chan event, streamQueue),
		full:      make(chan struct{}),
		over:      make(chan string, 1),
	}
}

// finish ends the stream; the first reason counts.
func (s *stream) finish(reason string) {
	select {
	case s.over <- reason:
	default:
	}
}

// on listens for something else than what is sent.
func (s *stream) on(b bus.Bus, subject string, h bus.Handler) error {
	sub, err := b.Subscribe(subject, h)
	if err == nil {
		s.subs = append(s.subs, sub)
	}
	return err
}

func (s *stream) put(kind string, m bus.Message) {
	select {
	case s.queue <- event{kind, m.Subject, m.Data}:
	default:
		s.lostIt.Do(func() { close(s.full) })
	}
}

func (s *stream) close() {
	for _, sub := range s.subs {
		_ = sub.Unsubscribe() // a closed bus has none left
	}
}

// run writes until the client goes, does not read, or may no longer.
func (s *stream) run(ctx context.Context, w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no") // nginx would keep events back
	o := &eventWriter{w: w, conn: http.NewResponseController(w)}
	defer func() { _ = o.conn.SetWriteDeadline(time.Time{}) }() // the connection may go on
	o.text(": what happens from here on\n\n")
	beat := time.NewTicker(s.heartbeat)
	defer beat.Stop()
	for o.flush() {
		select {
		case e := <-s.queue:
			s.drain(ctx, o, e)
		case <-beat.C:
			if !s.still(ctx) {
				o.end(endToken)
				return
			}
			o.text(": alive\n\n")
		case reason := <-s.over:
			o.end(reason)
			return
		case <-ctx.Done():
			o.end(endStopping)
			return
		}
		select {
		case <-s.full:
			// What waited before the gap is still in order.
			for len(s.queue) > 0 {
				s.write(ctx, o, <-s.queue)
			}
			o.end(endTooSlow)
			return
		default:
		}
	}
}

// drain writes what waits, so that a burst is one flush.
func (s *stream) drain(ctx context.Context, o *eventWriter, first event) {
	s.write(ctx, o, first)
	for range len(s.queue) {
		s.write(ctx, o, <-s.queue)
	}
}

func (s *stream) write(ctx context.Context, o *eventWriter, e event) {
	if s.may != nil {
		// A device may have changed hands since the stream began.
		did, err := bus.Untoken(strings.Split(e.subject, ".")[1])
		if err != nil || !s.may(ctx, did) {
			return
		}
	}
	o.event(e.kind, e.data)
}

// eventWriter writes the format of server-sent events (HTML Living Standard
// §9.2) and remembers the first failure.
type eventWriter struct {
	w    http.ResponseWriter
	conn *http.ResponseController
	err  error
}

func (o *eventWriter) text(parts ...string) {
	_ = o.conn.SetWriteDeadline(time.Now().Add(streamStall)) // not every writer has one
	for _, p := range parts {
		if o.err == nil {
			_, o.err = o.w.Write([]byte(p))
		}
	}
}

func (o *eventWriter) event(kind string, data []byte) {
	o.text("event: ", kind, "\ndata: ", string(data), "\n\n")
}

func (o *eventWriter) flush() bool {
	if o.err == nil {
		o.err = o.conn.Flush()
	}
	return o.err == nil
}

func (o *eventWriter) end(reason string) {
	o.event("end", []byte(`{"reason":"`+reason+`"}`))
	o.flush()
}
