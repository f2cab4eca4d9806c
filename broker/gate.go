package broker

import (
	"sync"

	"github.com/proofmark/proofmark/registry"
)

// gate lets one session per id live. mochi's own take-over is never used: with
// it, 20 connects at once leave several alive, and a reconnect hangs behind a
// half-open predecessor.
type gate struct {
	mu   sync.Mutex
	held map[string]*client
}

// enter makes c the holder of its id: it stops the session before it and returns
// when nothing of that one is left. Sessions stop promptly, since none of them
// waits for its peer; those that come meanwhile queue up, each behind the last.
func (g *gate) enter(c *client) {
	g.mu.Lock()
	if g.held == nil {
		g.held = make(map[string]*client)
	}
	before := g.held[c.id]
	g.held[c.id] = c
	g.mu.Unlock()
	if before != nil {
		before.stop(endingFor(registry.ReasonReplaced))
		<-before.done
	}
}

// leave gives the id free, if it is still held, and lets the next one in.
func (g *gate) leave(c *client) {
	g.mu.Lock()
	if g.held[c.id] == c {
		delete(g.held, c.id)
	}
	g.mu.Unlock()
	close(c.done)
}
