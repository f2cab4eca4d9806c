package virtual

import (
	"errors"
	"time"
)

var (
	errReconnect = errors.New("a new login secret was configured")
	errReboot    = errors.New("device starts anew")
)

// answerPatience is how long a device waits for its answer to be acknowledged before it does what breaks the connection.
const (
	answerPatience = 2 * time.Second
	rebootTime     = 2 * time.Second
)

// order is something that a request asked for and that must follow the answer.
type order struct {
	what     func(*Device, time.Time)
	answered <-chan struct{} // nil until the answer has gone
	latest   time.Time
}

func (d *Device) order(what func(*Device, time.Time), now time.Time) {
	d.orders = append(d.orders, order{what: what, latest: now.Add(answerPatience)})
}

// obey carries out the orders whose answer has arrived.
func (d *Device) obey(now time.Time) (next time.Time) {
	d.mu.Lock()
	var ready, waiting []order
	for _, o := range d.orders {
		arrived := false
		select {
		case <-o.answered:
			arrived = true
		default:
		}
		if arrived || !now.Before(o.latest) {
			ready = append(ready, o)
			continue
		}
		waiting = append(waiting, o)
		next = earlier(next, earlier(o.latest, now.Add(50*time.Millisecond)))
	}
	d.orders = waiting
	d.mu.Unlock()
	for _, o := range ready {
		o.what(d, now)
	}
	return next
}

// reconnect logs in again.
func reconnect(d *Device, _ time.Time) {
	d.hangUp(errReconnect)
	d.failures = 0
}

// reboot starts the firmware anew: a moment without power, but with a farewell.
func reboot(d *Device, now time.Time) {
	d.hangUp(errReboot)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.power.until = now.Add(rebootTime)
}
