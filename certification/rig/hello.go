package rig

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
)

// maxHello bounds a ClientHello; the largest, with post-quantum key shares and many
// suites, are a few KiB.
const maxHello = 16 << 10

var errHello = errors.New("read the ClientHello")

// readHello reads the server name that a ClientHello asks for, and returns what it
// read of r: the bench that the connection goes to does the handshake itself.
func readHello(r *bufio.Reader) (name string, read []byte, err error) {
	var seen bytes.Buffer
	deaf := &deafConn{r: io.TeeReader(io.LimitReader(r, maxHello), &seen)}
	heard := false
	err = tls.Server(deaf, &tls.Config{
		MinVersion: tls.VersionTLS12,
		GetConfigForClient: func(h *tls.ClientHelloInfo) (*tls.Config, error) {
			name, heard = h.ServerName, true
			return nil, errHello
		},
	}).Handshake()
	if heard {
		return name, seen.Bytes(), nil
	}
	return "", nil, err
}

// label is the first label of a server name: the did of the run that is meant.
func label(name string) string {
	first, _, _ := strings.Cut(strings.ToLower(name), ".")
	return first
}

// deafConn lets crypto/tls read and keeps to itself what it would say.
type deafConn struct {
	net.Conn // nil: nothing else of it is used
	r        io.Reader
}

func (c *deafConn) Read(p []byte) (int, error)  { return c.r.Read(p) }
func (c *deafConn) Write(p []byte) (int, error) { return len(p), nil }
func (c *deafConn) Close() error                { return nil }
