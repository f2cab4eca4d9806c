package device

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"
	"github.com/proofmark/proofmark/internal/bench/wire"
)

// Identity is who a bench device is.
type Identity struct {
	DID      string
	Username string // none when empty
	Password string
	Model    string // what miIO.info tells
}

// Keepalive is what bench devices ask for, in seconds: the longest that the gateway grants.
const Keepalive = 300

// Packet ids from firstAnswer on are the session's own; those below are the caller's reports.
const firstAnswer = 0x8000

// handshake bounds connecting, logging in and subscribing.
const handshake = 20 * time.Second

// Session is one connection of a device.
type Session struct {
	*wire.Conn
	Identity
	Refused      int64  // messages on down/error
	FirstRefusal string // the first of them
	response     string // topic
	answers      uint16
}

// Open connects from the n-th source address, logs in and subscribes.
func Open(ctx context.Context, to wire.Addr, who Identity, n, buffer int) (*Session, error) {
	conn, err := wire.Dial(ctx, to, n, buffer)
	if err != nil {
		return nil, err
	}
	conn.Deadline(time.Now().Add(handshake))
	s := &Session{Conn: conn, Identity: who, response: "device/" + who.DID + "/up/response"}
	err = conn.Login(wire.Login{ClientID: who.DID, Username: who.Username, Password: who.Password, Keepalive: Keepalive})
	if err == nil {
		err = conn.Subscribe(firstAnswer, s.hear, "device/"+who.DID+"/down/#")
	}
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("device %s: %w", who.DID, err)
	}
	conn.Deadline(time.Time{})
	return s, nil
}

// Next reads one packet, hears it, and returns the id of a report that it acknowledged, or 0 when it was anything else.
// Answers are queued, not flushed.
func (s *Session) Next() (acked uint16, err error) {
	pk, err := s.Conn.Next()
	if err != nil {
		return 0, err
	}
	if pk.FixedHeader.Type == packets.Puback && pk.PacketID < firstAnswer {
		return pk.PacketID, nil
	}
	return 0, s.hear(pk)
}

func (s *Session) hear(pk *packets.Packet) error {
	if pk.FixedHeader.Type != packets.Publish {
		return nil
	}
	if pk.FixedHeader.Qos > 0 {
		if err := s.Ack(pk.PacketID); err != nil {
			return err
		}
	}
	switch {
	case pk.FixedHeader.Retain: // never a request (protocol §4)
		return nil
	case strings.HasSuffix(pk.TopicName, "/down/error"):
		if s.Refused++; s.FirstRefusal == "" {
			s.FirstRefusal = string(pk.Payload)
		}
		return nil
	case strings.HasSuffix(pk.TopicName, "/down/request"):
		return s.answer(pk.Payload)
	}
	return nil
}

func (s *Session) answer(request []byte) error {
	response, ok := answer(request, s.Model)
	if !ok {
		return nil
	}
	id := firstAnswer + 1 + s.answers%0x7000
	s.answers++
	return s.Publish(id, s.response, response.Payload())
}
