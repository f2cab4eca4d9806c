package natsbus

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/proofmark/proofmark/internal/bus"
)

const (
	// inboxSize is how many messages may wait between the connection and the
	// queues of the subscriptions. They move on without blocking, so this is
	// reached only when the process does not get to run.
	inboxSize = 1 << 16
	// flushLimit bounds a Flush whose context has no deadline, and Close.
	flushLimit = 5 * time.Second
)

// Options tune the connection; the zero value is a good one.
type Options struct {
	bus.Options

	// Name is shown by NATS's own monitoring: the node's name.
	Name string
	// OnDisconnect is called when the connection is lost, with the cause if known.
	OnDisconnect func(error)
	// OnReconnect is called when it is back, to whichever server.
	OnReconnect func(server string)
}

// Bus implements bus.Bus over one connection.
type Bus struct {
	options Options
	limit   int
	conn    *nats.Conn
	inbox   chan *nats.Msg
	done    chan struct{} // closed when the connection is, for good
	dropped atomic.Uint64

	// Held while subscribing, so that route never meets a subscription that the
	// library knows and we do not.
	mu   sync.RWMutex
	subs map[*nats.Subscription]*subscription
}

type subscription struct {
	*bus.Queue
	bus  *Bus
	nats *nats.Subscription
}

// Dial connects to one of the servers, given as nats:// or tls:// URLs separated
// by commas.
func Dial(servers string, o Options) (*Bus, error) {
	b := &Bus{
		options: o,
		limit:   o.QueueLimit(),
		inbox:   make(chan *nats.Msg, inboxSize),
		done:    make(chan struct{}),
		subs:    make(map[*nats.Subscription]*subscription),
	}
	conn, err := nats.Connect(servers,
		nats.Name(o.Name),
		nats.MaxReconnects(-1),
		// Credentials may be wrong for a moment, while they are rotated.
		nats.IgnoreAuthErrorAbort(),
		nats.ReconnectWait(250*time.Millisecond),
		nats.ReconnectJitter(250*time.Millisecond, 250*time.Millisecond),
		// A cable that was pulled says nothing: two missed pings, 20 s.
		nats.PingInterval(10*time.Second),
		nats.MaxPingsOutstanding(2),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if o.OnDisconnect != nil {
				o.OnDisconnect(err)
			}
		}),
		nats.ReconnectHandler(func(c *nats.Conn) {
			if o.OnReconnect != nil {
				o.OnReconnect(c.ConnectedUrlRedacted())
			}
		}),
		nats.ErrorHandler(func(_ *nats.Conn, s *nats.Subscription, err error) {
			if errors.Is(err, nats.ErrSlowConsumer) && s != nil {
				b.drop(s.Subject)
			}
		}),
		nats.ClosedHandler(func(*nats.Conn) { close(b.done) }),
	)
	if err != nil {
		return nil, fmt.Errorf("connect to NATS at %s: %w", redact(servers), err)
	}
	b.conn = conn
	go b.route()
	return b, nil
}

// route moves messages from the connection into the queues: one goroutine for
// all subscriptions, where the library would start one for each.
func (b *Bus) route() {
	for {
		select {
		case <-b.done:
			return
		case m := <-b.inbox:
			b.mu.RLock()
			s := b.subs[m.Sub]
			b.mu.RUnlock()
			if s != nil && !s.Push(b.message(m)) {
				b.drop(m.Sub.Subject)
			}
		}
	}
}

func (b *Bus) message(m *nats.Msg) bus.Message {
	if m.Reply == "" {
		return bus.Message{Subject: m.Subject, Data: m.Data}
	}
	return bus.Question(m.Subject, m.Data, func(data []byte) error {
		return closedOr(b.conn.Publish(m.Reply, data))
	})
}

func (b *Bus) drop(pattern string) {
	b.dropped.Add(1)
	if b.options.OnDrop != nil {
		b.options.OnDrop(pattern)
	}
}

// Dropped is how many deliveries were lost to full queues since the start; a
// burst lost between the connection and the queues counts as one.
func (b *Bus) Dropped() uint64 { return b.dropped.Load() }

// Connected tells whether there is a server at the other end now.
func (b *Bus) Connected() bool { return b.conn.IsConnected() }

// Publish implements bus.Bus.
func (b *Bus) Publish(subject string, data []byte) error {
	if err := bus.CheckSubject(subject); err != nil {
		return err
	}
	return closedOr(b.conn.Publish(subject, data))
}

// Wanted implements bus.Bus: what other nodes listen to is not known here.
func (b *Bus) Wanted(string) bool { return true }

// Ask implements bus.Bus.
func (b *Bus) Ask(ctx context.Context, subject string, data []byte) ([]byte, error) {
	if err := bus.CheckSubject(subject); err != nil {
		return nil, err
	}
	m, err := b.conn.RequestWithContext(ctx, subject, data)
	if err != nil {
		return nil, closedOr(err)
	}
	return m.Data, nil
}

// Subscribe implements bus.Bus.
func (b *Bus) Subscribe(pattern string, h bus.Handler) (bus.Subscription, error) {
	if err := bus.CheckPattern(pattern); err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	ns, err := b.conn.ChanSubscribe(pattern, b.inbox)
	if err != nil {
		return nil, closedOr(err)
	}
	s := &subscription{Queue: bus.NewQueue(b.limit, h), bus: b, nats: ns}
	b.subs[ns] = s
	return s, nil
}

// Unsubscribe implements bus.Subscription.
func (s *subscription) Unsubscribe() error {
	s.Queue.Close()
	s.bus.mu.Lock()
	defer s.bus.mu.Unlock()
	if s.bus.subs[s.nats] != s {
		return nil
	}
	delete(s.bus.subs, s.nats)
	return closedOr(s.nats.Unsubscribe())
}

// Flush implements bus.Bus.
func (b *Bus) Flush(ctx context.Context) error {
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, flushLimit)
		defer cancel()
	}
	return closedOr(b.conn.FlushWithContext(ctx))
}

// Close implements bus.Bus. What was published goes out first if a server is there.
func (b *Bus) Close() error {
	if b.conn.IsConnected() {
		_ = b.conn.FlushTimeout(flushLimit) // closing anyway
	}
	b.conn.Close()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range b.subs {
		s.Queue.Close()
	}
	clear(b.subs)
	return nil
}

// closedOr translates the library's errors into the contract's.
func closedOr(err error) error {
	switch {
	case errors.Is(err, nats.ErrNoResponders):
		return bus.ErrNobody
	case errors.Is(err, nats.ErrConnectionClosed), errors.Is(err, nats.ErrConnectionDraining):
		return bus.ErrClosed
	}
	return err
}

// redact takes user names, passwords and tokens out of a list of servers.
func redact(servers string) string {
	list := strings.Split(servers, ",")
	for i, s := range list {
		u, err := url.Parse(strings.TrimSpace(s))
		if err != nil {
			list[i] = "(not a URL)"
			continue
		}
		u.User = nil // a token stands where the user does
		list[i] = u.String()
	}
	return strings.Join(list, ",")
}
