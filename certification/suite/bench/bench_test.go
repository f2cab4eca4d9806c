package bench_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/proofmark/proofmark/certification/suite/bench"
	"github.com/proofmark/proofmark/certification/suite/transcript"
)

func TestADeviceConnectsAnswersAndReports(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		_, stop := r.device()
		if open := r.within(time.Second, kind(transcript.KindOpen)); open.Conn != 1 || open.Name != "memory" {
			t.Errorf("open: %+v", open)
		}
		connect := r.within(time.Second, packet(transcript.In, "CONNECT"))
		p := decoded(t, connect)
		if p.ClientID != did || p.Username != did || p.KeepAlive != 30 || !p.Clean || p.Version != 4 || p.Password != "«secret:factory»" {
			t.Errorf("CONNECT: %+v", p)
		}
		if bytes.Contains(connect.Raw, []byte(factory)) || !bytes.HasSuffix(connect.Raw, bytes.Repeat([]byte{'*'}, len(factory))) {
			t.Errorf("CONNECT's bytes: %q", connect.Raw)
		}
		if ack := decoded(t, r.within(time.Second, packet(transcript.Out, "CONNACK"))); ack.Reason != 0 || ack.Session {
			t.Errorf("CONNACK: %+v", ack)
		}
		if sub := decoded(t, r.within(time.Second, packet(transcript.In, "SUBSCRIBE"))); sub.Filters[0] != (transcript.Filter{Topic: "device/lamp-1/down/#", QoS: 1}) {
			t.Errorf("SUBSCRIBE: %+v", sub)
		}
		if ack := decoded(t, r.within(time.Second, packet(transcript.Out, "SUBACK"))); len(ack.Reasons) != 1 || ack.Reasons[0] != 1 {
			t.Errorf("SUBACK: %+v", ack)
		}
		first := r.within(2*time.Second, packet(transcript.In, "PUBLISH"))
		if p := decoded(t, first); p.Topic != report || p.QoS != 1 || p.Size != len(p.Payload) {
			t.Errorf("report: %+v", p)
		}
		if ack := decoded(t, r.within(time.Second, packet(transcript.Out, "PUBACK"))); ack.ID != decoded(t, first).ID {
			t.Errorf("PUBACK: %+v", ack)
		}
		r.act(bench.ActRequest, ask("41"))
		r.within(time.Second, payload(`"id":41,"result"`))
		if r.never(time.Second, kind(transcript.KindClose)); r.count(packet(transcript.In, "PUBACK")) != 1 { // before the answer or after it
			t.Error("the request was not acknowledged once")
		}
		r.within(time.Minute, packet(transcript.In, "PINGREQ"))
		r.within(time.Second, packet(transcript.Out, "PINGRESP"))
		stop()
		r.within(time.Second, packet(transcript.In, "DISCONNECT"))
		if end := r.within(time.Second, kind(transcript.KindClose)); end.Name != "device: DISCONNECT" || !bench.ByDevice(end) {
			t.Errorf("close: %+v", end)
		}
		r.close()
	})
}

func TestLogin(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*mqtt.ClientOptions)
		code   int
		shown  string
	}{
		"the configured secret":  {func(o *mqtt.ClientOptions) { o.SetPassword("9d01c3e5a7b94f6680de") }, 0, "«secret:configured»"},
		"a secret of four bytes": {func(o *mqtt.ClientOptions) { o.SetPassword("0000") }, 0, "«secret:pin»"},
		"another password":       {func(o *mqtt.ClientOptions) { o.SetPassword("12345") }, 4, "«secret:other-1»"},
		"another username":       {func(o *mqtt.ClientOptions) { o.SetUsername("lamp-2") }, 4, "«secret:factory»"},
		"another client id":      {func(o *mqtt.ClientOptions) { o.SetClientID("lamp-2") }, 2, "«secret:factory»"},
		"nobody":                 {func(o *mqtt.ClientOptions) { o.SetUsername("").SetPassword("") }, 4, ""},
		"MQTT 3.1":               {func(o *mqtt.ClientOptions) { o.SetProtocolVersion(3) }, 1, "«secret:factory»"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				o := options(r.b.Dial)
				c.change(o)
				client := newClient(o)
				client.Connect().WaitTimeout(time.Minute)
				connect := r.within(time.Second, packet(transcript.In, "CONNECT"))
				if p := decoded(t, connect); p.Password != c.shown {
					t.Errorf("password is shown as %q, needs %q", p.Password, c.shown)
				}
				if o.Password != "" && bytes.Contains(connect.Raw, []byte(o.Password)) {
					t.Errorf("the bytes hold the password: %q", connect.Raw)
				}
				if got := decoded(t, r.within(time.Second, packet(transcript.Out, "CONNACK"))).Reason; got != c.code {
					t.Errorf("CONNACK %d, needs %d", got, c.code)
				}
				if c.code != 0 {
					r.within(time.Second, closed("bench: refused"))
				}
				client.Disconnect(0)
				r.close()
			})
		})
	}
}

func TestUnknownPasswordsAreToldApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		var shown []string
		for _, password := range []string{"guess-number-one", "guess-number-two", "guess-number-one"} {
			newClient(options(r.b.Dial).SetPassword(password)).Connect().WaitTimeout(time.Minute)
			shown = append(shown, decoded(t, r.within(time.Second, packet(transcript.In, "CONNECT"))).Password)
		}
		if want := "«secret:other-1» «secret:other-2» «secret:other-1»"; strings.Join(shown, " ") != want {
			t.Errorf("shown as %v, needs %s", shown, want)
		}
		r.close()
		if strings.Contains(r.file.String(), "guess-number") {
			t.Error("the transcript holds a password")
		}
	})
}

func TestAPasswordThatIsTheDidSparesTheTopics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		newClient(options(r.b.Dial).SetPassword(did)).Connect().WaitTimeout(time.Minute)
		if p := decoded(t, r.within(time.Second, packet(transcript.In, "CONNECT"))); p.Password != "«secret:other-1»" || p.ClientID != did {
			t.Errorf("CONNECT: %+v", p)
		}
		c := r.connected()
		if p := decoded(t, r.within(time.Second, packet(transcript.In, "SUBSCRIBE"))); p.Filters[0].Topic != "device/lamp-1/down/#" {
			t.Errorf("SUBSCRIBE: %+v", p)
		}
		c.Disconnect(10)
		r.close()
	})
}

func TestConfigsThatAreNone(t *testing.T) {
	w, err := transcript.NewWriter(new(bytes.Buffer), transcript.Header{}, new(transcript.Secrets))
	if err != nil {
		t.Fatal(err)
	}
	for name, cfg := range map[string]bench.Config{
		"no writer":             {DID: did},
		"no did":                {Writer: w},
		"an unknown transport":  {Writer: w, DID: did, Transport: "pigeon"},
		"TLS without a PKI":     {Writer: w, DID: did, Transport: bench.TLS},
		"an empty secret":       {Writer: w, DID: did, Secrets: map[string]string{"factory": ""}},
		"a secret that is none": {Writer: w, DID: did, Secrets: map[string]string{"factory": did}},
	} {
		if _, err := bench.New(cfg); err == nil {
			t.Errorf("%s: a bench was made", name)
		}
	}
}

func TestASecondConnectionTakesOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		first := r.connected()
		second := r.connected()
		if end := r.within(time.Second, kind(transcript.KindClose)); end.Conn != 1 || end.Name != "bench: taken over by connection 2" {
			t.Errorf("close: %+v", end)
		}
		if first.IsConnectionOpen() {
			synctest.Wait()
			if first.IsConnectionOpen() {
				t.Error("the first is still connected")
			}
		}
		r.act(bench.ActRequest, bench.Request{Payload: "to the second", QoS: 1})
		if m := <-second.got; string(m.Payload()) != "to the second" || m.Topic() != request {
			t.Errorf("got %q on %s", m.Payload(), m.Topic())
		}
		second.Disconnect(10)
		r.close()
	})
}

func TestSubscriptionsBeyondItsOwnAreRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		c := r.connected()
		token := c.SubscribeMultiple(map[string]byte{"device/lamp-1/down/error": 1, "device/lamp-2/down/#": 1, "#": 0}, nil)
		token.WaitTimeout(time.Minute)
		result := token.(*mqtt.SubscribeToken).Result()
		if result["device/lamp-1/down/error"] != 1 || result["device/lamp-2/down/#"] != 0x80 || result["#"] != 0x80 {
			t.Errorf("granted: %v", result)
		}
		done(t, c.Unsubscribe("device/lamp-1/down/error"))
		c.Disconnect(10)
		r.close()
	})
}

func TestQoS2IsAHandshakeBothWays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		c := r.connected()
		done(t, c.Publish(report, 2, false, `{"id":1}`))
		for _, step := range []match{
			packet(transcript.In, "PUBLISH"), packet(transcript.Out, "PUBREC"), packet(transcript.In, "PUBREL"), packet(transcript.Out, "PUBCOMP"),
		} {
			r.within(time.Second, step)
		}
		r.act(bench.ActRequest, bench.Request{Payload: "two", QoS: 2})
		for _, step := range []match{
			packet(transcript.Out, "PUBLISH"), packet(transcript.In, "PUBREC"), packet(transcript.Out, "PUBREL"), packet(transcript.In, "PUBCOMP"),
		} {
			r.within(time.Second, step)
		}
		if m := <-c.got; string(m.Payload()) != "two" {
			t.Errorf("got %q", m.Payload())
		}
		c.Disconnect(10)
		r.close()
	})
}

func TestKeepAliveIsNotEnforced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		c := r.connected(func(o *mqtt.ClientOptions) { o.SetKeepAlive(0) })
		r.never(time.Hour, kind(transcript.KindClose))
		c.Disconnect(10)
		r.close()
	})
}

func TestAConnectionThatSaysNothingEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		conn, err := r.b.Dial(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		r.within(61*time.Second, closed("bench: no CONNECT within 60s"))
		_ = conn.Close()
		r.close()
	})
}

func TestCloseEndsEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		c := r.connected()
		r.close()
		r.within(time.Second, closed("bench: closed"))
		synctest.Wait()
		if c.IsConnectionOpen() {
			t.Error("the device is still connected")
		}
		if _, err := r.b.Dial(context.Background()); err == nil {
			t.Error("a closed bench can be dialled")
		}
		if err := r.b.Act(context.Background(), bench.ActDrop, bench.Data(bench.Drop{})); err == nil {
			t.Error("a closed bench acts")
		}
	})
}
