package bench

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// pipeBuffer is what one direction of an in-memory connection holds before a writer has to wait, as a socket would.
const pipeBuffer = 256 << 10

// end is one end of an in-memory connection. net.Pipe will not do: it has no buffer, so that two sides that write at the same
// moment stand still, and it knows no reset.
type end struct {
	in, out *stream
	local   memory
	remote  memory
}

// newPipe connects two ends.
func newPipe() (a, b *end) {
	x, y := newStream(), newStream()
	return &end{in: x, out: y, local: "device", remote: "memory"}, &end{in: y, out: x, local: "bench", remote: "memory"}
}

// memory is the address of an end.
type memory string

func (memory) Network() string  { return "memory" }
func (m memory) String() string { return string(m) }

func (e *end) Read(p []byte) (int, error) {
	n, err := e.in.read(p)
	return n, e.explain("read", err)
}

func (e *end) Write(p []byte) (int, error) {
	n, err := e.out.write(p)
	return n, e.explain("write", err)
}

// Close ends both directions. What was written before still arrives.
func (e *end) Close() error {
	e.out.finish(io.EOF, net.ErrClosed)
	e.in.finish(net.ErrClosed, syscall.EPIPE)
	return nil
}

// Reset ends both directions at once, as a TCP RST does: what is under way is lost.
func (e *end) Reset() {
	e.out.cut()
	e.in.cut()
}

func (e *end) LocalAddr() net.Addr  { return e.local }
func (e *end) RemoteAddr() net.Addr { return e.remote }

func (e *end) SetDeadline(t time.Time) error {
	_ = e.SetReadDeadline(t)
	return e.SetWriteDeadline(t)
}

func (e *end) SetReadDeadline(t time.Time) error {
	e.in.deadline(&e.in.readBy, t)
	return nil
}

func (e *end) SetWriteDeadline(t time.Time) error {
	e.out.deadline(&e.out.writeBy, t)
	return nil
}

// explain gives an error the form that a socket gives it.
func (e *end) explain(op string, err error) error {
	if err == nil || errors.Is(err, io.EOF) {
		return err // a socket does not wrap it either
	}
	return &net.OpError{Op: op, Net: "memory", Source: e.local, Addr: e.remote, Err: err}
}

// stream is one direction.
type stream struct {
	mu       sync.Mutex
	changed  sync.Cond
	data     []byte
	readEnd  error // what a reader gets once data is used up
	writeEnd error // what a writer gets
	warned   bool  // of an end that has closed: the next write fails

	readBy, writeBy time.Time
}

func newStream() *stream {
	s := new(stream)
	s.changed.L = &s.mu
	return s
}

func (s *stream) read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch {
		case s.readEnd != nil && !errors.Is(s.readEnd, io.EOF):
			return 0, s.readEnd
		case past(s.readBy):
			return 0, os.ErrDeadlineExceeded
		case len(s.data) > 0:
			n := copy(p, s.data)
			s.data = s.data[n:]
			s.changed.Broadcast()
			return n, nil
		case s.readEnd != nil:
			return 0, s.readEnd
		}
		waitUntil(&s.changed, s.readBy)
	}
}

func (s *stream) write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	written := 0
	for {
		switch {
		case errors.Is(s.writeEnd, syscall.EPIPE) && !s.warned:
			// The first bytes to an end that has closed vanish without an error, as TCP learns of it only from the answer to them. Were
			// it otherwise, a device would hear of the close before it has read the DISCONNECT in front of it.
			s.warned = true
			return written + len(p), nil
		case s.writeEnd != nil:
			return written, s.writeEnd
		case past(s.writeBy):
			return written, os.ErrDeadlineExceeded
		}
		n := min(len(p), pipeBuffer-len(s.data))
		s.data = append(s.data, p[:n]...)
		p, written = p[n:], written+n
		s.changed.Broadcast()
		if len(p) == 0 {
			return written, nil
		}
		waitUntil(&s.changed, s.writeBy)
	}
}

// finish ends the stream for its reader and its writer, unless that was done.
func (s *stream) finish(readEnd, writeEnd error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.readEnd == nil || errors.Is(readEnd, net.ErrClosed) {
		s.readEnd = readEnd
	}
	if s.writeEnd == nil {
		s.writeEnd = writeEnd
	}
	s.changed.Broadcast()
}

// cut ends the stream and loses what it holds.
func (s *stream) cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.data = nil
	s.readEnd, s.writeEnd = syscall.ECONNRESET, syscall.ECONNRESET
	s.changed.Broadcast()
}

func (s *stream) deadline(which *time.Time, t time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*which = t
	s.changed.Broadcast()
}

func past(t time.Time) bool { return !t.IsZero() && !time.Now().Before(t) }

// waitUntil waits for a broadcast, at most until t; a zero t is for ever. A timer exists only while somebody waits.
func waitUntil(c *sync.Cond, t time.Time) {
	if t.IsZero() {
		c.Wait()
		return
	}
	timer := time.AfterFunc(time.Until(t), func() {
		c.L.Lock()
		defer c.L.Unlock()
		c.Broadcast()
	})
	c.Wait()
	timer.Stop()
}
