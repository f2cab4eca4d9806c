package virtual_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/proofmark/proofmark/certification/virtual"
	"github.com/proofmark/proofmark/miot"
)

// inBubble runs a device made from the lamp against a bench under virtual time.
func inBubble(t *testing.T, cfg virtual.Config, test func(t *testing.T, b *bench, d *virtual.Device)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		if cfg.Spec == nil {
			cfg.Spec = spec(t, lamp)
		}
		cfg.Dial = b.dial
		d, stop := running(t, cfg)
		time.Sleep(3 * time.Second)
		test(t, b, d)
		stop()
		b.close()
	})
}

func TestFullStateFollowsConnect(t *testing.T) {
	inBubble(t, virtual.Config{}, func(t *testing.T, b *bench, d *virtual.Device) {
		for piid := 1; piid <= 4; piid++ {
			if raw, n := b.value("lamp-1", 2, piid); n != 1 {
				t.Errorf("2.%d was reported %d times, last %s", piid, n, raw)
			}
		}
		b.drop()
		time.Sleep(4 * time.Second)
		b.set(func(b *bench) { b.reports = nil })
		turn(t, d, 2, 2, miot.UintValue(33))
		b.drop()
		time.Sleep(20 * time.Second)
		if raw, n := b.value("lamp-1", 2, 2); raw != "33" || n == 0 {
			t.Errorf("after the reconnect 2.2 was reported %d times, last %s", n, raw)
		}
		if _, n := b.value("lamp-1", 2, 3); n == 0 {
			t.Error("after the reconnect 2.3 was not reported")
		}
	})
}

func TestRequests(t *testing.T) {
	inBubble(t, virtual.Config{Model: "proof-lamp1", Firmware: "1.2.3"}, func(t *testing.T, b *bench, _ *virtual.Device) {
		long := strings.Repeat("x", 300)
		for _, c := range []struct{ sentence, request, want string }{
			{
				"reads answer in order, each with its code",
				`"method":"get_properties","params":[{"did":"lamp-1","siid":2,"piid":1},{"did":"lamp-1","siid":9,"piid":1},{"did":"x","siid":2,"piid":1},{"did":"lamp-1","siid":2,"piid":6},{"did":"lamp-1","siid":1,"piid":4}]`,
				`"result":[{"did":"lamp-1","siid":2,"piid":1,"code":0,"value":true},{"did":"lamp-1","siid":9,"piid":1,"code":-4003},{"did":"x","siid":2,"piid":1,"code":-4007},{"did":"lamp-1","siid":2,"piid":6,"code":-4001},{"did":"lamp-1","siid":1,"piid":4,"code":0,"value":"1.2.3"}]`,
			},
			{
				"writes are judged one by one",
				`"method":"set_properties","params":[{"did":"lamp-1","siid":2,"piid":2,"value":55},{"did":"lamp-1","siid":2,"piid":2,"value":101},{"did":"lamp-1","siid":2,"piid":4,"value":20},{"did":"lamp-1","siid":2,"piid":3,"value":1},{"did":"lamp-1","siid":2,"piid":1,"value":1},{"did":"lamp-1","siid":2,"piid":8,"value":1},{"did":"lamp-1","siid":2,"piid":5,"value":"` + long + `"},{"did":"lamp-1","siid":2,"piid":2,"value":1e400}]`,
				`"result":[{"did":"lamp-1","siid":2,"piid":2,"code":0},{"did":"lamp-1","siid":2,"piid":2,"code":-4005},{"did":"lamp-1","siid":2,"piid":4,"code":-4002},{"did":"lamp-1","siid":2,"piid":3,"code":-4005},{"did":"lamp-1","siid":2,"piid":1,"code":-4005},{"did":"lamp-1","siid":2,"piid":8,"code":-4003},{"did":"lamp-1","siid":2,"piid":5,"code":-4005},{"did":"lamp-1","siid":2,"piid":2,"code":-4005}]`,
			},
			{
				"an action takes its arguments and gives its out",
				`"method":"action","params":{"did":"lamp-1","siid":2,"aiid":2,"in":[{"piid":2,"value":10}]}`,
				`"result":{"did":"lamp-1","siid":2,"aiid":2,"code":0,"out":[{"piid":2,"value":10},{"piid":4,"value":22.`,
			},
			{
				"too few arguments are refused",
				`"method":"action","params":{"did":"lamp-1","siid":2,"aiid":2,"in":[]}`,
				`"result":{"did":"lamp-1","siid":2,"aiid":2,"code":-4006,"out":[]}`,
			},
			{"an unknown action is not found", `"method":"action","params":{"did":"lamp-1","siid":2,"aiid":7,"in":[]}`, `"code":-4003`},
			{"an unknown method is refused", `"method":"foo","params":[]`, `"error":{"code":-32601,`},
			{"a request that is none is refused", `"params":[]`, `"error":{"code":-32600,`},
			{"a request over 4,096 bytes is refused", `"method":"foo","x":"` + strings.Repeat(long, 15) + `"`, `"error":{"code":-32600,`},
			{
				"a request of 65 items is refused",
				`"method":"get_properties","params":[` + strings.Repeat(`{"did":"l","siid":2,"piid":1},`, 64) + `{"did":"l","siid":2,"piid":1}]`,
				`"error":{"code":-32600,`,
			},
			{"info names model and firmware", `"method":"miIO.info","params":[]`, `"result":{"model":"proof-lamp1","fw_ver":"1.2.3"`},
		} {
			id := b.id()
			b.send("lamp-1", []byte(`{"id":`+itoa(id)+`,`+c.request+`}`))
			time.Sleep(time.Second)
			b.mu.Lock()
			got := string(b.answers[id].payload)
			b.mu.Unlock()
			if !strings.Contains(got, c.want) {
				t.Errorf("%s:\n got %s\nwant %s", c.sentence, got, c.want)
			}
		}
	})
}

