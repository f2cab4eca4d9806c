package virtual_test

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/proofmark/proofmark/certification/virtual"
)

// ladderFault judges two ladders of pauses by the criteria of SESS-04; jitter is only a warning there.
func ladderFault(ladders [2][]time.Duration) (fault, warning string) {
	var lastFive, firstThree, greatest time.Duration
	for _, ladder := range ladders {
		at := make([]time.Duration, 1, len(ladder)+1)
		for i, d := range ladder {
			at = append(at, at[i]+d)
			greatest = max(greatest, d)
			if i < 3 {
				firstThree += d
			}
			if i >= len(ladder)-5 {
				lastFive += d
			}
		}
		for i := range at {
			if i+12 < len(at) && at[i+12]-at[i] <= time.Minute {
				fault = "more than 12 attempts in a minute"
			}
		}
	}
	mean := lastFive / 10
	switch {
	case mean < 10*time.Second:
		fault = "the last five pauses are short"
	case lastFive < 3*firstThree && mean < 20*time.Second:
		fault = "the pauses do not grow"
	case greatest > 300*time.Second:
		fault = "a pause is longer than 300 s"
	}
	differ, pairs := 0, 0
	for i := 2; i < len(ladders[0]); i++ {
		a, b := ladders[0][i].Seconds(), ladders[1][i].Seconds()
		pairs++
		if math.Abs(a-b) >= 0.05*math.Max(a, b) {
			differ++
		}
	}
	if differ < 4 {
		warning = "no jitter"
	}
	return fault, warning
}

func TestFullJitterPassesTheLadder(t *testing.T) {
	const draws = 20_000
	failed := 0
	for seed := range uint64(draws) {
		random := rand.New(rand.NewPCG(seed, 1))
		var ladders [2][]time.Duration
		for l := range ladders {
			for failures := 1; failures <= 12; failures++ {
				ladders[l] = append(ladders[l], virtual.FullJitter(random, failures))
			}
		}
		if fault, warning := ladderFault(ladders); fault != "" || warning != "" {
			failed++
		}
	}
	t.Logf("%d of %d draws fail", failed, draws)
	if failed > draws/1000 {
		t.Errorf("%d of %d draws fail the ladder, at most one in a thousand may", failed, draws)
	}
}

// climber counts attempts and lets none succeed.
type climber struct {
	mu       sync.Mutex
	attempts []time.Time
	failures []time.Time
}

func (c *climber) ladder(from int) (pauses []time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := from; i < from+12; i++ {
		pauses = append(pauses, c.attempts[i+1].Sub(c.failures[i]))
	}
	return pauses
}

// TestDeviceClimbsTheLadder lets a device fail in the ways of SESS-04…06, twice each.
func TestDeviceClimbsTheLadder(t *testing.T) {
	withhold := func(far net.Conn) { // CONNACK never comes
		buffer := make([]byte, 1024)
		for {
			if _, err := far.Read(buffer); err != nil {
				return
			}
		}
	}
	unstable := func(far net.Conn) { // CONNACK, then the end after a second
		buffer := make([]byte, 1024)
		_, _ = far.Read(buffer)
		_, _ = far.Write([]byte{0x20, 2, 0, 0})
		go withhold(far)
		time.Sleep(time.Second)
	}
	refused := func(far net.Conn) { // CONNACK 5: not authorised
		buffer := make([]byte, 1024)
		_, _ = far.Read(buffer)
		_, _ = far.Write([]byte{0x20, 2, 0, 5})
	}
	for name, serve := range map[string]func(net.Conn){
		"CONNACK withheld": withhold, "reset at once": func(net.Conn) {}, "unstable": unstable, "credentials refused": refused,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var ladders [2][]time.Duration
				for l := range ladders {
					var c climber
					dial := func(context.Context) (net.Conn, error) {
						near, far := net.Pipe()
						c.mu.Lock()
						c.attempts = append(c.attempts, time.Now())
						c.mu.Unlock()
						go func() {
							serve(far)
							_ = far.Close()
							c.mu.Lock()
							c.failures = append(c.failures, time.Now())
							c.mu.Unlock()
						}()
						return near, nil
					}
					_, stop := running(t, virtual.Config{Spec: spec(t, lamp), Dial: dial, Seed: uint64(31 + l)})
					time.Sleep(30 * time.Minute)
					stop()
					ladders[l] = c.ladder(0)
				}
				if fault, warning := ladderFault(ladders); fault != "" || warning != "" {
					t.Errorf("%s %s: %v", fault, warning, ladders)
				}
			})
		})
	}
}

func TestStableSessionResetsTheBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		var mu sync.Mutex
		var pauses []time.Duration
		_, stop := running(t, virtual.Config{Spec: spec(t, lamp), Dial: b.dial, Observe: func(o virtual.Observation) {
			mu.Lock()
			defer mu.Unlock()
			if o.Kind == virtual.Disconnected || o.Kind == virtual.Failed {
				pauses = append(pauses, o.Pause)
			}
		}})
		for range 50 {
			time.Sleep(2 * time.Minute)
			b.drop()
		}
		b.set(func(b *bench) { b.down = true })
		time.Sleep(30 * time.Minute)
		b.set(func(b *bench) { b.down = false; b.logins = nil })
		back := time.Now()
		time.Sleep(5 * time.Minute)
		b.mu.Lock()
		if len(b.logins) != 1 || b.logins[0].at.Sub(back) > 120*time.Second {
			t.Errorf("after a long outage: %d logins", len(b.logins))
		}
		b.mu.Unlock()
		stop()
		b.close()
		for i, p := range pauses[:50] {
			if p > 2*time.Second {
				t.Errorf("pause %d after a stable session is %s", i, p)
			}
		}
	})
}

func TestMuteBrokerIsNoticed(t *testing.T) {
	for _, keepAlive := range []time.Duration{10 * time.Second, time.Minute, 300 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			b := newBench(t)
			conn, err := b.dial(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			mute := &muffled{Conn: conn}
			var used atomic.Bool
			var lost atomic.Pointer[time.Time]
			dial := func(context.Context) (net.Conn, error) {
				if used.Swap(true) {
					return nil, errors.New("one is enough")
				}
				return mute, nil
			}
			d, stop := running(t, virtual.Config{
				Spec: spec(t, lamp), Dial: dial, KeepAlive: keepAlive, Sample: 5 * time.Second,
				Observe: func(o virtual.Observation) {
					if o.Kind == virtual.Disconnected {
						lost.CompareAndSwap(nil, &o.At)
					}
				},
			})
			time.Sleep(10*keepAlive + 700*time.Millisecond)
			mute.silent.Store(true) // replies stop, the connection stays
			at := time.Now()
			for range 60 { // even while it publishes
				_ = d.Fire(2, 1)
				time.Sleep(keepAlive / 20)
			}
			if when := lost.Load(); when == nil || when.Sub(at) > keepAlive*3/2+5*time.Second {
				t.Errorf("keep-alive %s: a mute broker was noticed at %v, mute since %s", keepAlive, when, at)
			}
			mute.mu.Lock()
			if gap := mute.gap; gap > keepAlive+time.Second {
				t.Errorf("keep-alive %s: %s passed between two packets", keepAlive, gap)
			}
			mute.mu.Unlock()
			stop()
			b.close()
		})
	}
}

// muffled is a connection whose incoming side can be stopped; it notes the greatest gap between two writes.
type muffled struct {
	net.Conn
	silent atomic.Bool
	mu     sync.Mutex
	last   time.Time
	gap    time.Duration
}

func (m *muffled) Read(p []byte) (int, error) {
	for {
		n, err := m.Conn.Read(p)
		if err != nil || !m.silent.Load() {
			return n, err
		}
	}
}

func (m *muffled) Write(p []byte) (int, error) {
	m.mu.Lock()
	if now := time.Now(); m.last.IsZero() {
		m.last = now
	} else {
		m.gap, m.last = max(m.gap, now.Sub(m.last)), now
	}
	m.mu.Unlock()
	return m.Conn.Write(p)
}
