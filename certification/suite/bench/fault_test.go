package bench_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/proofmark/proofmark/certification/suite/bench"
	"github.com/proofmark/proofmark/certification/suite/transcript"
)

func TestDown(t *testing.T) {
	for how, end := range map[string]string{bench.DownReset: "bench: down", bench.DownClose: "bench: down", bench.DownSilent: "device: "} {
		t.Run(how, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				_, stop := r.device()
				r.within(10*time.Second, packet(transcript.Out, "SUBACK"))
				r.fault(bench.Fault{Down: how})
				r.within(time.Minute, closed(end)) // also the live one
				for range 3 {
					open := r.within(5*time.Minute, kind(transcript.KindOpen))
					if got := r.within(time.Minute, closed(end)); got.Conn != open.Conn {
						t.Errorf("connection %d ended, needs %d", got.Conn, open.Conn)
					}
				}
				if n := r.count(packet(transcript.In, "CONNECT")); n != 1 {
					t.Errorf("%d CONNECTs, needs 1", n)
				}
				r.fault(bench.Fault{})
				r.within(5*time.Minute, packet(transcript.Out, "CONNACK"))
				stop()
				r.close()
			})
		})
	}
}

func TestRefusedConnects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.fault(bench.Fault{ConnackCode: 0x87})
		_, stop := r.device()
		for range 3 {
			if got := decoded(t, r.within(5*time.Minute, packet(transcript.Out, "CONNACK"))).Reason; got != 5 {
				t.Errorf("a 3.1.1 device got %d for 0x87, needs 5", got)
			}
			r.within(time.Second, closed("bench: refused"))
		}
		r.fault(bench.Fault{ConnackCode: 3, ConnackOnce: true})
		for _, want := range []int{3, 0} {
			if got := decoded(t, r.within(5*time.Minute, packet(transcript.Out, "CONNACK"))).Reason; got != want {
				t.Errorf("CONNACK %d, needs %d", got, want)
			}
		}
		stop()
		r.close()
	})
}

func TestWithheldConnack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.fault(bench.Fault{WithholdConnack: true})
		_, stop := r.device()
		for range 3 {
			r.within(5*time.Minute, packet(transcript.In, "CONNECT"))
			r.within(11*time.Second, closed("device: "))
		}
		if n := r.count(packet(transcript.Out, "CONNACK")); n != 0 {
			t.Errorf("%d CONNACKs", n)
		}
		r.fault(bench.Fault{})
		r.within(5*time.Minute, packet(transcript.Out, "CONNACK"))
		stop()
		r.close()
	})
}

func TestWithheldPacketsAreNeverSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.fault(bench.Fault{Withhold: []string{"PUBACK"}})
		_, stop := r.device()
		first := decoded(t, r.within(10*time.Second, packet(transcript.In, "PUBLISH")))
		r.never(10*time.Second, packet(transcript.Out, "PUBACK"))
		r.act(bench.ActDrop, bench.Drop{})
		r.fault(bench.Fault{})
		again := decoded(t, r.within(time.Minute, payload(first.Payload)))
		r.within(time.Second, packet(transcript.Out, "PUBACK"))
		if again.Topic != first.Topic {
			t.Errorf("sent again on %s", again.Topic)
		}
		stop()
		r.close()
	})
}

func TestWithheldPacketsAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		c := r.connected()
		r.fault(bench.Fault{Withhold: []string{"PUBREC", "PUBCOMP"}, WithholdCount: 1})
		if c.Publish(report, 2, false, "x").WaitTimeout(time.Minute) {
			t.Error("the client has its PUBREC")
		}
		done(t, c.Publish(report, 2, false, "y"))
		c.Disconnect(10)
		r.close()
	})
}

func TestMute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		_, stop := r.device()
		r.within(10*time.Second, packet(transcript.Out, "PUBACK"))
		r.fault(bench.Fault{Mute: true})
		since := r.w.Now()
		r.act(bench.ActRequest, ask("5"))
		r.within(time.Second, kind(transcript.KindNote))
		r.within(50*time.Second, packet(transcript.In, "PINGREQ")) // it still reads
		// 1.5 keep-alives and 5 s is what SESS-03 gives the device.
		if end := r.within(50*time.Second, kind(transcript.KindClose)); !bench.ByDevice(end) || end.At-since > 50*time.Second {
			t.Errorf("close: %+v", end)
		}
		for _, record := range r.w.Records() {
			if record.At > since && record.Dir == transcript.Out {
				t.Errorf("a mute bench sent %s", record.Name)
			}
		}
		stop()
		r.close()
	})
}

