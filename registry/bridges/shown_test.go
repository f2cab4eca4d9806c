package bridges_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/miot"
	"github.com/proofmark/proofmark/registry/claims"
	"github.com/proofmark/proofmark/registry/homes"
)

// letter is one message that a hub got.
type letter struct {
	topic    string
	payload  string
	retained bool
}

// letterbox keeps what a hub got.
type letterbox struct {
	mu  sync.Mutex
	all []letter
}

func (b *letterbox) put(topic string, payload []byte, retained bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all = append(b.all, letter{topic, string(payload), retained})
}

// take is what came since the last time, as topic, flags and what f makes of the payload.
func (b *letterbox) take(f func(string) string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var lines []string
	for _, l := range b.all {
		kind := ""
		if l.retained {
			kind = "retained "
		}
		lines = append(lines, kind+l.topic[strings.LastIndex(l.topic, "/device/")+1:]+" "+f(l.payload))
	}
	b.all = nil
	return strings.Join(lines, "\n")
}

// about is the device of a payload: its name and area, and how many components it has.
func about(payload string) string {
	if payload == "" {
		return "cleared"
	}
	var p struct {
		Device     struct{ Name, Suggested_area string }
		Components map[string]any
	}
	if err := json.Unmarshal([]byte(payload), &p); err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%s in %q, %d", p.Device.Name, p.Device.Suggested_area, len(p.Components))
}

func (h *house) discovery(on bool) {
	h.t.Helper()
	_, err := h.homes.Update(h.t.Context(), h.ann, h.home, nil, &on)
	must(h.t, err)
}

// reshow is what the service does when something of a home has changed.
func (h *house) reshow() {
	h.broker.Reshow(h.t.Context(), h.home)
	h.settle()
}

func TestAHubIsShownItsHome(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		h.device("p1", "air-purifier", h.home)
		h.device("l1", "lamp", h.home)
		h.device("away", "lamp", h.homeOf(h.ann))
		b, text := h.token(h.ann, h.home, 0)
		var box letterbox
		hub := h.dial(4, "app."+h.ann+".hub", h.ann, text, box.put)
		want := func(what, expected string) {
			t.Helper()
			h.settle()
			if got := box.take(about); got != expected {
				t.Errorf("%s: got\n%s\nwant\n%s", what, got, expected)
			}
		}
		if codes := hub.subscribe("home/"+h.home+"/ha/#", "home/"+h.home+"/ha/+/+/config", "home/other/ha/#", "home/+/ha/#", "home/"+h.home+"/set/#", "home/"+h.home+"/ha/#/x"); !bytes.Equal(codes, []byte{1, 1, 0x80, 0x80, 0x80, 0x80}) {
			t.Errorf("SUBACK %x", codes)
		}
		want("switched off", "")

		h.discovery(true)
		h.reshow()
		want("switched on", "device/l1/config l1 in \"\", 5\ndevice/p1/config p1 in \"\", 19")
		h.reshow()
		want("nothing changed", "")

		room, err := h.homes.AddRoom(ctx, h.ann, h.home, "Bedroom")
		must(t, err)
		h.place(h.unit("p1"), claims.Placing{DID: "p1", Was: h.home, Home: h.home, Room: room.ID, Name: "Night air"})
		h.reshow()
		want("renamed and moved", "device/p1/config Night air in \"Bedroom\", 19")
		must(t, h.homes.RenameRoom(ctx, h.ann, h.home, room.ID, "Attic"))
		h.reshow()
		want("another name of the room", "device/p1/config Night air in \"Attic\", 19")

		later := bytes.Replace(miot.Sample("lamp"), []byte(`"Pressed"`), []byte(`"Pushed"`), 1)
		later = bytes.Replace(later, []byte(`aurora-glow2:1"`), []byte(`aurora-glow2:2"`), 1)
		spec, _, err := h.registry.AddSpec(ctx, h.unit("l1").ProductID, later)
		must(t, err)
		must(t, h.registry.SetSpec(ctx, "l1", spec.ID))
		h.reshow()
		if got := box.take(func(p string) string { return fmt.Sprint(strings.Contains(p, "Pushed")) }); got != "device/l1/config true" {
			t.Errorf("another spec: %s", got)
		}

		second := h.dial(5, "app."+h.ann+".second", h.ann, text, box.put)
		second.subscribe("home/" + h.home + "/ha/device/l1/config")
		want("a second hub", "retained device/l1/config l1 in \"\", 5")
		second.close()

		h.place(h.unit("l1"), claims.Placing{DID: "l1", Was: h.home, Name: "l1"})
		h.reshow()
		want("taken out", "device/l1/config cleared")
		h.discovery(false)
		h.reshow()
		want("switched off again", "device/p1/config cleared")
		h.discovery(true)
		h.reshow()
		want("and on", "device/p1/config Night air in \"Attic\", 19")
		must(t, h.registry.Remove(ctx, "p1"))
		h.reshow()
		want("the device is removed", "device/p1/config cleared")
		h.device("p2", "air-purifier", h.home)
		h.reshow()
		want("another device", "device/p2/config p2 in \"\", 19")
		must(t, h.auth.Revoke(ctx, auth.Actor{Account: h.ann}, b.Token))
		h.reshow()
		want("the token is revoked", "device/p2/config cleared")
	})
}

