package rig

import (
	"bufio"
	"encoding/binary"
	"errors"
)

// maxConnect bounds what is looked at of a CONNECT to learn whose it is. Only a
// will beyond that stands between a client id that nobody knows and its user name.
const maxConnect = 8 << 10

var errNoConnect = errors.New("no MQTT CONNECT")

// connect is what routing needs of a CONNECT.
type connect struct {
	version  byte // of the protocol: 4 is 3.1.1, 5 is 5.0
	clientID string
	username string // empty unless it had to be looked for
}

// peekConnect reads who connects (MQTT 3.1.1 and 5.0 §3.1) without taking a byte
// from r. It waits for no more than it needs: known says whether a client id is
// enough.
func peekConnect(r *bufio.Reader, known func(clientID string) bool) (connect, error) {
	p := &peeker{r: r, end: maxConnect}
	var c connect
	if p.bytes(1)[0]>>4 != 1 {
		return c, errNoConnect
	}
	if n := p.varint(); p.err == nil {
		p.end = min(p.at+n, maxConnect)
	}
	if name := p.text(); name != "MQTT" && name != "MQIsdp" {
		return c, errors.Join(errNoConnect, p.err)
	}
	c.version = p.bytes(1)[0]
	flags := p.bytes(1)[0]
	p.bytes(2) // keep-alive
	properties := func() {
		if c.version == 5 {
			p.bytes(p.varint())
		}
	}
	properties()
	if c.clientID = p.text(); p.err != nil || known(c.clientID) {
		return c, p.err
	}
	const will, username = 0x04, 0x80
	if flags&will != 0 {
		properties()
		p.text() // topic
		p.text() // payload
	}
	if flags&username != 0 {
		c.username = p.text()
	}
	return c, p.err
}

// peeker looks at the bytes of a stream one field after the other. After its first
// error every field is empty.
type peeker struct {
	r   *bufio.Reader
	at  int
	end int
	err error
}

func (p *peeker) bytes(n int) []byte {
	none := make([]byte, min(n, 2))
	if p.err != nil {
		return none
	}
	if n > p.end-p.at {
		p.err = errNoConnect
		return none
	}
	b, err := p.r.Peek(p.at + n)
	if err != nil {
		p.err = err
		return none
	}
	p.at += n
	return b[p.at-n:]
}

// varint is a variable byte integer of up to four bytes (MQTT 5.0 §1.5.5).
func (p *peeker) varint() (n int) {
	for shift := 0; shift < 28; shift += 7 {
		b := p.bytes(1)[0]
		n |= int(b&0x7f) << shift
		if b < 0x80 {
			return n
		}
	}
	if p.err == nil {
		p.err = errNoConnect
	}
	return 0
}

func (p *peeker) text() string {
	b := p.bytes(int(binary.BigEndian.Uint16(p.bytes(2))))
	if p.err != nil {
		return ""
	}
	return string(b)
}
