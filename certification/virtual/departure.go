package virtual

import (
	"crypto/ed25519"
	"time"
)

// departure is what a mutant's wire does otherwise.
type departure struct {
	send    func(packet []byte) [][]byte
	lenient bool
	slow    time.Duration // what takes longer to come is too much for it
	choke   func()
}

func (d *Device) departure() departure {
	b := &d.cfg.Behaviour
	return departure{send: b.Send, lenient: b.Lenient, slow: b.SlowReader, choke: func() { d.PowerCycle(rebootTime) }}
}

// since judges how long a packet took.
func (w *departure) since(began time.Time) {
	if w.slow > 0 && time.Since(began) > w.slow {
		w.choke()
	}
}

// crash makes the firmware start anew in the middle of its work.
func (d *Device) crash() {
	d.power.cut, d.power.off, d.inbox = true, rebootTime, nil
	d.poke()
}

// count counts the requests of these ten seconds.
func (d *Device) count(now time.Time) {
	most := d.cfg.Behaviour.Overload
	if most == 0 {
		return
	}
	if now.Sub(d.load.since) >= 10*time.Second {
		d.load.since, d.load.requests = now, 0
	}
	if d.load.requests++; d.load.requests == most+1 {
		d.crash()
	}
}

// load is how many requests came since a moment.
type load struct {
	since    time.Time
	requests int
}

// openUnhashed takes an image whatever its body is.
func openUnhashed(data []byte, key ed25519.PublicKey) (Image, error) {
	h, body, err := splitImage(data)
	if err != nil {
		return Image{}, err
	}
	return h.verify(body, key)
}
