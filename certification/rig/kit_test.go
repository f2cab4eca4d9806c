package rig_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/rig"
	"github.com/proofmark/proofmark/certification/suite"
	"github.com/proofmark/proofmark/certification/suite/bench"
	"github.com/proofmark/proofmark/certification/suite/rehearsal"
	"github.com/proofmark/proofmark/certification/suite/transcript"
	"github.com/proofmark/proofmark/certification/virtual"
	"github.com/proofmark/proofmark/internal/blob"
	"github.com/proofmark/proofmark/internal/bus"
	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/internal/store"
	"github.com/proofmark/proofmark/internal/store/storetest"
	"github.com/proofmark/proofmark/miot"
	"github.com/proofmark/proofmark/registry"
)

var ctx = context.Background()

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// get is a value that must come without an error.
func get[V any](v V, err error) func(testing.TB) V {
	return func(t testing.TB) V {
		t.Helper()
		must(t, err)
		return v
	}
}

// refused checks the rule that an action was refused by.
func refused(t testing.TB, err error, rule string) {
	t.Helper()
	var r *certification.Refusal
	if !errors.As(err, &r) || r.Rule != rule {
		t.Errorf("error %v, want a refusal by the rule %s", err, rule)
	}
}

// world is an installation without HTTP: stores, a bus and a folder of runs. Its
// rigs come and go.
type world struct {
	testing.TB
	db    *store.DB
	bus   *bus.Local
	blobs blob.Folder
	dir   string
	keys  *rig.Keys
	org   string

	mu        sync.Mutex
	behaviour func(run certification.Run) virtual.Behaviour
	devices   map[string]*rehearsal.Device // by run
}

var vendor = "acc_vendor"

// engines runs a test on SQLite and on PostgreSQL.
func engines(t *testing.T, test func(t *testing.T, w *world)) {
	t.Run("sqlite", func(t *testing.T) { test(t, newWorld(t, "sqlite:"+storetest.SQLite(t))) })
	t.Run("postgres", func(t *testing.T) {
		if testing.Short() {
			t.Skip("what is looked at in short is the runs, the same on both")
		}
		test(t, newWorld(t, storetest.Postgres(t)))
	})
}

func newWorld(t testing.TB, url string) *world {
	t.Helper()
	w := &world{TB: t, dir: t.TempDir(), bus: bus.NewLocal(), org: id.New("org"), devices: map[string]*rehearsal.Device{}}
	w.db = get(store.Open(ctx, url))(t)
	must(t, w.db.Migrate(ctx))
	t.Cleanup(func() {
		_ = w.bus.Close()
		must(t, w.db.Close())
	})
	w.blobs = get(blob.OpenFolder(filepath.Join(w.dir, "blobs")))(t)
	w.keys = get(rig.OpenKeys(filepath.Join(w.dir, "keys"), time.Now()))(t)
	return w
}

// options are those of a node whose devices are in memory.
func (w *world) options() rig.Options {
	o := rig.Options{
		Store: w.db.Programme(), Blobs: w.blobs, Bus: w.bus, Keys: w.keys, Dir: filepath.Join(w.dir, "runs"),
		Names: []string{"bench.example"}, Lease: 30 * time.Second,
	}
	o.AttachBy(w.attach)
	return o
}

// open starts a rig, which is closed when the test ends.
func (w *world) open(change ...func(*rig.Options)) *rig.Rig {
	w.Helper()
	o := w.options()
	for _, f := range change {
		f(&o)
	}
	r := rig.New(o)
	must(w, r.Open(ctx))
	return r
}

// attach makes the virtual device of a run, and keeps it for the operator's hands.
func (w *world) attach(run certification.Run, secret string) (func(context.Context, *bench.Bench) error, error) {
	spec, err := miot.Parse(miot.Sample("lamp"))
	if err != nil {
		return nil, err
	}
	d := suite.Conforming(spec, run.DID)
	c := virtual.Config{Spec: spec, DID: run.DID, Secret: secret, Serial: "SN-declared", KeepAlive: time.Duration(d.KeepAlive) * time.Second, Seed: 1}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.behaviour != nil {
		c.Behaviour = w.behaviour(run)
	}
	device, err := rehearsal.New(c)
	if err != nil {
		return nil, err
	}
	w.devices[run.ID] = device
	return device.Attach, nil
}

// device is the one that is attached to a run now.
func (w *world) device(run string) *rehearsal.Device {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.devices[run]
}

// submission is a lamp in testing.
func (w *world) submission(change ...func(*certification.Submission)) certification.Submission {
	w.Helper()
	document := miot.Sample("lamp")
	spec := get(miot.Parse(document))(w)
	urn := get(spec.URN())(w)
	// The did in the declaration is that of the maker's own bench: nothing goes by it.
	declaration := get(json.Marshal(suite.Conforming(spec, "declared")))(w)
	now := time.Now()
	sub := certification.Submission{
		ID: id.New("sub"), Org: w.org, Product: "Lamp", Model: urn.Model, Firmware: certification.Firmware{Version: "1.0.0", SHA256: sum("firmware 1")},
		Spec: document, SpecSHA256: sum(string(document)), Declaration: declaration, State: certification.Testing, Round: 1,
		CreatedBy: vendor, CreatedAt: now, UpdatedAt: now,
	}
	for _, f := range change {
		f(&sub)
	}
	must(w, w.db.Programme().CreateSubmission(ctx, sub, nil, nil))
	return sub
}

func sum(text string) string {
	s := sha256.Sum256([]byte(text))
	return hex.EncodeToString(s[:])
}

// maker is a member of the organisation.
func (w *world) maker() certification.Actor {
	return certification.Actor{Account: vendor, Orgs: []string{w.org}}
}

var (
	stranger = certification.Actor{Account: "acc_stranger", Orgs: []string{"org_other"}}
	reviewer = certification.Actor{Account: "acc_reviewer", Reviewer: true}
)

// ended waits until a run has ended, in whatever state.
func (w *world) ended(r *rig.Rig, run string) certification.Run {
	w.Helper()
	for {
		got := get(r.Wait(ctx, w.maker(), run))(w)
		if got.State.Ended() {
			return got
		}
		w.answer(r, run)
	}
}

// answer does what the open questions ask for, as the maker.
func (w *world) answer(r *rig.Rig, run string) {
	w.Helper()
	for _, q := range get(r.Questions(ctx, w.maker(), run))(w) {
		if q.State == certification.QuestionOpen {
			_, err := r.Answer(ctx, w.maker(), run, q.ID, transcript.Answer{Answer: "skip"})
			if err != nil && !errors.Is(err, registry.ErrConflict) {
				w.Error(err)
			}
		}
	}
	// The row is answered; the run needs a moment to see it.
	<-time.After(10 * time.Millisecond)
}

func readFile(path string) ([]byte, error) { return os.ReadFile(path) }

// progress is what the bus carries of a run.
type progress = rig.RunProgress

// onProgress hears of all runs.
func (w *world) onProgress(hear func(progress)) {
	w.Helper()
	_, err := w.bus.Subscribe("run.*.progress", func(m bus.Message) {
		var p progress
		if err := json.Unmarshal(m.Data, &p); err != nil {
			w.Error(err)
		}
		hear(p)
	})
	must(w, err)
}