// A home that ends, and a member who becomes a guest, end what their hubs are shown.
func TestWhatAHubIsShownEnds(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		h.discovery(true)
		h.device("p1", "air-purifier", h.home)
		bob := h.account()
		_, link, err := h.homes.Invite(ctx, h.ann, h.home, homes.Member, time.Time{}, 0)
		must(t, err)
		_, err = h.homes.Join(ctx, bob, link)
		must(t, err)
		var anns, bobs letterbox
		_, annText := h.token(h.ann, h.home, 0)
		_, bobText := h.token(bob, h.home, 0)
		h.dial(5, "app."+h.ann+".hub", h.ann, annText, anns.put).subscribe("home/" + h.home + "/ha/#")
		h.dial(5, "app."+bob+".hub", bob, bobText, bobs.put).subscribe("home/" + h.home + "/ha/#")
		h.settle()
		for _, box := range []*letterbox{&anns, &bobs} {
			if got := box.take(about); got != "retained device/p1/config p1 in \"\", 19" {
				t.Errorf("%s", got)
			}
		}
		_, err = h.homes.SetMember(ctx, h.ann, h.home, bob, homes.Guest, time.Now().Add(time.Hour))
		must(t, err)
		h.reshow()
		if a, b := anns.take(about), bobs.take(about); a != "" || b != "device/p1/config cleared" {
			t.Errorf("%q %q", a, b)
		}
		h.place(h.unit("p1"), claims.Placing{DID: "p1", Was: h.home, Name: "p1"})
		must(t, h.homes.Remove(ctx, h.ann, h.home))
		h.reshow()
		if got := anns.take(about); got != "device/p1/config cleared" {
			t.Errorf("%q", got)
		}
	})
}

// A hub begins with the last values; what is reported while they are read is not
// overwritten by them.
func TestAHubBeginsWithTheLastValues(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		h.device("p1", "air-purifier", h.home)
		p := h.plug("p1", obedient)
		report := func(level int) {
			p.start("device/p1/up/properties_changed", 1, fmt.Sprintf(
				`{"id":%d,"method":"properties_changed","params":[{"did":"p1","siid":2,"piid":3,"value":%d},{"did":"p1","siid":3,"piid":1,"value":35}]}`, level, level))
			h.settle()
		}
		report(2)
		_, text := h.token(h.ann, h.home, 0)
		var box letterbox
		hub := h.dial(4, "app."+h.ann+".hub", h.ann, text, box.put)
		hub.subscribe("device/p1/up/properties_changed/2/3")
		h.settle()
		level := func(n int) string {
			return fmt.Sprintf(`device/p1/up/properties_changed/2/3 {"method":"properties_changed","params":{"did":"p1","siid":2,"piid":3,"value":%d}}`, n)
		}
		same := func(s string) string { return s }
		if got := box.take(same); got != "retained "+level(2) {
			t.Errorf("%s", got)
		}
		report(3)
		if got := box.take(same); got != level(3) {
			t.Errorf("%s", got)
		}
		hub.subscribe("device/p1/up/#")
		h.settle()
		if got := box.take(same); !strings.HasPrefix(got, "retained "+level(3)+"\nretained ") || !strings.Contains(got, `"piid":1,"value":35`) {
			t.Errorf("%s", got)
		}
	})
}
