package broker

import (
	"net"
	"net/netip"
	"time"
)

// peers limits how fast each remote address opens connections. It belongs to one
// accept loop, so it needs no lock.
type peers struct {
	options ListenerOptions
	buckets map[netip.Addr]*bucket
	swept   time.Time
}

func (p *peers) open(o ListenerOptions) {
	p.options = o
	p.buckets = make(map[netip.Addr]*bucket)
}

func (p *peers) allow(remote net.Addr, now time.Time) bool {
	if p.options.ConnectRate <= 0 {
		return true
	}
	tcp, ok := remote.(*net.TCPAddr)
	if !ok {
		return true
	}
	addr := tcp.AddrPort().Addr().Unmap().WithZone("")
	if addr.IsLoopback() && !p.options.LimitLoopback {
		return true
	}
	if addr.Is6() { // a household has a whole /64
		prefix, _ := addr.Prefix(64)
		addr = prefix.Addr()
	}
	p.sweep(now)
	b := p.buckets[addr]
	if b == nil {
		b = new(bucket)
		b.fill(p.options.ConnectRate, p.options.ConnectBurst)
		p.buckets[addr] = b
	}
	if b.take(now) > 0 {
		b.tokens++ // a refused one costs nothing: the limit is a rate, not a ban
		return false
	}
	return true
}

// sweep forgets addresses whose bucket is full again, at most once a minute.
func (p *peers) sweep(now time.Time) {
	if now.Sub(p.swept) < time.Minute {
		return
	}
	p.swept = now
	for addr, b := range p.buckets {
		if now.Sub(b.last).Seconds()*b.rate+b.tokens >= b.burst {
			delete(p.buckets, addr)
		}
	}
}
