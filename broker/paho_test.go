package broker_test

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/autopaho"
	paho5 "github.com/eclipse/paho.golang/paho"
	paho "github.com/eclipse/paho.mqtt.golang"

	"github.com/proofmark/proofmark/broker"
)

// The everyday path with other people's clients, over every carrier.

func TestPaho3(t *testing.T) {
	ca := newAuthority(t)
	g := start(t)
	secure := g.listen(t, broker.ListenerOptions{TLS: broker.TLSConfig(ca.server(t), ca.pool)})
	web := httptest.NewServer(g.WebSocket())
	t.Cleanup(web.Close)
	webTLS := httptest.NewTLSServer(g.WebSocket())
	t.Cleanup(webTLS.Close)
	for _, c := range []struct {
		name, url string
		tls       *tls.Config
		password  string
	}{
		{"TCP", "tcp://" + g.addr, nil, "s1"},
		{"TLS", "ssl://" + secure, ca.client(t, ""), "s1"},
		{"TLS with a certificate", "ssl://" + secure, ca.client(t, "d1"), ""},
		{"WebSocket", strings.Replace(web.URL, "http", "ws", 1) + "/mqtt", nil, "s1"},
		{"WebSocket over TLS", strings.Replace(webTLS.URL, "http", "ws", 1) + "/mqtt", &tls.Config{InsecureSkipVerify: true}, "s1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := paho.NewClientOptions().AddBroker(c.url).SetClientID("d1").SetAutoReconnect(false).SetTLSConfig(c.tls).SetProtocolVersion(4)
			if c.password != "" {
				o.SetUsername("d1").SetPassword(c.password)
			}
			d := connect(t, o)
			requests := make(chan string, 100)
			wait(t, d.Subscribe("device/d1/down/#", 1, func(_ paho.Client, m paho.Message) { requests <- string(m.Payload()) }))
			s := next(t, g.backend.ready, "Ready")
			for i := range 20 {
				wait(t, d.Publish(reportTopic, byte(i%3), false, fmt.Sprint(i)))
				if err := s.link.Request(fmt.Appendf(nil, "request %d", i)); err != nil {
					t.Fatal(err)
				}
				if got := next(t, requests, "request"); got != fmt.Sprintf("request %d", i) {
					t.Errorf("got %s as number %d", got, i)
				}
			}
			wait(t, d.Publish(reportTopic, 1, false, strings.Repeat("x", 60_000)))
			d.Disconnect(100)
			eventually(t, "it is offline", func() bool {
				h := g.backend.history()
				return h[len(h)-1] == "d1 closed by device"
			})
		})
	}
}

func TestPaho3App(t *testing.T) {
	g := start(t)
	for qos := range byte(3) {
		got := make(chan string, 1000)
		a := connect(t, g.pahoOptions("app.acc_1.phone", "acc_1", "t1").SetOrderMatters(true))
		wait(t, a.Subscribe("device/d1/#", qos, func(_ paho.Client, m paho.Message) { got <- string(m.Payload()) }))
		for i := range 500 {
			g.change(t, i)
		}
		for i := range 500 {
			if s := next(t, got, "message"); s != changePayload(i) {
				t.Fatalf("QoS %d: got %s as number %d", qos, s, i)
			}
		}
		a.Disconnect(100)
	}
}

func TestPaho5(t *testing.T) {
	g := start(t)
	u, _ := url.Parse("mqtt://" + g.addr)
	dial := func(id, user, password string, on func(*paho5.Publish)) *autopaho.ConnectionManager {
		cm, err := autopaho.NewConnection(t.Context(), autopaho.ClientConfig{
			ServerUrls: []*url.URL{u}, KeepAlive: 600, SessionExpiryInterval: 60, ConnectUsername: user, ConnectPassword: []byte(password),
			ClientConfig: paho5.ClientConfig{ClientID: id, OnPublishReceived: []func(paho5.PublishReceived) (bool, error){
				func(r paho5.PublishReceived) (bool, error) { on(r.Packet); return true, nil },
			}},
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := cm.AwaitConnection(t.Context()); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = cm.Disconnect(t.Context()) })
		return cm
	}
	requests, got := make(chan string, 100), make(chan string, 1000)
	d := dial("d1", "d1", "s1", func(p *paho5.Publish) { requests <- string(p.Payload) })
	if _, err := d.Subscribe(t.Context(), &paho5.Subscribe{Subscriptions: []paho5.SubscribeOptions{{Topic: "device/d1/down/#", QoS: 1}}}); err != nil {
		t.Fatal(err)
	}
	s := next(t, g.backend.ready, "Ready")
	if err := s.link.Request([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	if r := next(t, requests, "request"); r != "hello" {
		t.Errorf("request %s", r)
	}
	for qos := range byte(3) {
		if _, err := d.Publish(t.Context(), &paho5.Publish{Topic: reportTopic, QoS: qos, Payload: []byte("{}")}); err != nil {
			t.Errorf("QoS %d: %v", qos, err)
		}
	}
	a := dial("app.acc_1.phone", "acc_1", "t1", func(p *paho5.Publish) { got <- string(p.Payload) })
	for qos := range byte(3) {
		if _, err := a.Subscribe(t.Context(), &paho5.Subscribe{Subscriptions: []paho5.SubscribeOptions{{Topic: "device/d1/#", QoS: qos}}}); err != nil {
			t.Fatal(err)
		}
		for i := range 300 {
			g.change(t, i)
		}
		for i := range 300 {
			if s := next(t, got, "message"); s != changePayload(i) {
				t.Fatalf("QoS %d: got %s as number %d", qos, s, i)
			}
		}
	}
}

func TestTLSRefuses(t *testing.T) {
	ca, other := newAuthority(t), newAuthority(t)
	g := start(t)
	addr := g.listen(t, broker.ListenerOptions{TLS: broker.TLSConfig(ca.server(t), ca.pool)})
	try := func(config *tls.Config, id, password string) error {
		o := paho.NewClientOptions().AddBroker("ssl://" + addr).SetClientID(id).SetTLSConfig(config).
			SetAutoReconnect(false).SetConnectTimeout(5 * time.Second).SetProtocolVersion(4)
		if password != "" {
			o.SetUsername(id).SetPassword(password)
		}
		c := paho.NewClient(o)
		token := c.Connect()
		token.WaitTimeout(10 * time.Second)
		c.Disconnect(0)
		return token.Error()
	}
	if err := try(ca.client(t, "d2"), "d1", ""); err == nil {
		t.Error("a certificate of another device was accepted")
	}
	if err := try(ca.client(t, "d9"), "d9", ""); err == nil {
		t.Error("a certificate of an unknown device was accepted")
	}
	stranger := other.client(t, "d1")
	stranger.RootCAs = ca.pool
	if err := try(stranger, "d1", ""); err == nil {
		t.Error("a certificate of another authority was accepted")
	}
	if err := try(ca.client(t, ""), "d1", ""); err == nil {
		t.Error("nothing at all was accepted")
	}
	old := ca.client(t, "")
	old.MaxVersion = tls.VersionTLS11
	old.MinVersion = tls.VersionTLS10
	if err := try(old, "d1", "s1"); err == nil {
		t.Error("TLS 1.1 was accepted")
	}
	if c, err := net.Dial("tcp", addr); err == nil { // plain MQTT on the TLS port
		p := newPeer(t, c, 4)
		p.send(connectPacket(4, "d1", "d1", "s1"))
		p.wantEnd(0)
		_ = c.Close()
	}
	if n := g.Stats().Refused[broker.RuleTLS.String()]; n < 3 {
		t.Errorf("%d handshakes counted", n)
	}
}
