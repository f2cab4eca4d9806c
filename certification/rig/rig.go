package rig

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/suite"
	"github.com/proofmark/proofmark/certification/suite/bench"
	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/blob"
	"github.com/proofmark/proofmark/internal/bus"
	"github.com/proofmark/proofmark/internal/notice"
)

// Store keeps runs. Every method is one transaction. What is not there gives
// registry.ErrNotFound; what somebody else changed first, registry.ErrConflict.
type Store interface {
	Submission(ctx context.Context, id string) (certification.Submission, error)

	// CreateRun numbers the run among those of its submission, round and plan. It
	// gives registry.ErrExists while another run of the submission and plan has not
	// ended, and ErrTooMany beyond so many of the organisation.
	CreateRun(ctx context.Context, run certification.Run, most int, entries []audit.Entry, notices []notice.Notice) (certification.Run, error)
	Run(ctx context.Context, id string) (certification.Run, error)
	RunsOf(ctx context.Context, submission string) ([]certification.Run, error) // in their order
	Runs(ctx context.Context, q RunQuery) ([]certification.Run, error)
	// SaveRun stores what became of a run that was read in state was and with
	// run.Rev, and returns it with its new Rev. With results it stores those too.
	SaveRun(ctx context.Context, was certification.RunState, run certification.Run, results []*suite.Result, entries []audit.Entry, notices []notice.Notice) (certification.Run, error)
	RunResults(ctx context.Context, run string) ([]*suite.Result, error)
	CountRuns(ctx context.Context) (map[certification.RunState]int64, error)

	// TakeRun gives a queued run to a node until then, if its organisation has fewer
	// than perOrg that are running.
	TakeRun(ctx context.Context, node string, perOrg int, until time.Time) (run certification.Run, ok bool, err error)
	// KeepRuns prolongs the node's leases, and returns the runs that it still has:
	// each with who wants it cancelled, or "".
	KeepRuns(ctx context.Context, node string, until time.Time) (map[string]string, error)
	// RunsHeld are those whose evidence the node has and nobody else.
	RunsHeld(ctx context.Context, node string) ([]certification.Run, error)
	// LostRuns are those that are running under a lease that ended.
	LostRuns(ctx context.Context, now time.Time) ([]certification.Run, error)
	// CancelRun asks the node that runs it; registry.ErrConflict if none does, or it was asked before.
	CancelRun(ctx context.Context, run, by string, entries []audit.Entry) error

	AskQuestion(ctx context.Context, q certification.Question, notices []notice.Notice) error
	Question(ctx context.Context, id string) (certification.Question, error)
	Questions(ctx context.Context, run string) ([]certification.Question, error)
	// AnswerQuestion stores the answer of one that is open at q.AnsweredAt; else registry.ErrConflict.
	AnswerQuestion(ctx context.Context, q certification.Question, entries []audit.Entry) error
	ExpireQuestion(ctx context.Context, id string, at time.Time) error
	Answerers(ctx context.Context, submission string) ([]string, error)
	KeepRunFile(ctx context.Context, f certification.RunFile) error
	RunFile(ctx context.Context, run, sha256 string) (certification.RunFile, error)
	RunFiles(ctx context.Context, run string) ([]certification.RunFile, error)

	// AskJudgement stores it with the job that carries it out.
	AskJudgement(ctx context.Context, j certification.Judgement) error
	Judgement(ctx context.Context, id string) (certification.Judgement, error)
	Judgements(ctx context.Context, run string) ([]certification.Judgement, error)
	EndJudgement(ctx context.Context, j certification.Judgement) error

	SecretVersion(ctx context.Context, submission string) (int, error) // 1 until it was rotated
	RotateSecret(ctx context.Context, submission, by string, at time.Time, entries []audit.Entry) (version int, err error)
	// KeepBenchKey notes a key and returns all of its kind, oldest first.
	KeepBenchKey(ctx context.Context, kind, name string, at time.Time) ([]string, error)
	BenchKeys(ctx context.Context, kind string) ([]string, error)
}

// RunQuery lists runs by their ids. Members that are empty restrict nothing; one of
// Org and State may be given.
type RunQuery struct {
	Org   string
	State certification.RunState
	After string
	Limit int
}

// The kinds of bench keys.
const (
	KeyTranscript = "transcript" // a public key that transcripts are signed with
	KeySecret     = "secret"     // the fingerprint of the key that secrets follow from
)

// ErrTooMany says that an organisation has as many runs as it may.
var ErrTooMany = errors.New("too many runs")

// Papers are what a run is judged by besides the wire and the submission itself.
type Papers struct {
	Previous  json.RawMessage // the spec of the certified version before, where there is one
	Documents []certification.Document
}

