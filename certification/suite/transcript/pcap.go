package transcript

import (
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"time"
)

// A pcap of a transcript holds raw IPv4 packets (link type 101), with nanoseconds.
const (
	pcapMagic  = 0xa1b23c4d
	linkRaw    = 101
	brokerPort = 1883
	firstPort  = 32768 // of the device's connections
	ports      = 28000
	mostBytes  = 16384 // of TCP payload in a packet
	window     = 65535
)

const (
	flagFIN = 1 << iota
	flagSYN
	flagRST
	flagPSH
	flagACK
)

var (
	deviceIP = [4]byte{127, 0, 0, 2}
	brokerIP = [4]byte{127, 0, 0, 1}
)

// WritePcap writes the MQTT of a transcript as a capture file: each connection is a TCP connection from 127.0.0.2 to port 1883 of
// 127.0.0.1, made up around the bytes that were recorded. Secrets are asterisks there, as they are in the transcript. What went
// through TLS is shown as it was inside.
func WritePcap(w io.Writer, t *Transcript) error {
	p := &pcap{w: w, began: t.Header.Began, conns: map[int]*flow{}}
	head := binary.LittleEndian.AppendUint32(nil, pcapMagic)
	head = binary.LittleEndian.AppendUint16(head, 2)
	head = binary.LittleEndian.AppendUint16(head, 4)
	head = append(head, make([]byte, 8)...)                // UTC, and accuracy, which nobody fills in
	head = binary.LittleEndian.AppendUint32(head, 262_144) // longest packet
	p.write(binary.LittleEndian.AppendUint32(head, linkRaw))
	for _, r := range t.Records {
		switch r.Kind {
		case KindOpen:
			p.open(r)
		case KindPacket, KindBytes:
			p.data(r)
		case KindClose:
			p.close(r)
		}
	}
	if p.err != nil {
		return fmt.Errorf("pcap: %w", p.err)
	}
	return nil
}

type pcap struct {
	w     io.Writer
	began time.Time
	conns map[int]*flow
	ipID  uint16
	err   error
}

// flow is one connection; index 0 is the device's side, 1 the bench's.
type flow struct {
	port uint16
	next [2]uint32 // sequence number of the next byte
}

func side(d Direction) int {
	if d == Out {
		return 1
	}
	return 0
}

func (p *pcap) open(r *Record) {
	f := &flow{port: uint16(firstPort + r.Conn%ports), next: [2]uint32{1000, 5000}}
	p.conns[r.Conn] = f
	p.packet(r.At, f, 0, flagSYN, nil)
	f.next[0]++
	p.packet(r.At, f, 1, flagSYN|flagACK, nil)
	f.next[1]++
	p.packet(r.At, f, 0, flagACK, nil)
}

func (p *pcap) data(r *Record) {
	f := p.conns[r.Conn]
	if f == nil {
		return // its beginning is in the transcript that this one goes on from
	}
	from := side(r.Dir)
	for rest := []byte(r.Raw); len(rest) > 0; {
		n := min(len(rest), mostBytes)
		p.packet(r.At, f, from, flagPSH|flagACK, rest[:n])
		f.next[from] += uint32(n)
		p.packet(r.At, f, 1-from, flagACK, nil)
		rest = rest[n:]
	}
}

func (p *pcap) close(r *Record) {
	f := p.conns[r.Conn]
	if f == nil {
		return
	}
	delete(p.conns, r.Conn)
	from := 1
	if strings.HasPrefix(r.Name, "device") {
		from = 0
	}
	if strings.Contains(r.Name, "reset") || strings.HasSuffix(r.Name, "restart") {
		p.packet(r.At, f, from, flagRST|flagACK, nil)
		return
	}
	p.packet(r.At, f, from, flagFIN|flagACK, nil)
	f.next[from]++
	p.packet(r.At, f, 1-from, flagFIN|flagACK, nil)
	f.next[1-from]++
	p.packet(r.At, f, from, flagACK, nil)
}

// packet writes one IPv4 packet with a TCP segment.
func (p *pcap) packet(at time.Duration, f *flow, from int, flags byte, payload []byte) {
	src, dst, srcPort, dstPort := deviceIP, brokerIP, f.port, uint16(brokerPort)
	if from == 1 {
		src, dst, srcPort, dstPort = dst, src, dstPort, srcPort
	}
	acknowledged := uint32(0)
	if flags&flagACK != 0 {
		acknowledged = f.next[1-from]
	}
	tcp := binary.BigEndian.AppendUint16(nil, srcPort)
	tcp = binary.BigEndian.AppendUint16(tcp, dstPort)
	tcp = binary.BigEndian.AppendUint32(tcp, f.next[from])
	tcp = binary.BigEndian.AppendUint32(tcp, acknowledged)
	tcp = append(tcp, 5<<4, flags) // five words of header
	tcp = binary.BigEndian.AppendUint16(tcp, window)
	tcp = append(append(tcp, 0, 0, 0, 0), payload...) // checksum, no urgent data

	length := uint16(len(tcp))
	pseudo := append(append(append([]byte(nil), src[:]...), dst[:]...), 0, 6)
	pseudo = binary.BigEndian.AppendUint16(pseudo, length)
	binary.BigEndian.PutUint16(tcp[16:], checksum(append(pseudo, tcp...)))

	p.ipID++
	ip := binary.BigEndian.AppendUint16([]byte{0x45, 0}, 20+length)
	ip = binary.BigEndian.AppendUint16(ip, p.ipID)
	ip = append(ip, 0x40, 0, 64, 6, 0, 0) // don't fragment, TTL, TCP, checksum
	ip = append(append(ip, src[:]...), dst[:]...)
	binary.BigEndian.PutUint16(ip[10:], checksum(ip))

	when := p.began.Add(at)
	head := binary.LittleEndian.AppendUint32(nil, uint32(when.Unix()))
	head = binary.LittleEndian.AppendUint32(head, uint32(when.Nanosecond()))
	head = binary.LittleEndian.AppendUint32(head, 20+uint32(length))                                  // in the file
	p.write(append(append(binary.LittleEndian.AppendUint32(head, 20+uint32(length)), ip...), tcp...)) // on the wire
}

func (p *pcap) write(b []byte) {
	if p.err == nil {
		_, p.err = p.w.Write(b)
	}
}

// checksum is the Internet checksum of RFC 1071.
func checksum(b []byte) uint16 {
	var sum uint32
	for i := 0; i+1 < len(b); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	if len(b)%2 == 1 {
		sum += uint32(b[len(b)-1]) << 8
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}
