package bridges

import (
	"context"
	"time"
)

// lane is the commands of one device that wait for each other. Its goroutine lives
// only while there are some.
type lane struct {
	waiting []order
}

// order is a command on its way.
type order struct {
	bridge   Bridge
	command  Command
	deadline time.Time
	done     func(Outcome)
}

// Command takes a command and returns at once. done is called exactly once, on any
// goroutine, within Within; it must not block.
func (s *Service) Command(b Bridge, c Command, done func(Outcome)) {
	if o := s.take(b, c, func(o Outcome) {
		s.note(b, o)
		done(o)
	}); o.End != "" {
		s.note(b, o)
		done(o)
	}
}

// take puts the command into the lane of its device, or says why not.
func (s *Service) take(b Bridge, c Command, done func(Outcome)) Outcome {
	now := s.now()
	if _, err := s.often.Take(b.Token, now); err != nil {
		return outcome(TooOften, "%v", err)
	}
	switch {
	case c.Fault != "":
		return outcome(Malformed, "%s", c.Fault)
	case c.Home != b.Home:
		return outcome(Refused, "home %s is not that of this token", c.Home)
	case len(c.Payload) > MaxPayload:
		return outcome(Value, "the payload has %d bytes; at most %d are sent to a device", len(c.Payload), MaxPayload)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return outcome(Failed, "the gateway is stopping")
	}
	l := s.lanes[c.DID]
	if l == nil {
		l = new(lane)
		s.lanes[c.DID] = l
		s.work.Go(func() { s.walk(c.DID, l) })
	}
	if len(l.waiting) >= MostWaiting {
		return outcome(TooOften, "%d commands wait for %s", len(l.waiting), c.DID)
	}
	l.waiting = append(l.waiting, order{b, c, now.Add(Within), done})
	return Outcome{}
}

// walk carries out the commands of a lane until there are none.
func (s *Service) walk(did string, l *lane) {
	for {
		s.mu.Lock()
		if len(l.waiting) == 0 {
			delete(s.lanes, did)
			s.mu.Unlock()
			return
		}
		next := l.waiting[0]
		l.waiting = l.waiting[1:]
		s.mu.Unlock()
		ctx, cancel := context.WithTimeout(s.ctx, next.deadline.Sub(s.now()))
		o := outcome(Expired, "%s was still busy with earlier commands after %v", did, Within)
		if ctx.Err() == nil {
			o = s.carryOut(ctx, next.bridge, next.command)
		}
		cancel()
		next.done(o)
	}
}
