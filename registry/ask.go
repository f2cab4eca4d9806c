package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/proofmark/proofmark/internal/bus"
	"github.com/proofmark/proofmark/miot"
)

// Ask sends one request to a device, wherever it is connected, and returns its
// answer. It ends with ErrOffline at once when the device is connected nowhere,
// and with ErrTimeout after Options.RequestTimeout (or ctx, if that is sooner);
// a late answer is dropped. A sub-device is asked through its gateway.
func (r *Registry) Ask(ctx context.Context, did, method string, params json.RawMessage) (miot.Response, error) {
	if err := checkParams(params); err != nil {
		return miot.Response{}, err
	}
	k, err := r.roster.get(ctx, did)
	if err != nil {
		return miot.Response{}, err
	}
	raw, err := r.askRaw(ctx, k.speaker(), method, params)
	if err != nil {
		return miot.Response{}, fmt.Errorf("%s to %s: %w", method, did, err)
	}
	resp, err := miot.ParseResponse(raw)
	if err != nil {
		return miot.Response{}, fmt.Errorf("%w: %s to %s: %w", ErrBadAnswer, did, method, err)
	}
	return resp, nil
}

func checkParams(params json.RawMessage) error {
	if params != nil && !json.Valid(params) {
		return fmt.Errorf("%w: params are not JSON", ErrBadRequest)
	}
	return nil
}

func (r *Registry) askRaw(ctx context.Context, did, method string, params json.RawMessage) ([]byte, error) {
	if l, ok := r.find(did); ok {
		return l.ask(ctx, method, params)
	}
	return r.askElsewhere(ctx, did, method, params)
}

// ask sends one request over this connection and waits for its answer.
func (l *Live) ask(ctx context.Context, method string, params json.RawMessage) ([]byte, error) {
	q, err := l.send(ctx, method, params)
	if err != nil {
		return nil, err
	}
	return q.answer(ctx)
}

// request is one that was handed to the device's connection.
type request struct {
	live *Live
	id   int64
	ch   chan []byte // closed when the session ends
}

// send hands a request to the connection; after an error nothing was sent.
func (l *Live) send(ctx context.Context, method string, params json.RawMessage) (*request, error) {
	r := l.reg
	within, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	id, err := r.ids.Next(within)
	if err != nil && within.Err() != nil && ctx.Err() == nil {
		err = fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	if err != nil {
		return nil, err
	}
	q := &request{live: l, id: id, ch: make(chan []byte, 1)}
	l.mu.Lock()
	if l.detached {
		l.mu.Unlock()
		return nil, ErrOffline
	}
	if l.pending == nil {
		l.pending = make(map[int64]chan []byte)
	}
	l.pending[id] = q.ch
	l.mu.Unlock()
	if err := l.link.Request(miot.Call(id, method, params).Payload()); err != nil {
		q.withdraw()
		return nil, err
	}
	r.Counters.Requests.Add(1)
	return q, nil
}

// answer waits for the device's answer, as long as it may take.
func (q *request) answer(ctx context.Context) ([]byte, error) {
	defer q.withdraw()
	r := q.live.reg
	late := time.NewTimer(r.timeout)
	defer late.Stop()
	select {
	case resp, ok := <-q.ch:
		if !ok {
			return nil, ErrOffline
		}
		q.live.noteReach(resp)
		return resp, nil
	case <-late.C:
		q.missed()
	case <-r.ctx.Done():
		return nil, fmt.Errorf("%w: %w", ErrOffline, ErrStopped)
	case <-ctx.Done():
		if !errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return nil, ctx.Err()
		}
	}
	r.Counters.Timeouts.Add(1)
	return nil, ErrTimeout
}

// mostMissed bounds the requests of a connection whose late answers are known.
const mostMissed = 16

// missed notes that the device did not answer in time.
func (q *request) missed() {
	l := q.live
	l.unanswered.Add(1)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.missed == nil {
		l.missed = make(map[int64]bool)
	}
	if len(l.missed) < mostMissed {
		l.missed[q.id] = true
	}
}

// withdraw forgets the request, so that its late answer matches nothing.
func (q *request) withdraw() {
	l := q.live
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.pending, q.id)
	if len(l.pending) == 0 {
		l.pending = nil // most devices are asked once per connection
	}
}

// OpenRequests is the number of requests that devices connected to this node have not
// answered yet, and that nobody has given up.
func (r *Registry) OpenRequests() int {
	r.mu.RLock()
	defer r.mu.RUnlock()
	n := 0
	for _, l := range r.live {
		l.mu.Lock()
		n += len(l.pending)
		l.mu.Unlock()
	}
	return n
}

// Response implements [Session].
func (l *Live) Response(payload []byte) {
	id := responseID(payload)
	l.mu.Lock()
	ch := l.pending[id]
	delete(l.pending, id)
	late := l.missed[id]
	delete(l.missed, id)
	l.mu.Unlock()
	l.alive()
	if late {
		l.reg.field.replied(l, FieldLate, 1)
	}
	if ch == nil {
		l.reg.Counters.Unmatched.Add(1)
		l.reg.log.Debug("answer to no open request", "did", l.did, "id", id)
		return
	}
	ch <- payload // capacity 1 and taken out of pending: never blocks
}

// responseID is the id of an answer, also of one that is wrong in other ways: it
// ends the request, whose caller is told what is wrong. 0 matches no request.
func responseID(payload []byte) int64 {
	resp, err := miot.ParseResponse(payload)
	var bad *miot.MessageError
	if errors.As(err, &bad) {
		return bad.ID
	}
	return resp.ID
}

// askElsewhere asks the node that holds the device.
func (r *Registry) askElsewhere(ctx context.Context, did, method string, params json.RawMessage) ([]byte, error) {
	// Half a second more than the device has, so that its node's verdict arrives.
	ctx, cancel := context.WithTimeout(ctx, r.timeout+500*time.Millisecond)
	defer cancel()
	b, err := r.question(ctx, did, question{Method: method, Params: params})
	switch {
	case errors.Is(err, bus.ErrNobody):
		return nil, ErrOffline
	case errors.Is(err, context.DeadlineExceeded):
		return nil, ErrTimeout
	case err != nil:
		return nil, err
	}
	var a answer
	if err := json.Unmarshal(b, &a); err != nil {
		return nil, fmt.Errorf("answer of another node: %w", err)
	}
	return a.Response, a.err()
}
