package broker

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"time"
)

// ListenerOptions are the limits of one listener; the zero value is a good one.
type ListenerOptions struct {
	Name string      // in logs; the address if empty
	TLS  *tls.Config // nil for plain TCP; see TLSConfig

	MaxConnections int // 0: no limit but that of file descriptors

	// ConnectRate is how many connections a second one remote address may open in
	// the long run, ConnectBurst how many at once; 0 means 50 and 500 (a town behind
	// one carrier's NAT comes back after an outage), negative no limit. Loopback is
	// exempt unless LimitLoopback is set.
	ConnectRate   float64
	ConnectBurst  int
	LimitLoopback bool
}

type listener struct {
	net.Listener
	options ListenerOptions
	open    atomic.Int64
	peers   peers
}

// errBrokerClosed is returned by Serve on a broker that was closed.
var errBrokerClosed = errors.New("broker: closed")

// Serve accepts connections until the broker or the listener is closed. It comes
// back from every accept error: net/http's way of retrying, which mochi lacks
// (its accept loop ends at the first EMFILE).
func (b *Broker) Serve(l net.Listener, options ListenerOptions) error {
	def(&options.ConnectRate, 50)
	def(&options.ConnectBurst, 500)
	if options.Name == "" {
		options.Name = l.Addr().String()
	}
	ln := &listener{Listener: l, options: options}
	ln.peers.open(options)
	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		_ = l.Close()
		return errBrokerClosed
	}
	b.listeners[ln] = struct{}{}
	b.running.Add(1)
	b.mu.Unlock()
	defer b.running.Done()
	defer func() {
		b.mu.Lock()
		delete(b.listeners, ln)
		b.mu.Unlock()
	}()
	return b.accept(ln)
}

func (b *Broker) accept(l *listener) error {
	const shortest, longest = 5 * time.Millisecond, time.Second
	wait := shortest
	for {
		conn, err := l.Accept()
		if err == nil {
			wait = shortest
			b.admit(conn, l)
			continue
		}
		if b.isClosed() {
			return nil
		}
		if errors.Is(err, net.ErrClosed) {
			return fmt.Errorf("broker: listener %s: %w", l.options.Name, err)
		}
		b.stats.acceptFailed.Add(1)
		b.log.Warn("accept failed, trying again", "listener", l.options.Name, "error", err, "wait", wait)
		time.Sleep(wait)
		wait = min(2*wait, longest)
	}
}

func (b *Broker) isClosed() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.closed
}

// admit decides on a new connection without ever holding up the next one.
func (b *Broker) admit(conn net.Conn, l *listener) {
	rule := RuleNone
	switch {
	case l.options.MaxConnections > 0 && l.open.Load() >= int64(l.options.MaxConnections):
		rule = RuleConnectLimit
	case !l.peers.allow(conn.RemoteAddr(), time.Now()):
		rule = RuleConnectRate
	}
	if rule != RuleNone {
		b.stats.refused[rule].Add(1)
		b.log.Debug("connection refused", "listener", l.options.Name, "remote", conn.RemoteAddr(), "rule", rule)
		_ = conn.Close()
		return
	}
	l.open.Add(1)
	go b.serveOn(conn, l, func() { l.open.Add(-1) })
}
