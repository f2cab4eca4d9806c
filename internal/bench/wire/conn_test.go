package wire_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/proofmark/proofmark/internal/bench/benchtest"
	"github.com/proofmark/proofmark/internal/bench/wire"
)

func TestMessagesOfEverySizeGoRound(t *testing.T) {
	mochi := benchtest.Mochi(t, 0)
	for _, version := range []byte{4, 5} {
		conn, err := wire.Dial(t.Context(), mochi.Addr, 3, 256)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conn.Deadline(time.Now().Add(10 * time.Second))
		if err := conn.Login(wire.Login{ClientID: "echo", Username: "u", Password: "p", Version: version}); err != nil {
			t.Fatal(err)
		}
		if err := conn.Subscribe(1, nil, "a/+", "b"); err != nil {
			t.Fatal(err)
		}
		for i, size := range []int{0, 1, 200, 256, 257, 5000, 100_000} { // smaller and larger than the read buffer
			payload := bytes.Repeat([]byte{'x'}, size)
			if err := conn.Publish(uint16(2+i), "a/b", payload); err != nil {
				t.Fatal(err)
			}
			if err := conn.Flush(); err != nil {
				t.Fatal(err)
			}
			for heard, acked := false, false; !heard || !acked; {
				pk, err := conn.Next()
				if err != nil {
					t.Fatal(err)
				}
				switch pk.FixedHeader.Type {
				case packets.Puback:
					acked = pk.PacketID == uint16(2+i)
				case packets.Publish:
					heard = pk.TopicName == "a/b" && bytes.Equal(pk.Payload, payload)
					if err := conn.Ack(pk.PacketID); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
	}
}

func TestAwaitConsumesNothing(t *testing.T) {
	mochi := benchtest.Mochi(t, 0)
	conn, err := wire.Dial(t.Context(), mochi.Addr, 0, 256)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.Login(wire.Login{ClientID: "quiet"}); err != nil {
		t.Fatal(err)
	}
	if there, err := conn.Await(time.Now().Add(10 * time.Millisecond)); there || err != nil {
		t.Errorf("something came to a quiet client: %v, %v", there, err)
	}
	if err := conn.Ping(); err != nil {
		t.Fatal(err)
	}
	if err := conn.Flush(); err != nil {
		t.Fatal(err)
	}
	if there, err := conn.Await(time.Now().Add(10 * time.Second)); !there || err != nil {
		t.Fatalf("no answer to PINGREQ: %v", err)
	}
	if pk, err := conn.Next(); err != nil || pk.FixedHeader.Type != packets.Pingresp {
		t.Errorf("%+v, %v; want PINGRESP", pk, err)
	}
}
