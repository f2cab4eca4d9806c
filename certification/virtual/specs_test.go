package virtual_test

import (
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/proofmark/proofmark/certification/virtual"
	"github.com/proofmark/proofmark/miot"
)

// documents are the project's own, and in full runs the real ones where they are at hand.
func documents(t *testing.T) map[string]*miot.Spec {
	t.Helper()
	all := map[string]*miot.Spec{"lamp": spec(t, lamp)}
	for _, name := range miot.SampleNames() {
		all[name] = spec(t, string(miot.Sample(name)))
	}
	if testing.Short() {
		return all
	}
	files, _ := filepath.Glob("../../../shared/specs/*.json")
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all[filepath.Base(file)] = spec(t, string(data))
	}
	return all
}

// TestEveryDocument runs a device of each document for some minutes: every property is read and written, every action called,
// every event fired, and all that the device says is judged.
func TestEveryDocument(t *testing.T) {
	for name, document := range documents(t) {
		t.Run(name, func(t *testing.T) {
			inBubble(t, virtual.Config{Spec: document, DID: "d"}, func(t *testing.T, b *bench, d *virtual.Device) {
				rules, err := miot.Compile(document)
				if err != nil {
					t.Fatal(err)
				}
				j := newJudge(map[string]*miot.Validator{"d": rules})
				everyNotifyProperty(t, b, rules)
				j.hear(t, b)
				for _, rule := range rules.Properties() {
					readAndWrite(t, b, rule)
				}
				for _, s := range document.Services {
					for _, a := range s.Actions {
						callAction(t, b, rules, s.IID, a)
					}
					for _, e := range s.Events {
						if err := d.Fire(s.IID, e.IID); err != nil {
							t.Error(err)
						}
					}
				}
				time.Sleep(30 * time.Second)
				j.hear(t, b)
				time.Sleep(10 * time.Minute)
				if n := j.hear(t, b); n > 200 {
					t.Errorf("%d messages in ten idle minutes", n)
				}
			})
		})
	}
}

func everyNotifyProperty(t *testing.T, b *bench, rules *miot.Validator) {
	t.Helper()
	for _, rule := range rules.Properties() {
		if _, n := b.value("d", rule.SIID, rule.PIID); n != 1 == rule.Notify {
			t.Errorf("%d.%d (%v) was reported %d times after the connect", rule.SIID, rule.PIID, rule.Property.Access, n)
		}
	}
}

func readAndWrite(t *testing.T, b *bench, rule *miot.PropertyRule) {
	t.Helper()
	read := func() miot.ItemResult {
		return b.ask("d", miot.GetProperties(0, []miot.PropertyRef{{DID: "d", SIID: rule.SIID, PIID: rule.PIID}})).Results[0]
	}
	write := func(raw []byte) miot.Code {
		return b.ask("d", miot.SetProperties(0, []miot.PropertyValue{{DID: "d", SIID: rule.SIID, PIID: rule.PIID, Value: raw}})).Results[0].Code
	}
	got := read()
	if rule.Readable != (got.Code == miot.CodeDone) || !rule.Readable && (got.Code != miot.CodeNotReadable || got.Value != nil) {
		t.Errorf("%d.%d %s was read with %s: %s", rule.SIID, rule.PIID, rule.Name, got.Code, got.Value)
	}
	if rule.Readable {
		if _, bad := rule.Check(got.Value); bad != nil {
			t.Error(bad)
		}
	}
	for _, raw := range lawful(rule) {
		code := write(raw)
		if !rule.Writable {
			if code != miot.CodeNotWritable {
				t.Errorf("%d.%d %s took %s with %s, it is not writable", rule.SIID, rule.PIID, rule.Name, raw, code)
			}
			continue
		}
		if code != miot.CodeDone {
			t.Errorf("%d.%d %s refused %s with %s", rule.SIID, rule.PIID, rule.Name, raw, code)
		}
		if rule.Readable {
			if got := read(); !same(rule, got.Value, raw) {
				t.Errorf("%d.%d %s was set to %s and says %s", rule.SIID, rule.PIID, rule.Name, raw, got.Value)
			}
		}
	}
	for _, raw := range []string{"null", "[]", "{}", "1e400"} {
		if code := write([]byte(raw)); rule.Writable && code != miot.CodeValue {
			t.Errorf("%d.%d %s answered %s to %s", rule.SIID, rule.PIID, rule.Name, code, raw)
		}
	}
}

func same(rule *miot.PropertyRule, a, b []byte) bool {
	x, badX := rule.Check(a)
	y, badY := rule.Check(b)
	return badX == nil && badY == nil && x.Equal(y)
}