func TestBlackhole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		_, stop := r.device()
		r.within(10*time.Second, packet(transcript.Out, "PUBACK"))
		r.fault(bench.Fault{Blackhole: true})
		since := r.w.Now()
		end := r.within(50*time.Second, kind(transcript.KindClose))
		if !bench.ByDevice(end) || end.Conn != 1 {
			t.Errorf("close: %+v", end)
		}
		r.within(5*time.Minute, kind(transcript.KindOpen)) // it tries again, in vain
		r.within(time.Minute, closed("device: "))
		for _, record := range r.w.Records() {
			if record.At > since && (record.Kind == transcript.KindPacket || record.Kind == transcript.KindBytes) {
				t.Errorf("%s passed a black hole", record.Name)
			}
		}
		r.fault(bench.Fault{})
		r.within(5*time.Minute, packet(transcript.Out, "SUBACK"))
		if n := r.count(kind(transcript.KindLag)); n > 0 {
			t.Errorf("%d records of lag", n)
		}
		stop()
		r.close()
	})
}

func TestWhatABlackHoleHeldGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		c := r.connected(func(o *mqtt.ClientOptions) { o.SetKeepAlive(0) })
		r.fault(bench.Fault{Blackhole: true})
		token := c.Publish(report, 1, false, "held")
		r.act(bench.ActRequest, bench.Request{Payload: "held too", QoS: 1})
		if token.WaitTimeout(time.Minute) || len(c.got) > 0 {
			t.Error("a message passed the black hole")
		}
		r.fault(bench.Fault{})
		done(t, token)
		<-c.got
		c.Disconnect(10)
		r.close()
	})
}

func TestRefusedSubscriptions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.fault(bench.Fault{SubackCode: 0x87, SubackCount: 5})
		_, stop := r.device()
		for i := range 6 {
			want := 0x80
			if i == 5 {
				want = 1
			}
			if got := decoded(t, r.within(5*time.Minute, packet(transcript.Out, "SUBACK"))).Reasons[0]; got != want {
				t.Errorf("SUBACK %d: %#x, needs %#x", i, got, want)
			}
		}
		stop()
		r.close()
	})
}

func TestShortSessions(t *testing.T) {
	for _, how := range []string{bench.DropClose, bench.DropReset} {
		t.Run(how, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				_, stop := r.device()
				r.within(time.Minute, packet(transcript.Out, "PUBACK"))
				r.never(10*time.Second, kind(transcript.KindClose))
				r.fault(bench.Fault{Drop: &bench.DropAfter{After: time.Second, Drop: bench.Drop{How: how}}})
				if end := r.within(time.Second, kind(transcript.KindClose)); end.Conn != 1 {
					t.Errorf("the live one did not end at once: %+v", end)
				}
				for range 3 {
					ack := r.within(5*time.Minute, packet(transcript.Out, "CONNACK"))
					end := r.within(2*time.Second, kind(transcript.KindClose))
					if end.At-ack.At != time.Second || !strings.HasPrefix(end.Name, "bench: drop") {
						t.Errorf("%s after %s", end.Name, end.At-ack.At)
					}
				}
				r.fault(bench.Fault{})
				r.within(5*time.Minute, packet(transcript.Out, "CONNACK"))
				r.never(10*time.Second, kind(transcript.KindClose))
				stop()
				r.close()
			})
		})
	}
}

func TestARivalTakesOverAgainAndAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		_, stop := r.device()
		r.fault(bench.Fault{Rival: &bench.Rival{Every: 5 * time.Second}})
		for range 3 {
			ack := r.within(5*time.Minute, packet(transcript.Out, "CONNACK"))
			if end := r.within(time.Minute, kind(transcript.KindClose)); end.Name != "bench: taken over by a rival" || end.At-ack.At != 5*time.Second {
				t.Errorf("%s after %s", end.Name, end.At-ack.At)
			}
		}
		stop()
		r.close()
	})
}

