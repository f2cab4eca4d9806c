package app_test

import (
	"context"
	"encoding/json"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/proofmark/proofmark/certification/virtual"
	"github.com/proofmark/proofmark/miot"
)

// resident is somebody with an app.
type resident struct {
	*service
	account, token string
}

func (s *service) resident(name string) *resident {
	s.t.Helper()
	r := &resident{service: s}
	var made struct{ ID, Token string }
	s.call("POST", "/api/v1/accounts", map[string]any{"name": name}, &made)
	r.account = made.ID
	s.call("POST", "/api/v1/tokens", map[string]any{"account": r.account, "scopes": []string{"app"}}, &made)
	r.token = made.Token
	return r
}

func (r *resident) do(method, path string, in, out any) {
	r.t.Helper()
	status, b := r.ask(method, "/api/v1"+path, r.token, in)
	if status/100 != 2 {
		r.t.Fatalf("%s %s: %d: %s", method, path, status, b)
	}
	if out != nil {
		must(r.t, json.Unmarshal([]byte(b), out))
	}
}

// joins comes into a home as what the link says.
func (r *resident) joins(owner *resident, home string, link map[string]any) {
	r.t.Helper()
	var l struct{ Code string }
	owner.do("POST", "/homes/"+home+"/links", link, &l)
	r.do("POST", "/homes:join", map[string]string{"code": l.Code}, nil)
}

// bridge makes a hub's token.
func (r *resident) bridge(home string) (id, text string) {
	r.t.Helper()
	var made struct{ ID, Token string }
	r.do("POST", "/homes/"+home+"/bridges", map[string]string{"name": "Hub"}, &made)
	return made.ID, made.Token
}

// connected is an open MQTT connection that watches everything of a device.
func (r *resident) connected(conn net.Conn, token, did string) *client {
	r.t.Helper()
	r.t.Cleanup(func() { _ = conn.Close() })
	c := newClient(r.t, conn)
	pk := packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Connect}}
	pk.Connect = packets.ConnectParams{
		ProtocolName: []byte("MQTT"), ClientIdentifier: "app." + r.account + "." + conn.LocalAddr().String(), Clean: true, Keepalive: 300,
		UsernameFlag: true, Username: []byte(r.account), PasswordFlag: true, Password: []byte(token),
	}
	c.send(pk)
	if pk := c.read(); pk.ReasonCode != 0 {
		r.t.Fatalf("CONNACK %#x", pk.ReasonCode)
	}
	c.send(packets.Packet{
		FixedHeader: packets.FixedHeader{Type: packets.Subscribe, Qos: 1}, PacketID: 1,
		Filters: packets.Subscriptions{{Filter: "device/" + did + "/up/event_occured/#", Qos: 1}},
	})
	if pk := c.read(); pk.FixedHeader.Type != packets.Suback || pk.ReasonCodes[0] > 2 {
		r.t.Fatalf("SUBACK %+v", pk)
	}
	return c
}

func (s *service) tcp() net.Conn {
	s.t.Helper()
	conn, err := net.Dial("tcp", s.Addresses().MQTT)
	must(s.t, err)
	return conn
}

func (s *service) ws() net.Conn {
	s.t.Helper()
	ws, _, err := websocket.Dial(s.t.Context(), "ws://"+s.Addresses().HTTP+"/mqtt", &websocket.DialOptions{Subprotocols: []string{"mqtt"}})
	must(s.t, err)
	return websocket.NetConn(context.Background(), ws, websocket.MessageBinary)
}

// Whoever loses a right loses what is open by it: by MQTT, by MQTT over WebSocket and
// by an event stream. Without the notice it would take recheckEvery, three times as
// long as these clients wait.
func TestWhatIsOpenEndsWithTheRightToIt(t *testing.T) {
	s := start(t)
	ann, bob, guest := s.resident("Ann"), s.resident("Bob"), s.resident("Guest")
	var home struct{ ID string }
	ann.do("POST", "/homes", map[string]string{"name": "Lake Road"}, &home)
	ann.claims("p1", home.ID)
	bob.joins(ann, home.ID, map[string]any{"role": "member"})
	hub, hubs := bob.bridge(home.ID)
	_, kept := bob.bridge(home.ID)
	var spare struct{ ID, Token string }
	s.call("POST", "/api/v1/tokens", map[string]any{"account": bob.account, "scopes": []string{"app"}}, &spare)

	ends := func(what string, code byte, begin func(), open ...*client) {
		t.Helper()
		begin()
		began := time.Now()
		for _, c := range open {
			pk := c.read()
			for pk.FixedHeader.Type == packets.Publish {
				pk = c.read()
			}
			if pk.FixedHeader.Type != packets.Disconnect || pk.ReasonCode != code {
				t.Errorf("%s: packet %d, code %#x, want DISCONNECT %#x", what, pk.FixedHeader.Type, pk.ReasonCode, code)
			}
		}
		t.Logf("%s: ended after %s", what, time.Since(began).Round(time.Millisecond))
	}
	stays := bob.connected(s.tcp(), bob.token, "p1")
	ends("a revoked app token", 0x87, func() { s.call("DELETE", "/api/v1/tokens/"+spare.ID, nil, nil) },
		bob.connected(s.tcp(), spare.Token, "p1"), bob.connected(s.ws(), spare.Token, "p1"))
	ends("a removed bridge token", 0x87, func() { s.call("DELETE", "/api/v1/tokens/"+hub, nil, nil) },
		bob.connected(s.tcp(), hubs, "p1"), bob.connected(s.ws(), hubs, "p1"))

	// Bob's own app and his other hub were left alone until he is put out himself.
	keptHub := bob.connected(s.ws(), kept, "p1")
	ends("a removed member's app", 0x98, func() { ann.do("DELETE", "/homes/"+home.ID+"/members/"+bob.account, nil, nil) },
		stays)
	ends("a removed member's hub", 0x87, func() {}, keptHub)

	until := time.Now().Add(2 * time.Second).UTC()
	guest.joins(ann, home.ID, map[string]any{"role": "guest", "ends_at": until.Format(time.RFC3339Nano)})
	visit := guest.connected(s.tcp(), guest.token, "p1")
	ends("a guest's stay", 0x98, func() {}, visit)
	t.Logf("%s after its end", time.Since(until).Round(time.Millisecond))

	ends("a blocked account", 0x87, func() {
		s.call("PUT", "/api/v1/accounts/"+ann.account+"/block", map[string]string{"reason": "a test"}, nil)
	},
		ann.connected(s.ws(), ann.token, "p1"))
}