// lawful lists a few values a property must take.
func lawful(rule *miot.PropertyRule) (raws [][]byte) {
	candidates := []miot.Value{miot.BoolValue(true), miot.BoolValue(false), miot.StringValue("Grüße, 世界 🌍"), miot.IntValue(3)}
	if r := rule.Property.Range; r != nil {
		candidates = append(candidates, r.Min, r.Max)
	}
	for _, item := range rule.Property.List {
		candidates = append(candidates, item.Value)
	}
	for _, v := range candidates {
		if _, bad := rule.Check(v.Append(nil)); bad == nil {
			raws = append(raws, v.Append(nil))
		}
	}
	return raws
}

func callAction(t *testing.T, b *bench, rules *miot.Validator, siid int, a miot.Action) {
	t.Helper()
	call := miot.ActionCall{DID: "d", SIID: siid, AIID: a.IID}
	for _, piid := range a.In {
		argument := miot.Argument{PIID: piid, Value: []byte("1")}
		if rule, ok := rules.Property(siid, piid); ok {
			argument.Value = lawful(rule)[0]
		}
		call.In = append(call.In, argument)
	}
	r := b.ask("d", miot.InvokeAction(0, call))
	if r.Action == nil || r.Action.Code != miot.CodeDone {
		t.Fatalf("action %d.%d %s: %s", siid, a.IID, a.Name(), r.Payload())
	}
	rule, _ := rules.Action(siid, a.IID)
	if _, bad := rule.CheckOut(r.Action.Out); bad != nil {
		t.Error(bad)
	}
	call.In = append(call.In, miot.Argument{PIID: 1, Value: []byte("1")})
	if r := b.ask("d", miot.InvokeAction(0, call)); r.Action == nil || r.Action.Code != miot.CodeArguments {
		t.Errorf("action %d.%d with an argument too many: %s", siid, a.IID, r.Payload())
	}
}

// TestSubDevices lets one connection speak for three.
func TestSubDevices(t *testing.T) {
	purifier := spec(t, string(miot.Sample(miot.SampleNames()[0])))
	cfg := virtual.Config{DID: "hub", SubDevices: []virtual.SubDevice{{DID: "s1", Spec: spec(t, lamp)}, {DID: "s2", Spec: purifier}}}
	inBubble(t, cfg, func(t *testing.T, b *bench, d *virtual.Device) {
		for _, did := range []string{"hub", "s1"} {
			if _, n := b.value(did, 2, 2); n != 1 {
				t.Errorf("%s reported 2.2 %d times", did, n)
			}
		}
		r := b.ask("hub", miot.SetProperties(0, []miot.PropertyValue{
			{DID: "s1", SIID: 2, PIID: 2, Value: []byte("9")}, {DID: "stranger", SIID: 2, PIID: 2, Value: []byte("9")},
		}))
		if r.Results[0].Code != miot.CodeDone || r.Results[1].Code != miot.CodeWrongDID {
			t.Errorf("set: %s", r.Payload())
		}
		if err := d.FireOf("s1", 2, 1); err != nil {
			t.Error(err)
		}
		time.Sleep(2 * time.Second)
		if raw, _ := b.value("s1", 2, 2); raw != "9" {
			t.Errorf("s1 reported %s", raw)
		}
		if raw, _ := b.value("hub", 2, 2); raw == "9" {
			t.Error("the hub's own property changed")
		}
	})
}

// TestADay runs 24 hours of sensors, events, writes and now and then a lost connection.
func TestADay(t *testing.T) {
	if testing.Short() {
		t.Skip("a virtual day takes seconds")
	}
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		document := spec(t, string(miot.Sample(miot.SampleNames()[0])))
		rules, err := miot.Compile(document)
		if err != nil {
			t.Fatal(err)
		}
		disconnects := 0
		d, stop := running(t, virtual.Config{
			Spec: document, DID: "d", Dial: b.dial, EventEvery: 10 * time.Minute,
			Observe: func(o virtual.Observation) {
				if o.Kind == virtual.Disconnected {
					disconnects++
				}
			},
		})
		j := newJudge(map[string]*miot.Validator{"d": rules})
		messages, asked := 0, 0
		for hour := range 24 {
			for range 60 {
				time.Sleep(time.Minute)
				asked++
				if r := b.ask("d", miot.Call(0, miot.MethodInfo, nil)); r.Error != nil {
					t.Error(r.Error)
				}
			}
			messages += j.hear(t, b)
			if hour%6 == 5 {
				b.drop()
				time.Sleep(10 * time.Second)
			}
		}
		stop()
		b.close()
		if disconnects != 5 { // four dropped, one at the end
			t.Errorf("%d disconnects, want 5", disconnects)
		}
		t.Logf("%d reports, %d requests, battery and all: %d values", messages, asked, len(d.Snapshot()))
	})
}
