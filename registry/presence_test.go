package registry_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/proofmark/proofmark/registry"
)

func lease(d time.Duration) func(*registry.Options) {
	return func(o *registry.Options) { o.Lease = d }
}

func TestPresenceFollowsTheConnection(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		u := h.unit("D", "air-purifier")
		events := h.listen("device.D.presence")
		h.presence("D", false, "") // never connected
		u.connect(h.node)
		h.settle()
		h.presence("D", true, registry.ReasonConnected)
		time.Sleep(time.Minute)
		u.live.Detach(registry.ReasonKeepAlive)
		h.settle()
		h.presence("D", false, registry.ReasonKeepAlive)
		p, err := h.node.Presence(t.Context(), "D")
		must(t, err)
		if !p.Since.Equal(time.Now()) || p.Epoch != 1 {
			t.Errorf("presence %+v", p)
		}
		want := `[device.D.presence {"did":"D","name":"D","online":true,"reason":"connected","model":"aurora-pure1","uid":"acc_1","at":946684800000}` +
			` device.D.presence {"did":"D","name":"D","online":false,"reason":"keep-alive missed","model":"aurora-pure1","uid":"acc_1","at":946684860000}]`
		if got := fmt.Sprint(events()); got != want {
			t.Errorf("events %s\nwant   %s", got, want)
		}
	})
}

// A record that changed while the device said nothing must not swallow its departure.
func TestADepartureIsToldAfterTheRecordChanged(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		u := h.purifier("D")
		h.settle()
		events := h.listen("device.D.presence")
		must(t, h.node.SetOwner(t.Context(), "D", "acc_2", "Bedroom"))
		u.live.Detach(registry.ReasonClosed)
		h.settle()
		if got := fmt.Sprint(events()); got != `[device.D.presence {"did":"D","name":"Bedroom","online":false,"reason":"closed by device","model":"aurora-pure1","uid":"acc_2","at":946684800000}]` {
			t.Errorf("events %s", got)
		}
	})
}

func TestAConnectionElsewhereClosesTheOldOne(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		old := h.purifier("D")
		h.settle()
		other := h.start()
		n := old.again(other)
		h.settle()
		if old.reasons() != "[replaced]" || n.reasons() != "[]" {
			t.Errorf("the old one was closed for %s, the new one for %s", old.reasons(), n.reasons())
		}
		old.live.Detach(registry.ReasonReplaced) // late
		h.settle()
		h.presence("D", true, registry.ReasonConnected)
		p, _ := h.node.Presence(t.Context(), "D")
		if p.Node != other.Node() || p.Epoch != 2 {
			t.Errorf("presence %+v", p)
		}
	})
}

func TestAConnectionHereClosesTheOldOne(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		old := h.purifier("D")
		n := old.again(h.node)
		old.live.Detach(registry.ReasonReplaced)
		h.settle()
		if old.reasons() != "[replaced]" || n.reasons() != "[]" || h.node.Connected() != 1 {
			t.Errorf("the old one was closed for %s, the new one for %s; %d connected", old.reasons(), n.reasons(), h.node.Connected())
		}
		h.presence("D", true, registry.ReasonConnected)
	})
}

// Whichever order the store and the news take, the newest connection stays.
func TestTheNewestConnectionStaysWhileTheStoreIsSlow(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		other := h.start()
		h.settle()
		release := h.hold("connect")
		old := h.purifier("D")
		h.settle()
		n := old.again(other)
		h.settle()
		release()
		h.settle()
		p, err := h.node.Presence(t.Context(), "D")
		must(t, err)
		stays, goes := n, old
		if p.Node == h.node.Node() {
			stays, goes = old, n
		}
		if stays.reasons() != "[]" || goes.reasons() != "[replaced]" || p.Epoch != 2 {
			t.Errorf("the newest was closed for %s, the other for %s; %+v", stays.reasons(), goes.reasons(), p)
		}
	})
}

func TestTheDevicesOfALostNodeGoOffline(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		h.start(lease(15 * time.Second)) // who looks
		dead := h.start(lease(15 * time.Second))
		h.unit("D", "air-purifier").connect(dead)
		events := h.listen("device.D.presence")
		h.settle()
		h.kill(dead)
		time.Sleep(12 * time.Second)
		h.presence("D", true, registry.ReasonConnected)
		time.Sleep(10 * time.Second)
		h.settle()
		h.presence("D", false, registry.ReasonNodeLost)
		if got := reasonsOf(events()); got != "connected, gateway node lost" {
			t.Errorf("events: %s", got)
		}
	})
}

