package wire

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
)

// ErrNotLoopback refuses load to another machine.
var ErrNotLoopback = errors.New("load goes to loopback only: an address in 127.0.0.0/8, ::1 or localhost")

// Addr is a broker's address on this machine. Only Loopback makes one, so load cannot be aimed elsewhere.
type Addr struct{ at netip.AddrPort }

// String is host:port.
func (a Addr) String() string { return a.at.String() }

// Loopback reads mqtt://HOST:PORT, tcp://HOST:PORT or HOST:PORT; the port is 1883 where none is given.
func Loopback(url string) (Addr, error) {
	hostport := url
	if scheme, rest, found := strings.Cut(url, "://"); found {
		if scheme != "mqtt" && scheme != "tcp" {
			return Addr{}, fmt.Errorf("broker URL %q: scheme %q; the load generator speaks mqtt:// (plain TCP)", url, scheme)
		}
		hostport = strings.TrimSuffix(rest, "/")
	}
	host, port, err := net.SplitHostPort(hostport)
	if err != nil {
		host, port = strings.Trim(hostport, "[]"), "1883"
	}
	if host == "localhost" {
		host = "127.0.0.1"
	}
	at, err := netip.ParseAddrPort(net.JoinHostPort(host, port))
	if err != nil || !at.Addr().Unmap().IsLoopback() {
		return Addr{}, fmt.Errorf("broker URL %q: host %q: %w", url, host, ErrNotLoopback)
	}
	if at.Port() == 0 {
		return Addr{}, fmt.Errorf("broker URL %q: port %q is not a port of 1–65535", url, port)
	}
	return Addr{netip.AddrPortFrom(at.Addr().Unmap(), at.Port())}, nil
}

// sources is how many loopback addresses connections spread over: a port is taken per source address, so a hundred
// thousand connections need more than one.
const sources = 200

// source is the n-th local address to connect from; nil lets the system choose (IPv6 has one loopback address only).
func (a Addr) source(n int) net.Addr {
	if !a.at.Addr().Is4() {
		return nil
	}
	return &net.TCPAddr{IP: net.IPv4(127, 0, 0, byte(2+n%sources))}
}
