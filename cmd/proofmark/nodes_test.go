package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/nats-io/nats-server/v2/server"

	"github.com/proofmark/proofmark/certification/virtual"
	"github.com/proofmark/proofmark/internal/pgtest"
	"github.com/proofmark/proofmark/miot"
)

// natsServer is a real NATS server on a free loopback port.
func natsServer(t *testing.T) string {
	t.Helper()
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, NoLog: true, NoSigs: true})
	if err != nil {
		t.Fatal(err)
	}
	go s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(10 * time.Second) {
		t.Fatal("NATS is not ready after 10 s")
	}
	return s.ClientURL()
}

// deafConn is a connection whose end the other side never hears of: what a
// device leaves behind that lost its network.
type deafConn struct{ net.Conn }

func (deafConn) Close() error { return nil }

// roamer is a virtual device that can move from one node to another.
type roamer struct {
	*virtual.Device
	at atomic.Value // address that it dials
}

func roam(t *testing.T, did, secret, addr string) *roamer {
	t.Helper()
	spec, err := miot.Parse(miot.Sample("air-purifier"))
	if err != nil {
		t.Fatal(err)
	}
	r := &roamer{}
	r.at.Store(addr)
	d, err := virtual.New(virtual.Config{
		Spec: spec, DID: did, Secret: secret, KeepAlive: 30 * time.Second,
		Dial: func(ctx context.Context) (net.Conn, error) {
			var dialer net.Dialer
			c, err := dialer.DialContext(ctx, "tcp", r.at.Load().(string))
			if err != nil {
				return nil, err
			}
			t.Cleanup(func() { _ = c.Close() })
			return deafConn{c}, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	r.Device = d
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = d.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-ended })
	return r
}

// phone is a home app: it keeps what it is told.
type phone struct {
	t    *testing.T
	told chan told
	lost chan error // that the connection has ended
}

type told struct{ topic, payload string }

func connectApp(t *testing.T, n *node, account, token string, dids ...string) *phone {
	t.Helper()
	a := &phone{t: t, told: make(chan told, 10000), lost: make(chan error, 1)}
	c := mqtt.NewClient(mqtt.NewClientOptions().
		AddBroker("tcp://" + n.mqtt).SetClientID("app." + account + "." + rand.Text()).SetUsername(account).SetPassword(token).
		SetAutoReconnect(false).SetOrderMatters(true).
		SetConnectionLostHandler(func(_ mqtt.Client, err error) { a.lost <- err }))
	if tok := c.Connect(); !tok.WaitTimeout(10*time.Second) || tok.Error() != nil {
		t.Fatalf("app cannot connect: %v", tok.Error())
	}
	t.Cleanup(func() { c.Disconnect(100) })
	for _, did := range dids {
		tok := c.Subscribe("device/"+did+"/#", 1, func(_ mqtt.Client, m mqtt.Message) {
			a.told <- told{m.Topic(), string(m.Payload())}
		})
		if !tok.WaitTimeout(10*time.Second) || tok.Error() != nil {
			t.Fatalf("app cannot subscribe: %v", tok.Error())
		}
	}
	return a
}

// hears waits for a message on a topic whose payload holds all the parts.
func (a *phone) hears(what, topic string, parts ...string) {
	a.t.Helper()
	limit := time.After(30 * time.Second)
	for {
		select {
		case m := <-a.told:
			ok := m.topic == topic
			for _, p := range parts {
				ok = ok && strings.Contains(m.payload, p)
			}
			if ok {
				return
			}
		case <-limit:
			a.t.Fatalf("the app heard nothing of it within 30 s: %s (%s with %v)", what, topic, parts)
		}
	}
}

type presence struct {
	Online bool   `json:"online"`
	Node   string `json:"node"`
	Reason string `json:"reason"`
}

// Two processes on one PostgreSQL and one NATS are one gateway: a device on A is
// watched and commanded from B, moves to B while A still believes in its old
// connection, and A is killed; presence, twin and history stay true throughout.
func TestTwoNodesAreOneGateway(t *testing.T) {
	database, nats := pgtest.URL(t), natsServer(t)
	args := []string{"--database", database, "--nats", nats, "--node-lease", "3s"}
	a := serve(t, args...)
	b := a.beside(args...)

	var account struct{ ID string }
	a.call("POST", "/api/v1/accounts", map[string]any{"name": "home"}, &account)
	var token struct{ Token string }
	a.call("POST", "/api/v1/tokens", map[string]any{"account": account.ID, "name": "phone", "scopes": []string{"app"}}, &token)
	product := a.product("air-purifier")
	mover := roam(t, "mover", a.device(product, "mover", account.ID), a.mqtt)
	roam(t, "stayer", a.device(product, "stayer", account.ID), a.mqtt)

	ph := connectApp(t, b, account.ID, token.Token, "mover", "stayer")
	ph.hears("the device is online", "device/mover/state", `"event":"online"`)
	var before presence
	b.call("GET", "/api/v1/devices/mover/presence", nil, &before)

	// Reports on A reach the app on B, and B's API.
	if err := mover.Set(3, 1, miot.IntValue(77)); err != nil {
		t.Fatal(err)
	}
	ph.hears("a report on the other node", "device/mover/up/properties_changed/3/1", `"value":77`)
	if v := b.reported("mover", 3, 1); v != "77" {
		t.Errorf("twin on B: 3.1 is %s, want 77", v)
	}

	// A command from B reaches the device on A.
	b.set("mover", 2, 1, "false")
	ph.hears("the effect of the command", "device/mover/up/properties_changed/2/1", `"value":false`)

	// The device moves to B; nobody tells A that the old connection is dead.
	mover.at.Store(b.mqtt)
	mover.PowerCycle(0)
	ph.hears("the device on its new node", "device/mover/state", `"event":"online"`)
	var after presence
	b.call("GET", "/api/v1/devices/mover/presence", nil, &after)
	if !after.Online || after.Node == before.Node {
		t.Errorf("presence after the move: %+v, before %+v: want online on the other node", after, before)
	}
	a.await("A to close the old connection", func() bool {
		return strings.Contains(a.log.String(), "client=mover") && strings.Contains(a.log.String(), "replaced")
	})
	b.set("mover", 2, 1, "true")

	// A token that is revoked on A is shown out of B, where nobody would ask again
	// within the time that is waited here.
	var spare struct{ ID, Token string }
	a.call("POST", "/api/v1/tokens", map[string]any{"account": account.ID, "name": "tablet", "scopes": []string{"app"}}, &spare)
	tablet := connectApp(t, b, account.ID, spare.Token, "mover")
	a.call("DELETE", "/api/v1/tokens/"+spare.ID, nil, nil)
	revoked := time.Now()
	select {
	case err := <-tablet.lost:
		t.Logf("a token revoked on A ended on B after %s: %v", time.Since(revoked).Round(time.Millisecond), err)
	case <-time.After(30 * time.Second):
		t.Error("a token was revoked on A, and its connection to B lives 30 s later")
	}

	// A dies. The device that stayed there goes offline by A's lease, the mover does not.
	a.kill()
	ph.hears("the death of a node", "device/stayer/state", `"event":"offline"`)
	var lost presence
	b.call("GET", "/api/v1/devices/stayer/presence", nil, &lost)
	if lost.Online || lost.Reason != "gateway node lost" {
		t.Errorf("presence of a device of the dead node: %+v, want offline, gateway node lost", lost)
	}
	b.call("GET", "/api/v1/devices/mover/presence", nil, &after)
	if !after.Online {
		t.Errorf("presence of the device that moved: %+v, want online", after)
	}
	b.set("mover", 2, 1, "false")
	if err := mover.Set(3, 1, miot.IntValue(55)); err != nil {
		t.Fatal(err)
	}
	ph.hears("a report after the node's death", "device/mover/up/properties_changed/3/1", `"value":55`)
	var h struct {
		Points []struct{ Value json.RawMessage } `json:"points"`
	}
	b.call("GET", "/api/v1/devices/mover/history?siid=3&iid=1&method=properties_changed", nil, &h)
	values := make(map[string]int)
	for _, p := range h.Points {
		values[string(p.Value)]++
	}
	if values["77"] == 0 || values["55"] == 0 {
		t.Errorf("history holds %v, want 77 and 55", values)
	}
}

// reported is a value of the twin, as JSON.
func (n *node) reported(did string, siid, piid int) string {
	n.t.Helper()
	var twin struct {
		Reported []struct {
			SIID, PIID int
			Value      json.RawMessage
		}
	}
	n.call("GET", "/api/v1/devices/"+did+"/twin", nil, &twin)
	for _, v := range twin.Reported {
		if v.SIID == siid && v.PIID == piid {
			return string(v.Value)
		}
	}
	return "nothing"
}

// set writes a property through the API and checks the device's answer.
func (n *node) set(did string, siid, piid int, value string) {
	n.t.Helper()
	var r struct {
		Response struct {
			Result []struct{ Code int }
		}
	}
	n.call("POST", "/api/v1/devices/"+did+"/requests", map[string]any{
		"method": "set_properties",
		"params": []map[string]any{{"did": did, "siid": siid, "piid": piid, "value": json.RawMessage(value)}},
	}, &r)
	if len(r.Response.Result) != 1 || r.Response.Result[0].Code != 0 {
		n.t.Errorf("set %d.%d of %s to %s: answer %+v, want code 0", siid, piid, did, value, r)
	}
}

// await polls what has no event of its own.
func (n *node) await(what string, ok func() bool) {
	n.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(30 * time.Second)
	for !ok() {
		select {
		case <-tick.C:
		case <-limit:
			n.t.Fatalf("waited 30 s for %s", what)
		}
	}
}
