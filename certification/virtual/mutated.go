package virtual

import "time"

// What only mutants do.

// answered is an answer that goes out late.
type answered struct {
	payload []byte
	at      time.Time
}

// answerLate sends the answers whose time has come.
func (d *Device) answerLate(now time.Time) (next time.Time) {
	for len(d.tardy) > 0 {
		if d.link == nil {
			d.tardy = nil
			break
		}
		if now.Before(d.tardy[0].at) {
			return d.tardy[0].at
		}
		answer := d.tardy[0].payload
		d.tardy = d.tardy[1:]
		d.reply(answer)
	}
	return time.Time{}
}

// chatter makes every sensor due, whether it has moved or not.
func (d *Device) chatter(now time.Time) (next time.Time) {
	each := d.cfg.Behaviour.Chatter
	if each == 0 {
		return time.Time{}
	}
	if now.Sub(d.chattered) >= each {
		d.chattered = now
		for _, t := range d.tables {
			for _, at := range t.plan.moves {
				t.due(at, true)
			}
		}
	}
	return d.chattered.Add(each)
}
