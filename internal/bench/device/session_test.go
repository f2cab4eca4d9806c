package device_test

import (
	"testing"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/proofmark/proofmark/internal/bench/benchtest"
	"github.com/proofmark/proofmark/internal/bench/device"
	"github.com/proofmark/proofmark/internal/bench/wire"
)

func TestADeviceAnswersWhatItIsAsked(t *testing.T) {
	mochi := benchtest.Mochi(t, 1)
	who := mochi.Devices[0]
	session, err := device.Open(t.Context(), mochi.Addr, who, 0, 512)
	if err != nil {
		t.Fatal(err)
	}
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		for {
			if _, err := session.Next(); err != nil || session.Flush() != nil {
				return
			}
		}
	}()
	t.Cleanup(func() { session.Close(); <-gone })

	gateway, err := wire.Dial(t.Context(), mochi.Addr, 1, 512)
	if err != nil {
		t.Fatal(err)
	}
	defer gateway.Close()
	gateway.Deadline(time.Now().Add(10 * time.Second))
	if err := gateway.Login(wire.Login{ClientID: "gateway"}); err != nil {
		t.Fatal(err)
	}
	if err := gateway.Subscribe(1, nil, "device/"+who.DID+"/up/response"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ request, want string }{
		{
			`{"id":1,"method":"miIO.info","params":[]}`,
			`{"id":1,"result":{"fw_ver":"1.0.0","life":60,"model":"aurora-pure1"}}`,
		},
		{
			`{"id":2,"method":"get_properties","params":[{"did":"d","siid":2,"piid":1}]}`,
			`{"id":2,"result":[{"did":"d","siid":2,"piid":1,"code":0,"value":true}]}`,
		},
		{
			`{"id":3,"method":"set_properties","params":[{"did":"d","siid":2,"piid":1,"value":true}]}`,
			`{"id":3,"result":[{"did":"d","siid":2,"piid":1,"code":0}]}`,
		},
		{`{"id":4,"method":"dance"}`, `{"id":4,"error":{"code":-32601,"message":"method not found"}}`},
	} {
		if err := gateway.Publish(7, "device/"+who.DID+"/down/request", []byte(c.request)); err != nil {
			t.Fatal(err)
		}
		if got := answer(t, gateway); got != c.want {
			t.Errorf("%s is answered %s; want %s", c.request, got, c.want)
		}
	}
}

func answer(t *testing.T, gateway *wire.Conn) string {
	t.Helper()
	if err := gateway.Flush(); err != nil {
		t.Fatal(err)
	}
	for {
		pk, err := gateway.Next()
		if err != nil {
			t.Fatal(err)
		}
		if pk.FixedHeader.Type == packets.Publish {
			return string(pk.Payload)
		}
	}
}
