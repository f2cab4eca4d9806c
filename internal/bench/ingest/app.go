package ingest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/proofmark/proofmark/internal/bench/target"
	"github.com/proofmark/proofmark/internal/bench/wire"
)

const (
	appBuffer     = 64 << 10
	filtersAtOnce = 50              // per SUBSCRIBE
	appPatience   = 2 * time.Second // how long after its last message an app is waited for
	appDrain      = 5 * time.Second // and how long at most
)

// app is the one client that hears all devices at QoS 1. It speaks MQTT 5, where a broker that disconnects gives a reason.
type app struct {
	conn    *wire.Conn
	pause   time.Duration
	got     atomic.Int64 // messages, repeats not counted
	counted int64        // of them within the span
	repeats int64        // flagged DUP
	ended   error        // why the connection ended before it was told to
	behind  bool         // it was still receiving when the waiting ended
	done    chan struct{}
}

func listen(ctx context.Context, t *target.Target, pause time.Duration) (*app, error) {
	conn, err := wire.Dial(ctx, t.Addr, 1<<16, appBuffer)
	if err != nil {
		return nil, err
	}
	a := &app{conn: conn, pause: pause, done: make(chan struct{})}
	login := t.App.Login
	login.Version = 5
	conn.Deadline(time.Now().Add(10 * time.Second))
	if err := a.subscribe(login, t.App.Filters); err != nil {
		conn.Close()
		return nil, fmt.Errorf("the app: %w", err)
	}
	conn.Deadline(time.Time{})
	return a, nil
}

func (a *app) subscribe(login wire.Login, filters []string) error {
	if err := a.conn.Login(login); err != nil {
		return err
	}
	for from := 0; from < len(filters); from += filtersAtOnce {
		some := filters[from:min(from+filtersAtOnce, len(filters))]
		if err := a.conn.Subscribe(uint16(1+from/filtersAtOnce), nil, some...); err != nil {
			return err
		}
	}
	return nil
}

// run acknowledges what comes until the connection ends.
func (a *app) run(s span) {
	defer close(a.done)
	for {
		pk, err := a.conn.Next()
		if err != nil {
			err = fmt.Errorf("the connection ended without DISCONNECT: %w", err)
		} else {
			err = a.take(pk, s)
		}
		if err == nil && !a.conn.Buffered() {
			err = a.conn.Flush()
		}
		if err != nil {
			a.ended = err
			return
		}
	}
}

func (a *app) take(pk *packets.Packet, s span) error {
	switch pk.FixedHeader.Type {
	case packets.Disconnect:
		return fmt.Errorf("disconnected by the broker: reason code 0x%02x %s", pk.ReasonCode, pk.Properties.ReasonString)
	case packets.Publish:
	default:
		return nil
	}
	if pk.FixedHeader.Dup {
		a.repeats++
	} else {
		a.got.Add(1)
		if now := time.Now(); !now.Before(s.begin) && now.Before(s.end) {
			a.counted++
		}
	}
	if a.pause > 0 {
		time.Sleep(a.pause)
	}
	if pk.FixedHeader.Qos == 0 {
		return nil
	}
	return a.conn.Ack(pk.PacketID)
}

// finish waits for what is still on its way, ends the app and says why it had ended by itself, if it had.
func (a *app) finish(ctx context.Context, expected int64) (reason string) {
	last, since, began := int64(-1), time.Now(), time.Now()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for waiting := true; waiting; {
		select {
		case <-a.done:
			return a.ended.Error()
		case <-ctx.Done():
			waiting = false
		case now := <-ticker.C:
			if got := a.got.Load(); got != last {
				last, since = got, now
			}
			waiting = last < expected && now.Sub(since) < appPatience && now.Sub(began) < appDrain
			a.behind = last < expected && now.Sub(since) < appPatience
		}
	}
	a.conn.Deadline(time.Now())
	<-a.done
	a.conn.Close()
	if !errors.Is(a.ended, os.ErrDeadlineExceeded) {
		return a.ended.Error()
	}
	return ""
}
