package bench

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/mochi-mqtt/server/v2/packets"
)

// maxIncoming bounds what a device can make the bench hold; the longest lawful report is a small part of it.
const maxIncoming = 1 << 20

var errProtocol = errors.New("protocol error")

// frame is one packet with its bytes.
type frame struct {
	packet packets.Packet
	raw    []byte
}

// readFrame reads one packet; version is 0 before CONNECT. When the error is errProtocol, or the stream ends within the packet, raw is what was read of it.
func readFrame(r *bufio.Reader, version byte) (frame, error) {
	first, err := r.ReadByte()
	if err != nil {
		return frame{}, err
	}
	f := frame{raw: []byte{first}}
	f.packet.ProtocolVersion = version
	// Judged before the length is believed: what is no MQTT would be waited for.
	if err := f.packet.FixedHeader.Decode(first); err != nil {
		return f, fmt.Errorf("%w: %w", errProtocol, err)
	}
	if kind := f.packet.FixedHeader.Type; version == 0 && kind != packets.Connect {
		return f, fmt.Errorf("%w: %s before CONNECT", errProtocol, name(kind))
	}
	length, size, err := packets.DecodeLength(&tee{r, &f.raw})
	if err != nil {
		return f, midway(err)
	}
	if size > 4 || length > maxIncoming {
		return f, fmt.Errorf("%w: remaining length of %d in %d bytes, at most %d in 4 are taken", errProtocol, length, size, maxIncoming)
	}
	head := len(f.raw)
	f.raw = append(f.raw, make([]byte, length)...)
	n, err := io.ReadFull(r, f.raw[head:])
	if err != nil {
		f.raw = f.raw[:head+n]
		return f, midway(err)
	}
	f.packet.FixedHeader.Remaining = length
	// The decoder hands out parts of what it is given, which the transcript must not share.
	if err := decode(&f.packet, bytes.Clone(f.raw[head:])); err != nil {
		return f, fmt.Errorf("%w: %s: %w", errProtocol, name(f.packet.FixedHeader.Type), err)
	}
	return f, nil
}

// midway keeps the end of a stream within a packet apart from its regular end.
func midway(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	if errors.As(err, new(packets.Code)) {
		return fmt.Errorf("%w: %w", errProtocol, err)
	}
	return err
}

// tee keeps what is read byte by byte.
type tee struct {
	r    *bufio.Reader
	kept *[]byte
}

func (t *tee) ReadByte() (byte, error) {
	b, err := t.r.ReadByte()
	if err == nil {
		*t.kept = append(*t.kept, b)
	}
	return b, err
}

// decode decodes what a client may send. The decoder of the library panics on a SUBSCRIBE that ends before its options.
func decode(p *packets.Packet, body []byte) (err error) {
	defer func() {
		if broken := recover(); broken != nil {
			err = fmt.Errorf("cut short: %v", broken)
		}
	}()
	switch p.FixedHeader.Type {
	case packets.Connect:
		err = p.ConnectDecode(body)
	case packets.Publish:
		err = p.PublishDecode(body)
	case packets.Puback:
		err = p.PubackDecode(body)
	case packets.Pubrec:
		err = p.PubrecDecode(body)
	case packets.Pubrel:
		err = p.PubrelDecode(body)
	case packets.Pubcomp:
		err = p.PubcompDecode(body)
	case packets.Subscribe:
		err = p.SubscribeDecode(body)
	case packets.Unsubscribe:
		err = p.UnsubscribeDecode(body)
	case packets.Pingreq:
		err = p.PingreqDecode(body)
	case packets.Disconnect:
		err = p.DisconnectDecode(body)
	case packets.Auth:
		err = p.AuthDecode(body)
	default:
		err = errors.New("not for a client to send")
	}
	return err
}

// encode makes the bytes of a packet that a server may send, or of a CONNECT (for redacting one).
func encode(p *packets.Packet) ([]byte, error) {
	var (
		buf bytes.Buffer
		err error
	)
	switch p.FixedHeader.Type {
	case packets.Connect:
		err = p.ConnectEncode(&buf)
	case packets.Connack:
		err = p.ConnackEncode(&buf)
	case packets.Publish:
		err = p.PublishEncode(&buf)
	case packets.Puback:
		err = p.PubackEncode(&buf)
	case packets.Pubrec:
		err = p.PubrecEncode(&buf)
	case packets.Pubrel:
		err = p.PubrelEncode(&buf)
	case packets.Pubcomp:
		err = p.PubcompEncode(&buf)
	case packets.Suback:
		err = p.SubackEncode(&buf)
	case packets.Unsuback:
		err = p.UnsubackEncode(&buf)
	case packets.Pingresp:
		err = p.PingrespEncode(&buf)
	case packets.Disconnect:
		err = p.DisconnectEncode(&buf)
	default:
		err = errors.New("not for a server to send")
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name(p.FixedHeader.Type), err)
	}
	return buf.Bytes(), nil
}

// name is a packet type as the standard writes it.
func name(kind byte) string { return strings.ToUpper(packets.PacketNames[kind]) }

// kindOf finds a packet type by that name.
func kindOf(wanted string) (byte, bool) {
	for kind, n := range packets.PacketNames {
		if kind != packets.Reserved && strings.ToUpper(n) == wanted {
			return kind, true
		}
	}
	return 0, false
}