// virtual runs a purifier until the test ends.
func (s *service) virtual(did, secret string) *virtual.Device {
	s.t.Helper()
	spec, err := miot.Parse(miot.Sample("air-purifier"))
	must(s.t, err)
	d, err := virtual.New(virtual.Config{Spec: spec, DID: did, Secret: secret, Broker: "tcp://" + s.Addresses().MQTT, Seed: 1})
	must(s.t, err)
	ctx, cancel := context.WithCancel(context.Background())
	var ended sync.WaitGroup
	ended.Go(func() { _ = d.Run(ctx) })
	s.t.Cleanup(func() { cancel(); ended.Wait() })
	return d
}

// eventually asks as the operator until the answer is good.
func (s *service) eventually(path string, good func(map[string]any) bool) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
	defer cancel()
	for again := time.NewTicker(50 * time.Millisecond); ; {
		var answer map[string]any
		if s.call("GET", path, nil, &answer); good(answer) {
			return
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			s.t.Fatalf("%s: %v", path, answer)
		}
	}
}

// claims makes a device and takes it into a home.
func (r *resident) claims(did, home string) *virtual.Device {
	r.t.Helper()
	secret := r.purifier(did)
	var label struct{ Code string }
	r.call("POST", "/api/v1/devices/"+did+"/claim-code", nil, &label)
	d := r.virtual(did, secret)
	r.eventually("/api/v1/devices/"+did+"/presence", func(p map[string]any) bool { return p["online"] == true })
	r.do("POST", "/claims", map[string]string{"did": did, "code": label.Code, "home": home, "name": "Purifier"}, nil)
	return d
}

// A stranger's bridge token opens neither another account nor another home.
func TestAStrangersBridgeToken(t *testing.T) {
	s := start(t)
	ann, eve := s.resident("Ann"), s.resident("Eve")
	var hers, other struct{ ID string }
	ann.do("POST", "/homes", map[string]string{"name": "Lake Road"}, &hers)
	eve.do("POST", "/homes", map[string]string{"name": "Elsewhere"}, &other)
	device := ann.claims("p1", hers.ID)
	_, token := eve.bridge(other.ID)

	login := func(account string) (*client, byte) {
		c := s.dial(t)
		pk := packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Connect}}
		pk.Connect = packets.ConnectParams{
			ProtocolName: []byte("MQTT"), ClientIdentifier: "app." + account + ".hub", Clean: true, Keepalive: 60,
			UsernameFlag: true, Username: []byte(account), PasswordFlag: true, Password: []byte(token),
		}
		c.send(pk)
		return c, c.read().ReasonCode
	}
	if _, code := login(ann.account); code != 0x86 {
		t.Errorf("as Ann: CONNACK %#x, want 0x86", code)
	}
	c, code := login(eve.account)
	if code != 0 {
		t.Fatalf("as Eve: CONNACK %#x", code)
	}
	c.send(packets.Packet{
		FixedHeader: packets.FixedHeader{Type: packets.Subscribe, Qos: 1}, PacketID: 1,
		Filters: packets.Subscriptions{{Filter: "device/p1/#", Qos: 1}, {Filter: "home/" + hers.ID + "/ha/#", Qos: 1}},
	})
	if pk := c.read(); pk.FixedHeader.Type != packets.Suback || pk.ReasonCodes[0] != 0x87 || pk.ReasonCodes[1] < 0x80 {
		t.Errorf("SUBACK %+v", pk)
	}
	was, _ := device.Value(2, 3)
	for _, home := range []string{hers.ID, other.ID} {
		c.publish("home/"+home+"/set/p1/2/3", false, "4")
		if pk := c.read(); pk.FixedHeader.Type != packets.Puback || pk.ReasonCode != 0x87 {
			t.Errorf("a command in home %s: packet %d, code %#x, want PUBACK 0x87", home, pk.FixedHeader.Type, pk.ReasonCode)
		}
	}
	if now, _ := device.Value(2, 3); now != was {
		t.Errorf("the device went from %v to %v", was, now)
	}
	for _, path := range []string{"/app/v2/miotspec/prop/get", "/app/v2/home/device_list_page"} {
		if status, answer := s.ask("POST", path, token, map[string]any{}); status != 403 {
			t.Errorf("%s: %d %s", path, status, answer)
		}
	}
	if status, answer := s.ask("DELETE", "/api/v1/homes/"+hers.ID, token, nil); status/100 != 4 {
		t.Errorf("its home: %d %s", status, answer)
	}
}