func TestDuplicatesAndDamage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		c := r.connected()
		r.fault(bench.Fault{Duplicate: true})
		r.act(bench.ActRequest, bench.Request{Payload: "twice", QoS: 1})
		first, second := <-c.got, <-c.got
		if first.MessageID() != second.MessageID() || first.Duplicate() || !second.Duplicate() {
			t.Errorf("got %+v and %+v", first, second)
		}
		r.fault(bench.Fault{Corrupt: true})
		r.act(bench.ActRequest, bench.Request{Payload: "damaged", QoS: 1})
		if m := <-c.got; string(m.Payload()) == "damaged" || len(m.Payload()) != len("damaged") {
			t.Errorf("got %q", m.Payload())
		}
		c.Disconnect(10)
		r.close()
	})
}

func TestMessagesThatWaitForASubscription(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.fault(bench.Fault{AtSubscribe: []bench.Publish{{Topic: request, Request: bench.Request{Payload: "old", QoS: 1}}}})
		c := r.connected()
		if m := <-c.got; string(m.Payload()) != "old" || !m.Retained() {
			t.Errorf("got %+v", m)
		}
		c.Disconnect(10)
		r.close()
	})
}

func TestLatencyAndJitter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		c := r.connected()
		const requests = 200
		r.fault(bench.Fault{Latency: 100 * time.Millisecond, Jitter: 30 * time.Millisecond})
		var sum, least, most time.Duration
		for range requests {
			began := time.Now()
			done(t, c.Publish(report, 1, false, "x"))
			took := time.Since(began)
			if sum += took; least == 0 || took < least {
				least = took
			}
			most = max(most, took)
		}
		mean := sum / requests
		t.Logf("round trips: mean %s, least %s, most %s", mean, least, most)
		if mean < 190*time.Millisecond || mean > 210*time.Millisecond || least < 140*time.Millisecond || most > 260*time.Millisecond {
			t.Errorf("round trips: mean %s, least %s, most %s; needs 200 ± 60 ms", mean, least, most)
		}
		// Both ways at once: a delayed stream keeps its order and its throughput.
		began := time.Now()
		for i := range 50 {
			r.act(bench.ActRequest, bench.Request{Payload: fmt.Sprint(i), QoS: 1})
		}
		for i := range 50 {
			if m := <-c.got; string(m.Payload()) != fmt.Sprint(i) {
				t.Fatalf("message %d is %s", i, m.Payload())
			}
		}
		if took := time.Since(began); took > 140*time.Millisecond {
			t.Errorf("50 messages took %s, needs one way for all", took)
		}
		r.fault(bench.Fault{})
		began = time.Now()
		done(t, c.Publish(report, 1, false, "x"))
		if took := time.Since(began); took > time.Millisecond {
			t.Errorf("%s after the fault was lifted", took)
		}
		if n := r.count(kind(transcript.KindLag)); n > 0 {
			t.Errorf("%d records of lag", n)
		}
		c.Disconnect(10)
		r.close()
	})
}

func TestLossIsAStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		c := r.connected()
		r.fault(bench.Fault{Loss: 0.2})
		const requests = 2000
		stalled := 0
		for range requests {
			began := time.Now()
			done(t, c.Publish(report, 1, false, "x"))
			if took := time.Since(began); took >= 200*time.Millisecond {
				stalled++
			} else if took != 0 {
				t.Errorf("a round trip of %s, needs none or 200 ms and more", took)
			}
		}
		// Either way may be lost: 1 − 0.8².
		if stalled < requests*31/100 || stalled > requests*41/100 {
			t.Errorf("%d of %d stalled, needs 36 %%", stalled, requests)
		}
		c.Disconnect(10)
		r.close()
	})
}

func TestDrip(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		c := r.connected(func(o *mqtt.ClientOptions) { o.SetKeepAlive(0) })
		r.fault(bench.Fault{Drip: 1})
		text := strings.Repeat("x", 28)
		began := time.Now()
		r.act(bench.ActRequest, bench.Request{Payload: text}) // 2 + 2 + 26 + 28 bytes
		<-c.got
		if took := time.Since(began).Round(time.Second); took != 58*time.Second && took != 57*time.Second {
			t.Errorf("%d bytes took %s", 2+2+len(request)+len(text), took)
		}
		r.act(bench.ActRequest, bench.Request{Payload: text})
		time.Sleep(5 * time.Second)
		r.fault(bench.Fault{})
		began = time.Now()
		<-c.got
		if took := time.Since(began); took > time.Millisecond {
			t.Errorf("%s after the fault was lifted", took)
		}
		c.Disconnect(10)
		r.close()
	})
}
