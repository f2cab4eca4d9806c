package virtual_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/proofmark/proofmark/certification/virtual"
	"github.com/proofmark/proofmark/miot"
)

// bench is a real broker, reached through in-memory connections, that keeps what devices publish.
type bench struct {
	t      testing.TB
	server *mochi.Server
	wg     sync.WaitGroup

	mu       sync.Mutex
	conns    []net.Conn
	down     bool // refuses to be dialled
	refuse   bool // refuses to log in
	withhold bool // lets no report be acknowledged
	reports  []published
	answers  map[int64]published
	logins   []login
	next     int64
}

type published struct {
	at      time.Time
	topic   string
	payload []byte
	report  miot.Report
}

type login struct {
	at       time.Time
	password string
	packet   packets.Packet
}

func newBench(t testing.TB) *bench {
	b := &bench{t: t, answers: map[int64]published{}, next: 100}
	b.server = mochi.New(&mochi.Options{InlineClient: true, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err := b.server.AddHook(&hook{bench: b}, nil); err != nil {
		t.Fatal(err)
	}
	if err := b.server.Serve(); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *bench) close() {
	b.drop()
	_ = b.server.Close()
	b.wg.Wait()
}

// dial is the device's way to the broker.
func (b *bench) dial(context.Context) (net.Conn, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.down {
		return nil, errors.New("connection refused")
	}
	near, far := net.Pipe()
	b.conns = append(b.conns, far)
	b.wg.Go(func() { _ = b.server.EstablishConnection("pipe", far) })
	return near, nil
}

// drop closes every connection.
func (b *bench) drop() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range b.conns {
		_ = c.Close()
	}
	b.conns = nil
}

func (b *bench) set(change func(*bench)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change(b)
}

// hook lets everybody in and sees everything.
type hook struct {
	mochi.HookBase
	bench *bench
}

func (h *hook) ID() string { return "bench" }

func (h *hook) Provides(b byte) bool {
	return bytes.Contains([]byte{mochi.OnConnectAuthenticate, mochi.OnACLCheck, mochi.OnPublish}, []byte{b})
}

func (h *hook) OnConnectAuthenticate(_ *mochi.Client, pk packets.Packet) bool {
	b := h.bench
	b.mu.Lock()
	defer b.mu.Unlock()
	b.logins = append(b.logins, login{at: time.Now(), password: string(pk.Connect.Password), packet: pk})
	return !b.refuse
}

func (h *hook) OnACLCheck(*mochi.Client, string, bool) bool { return true }

func (h *hook) OnPublish(cl *mochi.Client, pk packets.Packet) (packets.Packet, error) {
	if cl.Net.Inline {
		return pk, nil
	}
	b := h.bench
	b.mu.Lock()
	defer b.mu.Unlock()
	p := published{at: time.Now(), topic: pk.TopicName, payload: bytes.Clone(pk.Payload)}
	_, kind, _ := strings.Cut(pk.TopicName, "/up/")
	if kind == "response" {
		var head struct{ ID int64 }
		if err := json.Unmarshal(p.payload, &head); err != nil {
			b.t.Errorf("answer is no JSON: %s", p.payload)
		}
		b.answers[head.ID] = p
		return pk, nil
	}
	report, err := miot.ParseReport(kind, p.payload)
	if err != nil {
		b.t.Errorf("report %s: %v", p.payload, err)
	}
	if pk.FixedHeader.Qos != 1 || pk.FixedHeader.Retain {
		b.t.Errorf("report with QoS %d, retain %v", pk.FixedHeader.Qos, pk.FixedHeader.Retain)
	}
	p.report = report
	b.reports = append(b.reports, p)
	if b.withhold {
		return pk, packets.ErrRejectPacket
	}
	return pk, nil
}

// ask sends a request and waits for its answer.
func (b *bench) ask(did string, r miot.Request) miot.Response {
	b.t.Helper()
	if r.ID == 0 {
		r.ID = b.id()
	}
	b.send(did, r.Payload())
	return b.answer(r.ID)
}

func (b *bench) id() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.next++
	return b.next
}

