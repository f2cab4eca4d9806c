package bridges_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/registry/bridges"
	"github.com/proofmark/proofmark/registry/homes"
)

func set(home, did, property string) string { return "home/" + home + "/set/" + did + "/" + property }

func action(home, did string) string { return "home/" + home + "/action/" + did }

func TestABridgeCommandsTheDevicesOfItsHome(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		h.device("p1", "air-purifier", h.home)
		h.device("l1", "lamp", h.home)
		p, l := h.plug("p1", obedient), h.plug("l1", obedient)
		b, text := h.token(h.ann, h.home, 0)
		for _, version := range []byte{4, 5} {
			hub := h.hub(version, b, text)
			for topic, payload := range map[string]string{
				set(h.home, "p1", "2/1"): "true", set(h.home, "p1", "2/3"): " 4 ", set(h.home, "p1", "5/2"): `"night"`,
				action(h.home, "p1"): `{"siid":2,"aiid":1}`, action(h.home, "l1"): `{"siid":2,"aiid":2,"in":[{"piid":2,"value":50},{"piid":6,"value":10}]}`,
			} {
				if a := hub.publish(topic, payload); a.code != 0 || a.gone {
					t.Errorf("v%d %s %s: %v", version, topic, payload, a)
				}
			}
			if a := hub.publish(action(h.home, "l1"), `{"siid":2,"aiid":2,"in":[50,10]}`); a.code != 0 || a.gone {
				t.Errorf("bare arguments: %v", a)
			}
			rec := <-hub.start(set(h.home, "p1", "2/2"), 2, "3")
			if rec.code != 0 || rec.gone {
				t.Errorf("QoS 2: %v", rec)
			}
			hub.start(set(h.home, "p1", "2/2"), 0, "1")
			h.settle()
			hub.close()
		}
		got := p.sets()
		slices.Sort(got)
		if want := "[2.1=true 2.1=true 2.2=1 2.2=1 2.2=3 2.2=3 2.3=4 2.3=4 5.2=\"night\" 5.2=\"night\"]"; fmt.Sprint(got) != want {
			t.Errorf("%v, want %v", got, want)
		}
		if n := len(l.asked); n != 4 {
			t.Errorf("%d actions of the lamp", n)
		}
		if s := h.last(b); s.Refused != 0 {
			t.Errorf("%+v", s)
		}
	})
}

func TestWhatABridgeIsRefused(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		stranger := h.account()
		theirs := h.homeOf(stranger)
		h.device("p1", "air-purifier", h.home)
		h.device("away", "air-purifier", theirs)
		h.device("nowhere", "air-purifier", "")
		h.device("off", "air-purifier", h.home)
		h.device("no", "air-purifier", h.home)
		h.device("mute", "air-purifier", h.home)
		p, away, nowhere := h.plug("p1", obedient), h.plug("away", obedient), h.plug("nowhere", obedient)
		h.plug("no", rejecting)
		h.plug("mute", silent)
		b, text := h.token(h.ann, h.home, 0)
		for _, version := range []byte{4, 5} {
			hub := h.hub(version, b, text)
			for _, c := range []struct {
				topic, payload string
				code           byte // of v5
				end            bridges.End
			}{
				{set(theirs, "away", "2/1"), "true", 0x87, bridges.Refused},
				{set(h.home, "away", "2/1"), "true", 0x87, bridges.Refused},
				{set(theirs, "p1", "2/1"), "true", 0x87, bridges.Refused},
				{set(h.home, "nowhere", "2/1"), "true", 0x87, bridges.Refused},
				{set(h.home, "none", "2/1"), "true", 0x87, bridges.Refused},
				{action(h.home, "away"), `{"siid":2,"aiid":1}`, 0x87, bridges.Refused},
				{set(h.home, "p1", "2/1"), "1", 0x99, bridges.Value},
				{set(h.home, "p1", "2/1"), "ON", 0x99, bridges.Value},
				{set(h.home, "p1", "2/1"), "", 0x99, bridges.Value},
				{set(h.home, "p1", "2/3"), "9", 0x99, bridges.Value},
				{set(h.home, "p1", "2/2"), "4", 0x99, bridges.Value},
				{set(h.home, "p1", "2/4"), "301", 0x99, bridges.Value},
				{set(h.home, "p1", "5/2"), `"` + strings.Repeat("x", 5000) + `"`, 0x99, bridges.Value},
				{action(h.home, "p1"), `{"siid":2,"aiid":1,"in":[1]}`, 0x99, bridges.Value},
				{set(h.home, "p1", "3/1"), "1", 0x90, bridges.Unknown},
				{set(h.home, "p1", "9/9"), "1", 0x90, bridges.Unknown},
				{action(h.home, "p1"), `{"siid":2,"aiid":7}`, 0x90, bridges.Unknown},
				{action(h.home, "p1"), `{"siid":2}`, 0x90, bridges.Malformed},
				{action(h.home, "p1"), `[]`, 0x90, bridges.Malformed},
				{set(h.home, "p1", "2"), "1", 0x90, bridges.Malformed},
				{set(h.home, "p1", "2/01"), "1", 0x90, bridges.Malformed},
				{set(h.home, "p1", "2/0"), "1", 0x90, bridges.Malformed},
				{set(h.home, "p1", "2/70000"), "1", 0x90, bridges.Malformed},
				{set(h.home, "p1", "2/1/3"), "1", 0x90, bridges.Malformed},
				{action(h.home, "p1") + "/2/1", "", 0x90, bridges.Malformed},
				{"homeassistant/status", "online", 0x90, bridges.Malformed},
				{"device/p1/up/properties_changed", "{}", 0x90, bridges.Malformed},
				{"device/p1/down/request", "{}", 0x90, bridges.Malformed},
				{set(h.home, "off", "2/1"), "true", 0x83, bridges.Offline},
				{set(h.home, "no", "2/1"), "true", 0x83, bridges.Rejected},
				{action(h.home, "no"), `{"siid":2,"aiid":1}`, 0x83, bridges.Rejected},
				{set(h.home, "mute", "2/1"), "true", 0x83, bridges.Expired},
			} {
				want := c.code
				if version < 5 {
					want = 0
				}
				a := hub.publish(c.topic, c.payload)
				if a.code != want || a.gone || a.took > 8*time.Second {
					t.Errorf("v%d %s %.40s: %v, want %#x", version, c.topic, c.payload, a, want)
				}
				if version == 5 && !strings.HasPrefix(a.why, string(c.end)+": ") {
					t.Errorf("%s %.40s: %v, want %s", c.topic, c.payload, a, c.end)
				}
				if s := h.last(b); s.Last.End != c.end || s.Last.Text == "" || s.LastAt.IsZero() {
					t.Errorf("v%d %s %.40s: %+v, want %s", version, c.topic, c.payload, s, c.end)
				}
			}
			hub.close()
		}
		if n := len(p.asked) + len(away.asked) + len(nowhere.asked); n != 0 {
			t.Errorf("devices were asked %d times", n)
		}
		if s := h.last(b); s.Refused != 64 {
			t.Errorf("%d refused", s.Refused)
		}
		if n := h.broker.Stats().Refused["command"]; n != 64 {
			t.Errorf("%d counted", n)
		}
	})
}

