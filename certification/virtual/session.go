package virtual

import (
	"context"
	"time"

	"github.com/proofmark/proofmark/miot"
)

// reach begins one attempt to connect, beside the loop.
func (d *Device) reach(ctx context.Context) {
	ctx, d.give = context.WithCancel(ctx)
	d.mu.Lock()
	password := d.key
	d.mu.Unlock()
	if d.cfg.Behaviour.Password != nil {
		password = d.cfg.Behaviour.Password(password, d.failures)
	}
	dial := d.cfg.Dial
	if b := &d.cfg.Behaviour; b.FallBack > 0 && d.failures >= b.FallBack && d.failures%2 == 1 && d.cfg.Plain != nil {
		dial = d.cfg.Plain
	}
	result := make(chan connected, 1)
	d.attempt = result
	d.observe(Observation{Kind: Connecting})
	go func() {
		l, err := d.connect(ctx, dial, password)
		if err == nil && ctx.Err() != nil {
			l.wire.drop(ctx.Err()) // it was given up in the very moment
		}
		result <- connected{link: l, err: err}
	}()
}

// opened takes the outcome of an attempt.
func (d *Device) opened(c connected) {
	d.attempt = nil
	d.give()
	if c.err != nil {
		d.failures++
		d.pause(Failed, c.err)
		return
	}
	d.link = c.link
	d.sessions++
	if d.cfg.Behaviour.ShortMemory {
		d.mu.Lock()
		d.memory = memory{}
		d.mu.Unlock()
	}
	if d.sessions == 1 || !d.cfg.Behaviour.Unsubscribed {
		d.link.subscribeAt = d.link.since
		if late := d.cfg.Behaviour.SubscribeAfter; late != nil {
			d.link.subscribeAt = d.link.since.Add(late(d.sessions))
		}
	}
	d.log.Info("connected", "keep_alive", d.cfg.KeepAlive)
	d.observe(Observation{Kind: Connected})
	if d.sessions > 1 && d.cfg.Behaviour.NoFullState {
		return
	}
	d.mu.Lock()
	for _, t := range d.tables {
		t.everything()
	}
	if eiid := d.cfg.Behaviour.StrayEvent; eiid > 0 {
		d.events = append(d.events, happening{at: time.Now(), event: miot.Occurrence{DID: d.cfg.DID, SIID: 2, EIID: eiid}})
	}
	d.mu.Unlock()
}

// broken takes the loss of the link.
func (d *Device) broken() {
	l := d.link
	d.forsake()
	b := &d.cfg.Behaviour
	if time.Since(l.since) >= stableAfter && !b.NeverReset || b.ForgetFailure {
		d.failures = 0
	}
	d.failures++
	d.pause(Disconnected, l.wire.why())
	if b.RebootWhenLost {
		d.mu.Lock()
		d.boot(time.Now())
		d.mu.Unlock()
	}
}

// pause sets when to try again.
func (d *Device) pause(kind Kind, err error) {
	backoff := FullJitter
	if d.cfg.Behaviour.Backoff != nil {
		backoff = d.cfg.Behaviour.Backoff
	}
	d.mu.Lock()
	wait := backoff(d.jitter, d.failures)
	d.mu.Unlock()
	d.retryAt = time.Now().Add(wait)
	d.log.Warn(string(kind), "error", err, "again_in", wait.Round(time.Millisecond), "failures", d.failures)
	d.observe(Observation{Kind: kind, Err: err, Pause: wait})
}

// hangUp ends the connection with a DISCONNECT; the next attempt, if any, comes at once.
func (d *Device) hangUp(why error) {
	if d.link == nil {
		d.drop(why)
		return
	}
	const quiesce = 250 // ms for DISCONNECT to go out
	d.link.wire.blame(why)
	d.link.client.Disconnect(quiesce)
	d.drop(why)
}

// drop ends the connection, or the attempt at one, without a word.
func (d *Device) drop(why error) {
	if d.attempt != nil {
		d.give() // from here on the attempt closes what it opens
		select {
		case c := <-d.attempt:
			if c.err == nil {
				c.link.wire.drop(why)
			}
		default:
		}
		d.attempt = nil
	}
	if d.link != nil {
		d.link.wire.drop(why)
		d.forsake()
		d.observe(Observation{Kind: Disconnected, Err: why})
		d.log.Info("disconnected", "reason", why)
	}
	d.retryAt = time.Now()
}

// forsake keeps what the lost link left without acknowledgement.
func (d *Device) forsake() {
	d.link = nil
	d.outbox.again = append(d.outbox.flight, d.outbox.again...)
	d.outbox.flight = nil
}

func (d *Device) lost() <-chan struct{} {
	if d.link == nil {
		return nil
	}
	return d.link.wire.done
}

func (d *Device) subscribed() <-chan struct{} {
	if d.link == nil || d.link.subscribing == nil {
		return nil
	}
	return d.link.subscribing.Done()
}
