package wire

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"
)

// maxPacket bounds what a broker may make this client allocate.
const maxPacket = 1 << 20

// Conn is one MQTT connection. Its methods belong to one goroutine; Deadline and Close to any.
type Conn struct {
	net     net.Conn
	in      *bufio.Reader
	out     bytes.Buffer
	big     []byte         // for a packet that does not fit the read buffer
	pk      packets.Packet // the last one read
	version byte
}

// Dial opens a TCP connection from the n-th loopback source address, with a read buffer of so many bytes.
func Dial(ctx context.Context, to Addr, source, buffer int) (*Conn, error) {
	dialer := net.Dialer{LocalAddr: to.source(source), Timeout: 10 * time.Second}
	conn, err := dialer.DialContext(ctx, "tcp", to.String())
	if err != nil {
		return nil, fmt.Errorf("connecting to the broker at %s: %w", to, err)
	}
	return &Conn{net: conn, in: bufio.NewReaderSize(conn, buffer), version: 4}, nil
}

// Deadline ends reads and writes at that time; the zero time lifts it.
func (c *Conn) Deadline(t time.Time) { _ = c.net.SetDeadline(t) }

// Await tells whether a packet begins to arrive by that time. It consumes nothing, and leaves no deadline behind.
func (c *Conn) Await(until time.Time) (bool, error) {
	if c.Buffered() {
		return true, nil
	}
	_ = c.net.SetReadDeadline(until)
	_, err := c.in.Peek(1)
	_ = c.net.SetReadDeadline(time.Time{})
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return false, nil
	}
	return err == nil, err
}

// Close drops the connection at once, leaving no TIME_WAIT behind that would eat the next run's ports.
func (c *Conn) Close() error {
	if tcp, ok := c.net.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	return c.net.Close()
}

// Buffered tells whether more bytes are already here.
func (c *Conn) Buffered() bool { return c.in.Buffered() > 0 }

// Next reads one packet. It and what it points to are valid until the next call.
func (c *Conn) Next() (*packets.Packet, error) {
	first, err := c.in.ReadByte()
	if err != nil {
		return nil, err
	}
	c.pk = packets.Packet{ProtocolVersion: c.version}
	if err := c.pk.FixedHeader.Decode(first); err != nil {
		return nil, fmt.Errorf("the broker sent a first byte 0x%02x: %w", first, err)
	}
	size, _, err := packets.DecodeLength(c.in)
	if err != nil {
		return nil, err
	}
	c.pk.FixedHeader.Remaining = size
	body, err := c.body(size)
	if err != nil {
		return nil, err
	}
	if err := decode(&c.pk, body); err != nil {
		return nil, fmt.Errorf("the broker sent a bad %s of %d bytes: %w", packets.PacketNames[c.pk.FixedHeader.Type], size, err)
	}
	return &c.pk, nil
}

// body is the packet's rest, in place where the read buffer holds it.
func (c *Conn) body(size int) ([]byte, error) {
	if size <= c.in.Size() {
		body, err := c.in.Peek(size)
		if err != nil {
			return nil, err
		}
		_, err = c.in.Discard(size)
		return body, err
	}
	if size > maxPacket {
		return nil, fmt.Errorf("the broker sent a packet of %d bytes; this client takes at most %d", size, maxPacket)
	}
	if cap(c.big) < size {
		c.big = make([]byte, size)
	}
	_, err := io.ReadFull(c.in, c.big[:size])
	return c.big[:size], err
}

func decode(pk *packets.Packet, body []byte) error {
	switch pk.FixedHeader.Type {
	case packets.Connack:
		return pk.ConnackDecode(body)
	case packets.Publish:
		return pk.PublishDecode(body)
	case packets.Puback:
		return pk.PubackDecode(body)
	case packets.Suback:
		return pk.SubackDecode(body)
	case packets.Disconnect:
		return pk.DisconnectDecode(body)
	case packets.Pingresp:
		return nil
	}
	return fmt.Errorf("a packet of type %d is nothing a broker says to this client", pk.FixedHeader.Type)
}
