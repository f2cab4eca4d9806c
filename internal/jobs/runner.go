package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/proofmark/proofmark/internal/id"
)

// Handler does the work of one kind. Its context ends when the runner is stopped
// for good or the lease is lost.
type Handler func(ctx context.Context, j Job) error

// Options tune a Runner; the zero value is a good one.
type Options struct {
	Concurrency int              // jobs at a time; 0 means 4
	Lease       time.Duration    // how long a dead process holds up its jobs; 0 means 30 s
	Poll        time.Duration    // how soon other processes' jobs are seen; 0 means 1 s
	Backoff     time.Duration    // before the second attempt, doubled for each further one; 0 means 2 s
	MaxBackoff  time.Duration    // 0 means 1 h
	Now         func() time.Time // what is due goes by it; nil means time.Now
	Log         *slog.Logger     // nil means slog.Default()
}

func (o Options) withDefaults() Options {
	orDefault := func(d *time.Duration, value time.Duration) {
		if *d <= 0 {
			*d = value
		}
	}
	orDefault(&o.Lease, 30*time.Second)
	orDefault(&o.Poll, time.Second)
	orDefault(&o.Backoff, 2*time.Second)
	orDefault(&o.MaxBackoff, time.Hour)
	if o.Concurrency <= 0 {
		o.Concurrency = 4
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	return o
}

// Runner leases and runs the jobs of the kinds that were registered.
type Runner struct {
	store    Store
	options  Options
	holder   string
	handlers map[string]Handler
	periods  map[recurrence]time.Duration
	limits   map[string]int

	mu      sync.Mutex
	running map[string]int // by kind
	ended   chan struct{}  // a job of a limited kind ended

	stop     context.CancelFunc // no further leases
	cut      context.CancelFunc // end the handlers
	finished chan struct{}
}

type recurrence struct{ kind, key string }

// NewRunner makes a runner; Register and Every come before Start.
func NewRunner(store Store, options Options) *Runner {
	return &Runner{
		store: store, options: options.withDefaults(), holder: id.New("run"),
		handlers: map[string]Handler{}, periods: map[recurrence]time.Duration{}, limits: map[string]int{},
		running: map[string]int{}, ended: make(chan struct{}, 1),
	}
}

// Register names the handler of a kind.
func (r *Runner) Register(kind string, h Handler) { r.handlers[kind] = h }

// Limit lets at most n jobs of a kind run here at once: what waits for somebody
// else's server must leave room for the rest.
func (r *Runner) Limit(kind string, n int) { r.limits[kind] = n }

// Every makes a kind recur: the first run is due at once, each further one a
// whole number of periods after that one. The key tells apart what recurs of the
// same kind.
func (r *Runner) Every(kind string, period time.Duration, key string) {
	r.periods[recurrence{kind, key}] = period
}

// Start begins to run jobs and returns.
func (r *Runner) Start() error {
	for rec, period := range r.periods {
		if r.handlers[rec.kind] == nil || rec.key == "" || period <= 0 {
			return fmt.Errorf("recurring job %q with key %q every %s: want a handler, a key and a period above 0", rec.kind, rec.key, period)
		}
	}
	leasing, stop := context.WithCancel(context.Background())
	running, cut := context.WithCancel(context.Background())
	r.stop, r.cut, r.finished = stop, cut, make(chan struct{})
	go r.loop(leasing, running)
	return nil
}

// Stop leases nothing more and waits for the running jobs; when ctx ends before
// they do, their contexts are cancelled, and it waits for that.
func (r *Runner) Stop(ctx context.Context) {
	r.stop()
	select {
	case <-r.finished:
	case <-ctx.Done():
		r.cut()
		<-r.finished
	}
	r.cut()
}

func (r *Runner) loop(leasing, running context.Context) {
	var jobs sync.WaitGroup
	defer close(r.finished)
	defer jobs.Wait()
	kinds := make([]string, 0, len(r.handlers))
	for kind := range r.handlers {
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds)
	started := r.startRecurring(leasing)
	slots := make(chan struct{}, r.options.Concurrency)
	poll := time.NewTimer(0)
	defer poll.Stop()
	for {
		select {
		case slots <- struct{}{}:
		case <-leasing.Done():
			return
		}
		now := r.options.Now()
		j, ok, err := r.store.Lease(leasing, r.withRoom(kinds), r.holder, now, now.Add(r.options.Lease))
		if ok && err == nil {
			r.count(j.Kind, 1)
			jobs.Go(func() {
				defer func() { <-slots }()
				defer r.count(j.Kind, -1)
				r.run(running, j)
			})
			continue
		}
		<-slots
		if err != nil && leasing.Err() == nil {
			r.options.Log.Warn("no job could be leased", "error", err)
		}
		if !started {
			started = r.startRecurring(leasing)
		}
		poll.Reset(r.options.Poll)
		select {
		case <-r.store.Queued():
		case <-r.ended:
		case <-poll.C:
		case <-leasing.Done():
			return
		}
	}
}

// withRoom leaves out the kinds of which as many run as may.
func (r *Runner) withRoom(kinds []string) []string {
	if len(r.limits) == 0 {
		return kinds
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(kinds), func(kind string) bool {
		most, limited := r.limits[kind]
		return limited && r.running[kind] >= most
	})
}

func (r *Runner) count(kind string, by int) {
	r.mu.Lock()
	r.running[kind] += by
	r.mu.Unlock()
	if _, limited := r.limits[kind]; limited && by < 0 {
		select {
		case r.ended <- struct{}{}:
		default:
		}
	}
}

// startRecurring enqueues what recurs; what is there already stays. It is false
// when the store did not take it yet.
func (r *Runner) startRecurring(ctx context.Context) bool {
	for rec := range r.periods {
		if _, err := r.store.Enqueue(ctx, Job{Kind: rec.kind, Key: rec.key, DueAt: r.options.Now(), CreatedAt: r.options.Now()}); err != nil {
			r.options.Log.Warn("recurring job not enqueued", "kind", rec.kind, "key", rec.key, "error", err)
			return false
		}
	}
	return true
}

// run runs one job to its end and writes down what became of it.
func (r *Runner) run(running context.Context, j Job) {
	log := r.options.Log.With("job", j.ID, "kind", j.Kind, "attempt", j.Attempt)
	ctx, cancel := context.WithCancel(running)
	var extender sync.WaitGroup
	extender.Go(func() { r.extend(ctx, cancel, j, log) })
	err := fmt.Errorf("the lease ran out %d times", j.MaxAttempts)
	if j.Attempt <= j.MaxAttempts { // otherwise it took its process down each time
		err = call(ctx, r.handlers[j.Kind], j)
	}
	cancel()
	extender.Wait()

	last := context.WithoutCancel(ctx) // also when we are being stopped
	switch {
	case err == nil:
		err = r.store.Complete(last, j, r.next(j))
	case j.Attempt < j.MaxAttempts:
		log.Warn("job failed, will be tried again", "error", err)
		err = r.store.Fail(last, j, Failure{Error: err.Error(), At: r.options.Now(), RetryAt: r.options.Now().Add(r.backoff(j.Attempt))})
	default:
		log.Error("job failed for the last time", "error", err)
		err = r.store.Fail(last, j, Failure{Error: err.Error(), At: r.options.Now(), Next: r.next(j)})
	}
	if err != nil { // its lease will run out and it will run again
		log.Warn("the end of a job was not stored", "error", err)
	}
}

// call turns a panic into an error: it fails the job, not the process.
func call(ctx context.Context, h Handler, j Job) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return h(ctx, j)
}

