package registry

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/proofmark/proofmark/internal/bus"
)

// question and answer are how nodes ask each other for a device, on
// device.<did>.ask.
type question struct {
	Method string          `json:"method,omitempty"`
	Params json.RawMessage `json:"params,omitempty"`
	// Waiting makes it no request: something waits in the store for this device,
	// which is the one asked or a sub-device of it. The answer is empty and comes at once.
	Waiting string `json:"waiting,omitempty"`
}

type answer struct {
	Response []byte `json:"response,omitempty"` // base64: what a device answers may be no JSON at all
	Failure  string `json:"failure,omitempty"`
}

// failures are the errors that keep their meaning from node to node.
var failures = map[string]error{
	"offline":     ErrOffline,
	"timeout":     ErrTimeout,
	"unavailable": ErrUnavailable,
}

func (a answer) err() error {
	if a.Failure == "" {
		return nil
	}
	if err, ok := failures[a.Failure]; ok {
		return err
	}
	return errors.New(a.Failure)
}

func answerOf(resp []byte, err error) answer {
	if err == nil {
		return answer{Response: resp}
	}
	for name, known := range failures {
		if errors.Is(err, known) {
			return answer{Failure: name}
		}
	}
	return answer{Failure: err.Error()}
}

func (r *Registry) question(ctx context.Context, did string, q question) ([]byte, error) {
	b, err := json.Marshal(q)
	if err != nil {
		return nil, err
	}
	return r.bus.Ask(ctx, subjectOf(did, "ask"), b)
}

// onAsk answers another node. It goes on on its own goroutine: a device that is
// slow to answer must not hold up the questions behind.
func (l *Live) onAsk(m bus.Message) {
	var q question
	if err := json.Unmarshal(m.Data, &q); err != nil {
		l.reg.log.Error("question of another node is not JSON", "did", l.did, "err", err)
		return
	}
	l.reg.background(func() {
		ctx := l.reg.ctx
		if q.Waiting != "" {
			l.reply(m, answer{})
			l.deliver(ctx, q.Waiting)
			return
		}
		l.reply(m, answerOf(l.ask(ctx, q.Method, q.Params)))
	})
}

func (l *Live) reply(m bus.Message, a answer) {
	b, err := json.Marshal(a)
	if err == nil {
		err = m.Reply(b)
	}
	if err != nil {
		l.reg.log.Warn("question of another node not answered", "did", l.did, "err", err)
	}
}

// tell makes the node that holds the device look for what waits for it: wishes
// and queued commands. A device that is connected nowhere gets them when it
// comes back.
func (r *Registry) tell(ctx context.Context, k *known) {
	did := k.device.DID
	if l, ok := r.find(k.speaker()); ok {
		r.background(func() { l.deliver(r.ctx, did) })
		return
	}
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	_, err := r.question(ctx, k.speaker(), question{Waiting: did})
	if err != nil && !errors.Is(err, bus.ErrNobody) {
		r.log.Warn("what was kept for the device waits for the next connect", "did", did, "err", err)
	}
}
