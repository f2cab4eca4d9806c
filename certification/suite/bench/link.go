package bench

import (
	"errors"
	"math/rand/v2"
	"net"
	"sync"
	"time"
)

const (
	linkBuffer = 1 << 20         // incoming bytes that wait for the session before the device has to wait
	linkQueue  = 8 << 20         // outgoing bytes that a device may leave unread
	lingering  = 5 * time.Second // what was written before a close gets this long to go out
)

var errUnread = errors.New("device leaves more than 8 MiB unread")

// link is a connection with the faults of the network on it. Write takes everything at once; pumpOut feeds the wire. pumpIn takes
// what the device sends, also while nobody may see it, so that its arrival and its close are known to the moment.
type link struct {
	raw    net.Conn
	random *rand.Rand // guarded by mu
	late   func(time.Duration)

	mu      sync.Mutex
	changed sync.Cond
	shape   shape

	in     []piece
	inSize int
	inEnd  error
	inDue  time.Time // nothing arrives before what was sent before it

	out     []piece
	outSize int
	outDue  time.Time
	outFree time.Time // when the wire took the last bytes
	outEnd  bool      // the wire takes no more
	ending  bool      // close once out is empty
	closed  bool
}

// piece is bytes under way.
type piece struct {
	data []byte
	due  time.Time // when they arrive
}

func newLink(raw net.Conn, s shape, random *rand.Rand, late func(time.Duration)) *link {
	l := &link{raw: raw, shape: s, random: random, late: late}
	l.changed.L = &l.mu
	return l
}

// reshape changes the network under a live connection. What was under way arrives at once, in its order, when nothing delays it any more.
func (l *link) reshape(s shape) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.shape = s
	now := time.Now()
	for _, queue := range [][]piece{l.in, l.out} {
		for i := range queue {
			if s.flat() || queue[i].due.Before(now) {
				queue[i].due = now // what a black hole held is not late either
			}
		}
	}
	if s.flat() {
		l.inDue, l.outDue = now, now
	}
	l.changed.Broadcast()
}

// pumpIn ends with the connection.
func (l *link) pumpIn() {
	buf := make([]byte, 4096)
	for {
		n, err := l.raw.Read(buf)
		l.mu.Lock()
		if n > 0 && !l.closed && !l.ending {
			l.inDue = later(l.inDue, time.Now().Add(l.shape.delay(l.random, n)))
			l.in = append(l.in, piece{append([]byte(nil), buf[:n]...), l.inDue})
			l.inSize += n
		}
		if err != nil {
			l.inEnd = err
		}
		l.changed.Broadcast()
		for l.inSize > linkBuffer && !l.closed && !l.ending {
			l.changed.Wait()
		}
		l.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// Read hands out what has arrived.
func (l *link) Read(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		var due time.Time
		switch {
		case l.closed, l.ending:
			return 0, net.ErrClosed
		case l.shape.hole:
			// The device's close is seen even then: whether it gives up is what a case wants to know.
			if l.inEnd != nil {
				return 0, l.inEnd
			}
		case len(l.in) > 0:
			head := &l.in[0]
			if due = head.due; !due.After(time.Now()) {
				l.late(time.Since(due))
				n := copy(p, head.data)
				head.data, l.inSize = head.data[n:], l.inSize-n
				if len(head.data) == 0 {
					l.in = l.in[1:]
				} else {
					head.due = time.Now() // its rest is not late
				}
				l.changed.Broadcast()
				return n, nil
			}
		case l.inEnd != nil:
			return 0, l.inEnd
		}
		waitUntil(&l.changed, due)
	}
}

// Write queues.
func (l *link) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || l.ending {
		return 0, net.ErrClosed
	}
	if l.outSize+len(p) > linkQueue {
		return 0, errUnread
	}
	if l.outEnd {
		return len(p), nil // a socket notices as late as that, too
	}
	l.outDue = later(l.outDue, time.Now().Add(l.shape.delay(l.random, len(p))))
	l.out = append(l.out, piece{append([]byte(nil), p...), l.outDue})
	l.outSize += len(p)
	l.changed.Broadcast()
	return len(p), nil
}

// pumpOut ends with the connection.
func (l *link) pumpOut() {
	for {
		chunk := l.next()
		if chunk == nil {
			return
		}
		_, err := l.raw.Write(chunk)
		l.mu.Lock()
		l.outFree = time.Now()
		if err != nil { // pumpIn tells the session what happened
			l.outEnd, l.out, l.outSize = true, nil, 0
		}
		l.mu.Unlock()
	}
}

// next waits for bytes that are due; nil is the end.
func (l *link) next() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		var due time.Time
		switch {
		case l.closed:
			return nil
		case l.shape.hole:
		case len(l.out) == 0 && l.ending:
			l.close()
			return nil
		case len(l.out) > 0:
			head := &l.out[0]
			if due = head.due; !due.After(time.Now()) {
				// A wire that was full is the device's doing.
				l.late(time.Since(later(due, l.outFree)))
				return l.take(head)
			}
		}
		waitUntil(&l.changed, due)
	}
}

// take removes what may go now. It holds mu.
func (l *link) take(head *piece) []byte {
	if l.shape.drip == 0 {
		l.out, l.outSize = l.out[1:], l.outSize-len(head.data)
		return head.data
	}
	n, pause := l.shape.chunk()
	n = min(n, len(head.data))
	chunk := head.data[:n]
	head.data, l.outSize = head.data[n:], l.outSize-n
	if len(head.data) == 0 {
		l.out = l.out[1:]
	}
	next := time.Now().Add(pause)
	for i := range l.out {
		l.out[i].due = later(l.out[i].due, next)
	}
	l.outDue = later(l.outDue, next)
	return chunk
}

// Close closes once all that was written has gone out, as a socket does.
func (l *link) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.ending && !l.closed {
		l.ending = true
		time.AfterFunc(lingering+l.shape.latency, l.shut)
		l.changed.Broadcast()
	}
	return nil
}

// Reset closes at once with a TCP RST.
func (l *link) Reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.closed {
		reset(l.raw)
		l.close()
	}
}

// shut closes at once.
func (l *link) shut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.close()
}

// close holds mu.
func (l *link) close() {
	if !l.closed {
		l.closed, l.in, l.out = true, nil, nil
		_ = l.raw.Close()
		l.changed.Broadcast()
	}
}

// reset makes the closing of a connection a reset.
func reset(raw net.Conn) {
	switch c := raw.(type) {
	case *end:
		c.Reset()
	case interface{ SetLinger(int) error }: // a TCP connection
		_ = c.SetLinger(0)
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// LocalAddr, RemoteAddr and the deadlines make a link a net.Conn for TLS. Nothing of the bench's waits under a deadline: what takes too long
// is ended by closing.
func (l *link) LocalAddr() net.Addr              { return l.raw.LocalAddr() }
func (l *link) RemoteAddr() net.Addr             { return l.raw.RemoteAddr() }
func (l *link) SetDeadline(time.Time) error      { return nil }
func (l *link) SetReadDeadline(time.Time) error  { return nil }
func (l *link) SetWriteDeadline(time.Time) error { return nil }
