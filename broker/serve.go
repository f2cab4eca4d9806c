package broker

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/proofmark/proofmark/registry"
)

// errRejected makes the reader return, mochi's or ours; the ending has been noted by then.
var errRejected = packets.ErrRejectPacket

// serveOn takes a connection in: handshakes, CONNECT, login. The session gets a
// goroutine of its own, since the stack of this one has grown on the way; after is
// called when the connection is gone.
func (b *Broker) serveOn(raw net.Conn, l *listener, after func()) {
	b.stats.accepted.Add(1)
	c := b.newClient(raw)
	if !b.enter(c) {
		_ = raw.Close()
		after()
		return
	}
	c.tap.state(Opened)
	err := c.establish(l)
	if !errors.Is(err, errShownOut) {
		c.end(err)
		after()
		return
	}
	go func() {
		defer after()
		c.begin()
		c.end(c.readOn())
	}()
}

// establish runs the handshakes and has mochi take the CONNECT.
func (c *client) establish(l *listener) error {
	// mochi has no deadline for the first packet.
	c.deadline = time.Now().Add(c.broker.options.ConnectTimeout)
	_ = c.conn.SetReadDeadline(c.deadline)
	name := ""
	if l != nil {
		name = l.options.Name
		if l.options.TLS != nil {
			if err := c.handshake(l.options.TLS); err != nil {
				return err
			}
		}
	}
	d := &door{client: c}
	err := c.broker.server.EstablishConnection(name, d)
	// When it cannot write the CONNACK, mochi leaves the client in its map for good.
	if known, ok := c.broker.server.Clients.Get(c.id); ok && known == d.guest {
		c.broker.server.Clients.Delete(c.id)
	}
	return err
}

// end is the one way out of every connection.
func (c *client) end(err error) {
	e, ended := c.endedBy()
	if !ended {
		e = c.stop(c.judge(err))
	}
	c.note(e)
	c.retire(e)
	c.goodbye(e)
	c.tap.state(Closed)
	c.broker.leave(c)
}

func (c *client) handshake(config *tls.Config) error {
	t := tls.Server(c.wire, config)
	c.mu.Lock()
	c.conn = t
	c.mu.Unlock()
	if err := t.HandshakeContext(c.ctx); err != nil {
		return c.refuseSilently(RuleTLS, err.Error())
	}
	return nil
}

// judge turns the error with which mochi's reader ended into an ending.
func (c *client) judge(err error) ending {
	var code packets.Code
	switch {
	case err == nil: // a DISCONNECT
		return endingFor(registry.ReasonClosed)
	case !c.begun && c.late(err):
		return broke(RuleConnectTimeout, packets.CodeSuccess, "no CONNECT in time")
	case c.late(err):
		return endingFor(registry.ReasonKeepAlive)
	case errors.Is(err, errTooSlow):
		return writeEnding(errTooSlow)
	case errors.As(err, &code):
		rule := RuleMalformed
		if code == packets.ErrPacketTooLarge {
			rule = RulePacketSize
		}
		return broke(rule, code, code.Reason)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed), isNetError(err):
		return endingFor(registry.ReasonLost)
	}
	if !c.begun { // not a broker's client: a port scan, HTTP, …
		return endingFor(registry.ReasonLost)
	}
	return broke(RuleMalformed, packets.ErrMalformedPacket, err.Error())
}

func isNetError(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) || errors.Is(err, io.ErrClosedPipe) || errors.Is(err, context.Canceled)
}

func (c *client) late(err error) bool {
	if isTimeout(err) {
		return true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.deadline.IsZero() && !time.Now().Before(c.deadline)
}

// retire takes the session out of everything that knows it. The next session of
// the same id waits for it, so nothing here may wait for the peer.
func (c *client) retire(e ending) {
	c.flow.close()
	switch {
	case !c.begun:
	case c.device != nil:
		c.device.session.Detach(e.reason)
		c.broker.stats.devices.Add(-1)
	default:
		c.broker.watch.forget(c)
		c.broker.hubs.leave(c)
		if t := c.app.Load().expiry; t != nil {
			t.Stop()
		}
		c.broker.stats.apps.Add(-1)
	}
	if c.version == 5 && e.code >= packets.ErrUnspecifiedError.Code && c.begun {
		_, _ = c.Write(c.encode(&packets.Packet{
			FixedHeader: packets.FixedHeader{Type: packets.Disconnect},
			ReasonCode:  e.code, Properties: packets.Properties{ReasonString: e.text},
		}))
	} else {
		c.visit() // what was posted, such as acknowledgements, still goes out
	}
	c.broker.gate.leave(c)
}

// goodbye closes the connection so that its last packets arrive: a socket closed
// with bytes unread is reset, and the peer would never see them.
func (c *client) goodbye(e ending) {
	defer func() { _ = c.conn.Close() }()
	silent := e.reason == registry.ReasonLost || e.reason == registry.ReasonKeepAlive
	if silent && (c.version < 5 || e.code == 0) {
		return // nobody is there, or has anything to be told
	}
	if t, ok := c.conn.(*tls.Conn); ok {
		_ = t.CloseWrite()
	}
	<-c.wire.shutdown()
	half, ok := c.wire.Conn.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil {
		return
	}
	_ = c.wire.Conn.SetReadDeadline(time.Now().Add(time.Second))
	_, _ = io.Copy(io.Discard, io.LimitReader(c.wire.Conn, 1<<20))
}

// note counts and logs how a connection ended.
func (c *client) note(e ending) {
	if e.rule == RuleNone {
		if c.begun {
			c.broker.log.Info("session ended", "client", c.id, "conn", c.number, "reason", e.reason, "why", e.text)
		}
		return
	}
	c.broker.stats.refused[e.rule].Add(1)
	level := slog.LevelWarn
	if !c.begun {
		level = slog.LevelInfo // whoever it is, it did not get in
	}
	c.broker.log.Log(context.Background(), level, "refused", "client", c.id, "conn", c.number,
		"remote", c.wire.RemoteAddr(), "rule", e.rule.String(), "why", e.text)
}

// refuse ends the connection for a broken rule.
func (c *client) refuse(rule Rule, code packets.Code, format string, args ...any) error {
	c.stop(broke(rule, code, fmt.Sprintf(format, args...)))
	return errRejected
}

// refuseSilently ends a connection that could not understand an answer.
func (c *client) refuseSilently(rule Rule, why string) error {
	c.stop(broke(rule, packets.CodeSuccess, why))
	return errRejected
}
