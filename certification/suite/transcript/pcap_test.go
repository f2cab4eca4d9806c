package transcript_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/proofmark/proofmark/certification/suite/transcript"
)

// segment is what the test's own parser finds.
type segment struct {
	at           time.Time
	port         uint16
	fromDevice   bool
	seq, ack     uint32
	flags        byte
	payload      []byte
	ipSum, tcpOK bool
}

func segments(t testing.TB, file []byte) (found []segment) {
	t.Helper()
	le, be := binary.LittleEndian, binary.BigEndian
	if le.Uint32(file) != 0xa1b23c4d || le.Uint16(file[4:]) != 2 || le.Uint16(file[6:]) != 4 || le.Uint32(file[20:]) != 101 {
		t.Fatalf("header % x", file[:24])
	}
	for rest := file[24:]; len(rest) > 0; {
		length := int(le.Uint32(rest[8:]))
		if le.Uint32(rest[12:]) != le.Uint32(rest[8:]) {
			t.Fatal("a packet was cut")
		}
		ip := rest[16 : 16+length]
		tcp := ip[20:]
		s := segment{
			at:         time.Unix(int64(le.Uint32(rest)), int64(le.Uint32(rest[4:]))).UTC(),
			fromDevice: be.Uint16(tcp[2:]) == 1883, seq: be.Uint32(tcp[4:]), ack: be.Uint32(tcp[8:]),
			flags: tcp[13], payload: tcp[20:], ipSum: sum(ip[:20]) == 0xffff,
		}
		s.port = be.Uint16(tcp)
		if !s.fromDevice {
			s.port = be.Uint16(tcp[2:])
		}
		if int(be.Uint16(ip[2:])) != length || ip[9] != 6 {
			t.Fatalf("IPv4 header % x", ip[:20])
		}
		pseudo := append(append([]byte{}, ip[12:20]...), 0, 6, byte(len(tcp)>>8), byte(len(tcp)))
		s.tcpOK = sum(append(pseudo, tcp...)) == 0xffff
		found = append(found, s)
		rest = rest[16+length:]
	}
	return found
}

func sum(b []byte) uint32 {
	var n uint32
	for i, c := range b {
		n += uint32(c) << (8 * (1 - i%2))
	}
	for n > 0xffff {
		n = n>>16 + n&0xffff
	}
	return n
}

func capture(t testing.TB, more ...func(*transcript.Writer)) []byte {
	t.Helper()
	var file, out bytes.Buffer
	written(t, &file, more...)
	read, err := transcript.Read(&file)
	if err != nil {
		t.Fatal(err)
	}
	if err := transcript.WritePcap(&out, read); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func large(w *transcript.Writer) {
	message := packets.Packet{
		FixedHeader: packets.FixedHeader{Type: packets.Publish}, TopicName: "abcd", Payload: bytes.Repeat([]byte("x"), 100_000),
	}
	var publish bytes.Buffer
	_ = message.PublishEncode(&publish)
	for _, r := range []transcript.Record{
		{Kind: transcript.KindOpen, Conn: 2, Name: "memory"},
		{Kind: transcript.KindPacket, Conn: 2, Dir: transcript.In, Name: "CONNECT", Data: []byte(`{}`), Raw: connect},
		{Kind: transcript.KindPacket, Conn: 2, Dir: transcript.Out, Name: "PUBLISH", Data: []byte(`{}`), Raw: publish.Bytes()},
		{Kind: transcript.KindClose, Conn: 2, Name: "bench: drop reset"},
		{Kind: transcript.KindPacket, Conn: 9, Dir: transcript.In, Name: "PINGREQ", Data: []byte(`{}`), Raw: transcript.Hex{0xc0, 0}},
	} {
		w.Append(r)
	}
}

func TestACaptureIsProperTCP(t *testing.T) {
	found := segments(t, capture(t, large))
	const fin, syn, rst, ack = 1, 2, 4, 16
	next := map[uint16]map[bool]uint32{}
	streams := map[uint16]map[bool][]byte{}
	for i, s := range found {
		if !s.ipSum || !s.tcpOK {
			t.Errorf("packet %d: a checksum is wrong", i)
		}
		if s.at.Before(time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)) {
			t.Errorf("packet %d is of %s", i, s.at)
		}
		if s.flags&syn != 0 {
			if next[s.port] == nil {
				next[s.port], streams[s.port] = map[bool]uint32{}, map[bool][]byte{}
			}
			next[s.port][s.fromDevice] = s.seq
		}
		if s.seq != next[s.port][s.fromDevice] {
			t.Errorf("packet %d: sequence number %d, needs %d", i, s.seq, next[s.port][s.fromDevice])
		}
		if s.flags&ack != 0 && s.ack != next[s.port][!s.fromDevice] {
			t.Errorf("packet %d: acknowledges %d, needs %d", i, s.ack, next[s.port][!s.fromDevice])
		}
		streams[s.port][s.fromDevice] = append(streams[s.port][s.fromDevice], s.payload...)
		next[s.port][s.fromDevice] += uint32(len(s.payload))
		if s.flags&(syn|fin) != 0 {
			next[s.port][s.fromDevice]++
		}
	}
	if len(streams) != 2 {
		t.Fatalf("%d connections, needs 2: of a third the beginning is missing", len(streams))
	}
	if got := streams[32769][true]; !bytes.Equal(got, connect) {
		t.Errorf("the device said %x", got)
	}
	if got := streams[32769][false]; !bytes.Equal(got, []byte{0x20, 2, 0, 0, 0x41, 2, 0, 1}) {
		t.Errorf("the bench said %x", got)
	}
	if got := len(streams[32770][false]); got < 100_000 {
		t.Errorf("of a large packet %d bytes are there", got)
	}
	if last := found[len(found)-1]; last.flags&rst == 0 || last.fromDevice {
		t.Errorf("the last packet: %+v, needs a reset of the bench's", last)
	}
}

// The real thing opens it and knows MQTT when it sees it.
func TestTsharkReadsACapture(t *testing.T) {
	tshark, err := exec.LookPath("tshark")
	if err != nil {
		t.Skip("tshark is not installed")
	}
	path := filepath.Join(t.TempDir(), "run.pcap")
	if err := os.WriteFile(path, capture(t, large), 0o600); err != nil {
		t.Fatal(err)
	}
	show := func(args ...string) string {
		cmd := exec.CommandContext(t.Context(), tshark, append([]string{"-r", path, "-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE"}, args...)...)
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("tshark: %v", err)
		}
		return string(out)
	}
	got := strings.Fields(show("-Y", "mqtt", "-T", "fields", "-e", "mqtt.msgtype"))
	if want := "1 2 4 1 3"; strings.Join(got, " ") != want {
		t.Errorf("tshark sees MQTT packets %v, needs %s", got, want)
	}
	if ids := strings.Fields(show("-Y", "mqtt.clientid", "-T", "fields", "-e", "mqtt.clientid")); strings.Join(ids, " ") != "lamp-1 lamp-1" {
		t.Errorf("tshark sees client ids %v", ids)
	}
	if bad := show("-Y", "tcp.checksum.status == 0 or ip.checksum.status == 0 or tcp.analysis.flags"); bad != "" {
		t.Errorf("tshark finds fault with:\n%s", bad)
	}
}
