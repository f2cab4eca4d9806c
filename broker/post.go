package broker

import (
	"runtime"
	"sync"
)

// The postman writes what was posted. Acknowledgements and deliveries are not
// written where they arise but put into the connection's buffer; one goroutine
// then goes from connection to connection, so that what came together for one of
// them leaves in one write, and neither the committer nor a bus handler pays for
// system calls.
type postman struct {
	mu      sync.Mutex
	round   []*client
	running bool
}

// call asks for a visit.
func (p *postman) call(c *client) {
	p.mu.Lock()
	p.round = append(p.round, c)
	start := !p.running
	p.running = true
	p.mu.Unlock()
	if start {
		go p.walk()
	}
}

// walk lives while there is something to deliver.
func (p *postman) walk() {
	var round []*client
	for {
		// Who posts usually has more: let it finish while there is a processor free.
		runtime.Gosched()
		p.mu.Lock()
		round, p.round = p.round, round[:0]
		if len(round) == 0 {
			p.round, p.running = nil, false
			p.mu.Unlock()
			return
		}
		p.mu.Unlock()
		for i, c := range round {
			c.visit()
			round[i] = nil
		}
	}
}

// buffers are those of connections that have something to say right now.
var buffers = sync.Pool{New: func() any { b := make([]byte, 0, 1024); return &b }}

// post lets add append packets to what is to be written soon.
func (c *client) post(add func([]byte) []byte) {
	c.outMu.Lock()
	if c.out == nil {
		c.out = *buffers.Get().(*[]byte) // nothing else is put there
	}
	c.out = add(c.out)
	call := !c.posted && len(c.out) > 0
	c.posted = c.posted || call
	c.outMu.Unlock()
	if call {
		c.postman().call(c)
	}
}

func (c *client) postman() *postman {
	return &c.broker.postmen[c.number%uint64(len(c.broker.postmen))]
}

func (c *client) visit() {
	c.outMu.Lock()
	c.posted = false
	var err error
	if len(c.out) > 0 {
		err = c.writeOut()
	}
	c.outMu.Unlock()
	if err != nil {
		c.writeFailed(err)
		return
	}
	c.room()
}

// room is called when bytes have left: deliveries that wait may follow.
func (c *client) room() {
	if c.flow.waits.Load() {
		c.flow.pump()
	}
}

// unsent is how many bytes are between the flow and the kernel.
func (c *client) unsent() int {
	c.outMu.Lock()
	defer c.outMu.Unlock()
	return len(c.out) + int(c.wire.waiting.Load())
}

// writeOut writes all that was posted; outMu is held.
func (c *client) writeOut() error {
	err := c.write(c.out)
	const keep = 16 << 10 // larger ones are not worth pooling
	if b := c.out[:0]; cap(b) <= keep {
		buffers.Put(&b)
	}
	c.out = nil
	return err
}

func (c *client) write(p []byte) error {
	c.tap.sent(p)
	c.broker.stats.writes.Add(1)
	c.broker.stats.bytesWritten.Add(uint64(len(p)))
	_, err := c.conn.Write(p)
	return err
}
