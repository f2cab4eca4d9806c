package broker_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"testing"

	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/proofmark/proofmark/broker"
	"github.com/proofmark/proofmark/internal/bus"
)

// BenchmarkDelivery is one app at QoS 1 that watches 200 devices.
func BenchmarkDelivery(b *testing.B) {
	const devices, ahead = 200, 20_000
	local := bus.NewLocal()
	br, err := broker.New(broker.Config{Backend: newMemory(), Bus: local, Options: broker.Options{Rate: -1}})
	if err != nil {
		b.Fatal(err)
	}
	l, _ := net.Listen("tcp", "127.0.0.1:0")
	go func() { _ = br.Serve(l, broker.ListenerOptions{}) }()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	p := &peer{conn: conn, r: bufio.NewReaderSize(conn, 64<<10), version: 4}
	_, _ = conn.Write(encodeFor(b, p, connectPacket(4, "app.acc_1.a", "acc_1", "t1")))
	_, _ = p.read(10e9)
	sub := packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Subscribe, Qos: 1}, PacketID: 1}
	for i := range devices {
		sub.Filters = append(sub.Filters, packets.Subscription{Filter: fmt.Sprintf("device/d%03d/#", i), Qos: 1})
	}
	_, _ = conn.Write(encodeFor(b, p, sub))
	if pk, err := p.read(10e9); err != nil || pk.FixedHeader.Type != packets.Suback {
		b.Fatal(err)
	}
	_ = conn.SetReadDeadline(noTime)
	subjects, payloads := make([]string, devices), make([][]byte, devices)
	for i := range devices {
		subjects[i] = fmt.Sprintf("device.d%03d.changed", i)
		payloads[i] = fmt.Appendf(nil, `{"did":"d%03d","method":"properties_changed","at":1,"items":[{"siid":3,"iid":6,"value":32}]}`, i)
	}
	room := make(chan struct{}, ahead)
	b.ResetTimer()
	go func() {
		for i := range b.N {
			room <- struct{}{}
			_ = local.Publish(subjects[i%devices], payloads[i%devices])
		}
	}()
	var acks []byte
	for got := 0; got < b.N; {
		pk, err := p.readPublish()
		if err != nil {
			b.Fatal(err)
		}
		<-room
		got++
		acks = append(acks, packets.Puback<<4, 2, byte(pk>>8), byte(pk))
		if p.r.Buffered() < 256 || len(acks) > 4096 {
			_, _ = conn.Write(acks)
			acks = acks[:0]
		}
	}
	b.StopTimer()
	s := br.Stats()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
	b.ReportMetric(float64(s.Delivered)/float64(s.Writes), "messages/write")
	_ = conn.Close()
	_ = br.Close(context.Background())
}

// readPublish reads a QoS 1 publish and returns its packet id only.
func (p *peer) readPublish() (uint16, error) {
	if _, err := p.r.ReadByte(); err != nil {
		return 0, err
	}
	n, _, err := packets.DecodeLength(p.r)
	if err != nil {
		return 0, err
	}
	body, err := p.r.Peek(n)
	if err != nil {
		return 0, err
	}
	at := 2 + int(body[0])<<8 + int(body[1])
	id := uint16(body[at])<<8 | uint16(body[at+1])
	_, err = io.CopyN(io.Discard, p.r, int64(n))
	return id, err
}
