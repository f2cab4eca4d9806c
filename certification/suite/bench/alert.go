package bench

import (
	"bufio"
	"crypto/tls"
	"encoding/binary"
	"net"
	"strings"
)

// A client that refuses a certificate under TLS 1.3 may send its alert in the
// clear: OpenSSL, and so most devices, change the key they write with only after
// the server's Finished (RFC 8446 appendix D.4 bears with it). Go's server then
// only sees a record that it cannot decrypt. So what the device sends during a
// handshake is kept, and looked through for such an alert.

// listened is a connection of which something was looked at, and that keeps what
// is read until the handshake is over.
type listened struct {
	net.Conn
	in   *bufio.Reader
	kept []byte
	done bool
}

// keptBytes is enough for a ClientHello and a certificate before the alert.
const keptBytes = 64 << 10

func (l *listened) Read(b []byte) (int, error) {
	n, err := l.in.Read(b)
	if !l.done && len(l.kept) < keptBytes {
		l.kept = append(l.kept, b[:n]...)
	}
	return n, err
}

// alertInClear is the alert that the kept records hold, or nothing.
func (l *listened) alertInClear() string {
	const alert, head = 0x15, 5
	for b := l.kept; len(b) >= head; {
		n := int(binary.BigEndian.Uint16(b[3:head]))
		if len(b) < head+n {
			break
		}
		if b[0] == alert && n == 2 { // an encrypted one is longer
			return strings.TrimPrefix(tls.AlertError(b[head+1]).Error(), "tls: ")
		}
		b = b[head+n:]
	}
	return ""
}
