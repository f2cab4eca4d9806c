package bus

import "sync"

// Queue is the waiting line of one subscription, for carriers: bounded, in order,
// emptied by a goroutine that lives only while something waits. An idle queue is
// a hundred bytes, so tens of thousands of them cost little.
type Queue struct {
	handle Handler

	mu      sync.Mutex
	waiting []Message // waiting[head:] is yet to be delivered
	head    int32
	limit   int32
	running bool // a goroutine delivers
	closed  bool
}

// NewQueue makes a queue that holds at most limit messages for h.
func NewQueue(limit int, h Handler) *Queue {
	q := new(Queue)
	q.init(limit, h)
	return q
}

func (q *Queue) init(limit int, h Handler) {
	const most = 1 << 20
	q.handle, q.limit = h, int32(min(max(limit, 1), most))
}

// Push puts m in the line and returns at once; false means that the line was
// full and m is lost. A closed queue takes everything and delivers nothing.
func (q *Queue) Push(m Message) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return true
	}
	if len(q.waiting)-int(q.head) >= int(q.limit) {
		return false
	}
	// A queue that never runs empty must not grow by what it has delivered.
	if q.head > 0 && len(q.waiting) == cap(q.waiting) && int(q.head) >= len(q.waiting)/2 {
		n := copy(q.waiting, q.waiting[q.head:])
		clear(q.waiting[n:])
		q.waiting, q.head = q.waiting[:n], 0
	}
	q.waiting = append(q.waiting, m)
	if !q.running {
		q.running = true
		go q.deliver()
	}
	return true
}

// Close forgets what waits. A call of the handler that has begun goes on.
func (q *Queue) Close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed, q.waiting, q.head = true, nil, 0
}

func (q *Queue) deliver() {
	for {
		m, ok := q.next()
		if !ok {
			return
		}
		q.handle(m)
	}
}

// next takes the first message out; false ends the goroutine, and the memory of
// the line goes with it.
func (q *Queue) next() (Message, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if int(q.head) == len(q.waiting) {
		q.waiting, q.head, q.running = nil, 0, false
		return Message{}, false
	}
	m := q.waiting[q.head]
	q.waiting[q.head] = Message{}
	q.head++
	return m, true
}