func (b *bench) send(did string, payload []byte) {
	b.t.Helper()
	if err := b.server.Publish("device/"+did+"/down/request", payload, false, 1); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) answer(id int64) miot.Response {
	b.t.Helper()
	for range 40 {
		time.Sleep(100 * time.Millisecond)
		b.mu.Lock()
		p, ok := b.answers[id]
		delete(b.answers, id)
		b.mu.Unlock()
		if !ok {
			continue
		}
		r, err := miot.ParseResponse(p.payload)
		if err != nil {
			b.t.Fatalf("answer %s: %v", p.payload, err)
		}
		return r
	}
	b.t.Fatalf("request %d was not answered within 4 s", id)
	return miot.Response{}
}

// value is the last reported value of a property, and how often it was reported.
func (b *bench) value(did string, siid, piid int) (raw string, times int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, p := range b.reports {
		for _, item := range p.report.Items {
			if p.report.Method == miot.MethodPropertiesChanged && item.DID == did && item.SIID == siid && item.IID == piid {
				raw, times = string(item.Value), times+1
			}
		}
	}
	return raw, times
}

// heard is what was reported since forget.
func (b *bench) heard() []published {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.reports)
}

func (b *bench) forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.reports, b.logins = nil, nil
}

// running starts a device and stops it at the end of the test's bubble.
func running(t testing.TB, cfg virtual.Config) (*virtual.Device, func()) {
	t.Helper()
	if cfg.DID == "" {
		cfg.DID = "lamp-1"
	}
	if cfg.Secret == "" {
		cfg.Secret = "factory"
	}
	if cfg.Seed == 0 {
		cfg.Seed = 7
	}
	d, err := virtual.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- d.Run(context.Background()) }()
	return d, func() {
		d.Stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func spec(t testing.TB, document string) *miot.Spec {
	t.Helper()
	s, err := miot.Parse([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// lamp is a small document with one of everything.
const lamp = `{"type":"urn:miot-spec-v2:device:light:0000A001:proof-lamp1:1","description":"Lamp","services":[
{"iid":1,"type":"urn:miot-spec-v2:service:device-information:00007801:proof-lamp1:1","description":"Device Information","properties":[
 {"iid":1,"type":"urn:miot-spec-v2:property:manufacturer:00000001:proof-lamp1:1","description":"","format":"string","access":["read"]},
 {"iid":2,"type":"urn:miot-spec-v2:property:model:00000002:proof-lamp1:1","description":"","format":"string","access":["read"]},
 {"iid":3,"type":"urn:miot-spec-v2:property:serial-number:00000003:proof-lamp1:1","description":"","format":"string","access":["read"]},
 {"iid":4,"type":"urn:miot-spec-v2:property:firmware-revision:00000005:proof-lamp1:1","description":"","format":"string","access":["read"]}]},
{"iid":2,"type":"urn:miot-spec-v2:service:light:00007802:proof-lamp1:1","description":"Light","properties":[
 {"iid":1,"type":"urn:miot-spec-v2:property:on:00000006:proof-lamp1:1","description":"","format":"bool","access":["read","write","notify"]},
 {"iid":2,"type":"urn:miot-spec-v2:property:brightness:0000000D:proof-lamp1:1","description":"","format":"uint8","access":["read","write","notify"],"value-range":[1,100,1]},
 {"iid":3,"type":"urn:miot-spec-v2:property:mode:00000008:proof-lamp1:1","description":"","format":"uint8","access":["read","write","notify"],"value-list":[{"value":0,"description":"Day"},{"value":2,"description":"Night"}]},
 {"iid":4,"type":"urn:miot-spec-v2:property:temperature:00000020:proof-lamp1:1","description":"","format":"float","access":["read","notify"],"value-range":[-30,100,0.1],"unit":"celsius"},
 {"iid":5,"type":"urn:miot-spec-v2:property:name:00000100:proof-lamp1:1","description":"","format":"string","access":["read","write"]},
 {"iid":6,"type":"urn:miot-spec-v2:property:secret-word:00000101:proof-lamp1:1","description":"","format":"string","access":["write"]}],
 "actions":[
 {"iid":1,"type":"urn:miot-spec-v2:action:toggle:00002811:proof-lamp1:1","description":"","in":[],"out":[]},
 {"iid":2,"type":"urn:miot-spec-v2:action:dim:00002812:proof-lamp1:1","description":"","in":[2],"out":[2,4]}],
 "events":[{"iid":1,"type":"urn:miot-spec-v2:event:flicker:00005001:proof-lamp1:1","description":"","arguments":[4]}]}]}`

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
