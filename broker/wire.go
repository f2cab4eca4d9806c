package broker

import (
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// errTooSlow ends a connection whose peer does not take what it is sent.
var errTooSlow = errors.New("peer does not read what it is sent")

const (
	// wireLimit is how many bytes may wait below a connection. Deliveries stop at
	// wireMark and wait as messages, so what is beyond is acknowledgements and the like.
	wireLimit = 512 << 10
	wireMark  = 64 << 10
	chunkSize = 16 << 10
	// lastFlush is how long the final packets of an ending connection may take.
	lastFlush = 2 * time.Second
)

// wire is a connection whose Write never blocks. What the socket does not take
// at once waits in a bounded backlog, flushed by a goroutine that lives only
// while there is one. mochi writes under a lock that its readers share, so one
// client that does not read would otherwise stall others for good.
type wire struct {
	net.Conn
	kernel  kernelWriter  // writes without waiting; its raw is nil if the connection can't
	drained func()        // called after a backlog is gone
	failed  func(error)   // called once, when the flusher gives up
	stuck   time.Duration // a write that moves nothing for so long fails

	waiting atomic.Int64 // bytes in the backlog

	mu       sync.Mutex
	backlog  [][]byte
	flushing bool
	closeBy  time.Time     // set by shutdown
	gone     chan struct{} // made by shutdown: closed when the flusher has ended
	err      error
}

func newWire(conn net.Conn, stuck time.Duration) *wire {
	w := &wire{Conn: conn, stuck: stuck}
	w.kernel.open(conn)
	return w
}

// Write takes all of p or fails; it keeps nothing of p.
func (w *wire) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil || !w.closeBy.IsZero() {
		return 0, errors.Join(w.err, net.ErrClosed)
	}
	total := len(p)
	if !w.flushing && w.kernel.raw != nil {
		n, err := w.kernel.write(p)
		if err != nil {
			w.err = err
			return n, err
		}
		p = p[n:]
	}
	if len(p) == 0 {
		return total, nil
	}
	if w.waiting.Load()+int64(len(p)) > wireLimit {
		w.err = errTooSlow
		return 0, w.err
	}
	w.push(p)
	if !w.flushing {
		w.flushing = true
		go w.flush()
	}
	return total, nil
}

// push copies p to the end of the backlog.
func (w *wire) push(p []byte) {
	w.waiting.Add(int64(len(p)))
	if last := len(w.backlog) - 1; last >= 0 {
		if chunk := w.backlog[last]; cap(chunk)-len(chunk) >= len(p) {
			w.backlog[last] = append(chunk, p...)
			return
		}
	}
	size := len(p)
	if len(w.backlog) > 0 { // it is growing: the next ones will come
		size = max(size, chunkSize)
	}
	w.backlog = append(w.backlog, append(make([]byte, 0, size), p...))
}

func (w *wire) flush() {
	for chunk := w.next(); chunk != nil; chunk = w.next() {
		for len(chunk) > 0 {
			w.arm()
			n, err := w.Conn.Write(chunk)
			chunk = chunk[n:]
			w.waiting.Add(int64(-n))
			if err == nil || (n > 0 && isTimeout(err)) { // slow, but it moves
				continue
			}
			if isTimeout(err) {
				err = errTooSlow
			}
			w.fail(err)
			break
		}
	}
}

// arm sets the deadline of the next write, under the lock so that shutdown's stands.
func (w *wire) arm() {
	w.mu.Lock()
	defer w.mu.Unlock()
	t := w.closeBy
	if t.IsZero() {
		t = time.Now().Add(w.stuck)
	}
	_ = w.Conn.SetWriteDeadline(t)
}

// next takes the first chunk out; nil ends the flusher.
func (w *wire) next() []byte {
	w.mu.Lock()
	if w.err == nil && len(w.backlog) > 0 {
		defer w.mu.Unlock()
		chunk := w.backlog[0]
		w.backlog[0] = nil
		w.backlog = w.backlog[1:]
		return chunk
	}
	w.backlog, w.flushing = nil, false
	if w.gone != nil {
		close(w.gone)
	}
	if w.err != nil || w.gone != nil {
		w.mu.Unlock()
		return nil
	}
	_ = w.Conn.SetWriteDeadline(time.Time{}) // a past one would fail the next direct write
	w.mu.Unlock()
	if w.drained != nil {
		w.drained()
	}
	return nil
}

func (w *wire) fail(err error) {
	w.mu.Lock()
	if w.err == nil {
		w.err = err
	}
	w.backlog = nil
	w.mu.Unlock()
	if w.failed != nil {
		w.failed(err)
	}
}

// SetDeadline applies to reads only: when a write is late is decided here.
func (w *wire) SetDeadline(t time.Time) error { return w.Conn.SetReadDeadline(t) }

// SetWriteDeadline does nothing, see SetDeadline. (tls.Conn.Close calls it.)
func (w *wire) SetWriteDeadline(time.Time) error { return nil }

// shutdown refuses further writes and returns at once; what waits has lastFlush
// to leave, and the channel is closed when it has or cannot.
func (w *wire) shutdown() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closeBy, w.gone = time.Now().Add(lastFlush), make(chan struct{})
	if w.flushing {
		_ = w.Conn.SetWriteDeadline(w.closeBy)
	} else {
		close(w.gone)
	}
	return w.gone
}

// Close closes at once and forgets the backlog.
func (w *wire) Close() error {
	w.mu.Lock()
	if w.err == nil {
		w.err = net.ErrClosed
	}
	w.backlog = nil
	w.mu.Unlock()
	return w.Conn.Close()
}

// kernelWriter writes to a socket what it takes at this moment. Its callback is
// made once per connection: a closure per write would be three allocations.
type kernelWriter struct {
	raw  syscall.RawConn
	call func(fd uintptr) bool
	p    []byte
	n    int
	err  error
}

func (k *kernelWriter) open(conn net.Conn) {
	s, ok := conn.(syscall.Conn)
	if !ok {
		return
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return
	}
	k.raw, k.call = raw, k.once
}

func (k *kernelWriter) write(p []byte) (int, error) {
	k.p, k.n, k.err = p, 0, nil
	err := k.raw.Write(k.call)
	k.p = nil
	if err == nil {
		err = k.err
	}
	return k.n, err
}

func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}