// Options say what a rig works with. Store, Blobs, Bus, Keys and Dir are needed.
type Options struct {
	Store Store
	Blobs blob.Store
	Bus   bus.Bus
	Keys  *Keys
	Dir   string // of the runs that go on: one folder each

	Names  []string // by which devices reach the benches, the first being the best; localhost by default
	TCP    string   // where the plain listener is bound; empty: none
	TLS    string   // likewise for TLS
	Ports  Ports    // of single runs; may be empty
	Listen func(port int) (net.Listener, error)

	Most       int           // runs at a time on this node; 32
	MostPerOrg int           // runs at a time of one organisation, over all nodes; 4
	MostOpen   int           // runs of one organisation that have not ended; 20
	Lease      time.Duration // 30 s
	Poll       time.Duration // how soon another node's runs and answers are seen; 1 s
	Ready      time.Duration // how long a run waits for its device; 30 min

	// Papers are none by default.
	Papers func(ctx context.Context, sub certification.Submission) (Papers, error)

	// Recorded gives the transcripts of a run that the sample world made before; nil
	// for a run that is to be made. There is none outside the sample world.
	Recorded func(run certification.Run) fs.FS

	Now func() time.Time
	Log *slog.Logger

	attach func(run certification.Run, secret string) (func(context.Context, *bench.Bench) error, error) // of tests: a device in memory
}

// Ports is a range, both ends included; the zero value holds none.
type Ports struct{ First, Last int }

func (p Ports) empty() bool { return p.First == 0 }

func (o *Options) complete() {
	orElse := func(d *time.Duration, value time.Duration) {
		if *d <= 0 {
			*d = value
		}
	}
	orElse(&o.Lease, 30*time.Second)
	orElse(&o.Poll, time.Second)
	orElse(&o.Ready, 30*time.Minute)
	for n, value := range map[*int]int{&o.Most: 32, &o.MostPerOrg: 4, &o.MostOpen: 20} {
		if *n <= 0 {
			*n = value
		}
	}
	if len(o.Names) == 0 {
		o.Names = []string{"localhost"}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
}

// Rig begins, runs and explains runs. Without listeners it takes none, but serves
// everything else of them, whichever node has them.
type Rig struct {
	o     Options
	node  string // of the folder: it stays over restarts
	lock  *folderLock
	front *front

	ctx    context.Context // ends with Close
	cancel context.CancelCauseFunc
	last   context.Context // ends when nothing more can be stored
	giveUp context.CancelFunc
	wake   chan struct{}
	wg     sync.WaitGroup
	subs   []bus.Subscription
	tables tables

	mu   sync.Mutex
	live map[string]*going
}

// What ends a run before its end.
var (
	errStopping  = errors.New("the service stopped")
	errCancelled = errors.New("it was cancelled")
	errLost      = errors.New("this node no longer holds its lease")
)

// New makes a rig; nothing goes on before Open.
func New(o Options) *Rig {
	o.complete()
	r := &Rig{o: o, front: newFront(o.Log), wake: make(chan struct{}, 1), live: map[string]*going{}}
	r.ctx, r.cancel = context.WithCancelCause(context.Background())
	r.last, r.giveUp = context.WithCancel(context.Background())
	return r
}

// Open takes the folder, brings what a killed process left in it to an end, and
// begins to take runs.
func (r *Rig) Open(ctx context.Context) (err error) {
	if r.lock, r.node, err = takeFolder(r.o.Dir); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.lock.drop())
		}
	}()
	keys, err := r.o.Store.KeepBenchKey(ctx, KeySecret, r.o.Keys.fingerprint(), r.o.Now())
	if err != nil {
		return err
	}
	if keys[0] != r.o.Keys.fingerprint() {
		return fmt.Errorf("the bench key %s of this node is not the %s of this installation: give its nodes the same %s", r.o.Keys.fingerprint(), keys[0], secretFile)
	}
	if _, err := r.o.Store.KeepBenchKey(ctx, KeyTranscript, r.o.Keys.PublicKey(), r.o.Now()); err != nil {
		return err
	}
	for subject, h := range map[string]bus.Handler{
		"run.*.snapshot": r.onSnapshot,
		"run.*.poke":     r.onPoke,
	} {
		sub, err := r.o.Bus.Subscribe(subject, h)
		if err != nil {
			return err
		}
		r.subs = append(r.subs, sub)
	}
	held, err := r.o.Store.RunsHeld(ctx, r.node)
	if err != nil {
		return err
	}
	r.wg.Go(func() {
		for _, run := range held {
			g := r.going(run)
			r.end(g, certification.RunInterrupted, "the process that ran it was killed")
			r.left(g)
		}
		r.sweep()
		r.loop()
	})
	return nil
}

// Serve takes devices' connections from a listener until Close. TCP and TLS are
// told apart by the first byte.
func (r *Rig) Serve(l net.Listener) error { return r.front.serve(l) }

// Close interrupts the runs of this node, keeps their evidence as far as ctx
// allows, and ends everything else. A run whose evidence could not be stored in
// time is brought to its end by the next Open.
func (r *Rig) Close(ctx context.Context) error {
	r.cancel(errStopping)
	r.front.close()
	ended := make(chan struct{})
	go func() { defer close(ended); r.wg.Wait() }()
	var late error
	select {
	case <-ended:
	case <-ctx.Done():
		late = fmt.Errorf("runs that did not end: %w", context.Cause(ctx))
	}
	r.giveUp()
	for _, sub := range r.subs {
		_ = sub.Unsubscribe() // a closed bus has none left
	}
	if r.lock == nil {
		return late
	}
	return errors.Join(late, r.lock.drop())
}

