package bench

import (
	"slices"
	"strconv"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"
)

// CONNACK codes in the words of MQTT 3.1.1; connackCode translates.
const (
	badVersion     = 1
	badID          = 2
	badCredentials = 4
	notAuthorized  = 5
)

// connect answers a CONNECT.
func (s *session) connect(p *packets.Packet) {
	if s.version != 0 {
		s.violated("protocol error: a second CONNECT")
		return
	}
	b := s.b
	s.version = p.ProtocolVersion
	code := byte(badVersion)
	if p.ProtocolVersion == 4 || p.ProtocolVersion == 5 {
		if bad := p.ConnectValidate(); bad != packets.CodeSuccess {
			s.violated("protocol error: CONNECT: " + bad.Reason)
			return
		}
		code = s.login(p)
	}
	if b.fault.WithholdConnack || b.fault.Mute {
		return
	}
	if b.fault.ConnackCode != 0 {
		code = b.fault.ConnackCode
		if b.fault.ConnackOnce {
			b.fault.ConnackCode = 0
		}
	}
	answer := &packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Connack}, ReasonCode: connackCode(code, s.version)}
	if code != 0 {
		s.send(answer)
		s.end("bench: refused", DropClose)
		return
	}
	for _, other := range slices.Clone(b.live) {
		if other != s && other.up {
			other.displace("connection " + strconv.Itoa(s.conn))
		}
	}
	s.limits(p, answer)
	s.up, s.upSince, b.current = true, time.Now(), s
	s.send(answer)
	s.arm()
}

// login judges who wants to connect.
func (s *session) login(p *packets.Packet) (code byte) {
	b, c := s.b, &p.Connect
	if c.ClientIdentifier != b.cfg.DID {
		return badID
	}
	if b.cfg.Transport == MTLS {
		if s.peer == nil || s.fake != nil || s.peer.Subject.CommonName != b.cfg.DID {
			return notAuthorized
		}
		if !c.UsernameFlag && !c.PasswordFlag {
			return 0
		}
	}
	// The password is looked up by the name that the transcript knows it by.
	if _, ok := b.cfg.Secrets[b.passwords[string(c.Password)]]; !ok || !c.PasswordFlag || string(c.Username) != b.cfg.DID {
		return badCredentials
	}
	return 0
}

// limits takes the device's and tells it the bench's, which only MQTT 5.0 knows.
func (s *session) limits(connect, connack *packets.Packet) {
	if s.version != 5 {
		return
	}
	if n := connect.Properties.ReceiveMaximum; n > 0 {
		s.quota = int(n)
	}
	s.maxPacket = int(connect.Properties.MaximumPacketSize)
	f := &s.b.fault
	connack.Properties = packets.Properties{
		SessionExpiryIntervalFlag: true, // 0: no session outlives its connection
		ServerKeepAlive:           f.ServerKeepAlive,
		ServerKeepAliveFlag:       f.ServerKeepAlive > 0,
		ReceiveMaximum:            f.ReceiveMaximum,
		MaximumPacketSize:         f.MaximumPacketSize,
	}
}