func TestChangesAreReportedOnce(t *testing.T) {
	inBubble(t, virtual.Config{}, func(t *testing.T, b *bench, d *virtual.Device) {
		set := func(v string) {
			b.ask("lamp-1", miot.SetProperties(0, []miot.PropertyValue{{DID: "lamp-1", SIID: 2, PIID: 2, Value: []byte(v)}}))
		}
		set("20")
		time.Sleep(2 * time.Second)
		if raw, n := b.value("lamp-1", 2, 2); raw != "20" || n != 2 {
			t.Fatalf("a write was reported as %s, %d reports", raw, n)
		}
		set("200")
		time.Sleep(5 * time.Second)
		if _, n := b.value("lamp-1", 2, 2); n != 2 {
			t.Error("a refused write was reported")
		}
		b.forget()
		for _, v := range []uint64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10} {
			if err := d.Set(2, 2, miot.UintValue(v)); err != nil {
				t.Fatal(err)
			}
			time.Sleep(100 * time.Millisecond)
		}
		time.Sleep(3 * time.Second)
		if raw, n := b.value("lamp-1", 2, 2); raw != "10" || n != 2 {
			t.Errorf("ten changes within a second gave %d reports, the last of %s", n, raw)
		}
	})
}

func TestRepeatedIDActsOnce(t *testing.T) {
	inBubble(t, virtual.Config{}, func(t *testing.T, b *bench, d *virtual.Device) {
		toggle := miot.InvokeAction(77, miot.ActionCall{DID: "lamp-1", SIID: 2, AIID: 1})
		on := func() bool { v, _ := d.Value(2, 1); on, _ := v.Bool(); return on }
		before := on()
		first := b.ask("lamp-1", toggle)
		b.drop()
		time.Sleep(5 * time.Second)
		second := b.ask("lamp-1", toggle)
		if on() == before || string(first.Payload()) != string(second.Payload()) {
			t.Errorf("on was %v, is %v; answers %s and %s", before, on(), first.Payload(), second.Payload())
		}
		time.Sleep(61 * time.Second)
		b.ask("lamp-1", toggle)
		if on() != before {
			t.Error("after a minute the id is not a repeat any more")
		}
	})
}