// loop takes queued runs while there is room, and keeps those that it has.
func (r *Rig) loop() {
	poll := time.NewTicker(r.o.Poll)
	defer poll.Stop()
	var kept time.Time
	for {
		if now := r.o.Now(); now.Sub(kept) >= r.o.Lease/3 {
			r.keep()
			kept = now
		}
		for r.canTake() && r.takeOne() {
		}
		select {
		case <-poll.C:
		case <-r.wake:
		case <-r.ctx.Done():
			return
		}
	}
}

func (r *Rig) canTake() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ctx.Err() == nil && r.reachable() && len(r.live) < r.o.Most
}

// reachable says whether a device can come to a bench of this node.
func (r *Rig) reachable() bool {
	return r.o.TCP != "" || r.o.TLS != "" || !r.o.Ports.empty() || r.o.attach != nil
}

func (r *Rig) takeOne() bool {
	run, ok, err := r.o.Store.TakeRun(r.ctx, r.node, r.o.MostPerOrg, r.o.Now().Add(r.o.Lease))
	if err != nil && r.ctx.Err() == nil {
		r.o.Log.Warn("no run could be taken", "error", err)
	}
	if err != nil || !ok {
		return false
	}
	if old := r.here(run.ID); old != nil {
		// It was lost, given up and resumed before this node noticed. It ends as
		// interrupted once more, with its evidence in order.
		old.end(errLost)
		return true
	}
	g := r.going(run)
	r.wg.Go(func() {
		r.execute(g)
		r.left(g)
	})
	return true
}

// keep renews the leases, carries out wishes to cancel, and ends what other nodes
// have lost.
func (r *Rig) keep() {
	now := r.o.Now()
	held, err := r.o.Store.KeepRuns(r.ctx, r.node, now.Add(r.o.Lease))
	if err != nil {
		if r.ctx.Err() == nil {
			r.o.Log.Warn("leases of runs not prolonged", "error", err)
		}
		return // whether they are ours is not known: the next time tells
	}
	r.mu.Lock()
	for id, g := range r.live {
		by, ours := held[id]
		switch {
		case !ours:
			g.end(errLost)
		case by != "":
			g.end(errCancelled)
		}
	}
	mine := slices.Collect(maps.Values(r.live))
	r.mu.Unlock()
	for _, g := range mine {
		r.check(g)
	}
	r.reap(now)
}

// check ends a run whose submission is no longer what it tests.
func (r *Rig) check(g *going) {
	run := g.seen()
	sub, err := r.o.Store.Submission(r.ctx, run.Submission)
	if err != nil {
		return // the next time tells
	}
	if err := admits(sub, run); err != nil {
		g.end(fmt.Errorf("%w: %w", errCancelled, err))
	}
}

// reap makes interrupted runs of those whose node is gone. Their evidence stays
// with that node until it is back.
func (r *Rig) reap(now time.Time) {
	lost, err := r.o.Store.LostRuns(r.ctx, now)
	if err != nil {
		return // likewise
	}
	for _, run := range lost {
		if run.Node == r.node {
			continue // it was away from the store for a while, and goes on
		}
		was := run.State
		run.State, run.Reason, run.EndedAt = certification.RunInterrupted, "the node that ran it is gone", now
		notices, err := r.told("run.interrupted", run)
		if err == nil {
			_, err = r.o.Store.SaveRun(r.ctx, was, run, nil, nil, notices)
		}
		if err != nil {
			r.o.Log.Warn("a run of a lost node was not ended", "run", run.ID, "error", err)
		}
	}
}

// told is the notice about what became of a run.
func (r *Rig) told(kind string, run certification.Run) ([]notice.Notice, error) {
	n, err := notice.New(r.o.Now(), kind, run.ID, run.Org, map[string]any{
		"run": run.ID, "submission": run.Submission, "plan": run.Plan, "attempt": run.Attempt, "state": run.State, "reason": run.Reason,
	})
	return []notice.Notice{n}, err
}

// poke makes the rigs of all nodes look at a run now.
func (r *Rig) poke(id string) {
	_ = r.o.Bus.Publish("run."+id+".poke", nil) // they look by themselves, later
	r.look()
}

func (r *Rig) look() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

func distinct(list []string) []string {
	out := slices.DeleteFunc(slices.Clone(list), func(s string) bool { return s == "" })
	slices.Sort(out)
	return slices.Compact(out)
}

// Figures are for metrics: the runs of this node, and the connections that no bench
// got, by reason.
func (r *Rig) Figures() (here int, refused map[string]int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f := &r.front.refused
	return len(r.live), map[string]int64{
		"crowd": f.crowd.Load(), "silent": f.silent.Load(), "unknown": f.unknown.Load(), "garbage": f.garbage.Load(),
	}
}