// A PUBREC that refuses ends the exchange: the id is free, and no PUBREL is waited for.
func TestQoS2IsRefusedWithPubrec(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		b, text := h.token(h.ann, h.home, 0)
		hub := h.hub(5, b, text)
		for range 300 { // more than the window of 256
			if a := <-hub.start("elsewhere", 2, ""); a.gone || a.code != 0x90 && a.code != 0x97 {
				t.Fatalf("%v", a)
			}
		}
	})
}

func TestWhoeverIsNoMemberAnyMoreCommandsNothing(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		h.device("p1", "air-purifier", h.home)
		p := h.plug("p1", obedient)
		bob := h.account()
		_, text, err := h.homes.Invite(ctx, h.ann, h.home, homes.Member, time.Time{}, 0)
		must(t, err)
		_, err = h.homes.Join(ctx, bob, text)
		must(t, err)
		b, secret := h.token(bob, h.home, 0)
		hub := h.hub(5, b, secret)
		try := func(code byte, end bridges.End) {
			t.Helper()
			if a := hub.publish(set(h.home, "p1", "2/1"), "true"); a.code != code || code != 0 && !strings.HasPrefix(a.why, string(end)+": ") {
				t.Errorf("%v, want %#x %s", a, code, end)
			}
		}
		try(0, bridges.Done)
		_, err = h.homes.SetMember(ctx, h.ann, h.home, bob, homes.Guest, time.Now().Add(time.Hour))
		must(t, err)
		try(0x87, bridges.Refused)
		_, err = h.homes.SetMember(ctx, h.ann, h.home, bob, homes.Member, time.Time{})
		must(t, err)
		try(0, bridges.Done)
		must(t, h.homes.RemoveMember(ctx, h.ann, h.home, bob))
		try(0x87, bridges.Refused)
		if n := len(p.sets()); n != 2 {
			t.Errorf("the device was told %d times", n)
		}
	})
}

