package bench

import (
	"bufio"
	"crypto/x509"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"syscall"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/proofmark/proofmark/certification/suite/transcript"
)

// silence is how long a connection may stay without a CONNECT. CONN-01 judges long before.
const silence = time.Minute

// session is one connection as MQTT sees it. Everything but in and version is guarded by the bench's mu.
type session struct {
	b    *Bench
	conn int // its number
	link *link
	wire net.Conn // the link, or TLS over it, once that stands
	in   *bufio.Reader
	peer *x509.Certificate // of mutual TLS
	fake error             // why peer is not trusted

	version byte // of MQTT; 0 before CONNECT
	up      bool // CONNACK 0 has gone
	upSince time.Time
	over    bool
	alarms  []*time.Timer
	arming  int

	nextID    uint16
	flight    map[uint16]byte     // what an outgoing id waits for: PUBACK, PUBREC or PUBCOMP
	received  map[uint16]struct{} // QoS 2 ids between PUBLISH and PUBREL
	quota     int                 // how many more may be in flight, by the device's Receive Maximum
	pending   []packets.Packet    // wait for quota
	maxPacket int                 // the device's Maximum Packet Size; 0 is none
}

// newSession holds the bench's mu.
func newSession(b *Bench, conn int, raw net.Conn) *session {
	s := &session{
		b: b, conn: conn, quota: 65535,
		flight: map[uint16]byte{}, received: map[uint16]struct{}{},
	}
	s.link = newLink(raw, b.fault.shape(), rand.New(rand.NewPCG(b.cfg.Seed, uint64(conn))), b.lag.late)
	return s
}

// run serves the connection to its end.
func (s *session) run() {
	s.b.mu.Lock()
	first := s.at(time.Now().Add(silence), func() {
		if s.version == 0 && !s.b.fault.shape().hole {
			s.end("bench: no CONNECT within 60s", DropClose)
		}
	})
	s.b.mu.Unlock()
	defer first.Stop()
	if !s.secure() {
		return
	}
	for {
		f, err := readFrame(s.in, s.version)
		s.b.mu.Lock()
		switch {
		case s.over:
		case err != nil:
			s.failed(f, err)
		default:
			s.b.record(s.conn, transcript.In, f)
			s.receive(&f.packet)
		}
		over := s.over
		s.b.mu.Unlock()
		if over {
			return
		}
	}
}

// failed ends a connection on which no packet came.
func (s *session) failed(f frame, err error) {
	if errors.Is(err, errProtocol) {
		rest, _ := s.in.Peek(s.in.Buffered())
		s.bytes(transcript.In, append(f.raw, rest...))
		s.violated(err.Error())
		return
	}
	if len(f.raw) > 0 {
		s.bytes(transcript.In, f.raw)
		if errors.Is(err, io.ErrUnexpectedEOF) {
			s.end("device: closed in the middle of a packet", DropClose)
			return
		}
	}
	if alert := alertOf(err); alert != "" {
		s.tls(transcript.TLS{Error: err.Error(), Alert: alert})
	}
	s.end("device: "+reason(err), DropClose)
}

// reason says how a device ended its connection.
func reason(err error) string {
	switch alert := alertOf(err); {
	case alert != "":
		return "alert: " + alert
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "closed"
	case errors.Is(err, syscall.ECONNRESET):
		return "reset"
	}
	return err.Error()
}

// violated ends a connection on which MQTT was broken.
func (s *session) violated(why string) {
	if s.version == 5 && s.up {
		s.send(&packets.Packet{
			FixedHeader: packets.FixedHeader{Type: packets.Disconnect}, ReasonCode: packets.ErrProtocolViolation.Code,
		})
	}
	s.end("bench: "+why, DropClose)
}

// end ends the connection and records who did it and why, unless it has ended.
func (s *session) end(why, how string) {
	if s.over {
		return
	}
	s.over = true
	s.disarm()
	s.b.live = slices.DeleteFunc(s.b.live, func(other *session) bool { return other == s })
	if s.b.current == s {
		s.b.current = nil
	}
	s.b.cfg.Writer.Append(transcript.Record{Kind: transcript.KindClose, Conn: s.conn, Name: why})
	switch {
	case how == DropReset:
		s.link.Reset()
	case s.wire != nil:
		_ = s.wire.Close()
	default:
		_ = s.link.Close()
	}
}

// drop ends the connection in one of the ways of a Drop.
func (s *session) drop(d Drop, why string) {
	if d.How == DropDisconnect && s.up && s.version == 5 {
		code := d.Reason
		if code == 0 {
			code = packets.ErrServerShuttingDown.Code
		}
		s.send(&packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Disconnect}, ReasonCode: code})
	}
	if d.How == DropReset {
		why += " reset"
	}
	s.end("bench: "+why, d.How)
}

// bytes records what is no packet.
func (s *session) bytes(dir transcript.Direction, raw []byte) {
	s.b.cfg.Writer.Append(transcript.Record{Kind: transcript.KindBytes, Conn: s.conn, Dir: dir, Raw: raw})
}
