package broker_test

import (
	"fmt"
	"net"
	"slices"
	"sync"
	"testing"

	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/proofmark/proofmark/broker"
)

func TestTapSeesEveryPacket(t *testing.T) {
	var mu sync.Mutex
	var seen []string
	g := start(t, func(c *broker.Config) {
		c.Tap = func(e broker.TapEvent) {
			mu.Lock()
			defer mu.Unlock()
			name := packets.PacketNames[e.Packet.FixedHeader.Type]
			switch {
			case e.Kind == broker.Opened || e.Kind == broker.Closed:
				name = e.Reason
			case e.Err != nil:
				name = fmt.Sprintf("% x", e.Raw)
			case len(e.Raw) < 2:
				t.Errorf("%s without its bytes", name)
			}
			seen = append(seen, fmt.Sprint(e.Kind, " ", name))
		}
	})
	d := g.device(t, 5)
	d.subscribe(1, 1, "device/d1/down/#")
	d.publish(reportTopic, 1, 3, "{}")
	d.want(packets.Puback)
	d.ping()
	_, _ = d.conn.Write([]byte{0x82, 6, 0, 1, 0, 0, 1, 'a'}) // what mochi's decoder panics on
	d.wantEnd(0x81)
	want := []string{
		"0 ", "1 Connect", "2 Connack", "1 Subscribe", "2 Suback", "1 Publish", "2 Puback", "1 Pingreq", "2 Pingresp",
		"1 82 06 00 01 00 00 01 61", "2 Disconnect", "3 protocol error",
	}
	eventually(t, "the tap has seen the end", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(seen) == len(want)
	})
	if !slices.Equal(seen, want) {
		t.Errorf("seen %q", seen)
	}
}

// faulty is a fault layer that counts what is written through it.
type faulty struct {
	net.Conn
	writes *int
}

func (f faulty) Write(p []byte) (int, error) {
	*f.writes++
	return f.Conn.Write(p)
}

func TestWrapConnIsBelowEverything(t *testing.T) {
	writes := 0
	g := start(t, func(c *broker.Config) {
		c.WrapConn = func(conn net.Conn) net.Conn { return faulty{conn, &writes} }
	})
	d := g.device(t, 4)
	d.ping()
	_ = d.conn.Close()
	eventually(t, "it is gone", func() bool { return g.Stats().Connections == 0 })
	if writes != 2 {
		t.Errorf("%d writes went through the fault layer", writes)
	}
}
