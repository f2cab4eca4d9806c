package bench_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/proofmark/proofmark/certification/suite/bench"
	"github.com/proofmark/proofmark/certification/suite/transcript"
	"github.com/proofmark/proofmark/certification/virtual"
	"github.com/proofmark/proofmark/miot"
)

const (
	did     = "lamp-1"
	factory = "5f2c9a7711d04e08b3aa"
	request = "device/lamp-1/down/request"
	report  = "device/lamp-1/up/properties_changed"
)

// rig is a bench and its transcript.
type rig struct {
	t      testing.TB
	w      *transcript.Writer
	file   *bytes.Buffer
	b      *bench.Bench
	cursor int
	stops  []func()
}

func newRig(t testing.TB, change ...func(*bench.Config)) *rig {
	t.Helper()
	r := &rig{t: t, file: new(bytes.Buffer)}
	w, err := transcript.NewWriter(r.file, transcript.Header{DID: did, Seed: 7}, new(transcript.Secrets))
	if err != nil {
		t.Fatal(err)
	}
	r.w = w
	cfg := bench.Config{
		Writer: w, DID: did, Seed: 7,
		Secrets: map[string]string{"factory": factory, "configured": "9d01c3e5a7b94f6680de", "pin": "0000"},
	}
	for _, c := range change {
		c(&cfg)
	}
	if r.b, err = bench.New(cfg); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *rig) close() {
	r.t.Helper()
	for _, stop := range r.stops {
		stop()
	}
	if err := r.b.Close(); err != nil {
		r.t.Error(err)
	}
	if strings.Contains(r.file.String(), factory) {
		r.t.Error("the transcript holds the factory secret")
	}
	if _, err := transcript.Read(bytes.NewReader(r.file.Bytes())); err != nil {
		r.t.Errorf("the transcript cannot be read back: %v", err)
	}
	if r.t.Failed() {
		for _, record := range r.w.Records() {
			line, _ := json.Marshal(record)
			r.t.Logf("%.300s", line)
		}
	}
}

func (r *rig) act(name string, action any) {
	r.t.Helper()
	if err := r.b.Act(context.Background(), name, bench.Data(action)); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) fault(f bench.Fault) { r.t.Helper(); r.act(bench.ActFault, f) }

// a match of a record.
type match struct {
	what string
	is   func(*transcript.Record) bool
}

func packet(dir transcript.Direction, name string) match {
	return match{string(dir) + " " + name, func(r *transcript.Record) bool {
		return r.Kind == transcript.KindPacket && r.Dir == dir && r.Name == name
	}}
}

func closed(prefix string) match {
	return match{"close " + prefix, func(r *transcript.Record) bool {
		return r.Kind == transcript.KindClose && strings.HasPrefix(r.Name, prefix)
	}}
}

func kind(k transcript.Kind) match {
	return match{string(k), func(r *transcript.Record) bool { return r.Kind == k }}
}

func payload(p string) match {
	return match{"PUBLISH with " + p, func(r *transcript.Record) bool {
		d, ok := r.Packet()
		return ok && r.Name == "PUBLISH" && strings.Contains(d.Payload, p)
	}}
}

// within waits for the next record that matches.
func (r *rig) within(limit time.Duration, m match) *transcript.Record {
	r.t.Helper()
	over := time.NewTimer(limit)
	defer over.Stop()
	for {
		record, grown := r.w.At(r.cursor)
		if record != nil {
			r.cursor++
			if m.is(record) {
				return record
			}
			continue
		}
		select {
		case <-grown:
		case <-over.C:
			r.t.Errorf("no %s within %s", m.what, limit)
			r.close()
			r.t.FailNow()
		}
	}
}

// never fails when a record matches meanwhile.
func (r *rig) never(during time.Duration, m match) {
	r.t.Helper()
	over := time.NewTimer(during)
	defer over.Stop()
	for {
		record, grown := r.w.At(r.cursor)
		if record != nil {
			r.cursor++
			if m.is(record) {
				r.t.Errorf("%s, which was not to come", m.what)
			}
			continue
		}
		select {
		case <-grown:
		case <-over.C:
			return
		}
	}
}

// count is how many records so far match.
func (r *rig) count(m match) (n int) {
	for _, record := range r.w.Records() {
		if m.is(record) {
			n++
		}
	}
	return n
}

