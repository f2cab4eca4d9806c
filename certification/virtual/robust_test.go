package virtual_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/proofmark/proofmark/certification/virtual"
	"github.com/proofmark/proofmark/miot"
)

// alive is the catalogue's alive check.
func alive(t *testing.T, b *bench) {
	t.Helper()
	r := b.ask("lamp-1", miot.GetProperties(0, []miot.PropertyRef{{DID: "lamp-1", SIID: 2, PIID: 2}}))
	if len(r.Results) != 1 || r.Results[0].Code != miot.CodeDone || len(b.passwords()) != 1 {
		t.Errorf("alive check: %s, %d logins", r.Payload(), len(b.passwords()))
	}
}

func TestMalformedRequestsAreHarmless(t *testing.T) {
	set := `"method":"set_properties","params":[{"did":"lamp-1","siid":2,"piid":2,"value":5}]`
	inBubble(t, virtual.Config{}, func(t *testing.T, b *bench, d *virtual.Device) {
		before := d.Snapshot()
		for _, payload := range []string{
			"", "null", "[]", "{", `{"id":1,` + set, "\xef\xbb\xbf{\"id\":1," + set + "}", `{"id":1,` + set + `}x`, `{"id":1,/* */` + set + `}`,
			`{"id":1,"method":"foo",` + set + `}`, strings.Replace(`{"id":1,`+set+`}`, "5", "NaN", 1), strings.Replace(`{"id":1,`+set+`}`, "5", `5,"value":6`, 1),
			strings.Replace(`{"id":1,`+set+`}`, "set_", "s\xffet_", 1), strings.Repeat("[", 64) + strings.Repeat("]", 64), `{"id":"a",` + set + `}`, "{" + set + "}",
			`{"id":1,` + set + `,"x":` + strings.Repeat(`{"a":`, 64) + "1" + strings.Repeat("}", 65), `{"id":1,` + set + `,"x":"` + strings.Repeat("x", 4096) + `"}`,
			`{"id":1,` + set + `,"x":"` + strings.Repeat("x", 256<<10) + `"}`, `{"id":88,"result":[]}`,
			strings.Replace(`{"id":1,`+set+`}`, `"did":"lamp-1"`, `"did":"lamp-2"`, 1),
		} {
			b.send("lamp-1", []byte(payload))
			alive(t, b)
		}
		for i, p := range d.Snapshot() {
			if p.Name != "temperature" && p != before[i] {
				t.Errorf("%d.%d went from %s to %s", p.SIID, p.PIID, before[i].Value, p.Value)
			}
		}
		wide := make([]string, 1000)
		for i := range wide {
			wide[i] = fmt.Sprintf(`"k%d":1`, i)
		}
		b.send("lamp-1", []byte(`{`+strings.Join(wide, ",")+`}`))
		alive(t, b)
	})
}

func TestFloodIsSurvived(t *testing.T) {
	inBubble(t, virtual.Config{}, func(t *testing.T, b *bench, d *virtual.Device) {
		first := int64(1000)
		for i := range int64(1000) {
			b.send("lamp-1", miot.GetProperties(first+i, []miot.PropertyRef{{DID: "lamp-1", SIID: 2, PIID: 1}}).Payload())
			time.Sleep(10 * time.Millisecond)
		}
		alive(t, b)
		b.mu.Lock()
		defer b.mu.Unlock()
		for i := range int64(1000) {
			if _, ok := b.answers[first+i]; !ok {
				t.Errorf("request %d was not answered", first+i)
			}
		}
	})
}

func TestReadingCausesNoReport(t *testing.T) {
	inBubble(t, virtual.Config{Sample: time.Hour}, func(t *testing.T, b *bench, d *virtual.Device) {
		b.forget()
		before := d.Snapshot()
		for range 20 {
			b.ask("lamp-1", miot.GetProperties(0, []miot.PropertyRef{{DID: "lamp-1", SIID: 2, PIID: 1}, {DID: "lamp-1", SIID: 2, PIID: 4}}))
		}
		for i, p := range d.Snapshot() {
			if p != before[i] {
				t.Errorf("%d.%d went from %s to %s", p.SIID, p.PIID, before[i].Value, p.Value)
			}
		}
		if n := len(b.heard()); n != 0 {
			t.Errorf("%d reports", n)
		}
	})
}

