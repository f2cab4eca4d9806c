package registry_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/proofmark/proofmark/internal/jobs"
	"github.com/proofmark/proofmark/miot"
	"github.com/proofmark/proofmark/registry"
)

// TestCloned reads as: connections as (seconds, life, network), and whether they
// can be one device's.
func TestCloned(t *testing.T) {
	type arrival struct {
		at, life int
		origin   string
	}
	repeat := func(n int, a ...arrival) (all []arrival) {
		for i := range n {
			for j, x := range a {
				step := 10 * (i*len(a) + j)
				x.at += step
				if x.life > 0 {
					x.life += step
				}
				all = append(all, x)
			}
		}
		return all
	}
	for name, c := range map[string]struct {
		seen  []arrival
		clone bool
	}{
		"two with one key":                        {repeat(3, arrival{0, 5000, "a"}, arrival{0, 90, "b"}), true},
		"two behind one router":                   {repeat(3, arrival{0, 5000, "a"}, arrival{0, 90, "a"}), true},
		"two that booted within a minute":         {repeat(30, arrival{0, 500, "a"}, arrival{0, 460, "b"}), false}, // the price of the slack
		"one that roams":                          {repeat(30, arrival{0, 5000, "a"}, arrival{0, 5000, "b"}), false},
		"one that reconnects all the time":        {repeat(60, arrival{0, 5000, "a"}), false},
		"one that reboots all the time":           {[]arrival{{0, 5, "a"}, {60, 5, "a"}, {120, 5, "b"}, {180, 5, "a"}, {240, 5, "b"}, {300, 5, "a"}, {360, 5, "b"}}, false},
		"a life that stands still":                {[]arrival{{0, 60, "a"}, {30, 60, "b"}, {60, 60, "a"}, {300, 60, "b"}, {400, 60, "a"}, {500, 60, "b"}}, false},
		"a life in milliseconds":                  {[]arrival{{0, 100_000, "a"}, {10, 110_000, "b"}, {20, 120_000, "a"}, {30, 130_000, "b"}, {40, 140_000, "a"}, {50, 150_000, "b"}}, false},
		"our clock jumped to and fro once":        {[]arrival{{0, 100, "a"}, {7200, 110, "a"}, {7210, 120, "a"}, {30, 130, "a"}, {40, 140, "a"}, {50, 150, "a"}}, false},
		"two without life":                        {repeat(6, arrival{0, 0, "a"}, arrival{0, 0, "b"}), true},
		"one without life that roams for a while": {repeat(5, arrival{0, 0, "a"}, arrival{0, 0, "b"}), false},
		"one without life in three networks":      {repeat(9, arrival{0, 0, "a"}, arrival{0, 0, "b"}, arrival{0, 0, "c"}), false},
		"one without life or network":             {repeat(20, arrival{0, 0, ""}), false},
	} {
		t.Run(name, func(t *testing.T) {
			var seen []registry.Sighting
			for i, a := range c.seen {
				s := registry.Sighting{At: time.Unix(int64(1e6+a.at), 0), Epoch: int64(i), Origin: a.origin, Contested: true}
				if a.life > 0 {
					s.Boot = s.At.Add(-time.Duration(a.life) * time.Second)
				}
				seen = append(seen, s)
			}
			if why := registry.Cloned(seen); (why != "") != c.clone {
				t.Errorf("%q", why)
			}
		})
	}
}

// One device is never taken for two, whatever it does: it boots when it likes, its
// clock is up to 2 % wrong, it comes from anywhere.
func TestOneDeviceIsNeverCloned(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := time.Unix(1e6, 0)
		boot := now.Add(-time.Duration(rapid.IntRange(1, 1e6).Draw(t, "up")) * time.Second)
		drift := rapid.Float64Range(0.98, 1.02).Draw(t, "drift")
		var seen []registry.Sighting
		start := now
		for now.Sub(start) < registry.CloneWindow {
			now = now.Add(time.Duration(rapid.IntRange(1, 60).Draw(t, "wait")) * time.Second)
			if rapid.IntRange(0, 4).Draw(t, "reboot") == 0 {
				boot = now
			}
			life := time.Duration(float64(now.Sub(boot)) * drift).Truncate(time.Second)
			seen = append(seen, registry.Sighting{
				At: now, Epoch: int64(len(seen)), Boot: now.Add(-life), Contested: true,
				Origin: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "network"),
			})
		}
		if why := registry.Cloned(seen); why != "" {
			t.Fatalf("%s: %+v", why, seen)
		}
	})
}

func TestClonedDeviceIsQuarantined(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		u := h.unit("D", "air-purifier")
		var lives [2]time.Time // of the original and the copy
		lives[0], lives[1] = time.Now().Add(-time.Hour), time.Now().Add(-3*time.Minute)
		var last *unit
		for i := 0; ; i++ {
			if i == 8 {
				t.Fatal("not quarantined")
			}
			time.Sleep(20 * time.Second)
			if err := h.node.Login(t.Context(), "D", []byte(u.secret)); errors.Is(err, registry.ErrQuarantined) {
				break
			}
			last = &unit{t: t, did: "D", secret: u.secret, model: u.model}
			last.think(func(q miot.Request) (string, bool) {
				life := time.Since(lives[i%2]) / time.Second
				return fmt.Sprintf(`{"id":%d,"result":{"model":%q,"fw_ver":"1","life":%d}}`, q.ID, u.model, life), true
			})
			last.connect(h.node)
			h.settle()
		}
		if fmt.Sprint(last.closed) != "[device quarantined]" {
			t.Errorf("closed with %v", last.closed)
		}
		d, err := h.node.Device(t.Context(), "D")
		must(t, err)
		if !strings.Contains(d.Quarantine, "earlier boot") {
			t.Errorf("%+v", d)
		}
		if err := h.node.LoginByName(t.Context(), "D", nil); !errors.Is(err, registry.ErrQuarantined) {
			t.Error(err)
		}
		events, err := h.db.Jobs().Events(t.Context(), 0)
		must(t, err)
		if !slices.ContainsFunc(events, func(e jobs.Event) bool { return e.Subject == "notice.device.quarantined" }) {
			t.Errorf("nobody is told: %v", events)
		}
		must(t, h.node.LiftQuarantine(t.Context(), "acc_operator", "D", "the copy was found"))
		if err := h.node.LiftQuarantine(t.Context(), "acc_operator", "D", "again"); !errors.Is(err, registry.ErrConflict) {
			t.Error(err)
		}
		must(t, h.node.Login(t.Context(), "D", []byte(u.secret)))
	})
}

func ExampleCloned() {
	at := time.Unix(1e6, 0)
	var seen []registry.Sighting
	for i := range 5 { // two devices take over from each other, every ten seconds
		boot := at.Add(-time.Hour)
		if i%2 == 1 {
			boot = at.Add(-time.Minute)
		}
		seen = append(seen, registry.Sighting{At: at.Add(time.Duration(i) * 10 * time.Second), Boot: boot})
	}
	fmt.Println(registry.Cloned(seen))
	// Output: it went back to an earlier boot 3 times within 10m0s: two devices have its key
}
