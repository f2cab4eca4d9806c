package virtual

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

const (
	// maxPacket bounds what a broker can make the device allocate; ROB-03 sends up to 256 KB.
	maxPacket    = 1 << 20
	writeTimeout = 10 * time.Second
)

var errIllegal = errors.New("illegal MQTT from the broker")

// wire is the socket as the MQTT client sees it. It stands between them because the client (1) takes QoS 3, reserved flags and
// bad UTF-8 without a word, and panics on a SUBACK with too many codes, where a device has to close (ROB-09); (2) looks at its
// keep-alive every five seconds only, so that up to KA + 5 s pass between two packets (SESS-02 allows KA + 1 s). The heartbeat is
// therefore the device's own, and the client is told that there is no keep-alive.
type wire struct {
	net.Conn
	in        *bufio.Reader
	ready     []byte // a checked packet, not yet read by the client
	greeted   bool   // CONNACK has come
	keepAlive uint16
	largest   uint64 // packet that is taken
	departs   departure

	writing sync.Mutex
	opened  bool // CONNECT has gone

	wrote  atomic.Int64 // Unix ns of the last packet
	pong   atomic.Bool  // PINGRESP has come since the last PINGREQ
	closed sync.Once
	done   chan struct{} // closed with the connection
	reason atomic.Pointer[error]
}

func newWire(conn net.Conn, keepAlive time.Duration) *wire {
	return &wire{
		Conn: conn, in: bufio.NewReaderSize(conn, 1024),
		keepAlive: uint16(keepAlive / time.Second), largest: maxPacket, done: make(chan struct{}),
	}
}

// Read hands out one checked packet after the other.
func (w *wire) Read(p []byte) (int, error) {
	if len(w.ready) == 0 {
		packet, err := w.readPacket()
		if err != nil {
			// The client keeps quiet about a socket that was closed on this side, and leaks its goroutines;
			// any other error makes it clean up.
			if errors.Is(err, net.ErrClosed) {
				err = errors.New("connection was closed by the device")
			}
			w.blame(err)
			return 0, err
		}
		w.ready = packet
	}
	n := copy(p, w.ready)
	w.ready = w.ready[n:]
	return n, nil
}

func (w *wire) readPacket() ([]byte, error) {
	first, err := w.in.ReadByte()
	if err != nil {
		return nil, err
	}
	defer w.departs.since(time.Now())
	length, err := binary.ReadUvarint(w.in) // MQTT's remaining length is a LEB128 number of at most four bytes
	if err != nil {
		return nil, err
	}
	if length > w.largest {
		return nil, fmt.Errorf("%w: packet of %d bytes is larger than %d", errIllegal, length, w.largest)
	}
	packet := binary.AppendUvarint([]byte{first}, length)
	head := len(packet)
	packet = append(packet, make([]byte, length)...)
	if _, err := io.ReadFull(w.in, packet[head:]); err != nil {
		return nil, err
	}
	if what := fault(first, packet[head:], w.greeted); what != "" && w.departs.lenient {
		return w.readPacket()
	} else if what != "" {
		return nil, fmt.Errorf("%w: %s: %s", errIllegal, packets.PacketNames[first>>4], what)
	}
	switch first >> 4 {
	case packets.Connack:
		w.greeted = true
	case packets.Pingresp:
		w.pong.Store(true)
	}
	return packet, nil
}

// Write sends a packet of the client's; CONNECT gets the keep-alive that the client does not know of.
func (w *wire) Write(p []byte) (int, error) {
	w.writing.Lock()
	defer w.writing.Unlock()
	if !w.opened {
		w.opened = true
		packet, err := packets.ReadPacket(bytes.NewReader(p))
		if connect, ok := packet.(*packets.ConnectPacket); ok && err == nil {
			connect.Keepalive = w.keepAlive
			var out bytes.Buffer
			if err := connect.Write(&out); err != nil {
				return 0, err
			}
			if _, err := w.send(out.Bytes()); err != nil {
				return 0, err
			}
			return len(p), nil
		}
	}
	if w.departs.send != nil {
		for _, packet := range w.departs.send(p) {
			if _, err := w.send(packet); err != nil {
				return 0, err
			}
		}
		return len(p), nil
	}
	return w.send(p)
}

func (w *wire) send(p []byte) (int, error) {
	if err := w.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return 0, err
	}
	w.wrote.Store(time.Now().UnixNano())
	n, err := w.Conn.Write(p)
	if err != nil {
		w.blame(err)
	}
	return n, err
}

// ping sends a PINGREQ and begins to wait for its answer.
func (w *wire) ping() error {
	w.pong.Store(false)
	return packets.NewControlPacket(packets.Pingreq).Write(w)
}

// blame remembers the first reason why the connection ended.
func (w *wire) blame(err error) { w.reason.CompareAndSwap(nil, &err) }

// why is that reason.
func (w *wire) why() error {
	if err := w.reason.Load(); err != nil {
		return *err
	}
	return io.EOF
}

// drop closes without DISCONNECT, for this reason.
func (w *wire) drop(err error) {
	w.blame(err)
	_ = w.Close()
}

// Close closes the socket and tells the device; it may be called more than once.
func (w *wire) Close() error {
	var err error
	w.closed.Do(func() {
		err = w.Conn.Close()
		close(w.done)
	})
	return err
}

// fault says what is wrong with a packet that a broker sent (MQTT 3.1.1 §2.2.2, §3), or nothing.
func fault(first byte, body []byte, greeted bool) string {
	kind, flags := first>>4, first&0x0f
	if flags != 0 && kind != packets.Publish && (kind != packets.Pubrel || flags != 2) {
		return "reserved flags are set"
	}
	if greeted == (kind == packets.Connack) {
		return "CONNACK has to be the first packet, and to come once"
	}
	switch kind {
	case packets.Publish:
		return publishFault(flags, body)
	case packets.Connack, packets.Puback, packets.Pubrec, packets.Pubrel, packets.Pubcomp, packets.Unsuback:
		if len(body) != 2 {
			return fmt.Sprintf("%d bytes, needs 2", len(body))
		}
	case packets.Suback:
		// The device subscribes to one filter at a time.
		if len(body) != 3 || body[2] > 2 && body[2] != 0x80 {
			return fmt.Sprintf("% x is no answer to one filter", body)
		}
	case packets.Pingresp:
		if len(body) != 0 {
			return fmt.Sprintf("%d bytes, needs none", len(body))
		}
	default:
		return "not for a broker to send"
	}
	return ""
}

func publishFault(flags byte, body []byte) string {
	qos := flags >> 1 & 3
	if qos == 3 || qos == 0 && flags&8 != 0 {
		return fmt.Sprintf("flags %04b", flags)
	}
	if len(body) < 2 {
		return "no topic"
	}
	length := int(binary.BigEndian.Uint16(body))
	need := 2 + length
	if qos > 0 {
		need += 2
	}
	if length == 0 || len(body) < need {
		return fmt.Sprintf("topic of %d bytes in a packet of %d", length, len(body))
	}
	topic := body[2 : 2+length]
	if !utf8.Valid(topic) || bytes.ContainsAny(topic, "\x00+#") {
		return fmt.Sprintf("topic %q", topic)
	}
	if qos > 0 && body[need-2] == 0 && body[need-1] == 0 {
		return "packet id 0"
	}
	return ""
}
