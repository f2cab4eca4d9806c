package broker

import (
	"context"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
)

// WebSocket serves MQTT over WebSocket (MQTT 5 §6), to be mounted at /mqtt. The
// HTTP server keeps its connections as they are; from the upgrade on, ours is on
// top of them and never blocks on a write.
func (b *Broker) WebSocket() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{
			Subprotocols:       []string{"mqtt"},
			InsecureSkipVerify: true, // any origin: the password is in CONNECT, no cookie is looked at
			CompressionMode:    websocket.CompressionDisabled,
		})
		if err != nil {
			b.log.Info("websocket refused", "remote", r.RemoteAddr, "error", err)
			return
		}
		if ws.Subprotocol() != "mqtt" { // [MQTT-6.0.0-3]
			_ = ws.Close(websocket.StatusPolicyViolation, "subprotocol mqtt is required")
			return
		}
		b.serveOn(newWSConn(ws, r.RemoteAddr), nil, func() {})
	})
}

// wsConn makes a net.Conn of a websocket. The library's own closes the connection
// when a read deadline passes, and then the last DISCONNECT could not be sent; so
// a goroutine feeds a pipe, which has deadlines that only end the read.
type wsConn struct {
	net.Conn // the reading end of the pipe
	ws       *websocket.Conn
	remote   wsAddr
	deadline atomic.Int64 // of writes, Unix nanoseconds
	cancel   context.CancelFunc
}

type wsAddr string

func (a wsAddr) Network() string { return "websocket" }
func (a wsAddr) String() string  { return string(a) }

func newWSConn(ws *websocket.Conn, remote string) *wsConn {
	ws.SetReadLimit(-1) // MQTT packets need not be aligned on frames; mochi bounds the packets
	near, far := net.Pipe()
	ctx, cancel := context.WithCancel(context.Background())
	c := &wsConn{Conn: near, ws: ws, remote: wsAddr(remote), cancel: cancel}
	go c.feed(ctx, far)
	return c
}

func (c *wsConn) feed(ctx context.Context, pipe net.Conn) {
	defer func() { _ = pipe.Close() }()
	for {
		kind, r, err := c.ws.Reader(ctx)
		if err != nil {
			return
		}
		if kind != websocket.MessageBinary { // [MQTT-6.0.0-1]
			_ = c.ws.Close(websocket.StatusUnsupportedData, "MQTT packets are binary")
			return
		}
		if _, err := io.Copy(pipe, r); err != nil {
			return
		}
	}
}

// Write implements net.Conn.
func (c *wsConn) Write(p []byte) (int, error) {
	ctx := context.Background()
	if at := c.deadline.Load(); at != 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, time.Unix(0, at))
		defer cancel()
	}
	if err := c.ws.Write(ctx, websocket.MessageBinary, p); err != nil {
		if ctx.Err() != nil {
			err = ctx.Err() // a timeout, as a net.Conn would call it
		}
		return 0, err
	}
	return len(p), nil
}

// SetWriteDeadline implements net.Conn, for writes that have not begun.
func (c *wsConn) SetWriteDeadline(t time.Time) error {
	if t.IsZero() {
		c.deadline.Store(0)
	} else {
		c.deadline.Store(t.UnixNano())
	}
	return nil
}

// RemoteAddr implements net.Conn.
func (c *wsConn) RemoteAddr() net.Addr { return c.remote }

// Close implements net.Conn. The closing handshake waits at most a few seconds for
// the peer; by then the session has been retired.
func (c *wsConn) Close() error {
	defer c.cancel()
	_ = c.Conn.Close()
	return c.ws.Close(websocket.StatusNormalClosure, "")
}
