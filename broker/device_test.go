package broker_test

import (
	"testing"

	paho "github.com/eclipse/paho.mqtt.golang"
)

func TestDeviceReportsAndAnswers(t *testing.T) {
	g := start(t)
	requests := make(chan string, 10)
	d := connect(t, g.pahoOptions("d1", "d1", "s1"))
	wait(t, d.Subscribe("device/d1/down/request", 1, func(_ paho.Client, m paho.Message) {
		requests <- string(m.Payload())
	}))
	s := next(t, g.backend.ready, "Ready after SUBSCRIBE")
	if err := s.link.Request([]byte(`{"id":1}`)); err != nil {
		t.Fatal(err)
	}
	if got := next(t, requests, "request"); got != `{"id":1}` {
		t.Errorf("request %s", got)
	}
	wait(t, d.Publish("device/d1/up/response", 1, false, `{"id":1,"result":[]}`))
	wait(t, d.Publish("device/d1/up/properties_changed", 1, false, `{"id":2}`))
	wait(t, d.Publish("device/d1/up/event_occured", 2, false, `{"id":3}`))
	if got := g.backend.stored(); len(got) != 2 || got[0].payload != `{"id":2}` || got[1].method != "event_occured" {
		t.Errorf("stored %v", got)
	}
	d.Disconnect(100)
	eventually(t, "presence says closed by device", func() bool {
		h := g.backend.history()
		return h[len(h)-1] == "d1 closed by device"
	})
}
