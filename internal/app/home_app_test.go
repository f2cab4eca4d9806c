package app_test

import (
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/proofmark/proofmark/miot"
)

// ear is a home app or a hub by paho's client: it keeps what it is told.
type ear struct {
	mqtt.Client
	t    *testing.T
	told chan mqtt.Message
}

func (r *resident) listens(t *testing.T, url, token string, roots *x509.CertPool, filters ...string) *ear {
	t.Helper()
	e := &ear{t: t, told: make(chan mqtt.Message, 1000)}
	e.Client = mqtt.NewClient(mqtt.NewClientOptions().AddBroker(url).
		SetClientID("app." + r.account + "." + rand.Text()).SetUsername(r.account).SetPassword(token).
		SetTLSConfig(&tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}).SetAutoReconnect(false))
	e.done(e.Connect())
	t.Cleanup(func() { e.Disconnect(100) })
	for _, f := range filters {
		e.done(e.Subscribe(f, 1, func(_ mqtt.Client, m mqtt.Message) { e.told <- m }))
	}
	return e
}

func (e *ear) done(tok mqtt.Token) {
	e.t.Helper()
	if !tok.WaitTimeout(30*time.Second) || tok.Error() != nil {
		e.t.Fatalf("not done: %v", tok.Error())
	}
}

// hears waits for a message of the topic that holds the parts.
func (e *ear) hears(topic string, retained bool, parts ...string) {
	e.t.Helper()
	limit := time.After(30 * time.Second)
	for {
		select {
		case m := <-e.told:
			ok := m.Topic() == topic && m.Retained() == retained
			for _, p := range parts {
				ok = ok && strings.Contains(string(m.Payload()), p)
			}
			if ok {
				return
			}
		case <-limit:
			e.t.Fatalf("heard nothing on %s, retained %v, with %v", topic, retained, parts)
		}
	}
}

// Everything of protocol §6 goes over MQTT, MQTT with TLS and MQTT on WebSocket
// alike, and commands over HTTP.
func TestTheAppSideByEveryTransport(t *testing.T) {
	s := start(t)
	ann := s.resident("Ann")
	var home struct{ ID string }
	ann.do("POST", "/homes", map[string]string{"name": "Lake Road"}, &home)
	device := ann.claims("p1", home.ID)
	ann.do("PATCH", "/homes/"+home.ID, map[string]bool{"discovery": true}, nil)
	_, hubs := ann.bridge(home.ID)
	pem, err := os.ReadFile(filepath.Join(s.data, "tls", "ca.pem"))
	must(t, err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	call := func(path, body string, parts ...string) {
		t.Helper()
		_, answer := s.ask("POST", "/app/v2/"+path, ann.token, json.RawMessage(body))
		for _, p := range append(parts, `{"code":0,"message":"ok","result":`) {
			if !strings.Contains(answer, p) {
				t.Errorf("%s %s lacks %s: %s", path, body, p, answer)
			}
		}
	}
	const level, up = "device/p1/up/properties_changed/2/3", "device/p1/up/"
	for i, c := range []struct{ name, url string }{
		{"MQTT", "tcp://" + s.Addresses().MQTT},
		{"MQTT with TLS", "ssl://" + s.Addresses().MQTTS},
		{"MQTT on WebSocket", "ws://" + s.Addresses().HTTP + "/mqtt"},
	} {
		t.Run(c.name, func(t *testing.T) {
			app := ann.listens(t, c.url, ann.token, roots, up+"properties_changed/#", up+"event_occured/2/1", "device/p1/state")
			app.hears("device/p1/state", true, `"event":"online"`, `"device_id":"p1"`)
			set := []string{"1", "2", "3"}[i]
			call("miotspec/prop/set", `{"params":[{"did":"p1","siid":2,"piid":3,"value":`+set+`}]}`, `"code":0}]`)
			app.hears(level, false, `{"method":"properties_changed","params":{"did":"p1","siid":2,"piid":3,"value":`+set+`}}`)
			call("miotspec/prop/get", `{"params":[{"did":"p1","siid":2,"piid":3}]}`, `"value":`+set)
			on, _ := device.Value(2, 1)
			call("miotspec/action", `{"params":{"did":"p1","siid":2,"aiid":1,"in":[]}}`, `"aiid":1,"code":0`)
			if now, _ := device.Value(2, 1); now == on {
				t.Error("the action did nothing")
			}
			must(t, device.Fire(2, 1, miot.IntValue(1)))
			app.hears(up+"event_occured/2/1", false, `{"method":"event_occured","params":{"did":"p1","siid":2,"eiid":1,"arguments":[`)

			hub := ann.listens(t, c.url, hubs, roots, level, "home/"+home.ID+"/ha/#")
			hub.hears(level, true, `"value":`+set)
			hub.hears("home/"+home.ID+"/ha/device/p1/config", true, `"components"`)
			hub.done(hub.Publish("home/"+home.ID+"/set/p1/2/3", 1, false, "4"))
			hub.hears(level, false, `"value":4`)
			app.hears(level, false, `"value":4`)
			hub.done(hub.Publish("home/"+home.ID+"/action/p1", 1, false, `{"siid":2,"aiid":1}`))
			if now, _ := device.Value(2, 1); now != on {
				t.Error("the hub's action did nothing")
			}
		})
	}
	call("home/device_list_page", `{}`, `"did":"p1"`, `"isOnline":true`)
	call("homeroom/gethome", `{}`, `"id":"`+home.ID+`"`, `"name":"Lake Road"`)

	// Offline is said at once, and presence goes to who comes later as it is.
	device.Stop()
	s.eventually("/api/v1/devices/p1/presence", func(p map[string]any) bool { return p["online"] == false })
	_, answer := s.ask("POST", "/app/v2/miotspec/prop/set", ann.token, json.RawMessage(`{"params":[{"did":"p1","siid":2,"piid":3,"value":1}]}`))
	if !strings.Contains(answer, `"code":-704042011`) {
		t.Errorf("a device that is offline: %s", answer)
	}
	call("miotspec/prop/set", `{"queue":true,"params":[{"did":"p1","siid":2,"piid":3,"value":1}]}`, `"command":"cmd_`, `"code":1`)
	ann.listens(t, "ws://"+s.Addresses().HTTP+"/mqtt", ann.token, roots, "device/p1/#").hears("device/p1/state", true, `"event":"offline"`)
}
