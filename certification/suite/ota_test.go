package suite

import (
	"context"
	"crypto/ed25519"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/proofmark/proofmark/certification/suite/bench"
	"github.com/proofmark/proofmark/certification/suite/transcript"
	"github.com/proofmark/proofmark/certification/virtual"
	"github.com/proofmark/proofmark/miot"
)

// imageServer is where a device under test finds its firmware.
type imageServer struct {
	images map[string][]byte

	mu  sync.Mutex
	off time.Time // the network is not there before
}

// downloadTime is how long a download takes, in steps between which it may break off.
const downloadTime = 8 * time.Second

func (s *imageServer) fetch(ctx context.Context, url string) ([]byte, error) {
	for range 8 {
		select {
		case <-time.After(downloadTime / 8):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		if s.unplugged() {
			return nil, fmt.Errorf("%s: no route to host", url)
		}
	}
	data, ok := s.images[url]
	switch {
	case !ok:
		return nil, fmt.Errorf("%s: 404", url)
	case url == "https://other-ca.test/new", url == "https://redirect.test/new":
		// The data come all the same, for a mutant to take.
		return data, fmt.Errorf("%w: %s", virtual.ErrUntrusted, url)
	}
	return data, nil
}

// updated makes a trial one of a device that is updated, by images that the trial serves.
func updated(t *testing.T, tr trial) trial {
	t.Helper()
	urn, err := tr.spec.URN()
	if err != nil {
		t.Fatal(err)
	}
	seed := make([]byte, ed25519.SeedSize)
	key := ed25519.NewKeyFromSeed(seed)
	seed[0] = 1
	other := ed25519.NewKeyFromSeed(seed)
	image := virtual.Image{Model: urn.Model, Version: "1.0.0", Body: []byte("firmware 1.0.0")}
	old := virtual.Image{Model: urn.Model, Version: "0.9.0", Body: []byte("firmware 0.9.0")}
	good := virtual.SealImage(image, key)
	damaged := slices.Clone(good)
	damaged[len(damaged)-1] ^= 1
	foreign, older := virtual.SealImage(image, other), virtual.SealImage(old, key)
	server := &imageServer{images: map[string][]byte{
		"https://fw.test/new": good, "https://fw.test/damaged": damaged, "https://fw.test/foreign": foreign, "https://fw.test/older": older,
		"https://other-ca.test/new": good, "https://redirect.test/new": good,
	}}
	tr.declare = func(d *Declaration) {
		d.OTA = &OTA{
			Previous: "0.9.0", Image: "https://fw.test/new", Damaged: "https://fw.test/damaged",
			WrongKey: "https://fw.test/foreign", WrongKeyMD5: md5Of(foreign), Older: "https://fw.test/older", OlderMD5: md5Of(older),
			Untrusted: "https://other-ca.test/new", Redirect: "https://redirect.test/new",
			SHA256: sum256(string(good)), MD5: md5Of(good), Downgrade: "refused",
		}
		if problems := d.Validate(tr.spec); len(problems) > 0 {
			t.Errorf("the declaration is not complete: %v", problems)
		}
	}
	tr.configure = func(c *virtual.Config) {
		c.Fetch, c.FirmwareFloor = server.fetch, "1.0.0"
		c.FirmwareKey, _ = key.Public().(ed25519.PublicKey)
	}
	tr.submitted = &Submission{FirmwareSHA256: sum256(string(good))}
	tr.operator = func(q bench.Question) (transcript.Answer, bool) {
		if q.Kind == bench.UnplugNetwork {
			server.unplug(q.For)
		}
		return transcript.Answer{}, false
	}
	return tr
}

func (s *imageServer) unplug(off time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.off = time.Now().Add(off)
}

func (s *imageServer) unplugged() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Now().Before(s.off)
}

func md5Of(data []byte) string {
	sum := md5.Sum(data)
	return hex.EncodeToString(sum[:])
}

func TestConformingDeviceIsUpdated(t *testing.T) {
	for _, name := range miot.SampleNames() {
		t.Run(name, func(t *testing.T) {
			rep := updated(t, trial{spec: sample(t, name), cases: casesOf(t, "OTA")}).run(t)
			passes(t, rep)
			for _, r := range rep.Results {
				if r.Verdict != Pass {
					t.Errorf("%s: %s: %v", r.ID(), r.Verdict, r.Findings)
				}
			}
		})
	}
}

// A declared policy of downgrades is for a reviewer, and lets the bench go back by itself.
func TestDowngradePolicy(t *testing.T) {
	tr := updated(t, trial{spec: sample(t, "lamp"), cases: casesOf(t, "OTA")})
	declare, configure, operator := tr.declare, tr.configure, tr.operator
	tr.declare = func(d *Declaration) { declare(d); d.OTA.Downgrade = "allowed down to 0.9.0" }
	tr.configure = func(c *virtual.Config) { configure(c); c.FirmwareFloor = "0.9.0" }
	tr.operator = func(q bench.Question) (transcript.Answer, bool) {
		if q.Kind == bench.Install {
			t.Error("the operator was asked to install what a downgrade could")
		}
		return operator(q)
	}
	rep := tr.run(t)
	passes(t, rep)
	for _, r := range rep.Results {
		if want := map[bool]Verdict{true: Review, false: Pass}[r.Case == "OTA-05"]; r.Verdict != want {
			t.Errorf("%s is %s, wanted %s: %v", r.ID(), r.Verdict, want, r.Findings)
		}
	}
}

func TestUpdateMutants(t *testing.T) {
	for _, m := range bred("OTA") {
		t.Run(m.Name, func(t *testing.T) {
			unmasked(t, m, updated(t, trial{spec: sample(t, "lamp"), cases: casesOf(t, "OTA")}))
		})
	}
}

func TestWithoutUpdates(t *testing.T) {
	rep := trial{spec: sample(t, "lamp"), cases: casesOf(t, "OTA")}.run(t)
	for _, r := range rep.Results {
		if want := map[bool]Verdict{true: Skipped, false: NotFor}[r.Case == "OTA-01"]; r.Verdict != want {
			t.Errorf("%s is %s, wanted %s: %v", r.ID(), r.Verdict, want, r.Findings)
		}
	}
}
