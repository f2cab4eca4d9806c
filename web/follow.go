package web

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/bus"
)

const (
	followBeat  = 15 * time.Second // between two signs of life, less than the minute after which proxies give up
	followStall = 10 * time.Second // for one write
	followQueue = 256              // messages that may wait for a visitor
	followAgain = 5 * time.Second  // a message may be lost, or there may be none: how soon the page is right all the same
)

// follow sends parts of an open page as messages come, until the visitor leaves,
// may no longer see it, or told says that there is nothing more. At first, because the page
// may have been made before a connection was lost, and every few seconds it is asked
// without a message: m has no subject then. A visitor who does not
// read is cut off, and comes back to a whole page.
func (v *Visit) follow(b bus.Bus, subjects []string, told func(m bus.Message, send func(event, page, part string, data any) error) (end bool, err error)) error {
	queue, full := make(chan bus.Message, followQueue), make(chan struct{}, 1)
	over := make(chan struct{}, 1) // a login of the visitor's account ended
	hear := map[string]bus.Handler{auth.EndedSubject(v.Actor.Account): func(m bus.Message) {
		v.pages.auth.OnEnded(m)
		signal(over)
	}}
	for _, subject := range subjects {
		hear[subject] = func(m bus.Message) {
			select {
			case queue <- m:
			default:
				signal(full)
			}
		}
	}
	for subject, h := range hear {
		sub, err := b.Subscribe(subject, h)
		if err != nil {
			return err
		}
		defer func() { _ = sub.Unsubscribe() }() // a closed bus has none left
	}
	h := v.w.Header()
	secure(h)
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // nginx would keep events back
	conn := http.NewResponseController(v.w)
	defer func() { _ = conn.SetWriteDeadline(time.Time{}) }() // the connection may go on
	write := func(text []byte) error {
		_ = conn.SetWriteDeadline(time.Now().Add(followStall)) // not every writer has one
		if _, err := v.w.Write(text); err != nil {
			return err
		}
		return conn.Flush()
	}
	send := func(event, page, part string, data any) error {
		text, err := v.pages.site.partOf(page, part, data)
		if err != nil {
			return err
		}
		return write(eventOf(event, text))
	}
	if write([]byte(": what happens from here on\n\n")) != nil {
		return nil // they have gone
	}
	if end, err := told(bus.Message{}, send); end || err != nil {
		return v.over(err)
	}
	beat := time.NewTicker(followBeat)
	defer beat.Stop()
	again := time.NewTicker(followAgain)
	defer again.Stop()
	for {
		select {
		case m := <-queue:
			if end, err := told(m, send); end || err != nil {
				return v.over(err)
			}
		case <-again.C:
			if end, err := told(bus.Message{}, send); end || err != nil {
				return v.over(err)
			}
		case <-beat.C:
			if !v.still() || write([]byte(": alive\n\n")) != nil {
				return nil
			}
		case <-over:
			if !v.still() {
				return nil
			}
		case <-full:
			return nil
		case <-v.Context().Done():
			return nil
		}
	}
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default: // it was told and has not looked yet
	}
}

// over ends a stream: what went wrong is for the log, half an answer is out.
func (v *Visit) over(err error) error {
	if err != nil && v.Context().Err() == nil {
		v.pages.log.Warn("a page is no longer followed", "path", v.r.URL.Path, "request", v.id, "err", err)
	}
	return nil
}

// still says whether the visitor's session is still good.
func (v *Visit) still() bool {
	cookie, err := v.r.Cookie(auth.SessionCookie)
	if err != nil {
		return false
	}
	_, err = v.pages.auth.Actor(context.WithoutCancel(v.Context()), auth.Credential{Session: cookie.Value})
	return !errors.Is(err, auth.ErrNoSession) && !errors.Is(err, auth.ErrBlocked)
}

// eventOf is a server-sent event (HTML Living Standard §9.2).
func eventOf(event string, text []byte) []byte {
	var b bytes.Buffer
	b.WriteString("event: " + event + "\n")
	for line := range bytes.SplitSeq(bytes.TrimRight(text, "\n"), []byte("\n")) {
		b.WriteString("data: ")
		b.Write(line)
		b.WriteByte('\n')
	}
	b.WriteByte('\n')
	return b.Bytes()
}