// extend prolongs the lease while the job runs, and ends the job when it is lost.
func (r *Runner) extend(ctx context.Context, cancel context.CancelFunc, j Job, log *slog.Logger) {
	tick := time.NewTicker(r.options.Lease / 3)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		err := r.store.Extend(ctx, j, r.options.Now().Add(r.options.Lease))
		if errors.Is(err, ErrLost) {
			log.Warn("job cut off: its lease was lost")
			cancel()
			return
		}
		if err != nil && ctx.Err() == nil {
			log.Warn("lease not extended", "error", err)
		}
	}
}

// next is the run after j, nil if it does not recur.
func (r *Runner) next(j Job) *Job {
	period := r.periods[recurrence{j.Kind, j.Key}]
	if period == 0 {
		return nil
	}
	now := r.options.Now()
	due := j.DueAt.Add(period)
	if late := now.Sub(due); late > 0 { // keep the beat, skip what was missed
		due = due.Add((late/period + 1) * period)
	}
	return &Job{Kind: j.Kind, Key: j.Key, DueAt: due, MaxAttempts: j.MaxAttempts, CreatedAt: now}
}

// backoff is the wait after an attempt: doubled each time, ± 20 % so that what
// failed together does not come back together.
func (r *Runner) backoff(attempt int) time.Duration {
	wait := r.options.Backoff
	for range attempt - 1 {
		if wait *= 2; wait >= r.options.MaxBackoff {
			wait = r.options.MaxBackoff
			break
		}
	}
	return time.Duration(float64(wait) * (0.8 + 0.4*rand.Float64()))
}
