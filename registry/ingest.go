package registry

import (
	"context"
	"errors"
	"sync"
	"time"
)

// ingest is where every connection's reports meet. What queued while the last
// commit ran is the next batch: under load commits grow, at rest a report waits
// for nothing but its own commit.
type ingest struct {
	reg        *Registry
	limit      int // reports waiting
	batchLimit int // reports in one commit

	mu      sync.Mutex
	queue   []*arrived
	spare   []*arrived    // the last batch's array, used again
	space   chan struct{} // closed when the queue was taken; nil while nobody waits for room
	storing chan struct{} // closed when the batch that was taken is stored; nil while there is none
	closing bool
	wake    chan struct{}
	idle    chan struct{} // closed when closing and everything is stored

	// Only the run goroutine touches these.
	memories map[string]*memory // by sender
	sweptAt  time.Time
	planned  plan // used again for each commit
}

func newIngest(r *Registry, limit, batchLimit int) *ingest {
	return &ingest{
		reg: r, limit: limit, batchLimit: batchLimit,
		wake: make(chan struct{}, 1), idle: make(chan struct{}),
		memories: make(map[string]*memory), planned: newPlan(),
	}
}

// put queues in, waiting for room until ctx ends unless it may be dropped.
func (q *ingest) put(ctx context.Context, in *arrived, droppable bool) error {
	for {
		q.mu.Lock()
		if q.closing {
			q.mu.Unlock()
			return ErrStopped
		}
		if len(q.queue) < q.limit {
			q.append(in)
			q.mu.Unlock()
			return nil
		}
		if droppable {
			q.mu.Unlock()
			q.reg.Counters.Busy.Add(1)
			return ErrBusy
		}
		if q.space == nil {
			q.space = make(chan struct{})
		}
		space := q.space
		q.mu.Unlock()
		select {
		case <-space:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// push queues in beyond the limit: for the few that a connection had parked.
func (q *ingest) push(in *arrived) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.closing {
		q.append(in)
	}
}

// append holds mu.
func (q *ingest) append(in *arrived) {
	q.queue = append(q.queue, in)
	if len(q.queue) == 1 {
		q.signal()
	}
}

func (q *ingest) signal() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

func (q *ingest) take() (batch []*arrived, closing bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := min(len(q.queue), q.batchLimit)
	batch = q.queue[:n:n]
	rest := q.queue[n:]
	q.queue = append(q.spare[:0], rest...)
	q.spare = nil
	clear(rest) // the array is kept; what it pointed to must not be
	if n > 0 {
		q.storing = make(chan struct{})
	}
	if q.space != nil && len(q.queue) < q.limit {
		close(q.space)
		q.space = nil
	}
	return batch, q.closing
}

// giveBack lets the batch's array serve again.
func (q *ingest) giveBack(batch []*arrived) {
	clear(batch)
	q.mu.Lock()
	defer q.mu.Unlock()
	q.spare = batch[:0]
	close(q.storing)
	q.storing = nil
}

// settle waits until the batch of this moment is stored. Its reports are judged
// already: by what the sessions knew before.
func (q *ingest) settle(ctx context.Context) {
	q.mu.Lock()
	storing := q.storing
	q.mu.Unlock()
	if storing == nil {
		return
	}
	select {
	case <-storing:
	case <-ctx.Done():
	}
}

func (q *ingest) run() {
	defer close(q.idle)
	for {
		batch, closing := q.take()
		if len(batch) == 0 {
			if closing {
				return
			}
			select {
			case <-q.wake:
			case <-q.reg.ctx.Done():
				return
			}
			continue
		}
		if !q.store(batch) {
			return
		}
		q.giveBack(batch)
		q.sweep()
	}
}

// drain stores what is queued and lets nothing new in.
func (q *ingest) drain(ctx context.Context) error {
	q.mu.Lock()
	q.closing = true
	if q.space != nil { // whoever waits for room is told
		close(q.space)
		q.space = nil
	}
	q.mu.Unlock()
	q.signal()
	select {
	case <-q.idle:
		return nil
	case <-ctx.Done():
		return errors.Join(errors.New("reports were still waiting to be stored; their devices will send them again"), ctx.Err())
	}
}

// sweep lets go of the memories of senders that were silent for the window.
func (q *ingest) sweep() {
	now := q.reg.now()
	if now.Sub(q.sweptAt) < time.Minute {
		return
	}
	q.sweptAt = now
	oldest := now.Add(-repeatWindow).Unix()
	for did, m := range q.memories {
		if m.used < oldest {
			delete(q.memories, did)
		}
	}
	// Of a device that is away and was silent for the window nothing need be known.
	q.reg.custody.keep(func(did string) bool {
		_, here := q.reg.find(did)
		return here || q.memories[did] != nil
	})
}

func isUnavailable(err error) bool { return errors.Is(err, ErrUnavailable) }

// Waiting is the number of reports that wait for the next commit.
func (r *Registry) Waiting() int {
	r.ingest.mu.Lock()
	defer r.ingest.mu.Unlock()
	return len(r.ingest.queue)
}
