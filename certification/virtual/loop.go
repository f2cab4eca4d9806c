package virtual

import (
	"context"
	"errors"
	"time"
)

var (
	errPowerCut = errors.New("power was cut")
	errStopped  = errors.New("device was stopped")
)

// loop is what the device's one goroutine keeps to itself.
type loop struct {
	link     *link          // while connected
	attempt  chan connected // while connecting
	give     context.CancelFunc
	retryAt  time.Time
	failures int // in a row, not counting stable sessions
	// returning says that there was no network, and no attempt since.
	returning bool
	sessions  int // since the power came

	outbox     outbox
	sampled    time.Time
	properties pace // of messages
	happened   pace // of events
	booted     time.Time
	chattered  time.Time
	tardy      []answered // answers that wait, of a mutant
}

// power is how the device is cut off and comes back.
type power struct {
	cut   bool
	off   time.Duration
	until time.Time // zero while there is power
}

// Run connects and works until ctx or Stop ends it, which it then tells the broker by a DISCONNECT. It may be called once.
func (d *Device) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	d.mu.Lock()
	if d.started {
		d.mu.Unlock()
		cancel()
		return errors.New("virtual: the device ran already")
	}
	d.started, d.stop = true, cancel
	d.boot(time.Now())
	d.mu.Unlock()
	defer close(d.ended)
	defer cancel()

	timer := time.NewTimer(0)
	defer timer.Stop()
	for ctx.Err() == nil {
		next := d.step(ctx)
		timer.Reset(max(time.Until(next), 0))
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-d.wake:
		case <-d.lost():
			d.broken()
		case <-d.outbox.oldest():
		case <-d.subscribed():
		case c := <-d.attempt:
			d.opened(c)
		}
	}
	d.hangUp(errStopped)
	return nil
}

// step does all that is due, and tells when something will be again.
func (d *Device) step(ctx context.Context) (next time.Time) {
	now := time.Now()
	d.mu.Lock()
	dead := d.powerless(now)
	if dead {
		next = d.power.until
	} else {
		next = earlier(d.sample(now), d.advance(ctx, now))
		next = earlier(next, earlier(d.complete(now), d.chatter(now)))
	}
	d.mu.Unlock()
	if dead {
		return next
	}
	away := d.offline(now)
	d.work(now)
	next = earlier(next, d.answerLate(now))
	next = earlier(next, d.obey(now))
	switch {
	case d.off():
		return now // an order was to start anew
	case d.link != nil:
		next = earlier(next, d.speak(now))
	case d.attempt == nil && !away.IsZero():
		next = earlier(next, away)
	case d.attempt == nil && d.returning:
		d.returned()
		next = earlier(next, d.retryAt)
	case d.attempt == nil && !now.Before(d.retryAt):
		d.reach(ctx)
	case d.attempt == nil:
		next = earlier(next, d.retryAt)
	}
	return next
}

// sample lets the world go on: sensors move, and now and then something happens.
func (d *Device) sample(now time.Time) (next time.Time) {
	dt := now.Sub(d.sampled)
	if dt < d.cfg.Sample {
		return d.sampled.Add(d.cfg.Sample)
	}
	d.sampled = now
	for _, t := range d.tables {
		t.move(d.random, dt)
	}
	if each := d.cfg.EventEvery; each > 0 && d.random.Float64() < dt.Seconds()/each.Seconds() {
		d.happen(now)
	}
	d.memory.expire(now)
	return now.Add(d.cfg.Sample)
}

// speak sends what is due on the open link.
func (d *Device) speak(now time.Time) (next time.Time) {
	next = d.link.heartbeat(now, d.cfg.KeepAlive, &d.cfg.Behaviour)
	next = earlier(next, d.subscribe(d.link, now))
	next = earlier(next, d.outbox.settle(d, now))
	next = earlier(next, d.resend(now))
	if len(d.outbox.again) > 0 {
		return next // what is new must not overtake what is old
	}
	next = earlier(next, d.reportEvents(now))
	return earlier(next, d.reportProperties(now))
}

// boot is what happens when power comes or the firmware starts anew.
func (d *Device) boot(now time.Time) {
	d.booted, d.sampled, d.retryAt = now, now, now
	if boot := d.cfg.Behaviour.Boot; boot != nil {
		d.retryAt = now.Add(boot())
	}
	d.failures, d.sessions = 0, 0
	// Report ids start at random and count up (protocol §2), within what a float64 holds.
	d.outbox.nextID = d.random.Int64N(1 << 31)
	d.power = power{}
	d.observe(Observation{Kind: Booted})
}

// PowerCycle cuts the power, without a word to the broker, and restores it after a while. Settings and sensor values survive,
// as from flash; reports that were not acknowledged do not.
func (d *Device) PowerCycle(off time.Duration) {
	d.mu.Lock()
	d.power.cut, d.power.off = true, off
	d.mu.Unlock()
	d.poke()
}

func (d *Device) off() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return !d.power.until.IsZero()
}

// powerless carries out a power cut and tells whether there is still no power.
func (d *Device) powerless(now time.Time) bool {
	if d.power.cut && d.cfg.Behaviour.KeepsPower {
		d.power.cut = false
	}
	if each := d.cfg.Behaviour.RebootEach; each > 0 && now.Sub(d.booted) >= each && d.power.until.IsZero() {
		d.power.cut, d.power.off = true, rebootTime
	}
	if d.power.cut {
		d.power.cut, d.power.until = false, now.Add(d.power.off)
		if d.cfg.Behaviour.Bricks && d.update.running() {
			d.power.until = now.Add(brickedFor)
		}
		d.drop(errPowerCut)
		d.outbox = outbox{}
		for _, t := range d.tables {
			t.forget()
		}
		d.inbox, d.events, d.orders, d.deferred, d.tardy = nil, nil, nil, nil, nil
		if d.cfg.Behaviour.Forgetful {
			d.tables[0].reset()
		}
		d.update.abandon()
		d.observe(Observation{Kind: PoweredOff, Pause: d.power.off})
		d.log.Info("power cut", "for", d.power.off)
	}
	if d.power.until.IsZero() {
		return false
	}
	if now.Before(d.power.until) {
		return true
	}
	d.boot(now)
	return false
}
