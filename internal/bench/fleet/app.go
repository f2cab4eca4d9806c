package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/proofmark/proofmark/internal/bench/report"
	"github.com/proofmark/proofmark/internal/bench/target"
	"github.com/proofmark/proofmark/internal/bench/wire"
)

const (
	filtersAtOnce = 50              // per SUBSCRIBE
	appQuiet      = 2 * time.Second // without a message: then nothing more comes
	appWait       = 5 * time.Second // at most
)

// heard is one value as an app got it.
type heard struct {
	SIID, PIID int
	Value      json.RawMessage
}

// app is a home's app, which keeps all that it hears.
type app struct {
	conn  *wire.Conn
	of    map[string][]heard // by did
	got   atomic.Int64
	ended error
	done  chan struct{}
}

func listen(ctx context.Context, t *target.Target, h *home, n int) (*app, error) {
	conn, err := wire.Dial(ctx, t.Addr, n, 16<<10)
	if err != nil {
		return nil, err
	}
	a := &app{conn: conn, of: make(map[string][]heard), done: make(chan struct{})}
	conn.Deadline(time.Now().Add(20 * time.Second))
	filters := make([]string, len(h.members))
	for i, m := range h.members {
		filters[i] = report.Topic(m.DID) + "/#"
	}
	err = conn.Login(h.login)
	for from := 0; from < len(filters) && err == nil; from += filtersAtOnce {
		err = conn.Subscribe(uint16(1+from/filtersAtOnce), nil, filters[from:min(from+filtersAtOnce, len(filters))]...)
	}
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("app %s: %w", h.login.ClientID, err)
	}
	conn.Deadline(time.Time{})
	return a, nil
}

// run hears until the connection ends.
func (a *app) run() {
	defer close(a.done)
	for {
		pk, err := a.conn.Next()
		if err == nil && pk.FixedHeader.Type == packets.Disconnect {
			err = fmt.Errorf("disconnected by the gateway: reason code 0x%02x %s", pk.ReasonCode, pk.Properties.ReasonString)
		}
		if err == nil && pk.FixedHeader.Type == packets.Publish {
			err = a.take(pk)
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

func (a *app) take(pk *packets.Packet) error {
	var m struct {
		Params struct {
			DID   string          `json:"did"`
			SIID  int             `json:"siid"`
			PIID  int             `json:"piid"`
			Value json.RawMessage `json:"value"`
		} `json:"params"`
	}
	if err := json.Unmarshal(pk.Payload, &m); err != nil {
		return fmt.Errorf("message on %s: %w", pk.TopicName, err)
	}
	if !strings.HasPrefix(pk.TopicName, report.Topic(m.Params.DID)+"/") {
		return fmt.Errorf("topic %s carries a value of %s", pk.TopicName, m.Params.DID)
	}
	a.of[m.Params.DID] = append(a.of[m.Params.DID], heard{m.Params.SIID, m.Params.PIID, m.Params.Value})
	a.got.Add(1)
	if pk.FixedHeader.Qos == 0 {
		return nil
	}
	return a.conn.Ack(pk.PacketID)
}

// finish waits for what is still on its way, and ends the app.
func (a *app) finish(ctx context.Context, expected int64) error {
	last, since, began := int64(-1), time.Now(), time.Now()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for waiting := true; waiting; {
		select {
		case <-a.done:
			return a.ended
		case <-ctx.Done():
			waiting = false
		case now := <-ticker.C:
			if got := a.got.Load(); got != last {
				last, since = got, now
			}
			waiting = last < expected && now.Sub(since) < appQuiet && now.Sub(began) < appWait
		}
	}
	a.conn.Deadline(time.Now())
	<-a.done
	a.conn.Close()
	if errors.Is(a.ended, os.ErrDeadlineExceeded) {
		return nil
	}
	return a.ended
}
