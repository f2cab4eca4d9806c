package auth

import (
	"context"
	"sync"
	"time"
)

// Use is when a token or a session was last used.
type Use struct {
	Key string
	At  time.Time
}

// notes are uses that wait to be written. Nobody waits for them: what came in
// while the last ones were written is the next write, so that ten thousand people
// who come at the same moment cost a few writes and not one each.
type notes struct {
	write func(context.Context, []Use) error

	mu      sync.Mutex
	waiting map[string]time.Time
	writing bool
}

// note has a use written soon. A use that cannot be written is forgotten: nobody
// is turned away for it, and the next one tells as much.
func (s *Service) note(n *notes, key string, at time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.waiting == nil {
		n.waiting = make(map[string]time.Time)
	}
	if at.After(n.waiting[key]) {
		n.waiting[key] = at
	}
	if !n.writing {
		n.writing = true
		s.pending.Go(func() { s.write(n) })
	}
}

func (s *Service) write(n *notes) {
	for {
		uses := n.take()
		if len(uses) == 0 {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), laterWithin)
		err := n.write(ctx, uses)
		cancel()
		if err != nil {
			s.log.Warn("when tokens or sessions were last used could not be noted", "uses", len(uses), "err", err)
		}
	}
}

// take gives what waits; nothing ends the writing.
func (n *notes) take() []Use {
	n.mu.Lock()
	defer n.mu.Unlock()
	uses := make([]Use, 0, len(n.waiting))
	for key, at := range n.waiting {
		uses = append(uses, Use{key, at})
	}
	clear(n.waiting)
	n.writing = len(uses) > 0
	return uses
}