func TestUnacknowledgedReportsAreSentAgain(t *testing.T) {
	inBubble(t, virtual.Config{}, func(t *testing.T, b *bench, d *virtual.Device) {
		b.forget()
		b.set(func(b *bench) { b.withhold = true })
		turn(t, d, 2, 2, miot.UintValue(42))
		if err := d.Fire(2, 1); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		b.mu.Lock()
		lost := b.reports
		b.mu.Unlock()
		if len(lost) != 2 {
			t.Fatalf("%d reports, want the change and the event", len(lost))
		}
		b.forget()
		b.set(func(b *bench) { b.withhold = false })
		b.drop()
		time.Sleep(15 * time.Second)
		b.mu.Lock()
		defer b.mu.Unlock()
		for i, l := range lost {
			if len(b.reports) <= i || string(b.reports[i].payload) != string(l.payload) {
				t.Errorf("%s was not sent again as number %d", l.payload, i)
			}
		}
	})
}

func TestOwedAcknowledgementEndsTheConnection(t *testing.T) {
	inBubble(t, virtual.Config{}, func(t *testing.T, b *bench, d *virtual.Device) {
		b.set(func(b *bench) { b.withhold = true; b.logins = nil })
		time.Sleep(time.Minute)
		if n := len(b.passwords()); n != 0 {
			t.Errorf("%d logins in the first minute", n)
		}
		time.Sleep(2 * time.Minute)
		if n := len(b.passwords()); n != 1 {
			t.Errorf("%d logins after three minutes, want one", n)
		}
		b.set(func(b *bench) { b.withhold = false })
		turn(t, d, 2, 2, miot.UintValue(21))
		time.Sleep(5 * time.Minute)
		if raw, _ := b.value("lamp-1", 2, 2); raw != "21" {
			t.Errorf("brightness was reported as %s", raw)
		}
	})
}

func TestFightOverAnIDStaysGentle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		_, stop1 := running(t, virtual.Config{Spec: spec(t, lamp), Dial: b.dial, Seed: 1})
		time.Sleep(2 * time.Minute)
		b.forget()
		_, stop2 := running(t, virtual.Config{Spec: spec(t, lamp), Dial: b.dial, Seed: 2})
		time.Sleep(time.Minute)
		if n := len(b.passwords()); n > 16 {
			t.Errorf("%d logins in a minute by two devices of one did", n)
		}
		stop1()
		stop2()
		b.close()
	})
}

func TestConfigIsChecked(t *testing.T) {
	good := virtual.Config{Spec: spec(t, lamp), DID: "d", Secret: "s", Broker: "mqtt://localhost"}
	if _, err := virtual.New(good); err != nil {
		t.Fatal(err)
	}
	for want, spoil := range map[string]func(*virtual.Config){
		"did":              func(c *virtual.Config) { c.DID = "app.x" },
		"spec document":    func(c *virtual.Config) { c.Spec = nil },
		"scheme \"http\"":  func(c *virtual.Config) { c.Broker = "http://localhost" },
		"no host":          func(c *virtual.Config) { c.Broker = "localhost" },
		"either a broker":  func(c *virtual.Config) { c.Broker = "" },
		"keep-alive of 9s": func(c *virtual.Config) { c.KeepAlive = 9 * time.Second },
		"sample interval":  func(c *virtual.Config) { c.Sample = time.Second },
		"there twice":      func(c *virtual.Config) { c.SubDevices = []virtual.SubDevice{{DID: "d", Spec: c.Spec}} },
	} {
		c := good
		spoil(&c)
		if _, err := virtual.New(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
}

// TestFullStateIsPromptBehindABacklog: what is sent again first leaves room for the full state within ten seconds (NOTIFY-05).
func TestFullStateIsPromptBehindABacklog(t *testing.T) {
	inBubble(t, virtual.Config{}, func(t *testing.T, b *bench, d *virtual.Device) {
		b.set(func(b *bench) { b.withhold = true })
		for v := range uint64(12) {
			turn(t, d, 2, 2, miot.UintValue(v+1))
			_ = d.Fire(2, 1)
			time.Sleep(1100 * time.Millisecond)
		}
		b.set(func(b *bench) { b.withhold = false })
		b.forget()
		b.drop()
		for len(b.passwords()) == 0 {
			time.Sleep(10 * time.Millisecond)
		}
		time.Sleep(10 * time.Second)
		if raw, n := b.value("lamp-1", 2, 2); raw != "12" || n < 2 {
			t.Errorf("brightness was reported %d times, last as %s", n, raw)
		}
		for piid := 1; piid <= 4; piid++ {
			if _, n := b.value("lamp-1", 2, piid); n == 0 {
				t.Errorf("2.%d was not reported", piid)
			}
		}
	})
}
