package campaigns

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/proofmark/proofmark/internal/bus"
	"github.com/proofmark/proofmark/registry"
)

// Options say what a Book works with. Store is needed.
type Options struct {
	Store Store
	Bus   bus.Bus          // hears of every changed counter; nobody when nil
	Now   func() time.Time // time.Now when nil
	Log   *slog.Logger     // discards when nil

	QueueLimit int // ops that wait; 8192 when 0
	BatchLimit int // ops in one transaction; 1024 when 0
	// OneByOne gives every op a transaction of its own, begun by its caller: the
	// usual way, kept to be measured against.
	OneByOne bool
}

// Book is where all that happens to orders meets. What queued while the last
// commit ran is the next transaction: under load commits grow, at rest an order
// waits for nothing but its own commit. Several processes on one database are
// safe together: they take turns by the lock of the campaign's counter.
//
// Nobody is answered before the commit. After a commit whose outcome is not known
// the same batch is given again, and what was stored is found by its ids.
type Book struct {
	store Store
	bus   bus.Bus
	now   func() time.Time
	log   *slog.Logger

	limit, batchLimit int
	oneByOne          bool

	mu      sync.Mutex
	queue   []*waiter
	spare   []*waiter // the last batch's array, used again
	closing bool
	wake    chan struct{}
	idle    chan struct{} // closed when closing and everything is answered

	ctx    context.Context // ends when a Stop gave up
	cancel context.CancelFunc

	Counters BookCounters
}

// BookCounters count since the start.
type BookCounters struct {
	Ops, Commits, Retries, Refused, Overloaded atomic.Int64
}

// waiter is an op in the queue and who waits for it.
type waiter struct {
	op   Op
	done chan Answer // of room 1
}

// ErrStopped is for what comes after Stop.
var ErrStopped = fmt.Errorf("the book is closed: %w", registry.ErrStopped)

// NewBook makes a book and starts it.
func NewBook(o Options) *Book {
	b := &Book{
		store: o.Store, bus: o.Bus, now: o.Now, log: o.Log, limit: o.QueueLimit, batchLimit: o.BatchLimit, oneByOne: o.OneByOne,
		wake: make(chan struct{}, 1), idle: make(chan struct{}),
	}
	if b.now == nil {
		b.now = time.Now
	}
	if b.log == nil {
		b.log = slog.New(slog.DiscardHandler)
	}
	if b.limit == 0 {
		b.limit = 8192
	}
	if b.batchLimit == 0 {
		b.batchLimit = 1024
	}
	b.ctx, b.cancel = context.WithCancel(context.Background())
	go b.run()
	return b
}

// Do has op done and gives its answer. An error is the answer's, or that of a
// caller who did not wait: then the op may be done all the same, and giving it
// again tells.
func (b *Book) Do(ctx context.Context, op Op) (Answer, error) {
	if b.oneByOne {
		return b.alone(ctx, op)
	}
	w := &waiter{op: op, done: make(chan Answer, 1)}
	if err := b.put(w); err != nil {
		return Answer{}, err
	}
	a, err := b.answer(ctx, w)
	if err == nil {
		err = a.Err
	}
	return a, err
}

// answer waits for a queued op.
func (b *Book) answer(ctx context.Context, w *waiter) (Answer, error) {
	select {
	case a := <-w.done:
		return a, nil
	case <-ctx.Done():
		return Answer{}, fmt.Errorf("campaign %s: not decided yet, ask again: %w", w.op.about(), ctx.Err())
	case <-b.ctx.Done():
		return Answer{}, fmt.Errorf("campaign %s: not decided yet, ask again: %w", w.op.about(), ErrStopped)
	}
}

// DoAll has many ops done and gives their answers in their order, each with its
// own error. They wait for room instead of being refused.
func (b *Book) DoAll(ctx context.Context, ops []Op) ([]Answer, error) {
	answers := make([]Answer, 0, len(ops))
	for part := range slices.Chunk(ops, b.batchLimit) {
		waiters := make([]*waiter, len(part))
		for i, op := range part {
			waiters[i] = &waiter{op: op, done: make(chan Answer, 1)}
			if err := b.putPatiently(ctx, waiters[i]); err != nil {
				return answers, err
			}
		}
		for _, w := range waiters {
			a, err := b.answer(ctx, w)
			if err != nil {
				return answers, err
			}
			answers = append(answers, a)
		}
	}
	return answers, nil
}

