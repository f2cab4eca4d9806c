package broker

import (
	"errors"
	"net"
	"time"

	mqtt "github.com/mochi-mqtt/server/v2"
)

// door is the connection as mochi sees it: one over which a CONNECT comes and then
// nothing more. mochi reads and checks it, asks our hook who it is, and answers.
// Then it is shown out, and the session goes on without it.
//
// It was tried to let mochi read on. Its two goroutines need 20 KiB of stack for
// an idle client, since packets of 800 bytes are passed by value through ten
// calls; ours needs 4.
type door struct {
	client *client
	guest  *mqtt.Client // what mochi calls it
	head   []byte       // of the CONNECT, until its length is known
	left   int          // bytes of it that mochi has not read
}

// errShownOut is what mochi's reader gets after the CONNECT, and gives back to us.
var errShownOut = errors.New("session taken over from mochi")

// Read gives the bytes of the first packet and not one of the next: mochi's buffer
// is thrown away with it.
func (d *door) Read(p []byte) (int, error) {
	size, err := packetSize(d.head)
	if err != nil {
		return 0, err
	}
	if size == 0 {
		b, err := d.client.in.ReadByte()
		if err != nil {
			return 0, err
		}
		p[0] = b
		d.head = append(d.head, b)
		if size, _ := packetSize(d.head); size > 0 {
			d.left = size - len(d.head)
		}
		return 1, nil
	}
	if d.left == 0 {
		return 0, errShownOut
	}
	n, err := d.client.in.Read(p[:min(len(p), d.left)])
	d.left -= n
	return n, err
}

// Write takes the CONNACK.
func (d *door) Write(p []byte) (int, error) { return d.client.Write(p) }

// Close does nothing: mochi closes what it leaves, and we go on with it.
func (d *door) Close() error { return nil }

// LocalAddr implements net.Conn.
func (d *door) LocalAddr() net.Addr { return d.client.wire.LocalAddr() }

// RemoteAddr implements net.Conn.
func (d *door) RemoteAddr() net.Addr { return d.client.wire.RemoteAddr() }

// SetDeadline does nothing: the one for the whole of CONNECT stands.
func (d *door) SetDeadline(time.Time) error { return nil }

// SetReadDeadline implements net.Conn, as SetDeadline.
func (d *door) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline implements net.Conn, as SetDeadline.
func (d *door) SetWriteDeadline(time.Time) error { return nil }
