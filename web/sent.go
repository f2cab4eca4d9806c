package web

import (
	"sync"
	"time"
)

// sent makes one thing of a form that is sent twice: by a double click, or by
// going back and sending it again. It is this process's own; what must be so on
// every node too, as an order, carries the form's key into the domain.
type sent struct {
	now func() time.Time

	mu    sync.Mutex
	forms map[string]*sending
}

// sending is one form on its way: done is closed once it is known what came of it.
type sending struct {
	done chan struct{}
	at   time.Time
	path string
	err  error
}

const (
	sentFor  = time.Hour
	sentMost = 20_000
)

// once runs do for the first with this key; all others hear what came of it. What
// failed may be sent again.
func (s *sent) once(key string, do func() (path string, err error)) (string, error) {
	s.mu.Lock()
	if x := s.forms[key]; x != nil && s.now().Sub(x.at) < sentFor {
		s.mu.Unlock()
		<-x.done
		return x.path, x.err
	}
	x := &sending{done: make(chan struct{}), at: s.now(), err: errUnreadable} // unless do comes back
	if s.forms == nil || len(s.forms) >= sentMost {
		s.forms = map[string]*sending{}
	}
	s.forms[key] = x
	s.mu.Unlock()
	defer func() {
		close(x.done)
		if x.err != nil {
			s.mu.Lock()
			defer s.mu.Unlock()
			if s.forms[key] == x {
				delete(s.forms, key)
			}
		}
	}()
	x.path, x.err = do()
	return x.path, x.err
}

// Once does what must not be done twice, and gives the page to go to then. Whoever
// sends the same form again goes there without anything being done.
func (v *Visit) Once(f *Form, do func() (path string, err error)) (string, error) {
	return v.pages.sent.once(v.Actor.Account+" "+f.Action+" "+f.Key, do)
}
