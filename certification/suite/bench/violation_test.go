package bench_test

import (
	"bytes"
	"encoding/hex"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/proofmark/proofmark/certification/suite/bench"
	"github.com/proofmark/proofmark/certification/suite/transcript"
)

func connectPacket(t testing.TB) []byte {
	t.Helper()
	p := packets.Packet{
		FixedHeader: packets.FixedHeader{Type: packets.Connect}, ProtocolVersion: 4,
		Connect: packets.ConnectParams{
			ProtocolName: []byte("MQTT"), ClientIdentifier: did, Clean: true, Keepalive: 30,
			UsernameFlag: true, Username: []byte(did), PasswordFlag: true, Password: []byte(factory),
		},
	}
	var buf bytes.Buffer
	if err := p.ConnectEncode(&buf); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func TestWhatBreaksMQTTEndsTheConnection(t *testing.T) {
	for name, c := range map[string]struct {
		connected bool
		raw       string
		kind      transcript.Kind // of the record that shows it
		end       string
	}{
		"no MQTT at all":            {false, "474554202f20485454502f312e310d0a", transcript.KindBytes, "bench: protocol error"},
		"a publish before CONNECT":  {false, "30030001610a", transcript.KindBytes, "bench: protocol error: PUBLISH before CONNECT"},
		"a packet cut by the close": {false, "1030000444", transcript.KindBytes, "device: closed in the middle of a packet"},
		"a remaining length of five bytes": {
			false, "10ffffffffff01", transcript.KindBytes, "bench: protocol error",
		},
		"more than a megabyte":            {true, "30ffffff7f", transcript.KindBytes, "bench: protocol error: remaining length of 268435455"},
		"an unknown protocol":             {false, "100c00044e4f4e4504020000000000", transcript.KindPacket, "bench: protocol error: CONNECT"},
		"a SUBSCRIBE without options":     {true, "82060001000261", transcript.KindBytes, "device: closed in the middle of a packet"},
		"a SUBSCRIBE without filters":     {true, "82020001", transcript.KindPacket, "bench: protocol error: SUBSCRIBE"},
		"a SUBSCRIBE with a short filter": {true, "82050001000961", transcript.KindBytes, "bench: protocol error: SUBSCRIBE"},
		"an UNSUBSCRIBE without filters":  {true, "a2020001", transcript.KindPacket, "bench: protocol error: UNSUBSCRIBE"},
		"a topic with a wildcard":         {true, "3003000123", transcript.KindPacket, "bench: protocol error: PUBLISH"},
		"a topic that is no UTF-8":        {true, "30030001ff", transcript.KindBytes, "bench: protocol error: PUBLISH"},
		"QoS 3":                           {true, "360500016100010a", transcript.KindBytes, "bench: protocol error"},
		"reserved flags":                  {true, "c100", transcript.KindBytes, "bench: protocol error"},
		"a packet id of 0":                {true, "3205000161000041", transcript.KindPacket, "bench: protocol error: PUBLISH"},
		"what only a broker sends":        {true, "d000", transcript.KindBytes, "bench: protocol error: PINGRESP"},
		"AUTH":                            {true, "f000", transcript.KindBytes, "bench: protocol error: AUTH"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				conn, err := r.b.Dial(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if c.connected {
					_, _ = conn.Write(connectPacket(t))
					r.within(time.Second, packet(transcript.Out, "CONNACK"))
				}
				raw, err := hex.DecodeString(c.raw)
				if err != nil {
					t.Fatal(err)
				}
				_, _ = conn.Write(raw)
				synctest.Wait()
				if bytes.HasPrefix([]byte(c.end), []byte("device")) {
					_ = conn.Close()
				}
				if shown := r.within(time.Second, kind(c.kind)); shown.Dir != transcript.In {
					t.Errorf("shown as %+v", shown)
				} else if c.kind == transcript.KindBytes && !bytes.Equal(shown.Raw, raw) {
					t.Errorf("shown as %x, needs %x", shown.Raw, raw)
				}
				r.within(time.Second, closed(c.end))
				_ = conn.Close()
				r.close()
			})
		})
	}
}

func TestASecondCONNECT(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		conn, err := r.b.Dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		_, _ = conn.Write(append(connectPacket(t), connectPacket(t)...))
		r.within(time.Second, closed("bench: protocol error: a second CONNECT"))
		if rest, err := io.ReadAll(conn); err != nil || hex.EncodeToString(rest) != "20020000" {
			t.Errorf("the device read %x, %v; needs its CONNACK", rest, err)
		}
		_ = conn.Close()
		r.close()
	})
}

func TestAPacketInPieces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		conn, err := r.b.Dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		raw := connectPacket(t)
		for i := range raw {
			_, _ = conn.Write(raw[i : i+1])
			time.Sleep(time.Second)
		}
		r.within(time.Second, packet(transcript.Out, "CONNACK"))
		_ = conn.Close()
		r.within(time.Second, closed("device: closed"))
		r.act(bench.ActDrop, bench.Drop{})
		r.close()
	})
}
