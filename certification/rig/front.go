package rig

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	// firstPacket is how long a connection may take to say whose it is.
	firstPacket = 10 * time.Second
	// maxStrangers and maxOfOne bound the connections that have not said it yet, in
	// all and from one address.
	maxStrangers = 512
	maxOfOne     = 32
	// farewell is how long a refused client gets to read why.
	farewell = time.Second
)

// taker is a bench.
type taker interface{ Take(net.Conn) }

// front takes the connections of all devices under test and hands each to the bench
// of its run: by the client id or the user name of its CONNECT, or by the first
// label of the server name in its ClientHello. It answers nothing that a bench
// should answer, and looks at nothing else: a password is the bench's to judge.
type front struct {
	log     *slog.Logger
	refused refusals

	mu        sync.Mutex
	closed    bool
	places    map[string]taker // by did
	listeners []net.Listener
	strangers map[net.Conn]string // and where from
	ofOne     map[string]int
	wg        sync.WaitGroup
}

// refusals count connections that no bench got, by reason.
type refusals struct {
	crowd, silent, unknown, garbage atomic.Int64
}

func newFront(log *slog.Logger) *front {
	return &front{log: log, places: map[string]taker{}, strangers: map[net.Conn]string{}, ofOne: map[string]int{}}
}

// seat makes a bench reachable under its did until the function that it returns is
// called.
func (f *front) seat(did string, b taker) (leave func(), err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.places[did] != nil {
		return nil, fmt.Errorf("did %s has a bench already", did)
	}
	f.places[did] = b
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.places, did)
	}, nil
}

func (f *front) at(did string) taker {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.places[did]
}

// serve takes connections until close.
func (f *front) serve(l net.Listener) error {
	f.mu.Lock()
	if f.closed {
		f.mu.Unlock()
		return errors.Join(net.ErrClosed, l.Close())
	}
	f.listeners = append(f.listeners, l)
	f.mu.Unlock()
	for {
		conn, err := l.Accept()
		switch {
		case err == nil:
			if !f.meet(conn) {
				f.refused.crowd.Add(1)
				_ = conn.Close()
			}
		case errors.Is(err, net.ErrClosed):
			return nil
		case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE), errors.Is(err, syscall.ECONNABORTED):
			f.log.Warn("cannot accept a connection for a bench", "error", err)
			time.Sleep(100 * time.Millisecond) // until somebody closes one
		default:
			return fmt.Errorf("listener of the benches: %w", err)
		}
	}
}

// meet looks at a new connection, unless there are too many that say nothing.
func (f *front) meet(conn net.Conn) bool {
	from := conn.RemoteAddr().String()
	if host, _, err := net.SplitHostPort(from); err == nil {
		from = host
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed || len(f.strangers) >= maxStrangers || f.ofOne[from] >= maxOfOne {
		return false
	}
	f.strangers[conn] = from
	f.ofOne[from]++
	f.wg.Go(func() {
		if !f.route(conn) {
			_ = conn.Close()
		}
		f.forget(conn)
	})
	return true
}

func (f *front) forget(conn net.Conn) {
	f.mu.Lock()
	defer f.mu.Unlock()
	from, ok := f.strangers[conn]
	if !ok {
		return
	}
	delete(f.strangers, conn)
	if f.ofOne[from]--; f.ofOne[from] == 0 {
		delete(f.ofOne, from)
	}
}

// The first byte tells what a client speaks.
const (
	firstOfTLS     = 0x16 // a handshake record
	firstOfConnect = 0x10
)

// route hands a connection to its bench; false: it has none. Both listeners take
// both protocols: that a device speaks the wrong one is for its bench to see.
func (f *front) route(conn net.Conn) bool {
	_ = conn.SetDeadline(time.Now().Add(firstPacket))
	in := bufio.NewReaderSize(conn, maxConnect)
	first, err := in.Peek(1)
	if err != nil {
		f.refused.silent.Add(1)
		return false
	}
	var b taker
	var read []byte
	var refusal []byte
	switch first[0] {
	case firstOfTLS:
		var name string
		if name, read, err = readHello(in); err == nil {
			b, refusal = f.at(label(name)), unrecognizedName
		}
	case firstOfConnect:
		var c connect
		if c, err = peekConnect(in, func(id string) bool { return f.at(id) != nil }); err == nil {
			if b = f.at(c.clientID); b == nil {
				b = f.at(c.username)
			}
			refusal = unavailable(c.version)
		}
	default:
		err = errNoConnect
	}
	switch {
	case err != nil && isTimeout(err):
		f.refused.silent.Add(1)
	case err != nil:
		f.refused.garbage.Add(1)
	case b == nil:
		f.refused.unknown.Add(1)
		leave(conn, in, refusal)
	default:
		rest, _ := in.Peek(in.Buffered())
		_ = conn.SetDeadline(time.Time{})
		// From here on it is the bench's: it may close before Take returns.
		f.forget(conn)
		b.Take(&lookedAt{Conn: conn, head: append(read, rest...)})
		return true
	}
	return false
}

func isTimeout(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout()
}

// unrecognizedName is the fatal alert 112 (RFC 6066 §3).
var unrecognizedName = []byte{0x15, 0x03, 0x01, 0x00, 0x02, 0x02, 112}

// unavailable is a CONNACK that says "server unavailable" (MQTT 3.1.1 §3.2.2.3, 5.0
// §3.2.2.2): no run waits for this device now, so that it tries again later. Whether
// the did is one of ours is nobody's business.
func unavailable(version byte) []byte {
	if version == 5 {
		return []byte{0x20, 0x03, 0x00, 0x88, 0x00}
	}
	return []byte{0x20, 0x02, 0x00, 0x03}
}

// leave says why and lets the client read it: closing with bytes unread would reset
// the connection and lose the answer.
func leave(conn net.Conn, in io.Reader, why []byte) {
	_ = conn.SetDeadline(time.Now().Add(farewell))
	if _, err := conn.Write(why); err != nil {
		return
	}
	if half, ok := conn.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(in, maxHello)) // until it closes, or the time is over
}

// close ends the listeners and every connection that has no bench.
func (f *front) close() {
	f.mu.Lock()
	f.closed = true
	for _, l := range f.listeners {
		_ = l.Close()
	}
	for conn := range f.strangers {
		_ = conn.Close()
	}
	f.mu.Unlock()
	f.wg.Wait()
}

// lookedAt is a connection whose first bytes were read: they are read again.
type lookedAt struct {
	net.Conn
	head []byte
}

func (c *lookedAt) Read(p []byte) (int, error) {
	if len(c.head) > 0 {
		n := copy(p, c.head)
		c.head = c.head[n:]
		return n, nil
	}
	return c.Conn.Read(p)
}

// SetLinger lets a bench reset the connection, where it is TCP.
func (c *lookedAt) SetLinger(seconds int) error {
	if tcp, ok := c.Conn.(*net.TCPConn); ok {
		return tcp.SetLinger(seconds)
	}
	return nil
}

// SetKeepAlive is likewise.
func (c *lookedAt) SetKeepAlive(on bool) error {
	if tcp, ok := c.Conn.(*net.TCPConn); ok {
		return tcp.SetKeepAlive(on)
	}
	return nil
}
