package virtual

import (
	"errors"
	"time"
)

var errUnplugged = errors.New("network is not there")

// Unplug takes the network away for a while, as a router does that starts anew: the connection ends, and none can be made.
func (d *Device) Unplug(off time.Duration) {
	d.mu.Lock()
	d.unplugged, d.cut = time.Now().Add(off), true
	d.mu.Unlock()
	d.poke()
}

// offline ends what was connected when the network went, and tells when there will be one; zero: there is.
//
// A device without a network does not dial, and begins its backoff anew when it is there: a radio tells both. Dialling on would
// fail at once each time, and run up a pause of up to 120 s in a few seconds: about one return in ten thousand then takes longer
// than the 90 s of NET-05 (seen in 2 of 21,000).
func (d *Device) offline(now time.Time) (until time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.cut {
		d.cut, d.returning = false, true
		if d.link != nil {
			d.link.wire.drop(errUnplugged)
		}
	}
	if now.Before(d.unplugged) {
		return d.unplugged
	}
	return time.Time{}
}

// returned takes that the network is there again.
func (d *Device) returned() {
	if d.returning {
		d.returning, d.failures = false, 1
		d.pause(Failed, errUnplugged)
	}
}
