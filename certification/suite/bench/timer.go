package bench

import (
	"time"

	"github.com/mochi-mqtt/server/v2/packets"
)

// at does something at a time, under the bench's lock, unless the connection has ended by then.
func (s *session) at(when time.Time, do func()) *time.Timer {
	when = later(when, time.Now())
	return time.AfterFunc(time.Until(when), func() {
		s.b.mu.Lock()
		defer s.b.mu.Unlock()
		if !s.over {
			s.b.lag.late(time.Since(when))
			do()
		}
	})
}

// arm sets the timers of the present faults anew.
func (s *session) arm() {
	s.disarm()
	if !s.up || s.over {
		return
	}
	now := s.arming
	alarm := func(after time.Duration, do func()) {
		s.alarms = append(s.alarms, s.at(s.upSince.Add(after), func() {
			if s.arming == now {
				do()
			}
		}))
	}
	if d := s.b.fault.Drop; d != nil {
		alarm(d.After, func() { s.drop(d.Drop, "drop") })
	}
	if r := s.b.fault.Rival; r != nil {
		alarm(r.Every, func() {
			// The rival needs no connection of its own: all that the device sees of it is that it was thrown out.
			s.b.note("a second client with the same id connects")
			s.displace("a rival")
		})
	}
}

func (s *session) disarm() {
	s.arming++ // for a timer that fires at this very moment
	for _, t := range s.alarms {
		t.Stop()
	}
	s.alarms = nil
}

// displace ends the connection because somebody else took over.
func (s *session) displace(who string) {
	if s.version == 5 {
		s.send(&packets.Packet{
			FixedHeader: packets.FixedHeader{Type: packets.Disconnect}, ReasonCode: packets.ErrSessionTakenOver.Code,
		})
	}
	s.end("bench: taken over by "+who, DropClose)
}