// A node that could not renew its lease says again who is connected to it, but
// for those who have come to another node meanwhile.
func TestANodeThatWasTakenForLostSaysAgainWhoIsConnected(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		watcher := h.start(lease(15 * time.Second))
		slow := h.start(lease(15 * time.Second))
		stays := h.unit("D", "air-purifier").connect(slow)
		moves := h.unit("E", "air-purifier").connect(slow)
		h.settle()
		h.store.on(func(_ context.Context, op string, about any) error {
			if op == "lease" && about == slow.Node() {
				return registry.ErrUnavailable
			}
			return nil
		})
		time.Sleep(25 * time.Second)
		h.settle()
		h.presence("D", false, registry.ReasonNodeLost)
		// slow is cut off from the bus too: it does not hear of this connection.
		must(t, watcher.Login(t.Context(), "E", []byte(moves.secret)))
		_, err := h.db.Registry().Connect(t.Context(), watcher.Node(), time.Now(), []string{"E"})
		must(t, err)
		h.store.on(nil)
		time.Sleep(10 * time.Second)
		h.settle()
		h.presence("D", true, registry.ReasonConnected)
		if stays.reasons() != "[]" || moves.reasons() != "[replaced]" {
			t.Errorf("the one that stayed was closed for %s, the one that moved for %s", stays.reasons(), moves.reasons())
		}
		if p, _ := h.node.Presence(t.Context(), "E"); p.Node != watcher.Node() || !p.Online {
			t.Errorf("the one that moved: %+v", p)
		}
		stays.live.Detach(registry.ReasonClosed)
		h.settle()
		h.presence("D", false, registry.ReasonClosed)
	})
}

// Announcing the devices of a lost node may take long; the own lease must not wait.
func TestTheLeaseIsRenewedWhileTheDevicesOfALostNodeAreAnnounced(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		h.start(lease(15 * time.Second))
		dead := h.start(lease(15 * time.Second))
		u := h.unit("D", "air-purifier")
		u.connect(dead)
		h.listen("device.*.presence")
		h.settle()
		h.kill(dead)
		must(t, h.node.SetOwner(t.Context(), "D", "acc_2", "Bedroom")) // so that the record has to be read
		release := h.hold("device")
		time.Sleep(30 * time.Second)
		h.store.reset()
		time.Sleep(20 * time.Second)
		if n := h.store.count("lease"); n < 3 {
			t.Errorf("%d renewals in 20 s", n)
		}
		release()
	})
}

func TestArrivalsAndDeparturesAreWrittenInGroupsAndInOrder(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		var units []*unit
		for i := range 300 {
			units = append(units, h.unit(fmt.Sprintf("D%d", i), "air-purifier"))
		}
		h.settle()
		h.store.reset()
		release := h.hold("connect")
		for i, u := range units {
			u.attach(h.node)
			if i%3 > 0 {
				u.live.Detach(registry.ReasonClosed)
			}
			if i%3 > 1 {
				u.again(h.node)
			}
		}
		h.settle()
		release()
		h.settle()
		if n := h.store.count("connect", "disconnect"); n > 250 {
			t.Errorf("%d transactions for 700 moves", n)
		}
		for i, u := range units {
			p, err := h.node.Presence(t.Context(), u.did)
			must(t, err)
			if p.Online != (i%3 != 1) {
				t.Errorf("device %d (moves %d): %+v", i, i%3, p)
			}
		}
	})
}

// The presence of all others is written even if some arrivals cannot be.
func TestADepartureIsWrittenWhateverBecomesOfArrivals(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		u := h.purifier("D")
		h.settle()
		release := h.hold("connect")
		h.purifier("X1")
		h.settle()
		h.purifier("X2") // in one group with the departure
		u.live.Detach(registry.ReasonClosed)
		h.store.on(nil)
		release()
		h.store.on(func(_ context.Context, op string, _ any) error {
			if op == "connect" {
				return fmt.Errorf("no such table")
			}
			return nil
		})
		h.settle()
		h.store.on(nil)
		h.presence("D", false, registry.ReasonClosed)
	})
}

func TestADeviceThatIsRemovedIsClosed(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		u := h.purifier("D")
		h.settle()
		must(t, h.start().Remove(t.Context(), "D"))
		h.settle()
		if u.reasons() != "[device removed]" {
			t.Errorf("closed for %s", u.reasons())
		}
		v := h.unit("E", "air-purifier")
		must(t, h.node.Login(t.Context(), "E", []byte(v.secret)))
		must(t, h.db.Registry().DeleteDevice(t.Context(), "E", time.Now())) // and nobody is told
		v.live = h.node.Attach("E", v)
		h.settle()
		if v.reasons() != "[device removed]" {
			t.Errorf("removed between login and arrival: closed for %s", v.reasons())
		}
	})
}