func TestARevokedTokenIsShownOut(t *testing.T) {
	for _, version := range []byte{4, 5} {
		inBubble(t, func(t *testing.T, h *house) {
			h.device("p1", "air-purifier", h.home)
			p := h.plug("p1", obedient)
			b, text := h.token(h.ann, h.home, 0)
			hub := h.hub(version, b, text)
			must(t, h.auth.Revoke(t.Context(), auth.Actor{Account: h.ann}, b.Token))
			a := hub.publish(set(h.home, "p1", "2/1"), "true")
			if version == 5 && a.code != 0x87 && !a.gone { // the connection may end before the answer is out
				t.Errorf("%v", a)
			}
			<-hub.ended
			if version == 5 && hub.bye != 0x87 {
				t.Errorf("DISCONNECT %#x", hub.bye)
			}
			if s := h.last(b); s.Last.End != bridges.Revoked || len(p.asked) != 0 {
				t.Errorf("%+v, asked %d", s, len(p.asked))
			}
			if _, code := h.knock(version, "app."+h.ann+".again", h.ann, text, nil); code == 0 {
				t.Error("let in again")
			}
		})
	}
}

func TestATokenHasARate(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		h.device("p1", "air-purifier", h.home)
		p := h.plug("p1", obedient)
		b, text := h.token(h.ann, h.home, 0)
		other, otherText := h.token(h.ann, h.home, 0)
		hub := h.hub(5, b, text)
		var refused int
		for range bridges.Burst + 50 {
			if a := hub.publish(set(h.home, "p1", "2/1"), "true"); a.code == 0x97 && strings.HasPrefix(a.why, "too often: ") {
				refused++
			} else if a.code != 0 {
				t.Fatalf("%v", a)
			}
		}
		if refused != 50 || len(p.sets()) != bridges.Burst {
			t.Errorf("%d refused, %d done", refused, len(p.sets()))
		}
		second := h.dial(5, "app."+h.ann+".second", h.ann, text, nil)
		if a := second.publish(set(h.home, "p1", "2/1"), "true"); a.code != 0x97 {
			t.Errorf("a second connection has a rate of its own: %v", a)
		}
		if a := h.dial(5, "app."+h.ann+".other", h.ann, otherText, nil).publish(set(h.home, "p1", "2/1"), "true"); a.code != 0 {
			t.Errorf("token %s pays for %s: %v", other.Token, b.Token, a)
		}
		time.Sleep(time.Second)
		if a := hub.publish(set(h.home, "p1", "2/1"), "true"); a.code != 0 {
			t.Errorf("%v", a)
		}
	})
}

// With a queue only the newest value of a property is kept, and every action.
func TestCommandsWaitForADeviceThatIsOffline(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		h.device("p1", "air-purifier", h.home)
		b, text := h.token(h.ann, h.home, time.Hour)
		hub := h.hub(5, b, text)
		for _, v := range []string{"1", "2", "3"} {
			if a := hub.publish(set(h.home, "p1", "2/3"), v); a.code != 0 || a.took != 0 {
				t.Errorf("%v", a)
			}
		}
		if a := hub.publish(action(h.home, "p1"), `{"siid":2,"aiid":1}`); a.code != 0 {
			t.Errorf("%v", a)
		}
		if a := hub.publish(set(h.home, "p1", "2/3"), "9"); a.code != 0x99 {
			t.Errorf("a bad value was kept: %v", a)
		}
		p := h.plug("p1", obedient)
		if got := fmt.Sprint(p.sets()); got != "[2.3=3]" || len(p.asked) != 2 {
			t.Errorf("%s, asked %d", got, len(p.asked))
		}
		p.close()
		must(t, h.bridges.Configure(t.Context(), h.ann, h.home, b.Token, 0))
		if a := hub.publish(set(h.home, "p1", "2/3"), "1"); a.code != 0x83 {
			t.Errorf("%v", a)
		}
		if err := h.bridges.Configure(t.Context(), h.ann, h.home, b.Token, bridges.MaxQueue+1); err == nil {
			t.Error("a queue of more than a week")
		}
	})
}

// Hubs leave a will for those who use their broker; it is dropped. An app's is refused.
func TestAWill(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		will := func(pk *packets.Packet) {
			pk.Connect.WillFlag, pk.Connect.WillTopic, pk.Connect.WillPayload = true, "homeassistant/status", []byte("offline")
		}
		b, text := h.token(h.ann, h.home, 0)
		h.hub(4, b, text, will)
		_, app, err := h.auth.CreateToken(t.Context(), auth.NewToken{Account: h.ann, Scopes: []auth.Scope{auth.ScopeApp}})
		must(t, err)
		if _, code := h.knock(4, "app."+h.ann+".app", h.ann, app, nil, will); code != 5 {
			t.Errorf("CONNACK %d", code)
		}
	})
}

// Who asked for no reason strings gets none (MQTT 5 §3.1.2.11.7).
func TestATerseHub(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		b, text := h.token(h.ann, h.home, 0)
		hub := h.hub(5, b, text, func(pk *packets.Packet) { pk.Properties.RequestProblemInfoFlag = true })
		if a := hub.publish(set(h.home, "p1", "2/1"), "true"); a.code != 0x87 || a.why != "" {
			t.Errorf("%v", a)
		}
	})
}
