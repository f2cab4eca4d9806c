package jobs_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/proofmark/proofmark/internal/jobs"
	"github.com/proofmark/proofmark/internal/store"
	"github.com/proofmark/proofmark/internal/store/storetest"
)

var ctx = context.Background()

// bubble runs a test in virtual time, on a SQLite store of its own. Everything
// that was started is ended before the bubble bursts.
func bubble(t *testing.T, test func(t *testing.T, db *store.DB)) {
	path := storetest.SQLite(t)
	synctest.Test(t, func(t *testing.T) {
		db, err := store.Open(ctx, path)
		must(t, err)
		test(t, db)
		must(t, db.Close())
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// diary remembers when things happened, in seconds since its start.
type diary struct {
	mu    sync.Mutex
	start time.Time
	at    []int
}

func newDiary() *diary { return &diary{start: time.Now()} }

func (d *diary) note() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.at = append(d.at, int(time.Since(d.start).Round(time.Second)/time.Second))
}

func (d *diary) want(t *testing.T, at ...int) {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	if !slices.Equal(d.at, at) {
		t.Errorf("happened at seconds %v, want %v", d.at, at)
	}
}

func enqueue(t *testing.T, db *store.DB, j jobs.Job) {
	t.Helper()
	j.CreatedAt = time.Now()
	if j.DueAt.IsZero() {
		j.DueAt = j.CreatedAt
	}
	added, err := db.Jobs().Enqueue(ctx, j)
	must(t, err)
	if !added {
		t.Fatalf("a job of kind %s with key %q is there already", j.Kind, j.Key)
	}
}

func run(t *testing.T, db *store.DB, o jobs.Options, set func(*jobs.Runner)) *jobs.Runner {
	t.Helper()
	o.Log = slog.New(slog.DiscardHandler)
	r := jobs.NewRunner(db.Jobs(), o)
	set(r)
	must(t, r.Start())
	return r
}

// pass lets virtual time pass.
func pass(d time.Duration) {
	time.Sleep(d) // in a bubble: costs nothing
	synctest.Wait()
}

func TestAJobRunsWhenItIsDue(t *testing.T) {
	bubble(t, func(t *testing.T, db *store.DB) {
		d := newDiary()
		r := run(t, db, jobs.Options{}, func(r *jobs.Runner) {
			r.Register("mail", func(_ context.Context, j jobs.Job) error {
				if string(j.Payload) != "hello" {
					t.Errorf("payload %q", j.Payload)
				}
				d.note()
				return nil
			})
		})
		pass(500 * time.Millisecond)
		enqueue(t, db, jobs.Job{Kind: "mail", Payload: []byte("hello")}) // at once, not at the next poll
		enqueue(t, db, jobs.Job{Kind: "mail", Payload: []byte("hello"), DueAt: time.Now().Add(5 * time.Second)})
		synctest.Wait()
		d.mu.Lock()
		if len(d.at) != 1 {
			t.Errorf("%d jobs ran at once, want 1", len(d.at))
		}
		d.mu.Unlock()
		pass(10 * time.Second)
		r.Stop(ctx)
		if len(d.at) != 2 {
			t.Errorf("%d jobs ran, want 2", len(d.at))
		}
	})
}

func TestAFailingJobIsTriedLaterAndLater(t *testing.T) {
	bubble(t, func(t *testing.T, db *store.DB) {
		var waits []time.Duration
		last := time.Now()
		r := run(t, db, jobs.Options{Backoff: 10 * time.Second, MaxBackoff: 40 * time.Second, Poll: 100 * time.Millisecond}, func(r *jobs.Runner) {
			r.Register("fail", func(context.Context, jobs.Job) error {
				waits = append(waits, time.Since(last))
				last = time.Now()
				if len(waits) == 2 {
					panic("a handler's mistake")
				}
				return errors.New("not today")
			})
		})
		enqueue(t, db, jobs.Job{Kind: "fail", MaxAttempts: 5})
		pass(10 * time.Minute)
		r.Stop(ctx)
		if len(waits) != 5 {
			t.Fatalf("%d attempts, want 5", len(waits))
		}
		for i, base := range []time.Duration{0, 10, 20, 40, 40} {
			low, high := base*time.Second*8/10, base*time.Second*12/10+200*time.Millisecond
			if waits[i] < low || waits[i] > high {
				t.Errorf("attempt %d came after %s, want %s to %s", i+1, waits[i], low, high)
			}
		}
		dead, err := db.Jobs().Dead(ctx, 0)
		must(t, err)
		if len(dead) != 1 || dead[0].LastError != "not today" {
			t.Errorf("dead jobs are %+v, want the one, with its last error", dead)
		}
	})
}

func TestAPanicFailsTheJobAndNotTheProcess(t *testing.T) {
	bubble(t, func(t *testing.T, db *store.DB) {
		r := run(t, db, jobs.Options{}, func(r *jobs.Runner) {
			r.Register("panic", func(context.Context, jobs.Job) error { panic("a handler's mistake") })
		})
		enqueue(t, db, jobs.Job{Kind: "panic", MaxAttempts: 1})
		pass(time.Second)
		r.Stop(ctx)
		dead, err := db.Jobs().Dead(ctx, 0)
		must(t, err)
		if len(dead) != 1 || !strings.Contains(dead[0].LastError, "a handler's mistake") || !strings.Contains(dead[0].LastError, "runner_test.go") {
			t.Errorf("dead jobs are %+v, want one with the panic and where it was", dead)
		}
	})
}

func TestALongJobKeepsItsLease(t *testing.T) {
	bubble(t, func(t *testing.T, db *store.DB) {
		d := newDiary()
		handler := func(ctx context.Context, _ jobs.Job) error {
			d.note()
			select {
			case <-time.After(2 * time.Minute):
			case <-ctx.Done():
				t.Error("the job was cut off")
			}
			return nil
		}
		set := func(r *jobs.Runner) { r.Register("long", handler) }
		first, second := run(t, db, jobs.Options{}, set), run(t, db, jobs.Options{}, set)
		enqueue(t, db, jobs.Job{Kind: "long"})
		pass(5 * time.Minute)
		first.Stop(ctx)
		second.Stop(ctx)
		d.want(t, 0)
	})
}

func TestTheJobOfADeadProcessRunsElsewhere(t *testing.T) {
	bubble(t, func(t *testing.T, db *store.DB) {
		d := newDiary()
		enqueue(t, db, jobs.Job{Kind: "mail"})
		_, ok, err := db.Jobs().Lease(ctx, []string{"mail"}, "a process that died", time.Now(), time.Now().Add(30*time.Second))
		must(t, err)
		if !ok {
			t.Fatal("not leased")
		}
		r := run(t, db, jobs.Options{}, func(r *jobs.Runner) {
			r.Register("mail", func(_ context.Context, j jobs.Job) error {
				if j.Attempt != 2 {
					t.Errorf("attempt %d, want 2", j.Attempt)
				}
				d.note()
				return nil
			})
		})
		pass(time.Hour)
		r.Stop(ctx)
		d.want(t, 30)
	})
}

func TestAJobWhoseLeaseIsLostIsCutOff(t *testing.T) {
	bubble(t, func(t *testing.T, db *store.DB) {
		d := newDiary()
		r := run(t, db, jobs.Options{}, func(r *jobs.Runner) {
			r.Register("long", func(ctx context.Context, j jobs.Job) error {
				must(t, db.Jobs().Complete(ctx, j, nil)) // as if another had run it
				<-ctx.Done()
				d.note()
				return nil
			})
		})
		enqueue(t, db, jobs.Job{Kind: "long"})
		pass(time.Minute)
		r.Stop(ctx)
		d.want(t, 10) // a third of the lease
	})
}

func TestWhatRecursKeepsItsBeat(t *testing.T) {
	bubble(t, func(t *testing.T, db *store.DB) {
		d := newDiary()
		set := func(r *jobs.Runner) {
			r.Register("tick", func(context.Context, jobs.Job) error {
				d.note()
				if len(d.at) == 3 {
					time.Sleep(25 * time.Second) // longer than two periods
				}
				return nil
			})
			r.Every("tick", 10*time.Second, "the clock")
		}
		first, second := run(t, db, jobs.Options{}, set), run(t, db, jobs.Options{}, set) // two processes, one clock
		pass(65 * time.Second)
		first.Stop(ctx)
		second.Stop(ctx)
		d.want(t, 0, 10, 20, 50, 60)
	})
}

func TestARecurringJobOutlivesItsFailures(t *testing.T) {
	bubble(t, func(t *testing.T, db *store.DB) {
		ran := 0
		r := run(t, db, jobs.Options{Backoff: time.Millisecond, MaxBackoff: time.Millisecond}, func(r *jobs.Runner) {
			r.Register("tick", func(context.Context, jobs.Job) error { ran++; return errors.New("no") })
			r.Every("tick", time.Hour, "k")
		})
		pass(90 * time.Minute)
		r.Stop(ctx)
		if want := 2 * jobs.DefaultAttempts; ran != want {
			t.Errorf("%d attempts in two runs, want %d", ran, want)
		}
	})
}

func TestStopWaitsAndThenCuts(t *testing.T) {
	bubble(t, func(t *testing.T, db *store.DB) {
		d := newDiary()
		r := run(t, db, jobs.Options{}, func(r *jobs.Runner) {
			r.Register("long", func(ctx context.Context, _ jobs.Job) error {
				select {
				case <-time.After(5 * time.Second):
				case <-ctx.Done():
				}
				d.note()
				return ctx.Err()
			})
		})
		enqueue(t, db, jobs.Job{Kind: "long"})
		pass(time.Second)
		r.Stop(ctx) // waits for its end at 5 s
		d.want(t, 5)

		enqueue(t, db, jobs.Job{Kind: "long"})
		d.start = time.Now()
		r = run(t, db, jobs.Options{}, func(r *jobs.Runner) {
			r.Register("long", func(ctx context.Context, _ jobs.Job) error {
				<-ctx.Done()
				d.note()
				return ctx.Err()
			})
		})
		pass(time.Second)
		patience, cancel := context.WithTimeout(ctx, 2*time.Second)
		defer cancel()
		r.Stop(patience)
		d.want(t, 5, 3)
	})
}

func TestWhatRecursNeedsAHandlerAndAKey(t *testing.T) {
	for name, set := range map[string]func(*jobs.Runner){
		"no handler": func(r *jobs.Runner) { r.Every("tick", time.Second, "k") },
		"no key": func(r *jobs.Runner) {
			r.Register("tick", func(context.Context, jobs.Job) error { return nil })
			r.Every("tick", time.Second, "")
		},
	} {
		r := jobs.NewRunner(nil, jobs.Options{})
		set(r)
		if r.Start() == nil {
			t.Errorf("%s: started", name)
		}
	}
}

func TestALimitedKindLeavesRoomForOthers(t *testing.T) {
	bubble(t, func(t *testing.T, db *store.DB) {
		slow, quick := newDiary(), newDiary()
		r := run(t, db, jobs.Options{Concurrency: 3}, func(r *jobs.Runner) {
			r.Register("slow", func(context.Context, jobs.Job) error {
				slow.note()
				time.Sleep(10 * time.Second)
				return nil
			})
			r.Register("quick", func(context.Context, jobs.Job) error { quick.note(); return nil })
			r.Limit("slow", 2)
		})
		for range 5 {
			enqueue(t, db, jobs.Job{Kind: "slow"})
		}
		pass(5 * time.Second)
		enqueue(t, db, jobs.Job{Kind: "quick"})
		pass(30 * time.Second)
		quick.want(t, 5)
		slow.want(t, 0, 0, 10, 10, 20) // each as soon as there is room, not at the next poll
		r.Stop(ctx)
	})
}
