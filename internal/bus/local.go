package bus

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
)

// Local is the bus inside one process. Subjects without a wildcard live in a map
// and cost the same however many there are; patterns live in a short list that
// each message is held against, so they are for the few who watch much.
type Local struct {
	options Options
	limit   int
	done    chan struct{} // closed by Close
	dropped atomic.Uint64

	mu    sync.RWMutex
	exact map[string]*localSub // the first of a chain
	wild  []*localSub
	open  bool
}

type localSub struct {
	Queue
	bus     *Local
	pattern string

	before, next *localSub // of the same exact subject, the latest first
}

// NewLocal makes a bus for one process. At most one Options is looked at.
func NewLocal(options ...Options) *Local {
	b := &Local{done: make(chan struct{}), exact: make(map[string]*localSub), open: true}
	if len(options) > 0 {
		b.options = options[0]
	}
	b.limit = b.options.QueueLimit()
	return b
}

// Publish implements Bus.
func (b *Local) Publish(subject string, data []byte) error {
	if err := CheckSubject(subject); err != nil {
		return err
	}
	_, err := b.send(Message{Subject: subject, Data: data})
	return err
}

// send queues m for all who match and tells whether there were any.
func (b *Local) send(m Message) (wanted bool, err error) {
	b.mu.RLock()
	if !b.open {
		b.mu.RUnlock()
		return false, ErrClosed
	}
	var late []*localSub // told after unlocking: OnDrop may use the bus
	for s := b.exact[m.Subject]; s != nil; s = s.next {
		wanted = true
		if !s.Push(m) {
			late = append(late, s)
		}
	}
	for _, s := range b.wild {
		if Match(s.pattern, m.Subject) {
			wanted = true
			if !s.Push(m) {
				late = append(late, s)
			}
		}
	}
	b.mu.RUnlock()
	for _, s := range late {
		b.dropped.Add(1)
		if b.options.OnDrop != nil {
			b.options.OnDrop(s.pattern)
		}
	}
	return wanted, nil
}

// Dropped is how many deliveries were lost to full queues since the start.
func (b *Local) Dropped() uint64 { return b.dropped.Load() }

// Wanted implements Bus; it is exact, and costs a look into a map.
func (b *Local) Wanted(subject string) bool {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if b.exact[subject] != nil {
		return true
	}
	for _, s := range b.wild {
		if Match(s.pattern, subject) {
			return true
		}
	}
	return false
}

// Ask implements Bus.
func (b *Local) Ask(ctx context.Context, subject string, data []byte) ([]byte, error) {
	if err := CheckSubject(subject); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	answer := make(chan []byte, 1)
	wanted, err := b.send(Question(subject, data, func(data []byte) error {
		select {
		case answer <- data:
		default: // somebody was first
		}
		return nil
	}))
	if err != nil {
		return nil, err
	}
	if !wanted {
		return nil, ErrNobody
	}
	select {
	case data := <-answer:
		return data, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-b.done:
		return nil, ErrClosed
	}
}

// Subscribe implements Bus.
func (b *Local) Subscribe(pattern string, h Handler) (Subscription, error) {
	if err := CheckPattern(pattern); err != nil {
		return nil, err
	}
	s := &localSub{bus: b, pattern: pattern}
	s.init(b.limit, h)
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.open {
		return nil, ErrClosed
	}
	if hasWildcard(pattern) {
		b.wild = append(b.wild, s)
		return s, nil
	}
	if first := b.exact[pattern]; first != nil {
		s.next, first.before = first, s
	}
	b.exact[pattern] = s
	return s, nil
}

// Unsubscribe implements Subscription.
func (s *localSub) Unsubscribe() error {
	s.Queue.Close()
	b := s.bus
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case hasWildcard(s.pattern):
		b.wild = slices.DeleteFunc(b.wild, func(o *localSub) bool { return o == s })
		return nil
	case s.before != nil:
		s.before.next = s.next
	case b.exact[s.pattern] != s: // it has left already
		return nil
	case s.next != nil:
		b.exact[s.pattern] = s.next
	default:
		delete(b.exact, s.pattern)
	}
	if s.next != nil {
		s.next.before = s.before
	}
	s.before, s.next = nil, nil
	return nil
}

// Flush implements Bus: what was published is already in the queues.
func (b *Local) Flush(ctx context.Context) error {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if !b.open {
		return ErrClosed
	}
	return ctx.Err()
}

// Close implements Bus.
func (b *Local) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.open {
		return nil
	}
	b.open = false
	close(b.done)
	for _, s := range b.exact {
		for ; s != nil; s = s.next {
			s.Queue.Close()
		}
	}
	for _, s := range b.wild {
		s.Queue.Close()
	}
	b.exact, b.wild = nil, nil
	return nil
}