// TestSetOnceASecond is TIME-02: every value is reported, within two seconds.
func TestSetOnceASecond(t *testing.T) {
	inBubble(t, virtual.Config{Sample: time.Hour}, func(t *testing.T, b *bench, d *virtual.Device) {
		b.forget()
		var set []time.Time
		for i := range uint64(100) {
			set = append(set, time.Now())
			turn(t, d, 2, 2, miot.UintValue(i%100+1))
			time.Sleep(time.Second)
		}
		time.Sleep(3 * time.Second)
		heard := b.heard()
		if len(heard) < 99 { // the first one may be what it was before
			t.Fatalf("%d reports of 100 changes", len(heard))
		}
		for _, p := range heard {
			v, _ := miot.DecodeValue(p.report.Items[0].Value)
			n, _ := v.Int64()
			if late := p.at.Sub(set[n-1]); late > 2*time.Second {
				t.Errorf("value %d was reported after %s", n, late)
			}
		}
	})
}

// TestFlapping is LIFE-04: after ten connects that were dropped at once, the last report is the final state.
func TestFlapping(t *testing.T) {
	inBubble(t, virtual.Config{}, func(t *testing.T, b *bench, d *virtual.Device) {
		for n := 1; n <= 10; n++ {
			seen := len(b.passwords())
			turn(t, d, 2, 2, miot.IntValue(int64(n)))
			b.drop()
			for len(b.passwords()) == seen {
				time.Sleep(10 * time.Millisecond)
			}
		}
		time.Sleep(10 * time.Second)
		if raw, _ := b.value("lamp-1", 2, 2); raw != "10" {
			t.Errorf("the last report says %s", raw)
		}
		j := newJudge(nil)
		for _, p := range b.heard() {
			j.times = j.burst(t, j.times, p.at, 10)
		}
	})
}

// TestRoughHours has everything at once: sub-devices, many events, writes, a link that breaks every few minutes, acknowledgements
// that are withheld.
func TestRoughHours(t *testing.T) {
	names := miot.SampleNames()
	cfg := virtual.Config{DID: "lamp-1", EventEvery: 3 * time.Second, Sample: 2 * time.Second}
	j := newJudge(map[string]*miot.Validator{})
	j.again = true
	for i, name := range names {
		document := spec(t, string(miot.Sample(name)))
		did := fmt.Sprintf("sub-%d", i)
		cfg.SubDevices = append(cfg.SubDevices, virtual.SubDevice{DID: did, Spec: document})
		j.rules[did], _ = miot.Compile(document)
	}
	j.rules["lamp-1"], _ = miot.Compile(spec(t, lamp))
	inBubble(t, cfg, func(t *testing.T, b *bench, d *virtual.Device) {
		messages := 0
		for round := range 40 {
			for range 90 {
				time.Sleep(time.Second)
				_ = d.Set(2, 2, miot.IntValue(int64(round%100+1)))
			}
			b.set(func(b *bench) { b.withhold = true })
			for range 10 {
				_ = d.Fire(2, 1)
				b.send("lamp-1", miot.InvokeAction(b.id(), miot.ActionCall{DID: "lamp-1", SIID: 2, AIID: 1}).Payload())
				time.Sleep(700 * time.Millisecond)
			}
			b.set(func(b *bench) { b.withhold = false })
			b.drop()
			messages += j.hear(t, b)
		}
		time.Sleep(3 * time.Minute)
		b.forget()
		_ = d.Set(2, 2, miot.IntValue(99))
		time.Sleep(3 * time.Second)
		if raw, _ := b.value("lamp-1", 2, 2); raw != "99" {
			t.Errorf("brightness was reported as %s", raw)
		}
		t.Logf("%d messages", messages)
	})
}