// putPatiently waits for room.
func (b *Book) putPatiently(ctx context.Context, w *waiter) error {
	for {
		err := b.put(w)
		if !errors.Is(err, ErrOverloaded) {
			return err
		}
		select {
		case <-time.After(firstPause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (b *Book) put(w *waiter) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch n := len(b.queue); {
	case b.closing:
		return ErrStopped
	case n >= b.limit:
		b.Counters.Overloaded.Add(1)
		return &OverloadedError{Waiting: n, RetryAfter: time.Second}
	}
	b.queue = append(b.queue, w)
	if len(b.queue) == 1 {
		b.signal()
	}
	return nil
}

func (b *Book) signal() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

func (b *Book) take() (batch []*waiter, closing bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := min(len(b.queue), b.batchLimit)
	batch = b.queue[:n:n]
	rest := b.queue[n:]
	b.queue = append(b.spare[:0], rest...)
	b.spare = nil
	clear(rest) // the array is kept; what it pointed to must not be
	return batch, b.closing
}

func (b *Book) giveBack(batch []*waiter) {
	clear(batch)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.spare = batch[:0]
}

func (b *Book) run() {
	defer close(b.idle)
	var ops []Op
	for {
		batch, closing := b.take()
		if len(batch) == 0 {
			if closing {
				return
			}
			select {
			case <-b.wake:
			case <-b.ctx.Done():
				return
			}
			continue
		}
		ops = ops[:0]
		for _, w := range batch {
			ops = append(ops, w.op)
		}
		b.apply(batch, ops)
		clear(ops)
		b.giveBack(batch)
	}
}

// apply has a batch stored and answers it. A batch that the store refuses for
// good is halved until the one op that it cannot take stands alone: none may keep
// the others from being stored.
func (b *Book) apply(batch []*waiter, ops []Op) {
	applied, err := b.commit(b.ctx, ops)
	switch {
	case err == nil:
		for i, w := range batch {
			w.done <- applied.Answers[i]
		}
		b.announce(applied.Counters)
	case len(batch) > 1 && b.ctx.Err() == nil:
		half := len(batch) / 2
		b.apply(batch[:half], ops[:half])
		b.apply(batch[half:], ops[half:])
	default:
		for _, w := range batch {
			b.Counters.Refused.Add(1)
			b.log.Error("a change of an order could not be stored", "campaign", w.op.about(), "op", fmt.Sprintf("%T", w.op), "err", err)
			w.done <- Answer{Err: err}
		}
	}
}

// Pauses between attempts while the store is away, and attempts of a batch that
// another process got in the way of.
const (
	firstPause, lastPause = 20 * time.Millisecond, time.Second
	conflicts             = 5
)

// commit stores a batch, for as long as the store says that it cannot answer now.
func (b *Book) commit(ctx context.Context, ops []Op) (Applied, error) {
	pause, met := firstPause, 0
	for {
		applied, err := b.store.Apply(ctx, ops, b.now)
		switch {
		case err == nil:
			b.Counters.Commits.Add(1)
			b.Counters.Ops.Add(int64(len(ops)))
			return applied, nil
		case ctx.Err() != nil:
			return Applied{}, err
		case errors.Is(err, registry.ErrUnavailable):
			b.log.Warn("orders wait: the store is unavailable", "ops", len(ops), "err", err)
			select {
			case <-time.After(pause):
			case <-ctx.Done():
				return Applied{}, err
			}
			pause = min(2*pause, lastPause)
		case (errors.Is(err, registry.ErrConflict) || errors.Is(err, registry.ErrExists)) && met < conflicts:
			met++ // what was loaded changed before it was written: load again
		default:
			return Applied{}, err
		}
		b.Counters.Retries.Add(1)
	}
}

// alone gives an op a transaction of its own.
func (b *Book) alone(ctx context.Context, op Op) (Answer, error) {
	applied, err := b.commit(ctx, []Op{op})
	if err != nil {
		return Answer{}, err
	}
	b.announce(applied.Counters)
	return applied.Answers[0], applied.Answers[0].Err
}

// Counted is the event campaign.<id>.counted: the counter after a commit. A
// larger Changes is newer.
type Counted struct {
	Campaign  string `json:"campaign"`
	Changes   int64  `json:"changes"`
	Reserved  int64  `json:"reserved"`
	Paid      int64  `json:"paid"`
	Cancelled int64  `json:"cancelled"`
	Backers   int64  `json:"backers"`
	Waiting   int64  `json:"waiting"`
}

// CountedTopic is the subject of a campaign's Counted.
func CountedTopic(campaign string) string { return "campaign." + bus.Token(campaign) + ".counted" }

func (b *Book) announce(counters []Counter) {
	for i := range counters {
		c := &counters[i]
		topic := CountedTopic(c.Campaign)
		if b.bus == nil || !b.bus.Wanted(topic) {
			continue
		}
		event, err := json.Marshal(Counted{c.Campaign, c.Changes, c.Reserved, c.Paid, c.Cancelled, c.Backers, c.Waiting})
		if err == nil {
			err = b.bus.Publish(topic, event)
		}
		if err != nil {
			b.log.Warn("event not published", "subject", topic, "err", err)
		}
	}
}

// Waiting is how many ops wait for the next commit.
func (b *Book) Waiting() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.queue)
}

// Stop lets nothing new in and answers what is queued, as far as ctx allows. What
// is left then is not answered: it may be stored or not, and giving it again tells.
func (b *Book) Stop(ctx context.Context) error {
	b.mu.Lock()
	b.closing = true
	b.mu.Unlock()
	b.signal()
	defer b.cancel()
	select {
	case <-b.idle:
		return nil
	case <-ctx.Done():
		return errors.Join(errors.New("orders were still waiting to be stored; who sent them will ask again"), ctx.Err())
	}
}
