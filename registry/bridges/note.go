package bridges

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"
)

// noteEvery is how often refusals are written: a hub that is refused for ever costs
// one row a second.
const noteEvery = time.Second

// noteWithin bounds one write.
const noteWithin = 5 * time.Second

// notes are refusals that are not written yet.
type notes struct {
	mu      sync.Mutex
	open    map[string]Note // by token
	writing bool
}

// note remembers a refusal for whoever looks after the bridge: MQTT 3.1.1 cannot
// tell the hub, and hubs tell nobody.
func (s *Service) note(b Bridge, o Outcome) {
	if o.OK() {
		return
	}
	n := &s.notes
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.open == nil {
		n.open = make(map[string]Note)
	}
	n.open[b.Token] = Note{Token: b.Token, Refused: n.open[b.Token].Refused + 1, Last: o, At: s.now()}
	if !n.writing {
		n.writing = s.background(s.writeNotes)
	}
}

// writeNotes lives while there is something to write.
func (s *Service) writeNotes() {
	for {
		ctx, cancel := context.WithTimeout(s.ctx, noteWithin)
		err := s.notes.flush(ctx, s.store)
		cancel()
		if err != nil && s.ctx.Err() == nil {
			s.log.Error("refused commands of bridges not noted", "err", err)
		}
		select {
		case <-s.ctx.Done(): // Stop writes the rest
			return
		case <-time.After(noteEvery):
		}
		if s.notes.rest() {
			return
		}
	}
}

// rest ends the writing where nothing is left to write.
func (n *notes) rest() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.writing = len(n.open) > 0
	return !n.writing
}

// flush writes what there is; what could not be written is kept.
func (n *notes) flush(ctx context.Context, store Store) error {
	n.mu.Lock()
	batch := n.open
	n.open = nil
	n.mu.Unlock()
	if len(batch) == 0 {
		return nil
	}
	err := store.NoteRefused(ctx, slices.Collect(maps.Values(batch)))
	if err == nil {
		return nil
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	for token, lost := range batch {
		if newer, ok := n.open[token]; ok {
			newer.Refused += lost.Refused
			lost = newer
		}
		if n.open == nil {
			n.open = make(map[string]Note)
		}
		n.open[token] = lost
	}
	return err
}