func decoded(t testing.TB, r *transcript.Record) *transcript.Packet {
	t.Helper()
	p, ok := r.Packet()
	if !ok {
		t.Fatalf("record %d is no packet: %s", r.Seq, r.Data)
	}
	return p
}

// client is a paho client on a bench, connected or not.
type client struct {
	mqtt.Client
	got chan mqtt.Message
}

func options(dial func(context.Context) (net.Conn, error)) *mqtt.ClientOptions {
	o := mqtt.NewClientOptions().AddBroker("tcp://bench").SetClientID(did).SetUsername(did).SetPassword(factory)
	o.SetProtocolVersion(4).SetAutoReconnect(false).SetConnectRetry(false).SetKeepAlive(30 * time.Second)
	o.SetConnectTimeout(10 * time.Second)
	o.SetCustomOpenConnectionFn(func(*url.URL, mqtt.ClientOptions) (net.Conn, error) {
		return dial(context.Background())
	})
	return o
}

func newClient(o *mqtt.ClientOptions) *client {
	c := &client{got: make(chan mqtt.Message, 1000)}
	o.SetDefaultPublishHandler(func(_ mqtt.Client, m mqtt.Message) { c.got <- m })
	c.Client = mqtt.NewClient(o)
	return c
}

// connected is a client that has subscribed.
func (r *rig) connected(change ...func(*mqtt.ClientOptions)) *client {
	r.t.Helper()
	o := options(r.b.Dial)
	for _, f := range change {
		f(o)
	}
	c := newClient(o)
	done(r.t, c.Connect())
	done(r.t, c.Subscribe("device/"+did+"/down/#", 1, nil))
	return c
}

func done(t testing.TB, token mqtt.Token) {
	t.Helper()
	if !token.WaitTimeout(time.Minute) {
		t.Fatal("the client waits for ever")
	}
	if token.Error() != nil {
		t.Fatal(token.Error())
	}
}

// device starts a virtual device on the bench.
func (r *rig) device(change ...func(*virtual.Config)) (*virtual.Device, func()) {
	r.t.Helper()
	spec, err := miot.Parse([]byte(lamp))
	if err != nil {
		r.t.Fatal(err)
	}
	cfg := virtual.Config{Spec: spec, DID: did, Secret: factory, Dial: r.b.Dial, Seed: 7, KeepAlive: 30 * time.Second}
	for _, c := range change {
		c(&cfg)
	}
	d, err := virtual.New(cfg)
	if err != nil {
		r.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- d.Run(context.Background()) }()
	stop := sync.OnceFunc(func() {
		d.Stop()
		if err := <-ended; err != nil {
			r.t.Error(err)
		}
	})
	r.stops = append(r.stops, stop)
	return d, stop
}

func ask(id string) bench.Request {
	return bench.Request{QoS: 1, Payload: `{"id":` + id + `,"method":"get_properties","params":[{"did":"lamp-1","siid":2,"piid":1}]}`}
}

// pki is shared where the clock is the real one.
func pki(t testing.TB) *bench.PKI {
	t.Helper()
	p, err := bench.NewPKI(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func listen(t testing.TB) net.Listener {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func trusting(p *bench.PKI) *tls.Config {
	return &tls.Config{RootCAs: p.Pool(), ServerName: bench.DefaultName, MinVersion: tls.VersionTLS12}
}

// lamp is a small document.
const lamp = `{"type":"urn:miot-spec-v2:device:light:0000A001:proof-lamp1:1","description":"Lamp","services":[
{"iid":1,"type":"urn:miot-spec-v2:service:device-information:00007801:proof-lamp1:1","description":"Device Information","properties":[
 {"iid":2,"type":"urn:miot-spec-v2:property:model:00000002:proof-lamp1:1","description":"","format":"string","access":["read"]}]},
{"iid":2,"type":"urn:miot-spec-v2:service:light:00007802:proof-lamp1:1","description":"Light","properties":[
 {"iid":1,"type":"urn:miot-spec-v2:property:on:00000006:proof-lamp1:1","description":"","format":"bool","access":["read","write","notify"]},
 {"iid":2,"type":"urn:miot-spec-v2:property:brightness:0000000D:proof-lamp1:1","description":"","format":"uint8","access":["read","write","notify"],"value-range":[1,100,1]}]}]}`
