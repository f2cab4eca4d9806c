package registry

import (
	"context"
	"fmt"
)

// sequence hands out request ids that are unique across all nodes: blocks of
// them are reserved in the store, so the usual id costs no query. Ids wrap at
// 2³¹−1 because small firmware reads them as int32; a did would have to get two
// thousand million requests in a day to see one twice (protocol §2 asks 24 h).
type sequence struct {
	store PresenceStore
	name  string

	turn       chan struct{} // holds one token; a mutex would not let a caller give up
	next, last int64         // last is exclusive
}

const (
	sequenceBlock = 1000
	sequenceWrap  = 1<<31 - 1
)

func newSequence(s PresenceStore, name string) *sequence {
	q := &sequence{store: s, name: name, turn: make(chan struct{}, 1)}
	q.turn <- struct{}{}
	return q
}

// Next returns an id from 1 to 2³¹−1.
func (s *sequence) Next(ctx context.Context) (int64, error) {
	select {
	case <-s.turn:
	case <-ctx.Done():
		return 0, fmt.Errorf("reserve request ids: %w", ctx.Err())
	}
	defer func() { s.turn <- struct{}{} }()
	if s.next == s.last {
		first, err := s.store.ReserveIDs(ctx, s.name, sequenceBlock)
		if err != nil {
			return 0, fmt.Errorf("reserve request ids: %w", err)
		}
		s.next, s.last = first, first+sequenceBlock
	}
	n := s.next
	s.next++
	return n%sequenceWrap + 1, nil
}
