package broker_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/proofmark/proofmark/broker"
)

// withdraw ends the token of an account.
func withdraw(account string) func(*memory) {
	return func(m *memory) { delete(m.apps, account) }
}

func TestAnEndedTokenIsShownOut(t *testing.T) {
	for _, c := range []struct {
		version, code byte // of the DISCONNECT; MQTT 3.1.1 has none
	}{{5, 0x87}, {4, 0}} {
		g := start(t)
		g.backend.set(func(m *memory) { m.apps["acc_2"] = "t2" })
		a, other := g.app(t, c.version), g.join(t, c.version, "app.acc_2.phone", "acc_2", "t2")
		a.subscribe(1, 0, "device/d1/#")
		g.RecheckLogins(t.Context(), "") // both hold
		a.ping()
		g.backend.set(func(m *memory) { m.down = errors.New("the database is away") })
		g.RecheckLogins(t.Context(), "acc_1") // not known is not ended
		g.backend.set(func(m *memory) { m.down = nil })
		a.ping()
		g.backend.set(withdraw("acc_1"))
		g.RecheckLogins(t.Context(), "acc_2") // somebody else's business
		a.ping()
		g.RecheckLogins(t.Context(), "acc_1")
		a.wantEnd(c.code)
		eventually(t, "nothing is watched", func() bool { return g.Stats().Watched == 0 })
		other.ping()
	}
}

// A login is answered, and its token withdrawn before anybody could find the
// connection: it does not get in.
func TestATokenThatEndsDuringTheLogin(t *testing.T) {
	g := start(t)
	g.backend.set(func(m *memory) {
		m.asked = func() {
			m.set(withdraw("acc_1"))
			g.RecheckLogins(t.Context(), "acc_1")
		}
	})
	p := g.dial(t, 5)
	if ack := p.connect("app.acc_1.phone", "acc_1", "t1"); ack.ReasonCode != 0x86 {
		t.Errorf("CONNACK %#x", ack.ReasonCode)
	}
}

// Whoever has left a home is told so by the end of the connection, and may come
// back; a hub is another home's.
func TestAHomeThatWasLeft(t *testing.T) {
	g := start(t, func(c *broker.Config) { c.Bridges = struct{ broker.Bridges }{} })
	g.backend.set(func(m *memory) {
		m.apps["acc_2"] = "t2"
		m.bridges = map[string]string{"acc_2": "hom_other"}
	})
	a, hub := g.app(t, 5), g.join(t, 5, "app.acc_2.hub", "acc_2", "t2")
	g.LeftHome("acc_1")
	a.wantEnd(0x98)
	g.app(t, 5).ping()
	g.LeftHome("acc_2")
	hub.ping()
}

func TestATokenEndsByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, dial := piped(t, broker.Config{})
		began := time.Now()
		g.backend.until = began.Add(time.Hour)
		p := dial(5)
		p.connect("app.acc_1.phone", "acc_1", "t1", keepAlive(0))
		for time.Since(began) < 59*time.Minute {
			time.Sleep(5 * time.Minute)
			if time.Since(began) < time.Hour {
				p.ping()
			}
		}
		p.wantEnd(0x87)
		if took := time.Since(began); took != time.Hour {
			t.Errorf("it ended after %v", took)
		}
	})
}
