package bench_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/proofmark/proofmark/certification/suite/bench"
	"github.com/proofmark/proofmark/certification/suite/transcript"
)

func TestRequestsGoOutAsTheyAreAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		c := r.connected()
		r.act(bench.ActRequest, bench.Request{Payload: "kept", QoS: 1, Retain: true})
		r.act(bench.ActRequest, bench.Request{Payload: "again", QoS: 1, Dup: true, ID: 77})
		r.act(bench.ActRequest, bench.Request{PayloadHex: transcript.Hex{0xff, 0xfe}})
		r.act(bench.ActPublish, bench.Publish{Topic: "device/lamp-2/down/request", Request: bench.Request{Payload: "other", QoS: 1}})
		for i, want := range []transcript.Packet{
			{Topic: request, Payload: "kept", QoS: 1, Retain: true, ID: 1},
			{Topic: request, Payload: "again", QoS: 1, Dup: true, ID: 77},
			{Topic: request, PayloadHex: transcript.Hex{0xff, 0xfe}},
			{Topic: "device/lamp-2/down/request", Payload: "other", QoS: 1, ID: 2},
		} {
			got := decoded(t, r.within(time.Second, packet(transcript.Out, "PUBLISH")))
			want.Version, want.Size = 4, len(want.Payload)+len(want.PayloadHex)
			if a, b := string(bench.Data(got)), string(bench.Data(want)); a != b {
				t.Errorf("%d: %s, needs %s", i, a, b)
			}
			m := <-c.got
			if m.Topic() != want.Topic || m.Retained() != want.Retain || m.Duplicate() != want.Dup || m.Qos() != want.QoS {
				t.Errorf("%d: the device saw %+v", i, m)
			}
		}
		c.Disconnect(10)
		r.close()
	})
}

func TestAMarkStandsForASecret(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		c := r.connected()
		r.act(bench.ActRequest, bench.Request{Payload: `{"secret":"«secret:factory»"}`, QoS: 1})
		if m := <-c.got; string(m.Payload()) != `{"secret":"`+factory+`"}` {
			t.Errorf("the device got %s", m.Payload())
		}
		if p := decoded(t, r.within(time.Second, packet(transcript.Out, "PUBLISH"))); p.Payload != `{"secret":"«secret:factory»"}` {
			t.Errorf("the transcript says %s", p.Payload)
		}
		// A device that gives its secret away: as text, and as bytes that are no text.
		done(t, c.Publish(report, 1, false, `{"psk":"`+factory+`"}`))
		if p := decoded(t, r.within(time.Second, packet(transcript.In, "PUBLISH"))); !strings.Contains(p.Payload, "«secret:factory»") {
			t.Errorf("the transcript says %s", p.Payload)
		}
		done(t, c.Publish(report, 1, false, "\xff"+factory))
		if p := decoded(t, r.within(time.Second, packet(transcript.In, "PUBLISH"))); !bytes.Equal(p.PayloadHex, append([]byte{0xff}, bytes.Repeat([]byte{'*'}, len(factory))...)) {
			t.Errorf("the transcript says %q", p.PayloadHex)
		}
		c.Disconnect(10)
		r.close()
	})
}

func TestStrayPacketsAndRawBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		_, stop := r.device()
		r.within(10*time.Second, packet(transcript.Out, "PUBACK"))
		for _, p := range []bench.RawPacket{{Type: "PUBACK", ID: 9999}, {Type: "PUBREC", ID: 9998}, {Type: "PINGRESP"}} {
			r.act(bench.ActPacket, p)
			if got := decoded(t, r.within(time.Second, packet(transcript.Out, p.Type))); got.ID != p.ID {
				t.Errorf("%s: %+v", p.Type, got)
			}
		}
		r.act(bench.ActPacket, bench.RawPacket{Type: "SUBACK", ID: 9997, Reasons: []int{1}})
		if got := decoded(t, r.within(time.Second, packet(transcript.Out, "SUBACK"))); len(got.Reasons) != 1 {
			t.Errorf("SUBACK: %+v", got)
		}
		for what, raw := range map[string]string{
			"a reserved flag": "41020001", "QoS 3": "360500016100010a", "a bad length": "30ffffffffff7f",
			"a topic that is no UTF-8": "30050003fffefd",
		} {
			bytes, _ := hex.DecodeString(raw)
			r.act(bench.ActRaw, bench.Raw{Hex: bytes})
			if got := r.within(time.Second, kind(transcript.KindBytes)); hex.EncodeToString(got.Raw) != raw || got.Dir != transcript.Out {
				t.Errorf("%s: %+v", what, got)
			}
			if end := r.within(time.Second, kind(transcript.KindClose)); !bench.ByDevice(end) {
				t.Errorf("%s: %s", what, end.Name)
			}
			r.within(10*time.Minute, packet(transcript.Out, "SUBACK"))
		}
		stop()
		r.close()
	})
}

func TestWithoutAConnectionNothingIsSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.act(bench.ActRequest, ask("1"))
		r.act(bench.ActRaw, bench.Raw{Hex: transcript.Hex{1}})
		r.act(bench.ActPacket, bench.RawPacket{Type: "PINGRESP"})
		r.act(bench.ActDrop, bench.Drop{})
		if n := r.count(kind(transcript.KindNote)); n != 4 {
			t.Errorf("%d notes, needs 4", n)
		}
		if n := r.count(kind(transcript.KindBytes)) + r.count(kind(transcript.KindPacket)); n != 0 {
			t.Errorf("%d records of what was not sent", n)
		}
		r.close()
	})
}

func TestActionsThatAreNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		for _, c := range []struct{ name, data string }{
			{"dance", `{}`},
			{bench.ActRequest, `{"qos":3}`},
			{bench.ActRequest, `{"pyaload":"x"}`},
			{bench.ActPacket, `{"type":"CONNECT"}`},
			{bench.ActDrop, `{"how":"gently"}`},
			{bench.ActRestart, `{"for":-1}`},
			{bench.ActOperator, `{"kind":"press"}`},
			{bench.ActFault, `{"withhold":["CONNACK"]}`},
			{bench.ActFault, `{"down":"yes"}`},
			{bench.ActFault, `{"loss":1.5}`},
			{bench.ActFault, `{"latency":-5}`},
			{bench.ActFault, `{"certificate":"nice"}`},
			{bench.ActFault, `{"drop":{"after":-1}}`},
			{bench.ActFault, `{"drop":{"after":1,"how":"x"}}`},
			{bench.ActFault, `{"rival":{"every":0}}`},
			{bench.ActFault, `{"at_subscribe":[{"qos":7}]}`},
			{bench.ActFault, `nonsense`},
		} {
			if err := r.b.Act(context.Background(), c.name, json.RawMessage(c.data)); err == nil {
				t.Errorf("%s %s was done", c.name, c.data)
			}
		}
		r.close()
	})
}

func TestDrop(t *testing.T) {
	for how, name := range map[string]string{
		"": "bench: drop", bench.DropClose: "bench: drop", bench.DropReset: "bench: drop reset", bench.DropDisconnect: "bench: drop",
	} {
		t.Run(how, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				_, stop := r.device()
				r.within(10*time.Second, packet(transcript.Out, "SUBACK"))
				r.act(bench.ActDrop, bench.Drop{How: how})
				if end := r.within(time.Second, kind(transcript.KindClose)); end.Name != name || bench.ByDevice(end) {
					t.Errorf("close: %q, needs %q", end.Name, name)
				}
				// Ten of them because paho's Publish may wait as long for a connection that just went.
				r.within(13*time.Second, packet(transcript.In, "CONNECT"))
				stop()
				r.close()
			})
		})
	}
}

func TestRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		_, stop := r.device()
		r.within(10*time.Second, packet(transcript.Out, "SUBACK"))
		r.act(bench.ActRestart, bench.Restart{For: time.Minute})
		r.fault(bench.Fault{}) // which does not end it
		began := r.w.Now()
		for {
			next := r.within(5*time.Minute, kind(transcript.KindOpen))
			if next.At-began >= time.Minute {
				break
			}
			if end := r.within(time.Second, kind(transcript.KindClose)); end.Name != "bench: restart" || end.Conn != next.Conn {
				t.Errorf("while it is down: %+v", end)
			}
		}
		r.within(time.Second, packet(transcript.Out, "CONNACK"))
		stop()
		r.close()
	})
}

func TestTheOperatorAnswersInHisOwnTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(c *bench.Config) {
			c.Operator = func(ctx context.Context, q bench.Question) (transcript.Answer, error) {
				if q.Kind == bench.Photo {
					<-ctx.Done()
					return transcript.Answer{}, context.Cause(ctx)
				}
				select {
				case <-time.After(q.For):
					return transcript.Answer{Answer: "done", Note: q.Text}, nil
				case <-ctx.Done():
					return transcript.Answer{}, errors.New("too late")
				}
			}
		})
		r.act(bench.ActOperator, bench.Question{ID: "q1", Kind: bench.PowerCycle, Text: "off", For: 5 * time.Second})
		r.act(bench.ActOperator, bench.Question{ID: "q2", Kind: bench.Photo, Timeout: 2 * time.Second})
		began := r.w.Now()
		note := r.within(3*time.Second, kind(transcript.KindNote))
		if !strings.Contains(note.Text, "q2") || note.At-began != 2*time.Second {
			t.Errorf("note: %+v", note)
		}
		answer := r.within(10*time.Second, kind(transcript.KindAnswer))
		if answer.Name != "q1" || string(answer.Data) != `{"answer":"done","note":"off"}` || answer.At-began != 5*time.Second {
			t.Errorf("answer: %+v", answer)
		}
		// The end of the case, and the end of the bench, end a question.
		ctx, cancel := context.WithCancel(t.Context())
		if err := r.b.Act(ctx, bench.ActOperator, bench.Data(bench.Question{ID: "q3", Kind: bench.Photo})); err != nil {
			t.Fatal(err)
		}
		cancel()
		r.within(time.Second, kind(transcript.KindNote))
		r.act(bench.ActOperator, bench.Question{ID: "q4", Kind: bench.Photo})
		r.close()
	})
}
