package broker

import (
	"bufio"
	"context"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/proofmark/proofmark/registry"
)

// client is one connection, from accept to close. There may be a hundred thousand
// of them with nothing to say, so it has one goroutine, no timer, and no map or
// buffer before it needs one.
type client struct {
	broker *Broker
	wire   *wire
	conn   net.Conn // what is read and written: the wire, or TLS on it
	in     *bufio.Reader
	number uint64 // of the connection, for taps and logs

	id        string        // client id; this and what follows is set by CONNECT
	keepAlive time.Duration // silence of 1.5 times this ends the connection
	version   byte          // of MQTT: 3, 4 or 5
	refusal   byte          // v5 reason code of the CONNACK, if not 0
	terse     bool          // v5: it wants no reason strings but where MQTT gives it no choice
	willing   bool          // it left a will on a topic that is not its own
	expiry    bool          // it asked for a session that outlives the connection
	begun     bool          // the session is attached
	max       int           // largest packet it takes; 0: any

	device *device             // one of the two is set at the end of a login
	app    atomic.Pointer[app] // read by others too
	flow   flow
	bucket bucket

	ctx    context.Context // the connection's own life
	cancel context.CancelFunc
	done   chan struct{} // closed when nothing of the session is left

	mu       sync.Mutex
	ended    bool
	ending   ending
	deadline time.Time // of reads, as set on the connection

	outMu  sync.Mutex
	out    []byte // posted, not yet written
	posted bool   // the postman knows

	tap *taps // nil without Config.Tap
}

func (b *Broker) newClient(raw net.Conn) *client {
	c := &client{broker: b, number: b.lastConn.Add(1), version: 4, done: make(chan struct{})}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	if b.config.WrapConn != nil {
		raw = b.config.WrapConn(raw)
	}
	c.wire = newWire(raw, b.options.FlushTimeout)
	c.wire.drained, c.wire.failed = c.room, c.writeFailed
	c.conn = c.wire
	c.in = bufio.NewReaderSize(c, b.options.ReadBuffer)
	c.flow.client = c
	c.bucket.fill(b.options.Rate, b.options.Burst)
	c.tap = newTaps(c)
	return c
}

// Read is what c.in reads from.
func (c *client) Read(p []byte) (int, error) {
	n, err := c.conn.Read(p)
	c.broker.stats.bytesRead.Add(uint64(max(n, 0)))
	c.tap.received(p[:max(n, 0)])
	return n, err
}

// Write writes whole packets at once; what was posted before goes first.
func (c *client) Write(p []byte) (int, error) {
	c.outMu.Lock()
	defer c.outMu.Unlock()
	if len(c.out) > 0 {
		c.out = append(c.out, p...)
		return len(p), c.writeOut()
	}
	return len(p), c.write(p)
}

// expect moves the deadline of reads. It is set a second late, so that a busy
// connection needs no new one for each packet.
func (c *client) expect(within time.Duration) error {
	t := time.Now().Add(within)
	c.mu.Lock()
	defer c.mu.Unlock()
	if slack := c.deadline.Sub(t); c.ended || (0 <= slack && slack <= time.Second) {
		return nil
	}
	c.deadline = t.Add(time.Second)
	return c.conn.SetReadDeadline(c.deadline)
}

// stop ends the connection and returns at once: the reading goroutine wakes up,
// says goodbye and cleans up. The first ending counts, and is returned.
func (c *client) stop(e ending) ending {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.ended {
		c.ended, c.ending = true, e
		c.cancel()
		_ = c.conn.SetReadDeadline(time.Unix(1, 0))
	}
	return c.ending
}

func (c *client) endedBy() (ending, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ending, c.ended
}

// writeFailed is told by the wire's flusher.
func (c *client) writeFailed(err error) { c.stop(writeEnding(err)) }

func writeEnding(err error) ending {
	if err == errTooSlow { //nolint:errorlint // it is never wrapped
		e := endingFor(registry.ReasonTooSlow)
		e.rule = RuleTooSlow
		return e
	}
	return endingFor(registry.ReasonLost)
}
