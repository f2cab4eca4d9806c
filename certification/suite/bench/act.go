package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/proofmark/proofmark/certification/suite/transcript"
)

// Act carries out one action of a case. What comes of it is in the transcript; with no connection to act on, that is a note. The
// error is one of the case: an action that does not exist, or that no bench could do.
func (b *Bench) Act(ctx context.Context, name string, data json.RawMessage) error {
	do, ok := actions[name]
	if !ok {
		return fmt.Errorf("there is no action %q", name)
	}
	if err := do(b, ctx, data); err != nil {
		return fmt.Errorf("%s %s: %w", name, shorten(data), err)
	}
	return nil
}

// shorten keeps an error readable.
func shorten(data json.RawMessage) string {
	const most = 200
	if len(data) > most {
		return string(data[:most]) + "…"
	}
	return string(data)
}

type act func(b *Bench, ctx context.Context, data json.RawMessage) error

var actions = map[string]act{
	ActRequest: on(func(b *Bench, r *Request) error {
		return b.publish(&Publish{Topic: "device/" + b.cfg.DID + "/down/request", Request: *r})
	}),
	ActPublish:  on((*Bench).publish),
	ActPacket:   on((*Bench).packet),
	ActRaw:      on((*Bench).raw),
	ActDrop:     on((*Bench).drop),
	ActRestart:  on((*Bench).restart),
	ActFault:    (*Bench).inject,
	ActOperator: (*Bench).ask,
}

// on makes an action of a method that takes its data and runs under the lock.
func on[T any](do func(*Bench, *T) error) act {
	return func(b *Bench, _ context.Context, data json.RawMessage) error {
		v := new(T)
		if err := parse(data, v); err != nil {
			return err
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.closed {
			return errClosed
		}
		return do(b, v)
	}
}

func parse(data json.RawMessage, v any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	return d.Decode(v)
}

// reachable returns the session to send on, or notes that there is none.
func (b *Bench) reachable(what string) *session {
	switch {
	case b.current == nil:
		b.note("%s not sent: the device is not connected", what)
	case b.fault.Mute:
		b.note("%s not sent: the bench is mute", what)
	default:
		return b.current
	}
	return nil
}

func (b *Bench) publish(p *Publish) error {
	if err := p.valid(); err != nil {
		return err
	}
	if s := b.reachable("PUBLISH"); s != nil {
		s.deliver(p)
	}
	return nil
}

func (b *Bench) packet(r *RawPacket) error {
	kind, ok := kindOf(r.Type)
	stray := []byte{
		packets.Connack, packets.Puback, packets.Pubrec, packets.Pubrel, packets.Pubcomp,
		packets.Suback, packets.Unsuback, packets.Pingresp, packets.Disconnect,
	}
	if !ok || !slices.Contains(stray, kind) {
		return fmt.Errorf("%q is no packet that the bench sends as such", r.Type)
	}
	p := &packets.Packet{FixedHeader: packets.FixedHeader{Type: kind}, PacketID: r.ID, ReasonCode: r.Reason}
	for _, code := range r.Reasons {
		p.ReasonCodes = append(p.ReasonCodes, byte(code))
	}
	if s := b.reachable(r.Type); s != nil {
		s.send(p)
	}
	return nil
}

func (b *Bench) raw(r *Raw) error {
	if s := b.reachable("raw bytes"); s != nil {
		s.bytes(transcript.Out, r.Hex)
		s.write(r.Hex)
	}
	return nil
}

func (b *Bench) drop(d *Drop) error {
	if err := d.valid(); err != nil {
		return err
	}
	if len(b.live) == 0 {
		b.note("nothing to drop: the device is not connected")
	}
	for _, s := range slices.Clone(b.live) {
		s.drop(*d, "drop")
	}
	return nil
}

func (b *Bench) restart(r *Restart) error {
	if r.For < 0 {
		return fmt.Errorf("for %s, needs 0 or more", r.For)
	}
	b.restarts++
	b.restarted = true
	now, back := b.restarts, time.Now().Add(r.For)
	for _, s := range slices.Clone(b.live) {
		s.end("bench: restart", DropReset)
	}
	time.AfterFunc(r.For, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.restarts == now && !b.closed {
			b.lag.late(time.Since(back))
			b.restarted = false
			b.note("the bench is back")
		}
	})
	return nil
}

// inject puts a fault set in the place of the present one.
func (b *Bench) inject(_ context.Context, data json.RawMessage) error {
	f := new(Fault)
	if err := parse(data, f); err != nil {
		return err
	}
	if err := f.valid(); err != nil {
		return err
	}
	if b.cfg.PKI != nil {
		// Keys of 4096 bits take a while; better now than while a device waits for a handshake.
		if _, err := b.cfg.PKI.certificate(f.Certificate); err != nil {
			return err
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return errClosed
	}
	b.fault, b.withheld, b.refused = *f, 0, 0
	for _, s := range slices.Clone(b.live) {
		s.link.reshape(f.shape())
		switch f.Down {
		case DownReset:
			s.end("bench: down", DropReset)
		case DownClose:
			s.end("bench: down", DropClose)
		default:
			s.arm()
		}
	}
	return nil
}

// ask puts a question to the operator, who answers in his own time.
func (b *Bench) ask(ctx context.Context, data json.RawMessage) error {
	q := new(Question)
	if err := parse(data, q); err != nil {
		return err
	}
	if q.ID == "" || q.Timeout < 0 {
		return fmt.Errorf("question %q with a time-out of %s, needs an id and no negative time-out", q.ID, q.Timeout)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return errClosed
	}
	if b.cfg.Operator == nil {
		b.note("question %s stays open: there is no operator", q.ID)
		return nil
	}
	b.wg.Go(func() { b.answer(ctx, *q) })
	return nil
}

func (b *Bench) answer(ctx context.Context, q Question) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(b.ctx, cancel)()
	if q.Timeout > 0 {
		ctx, cancel = context.WithTimeout(ctx, q.Timeout)
		defer cancel()
	}
	a, err := b.cfg.Operator(ctx, q)
	if err != nil {
		b.note("question %s was not answered: %v", q.ID, err)
		return
	}
	answer, err := json.Marshal(a)
	if err != nil {
		b.note("question %s: %v", q.ID, err)
		return
	}
	b.cfg.Writer.Append(transcript.Record{Kind: transcript.KindAnswer, Name: q.ID, Data: answer})
}
