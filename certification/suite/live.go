package suite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/proofmark/proofmark/certification/suite/bench"
	"github.com/proofmark/proofmark/certification/suite/transcript"
)

// What ends a run before its end. The evidence is kept, and the run can be resumed.
var (
	ErrNoDevice   = errors.New("no device came")
	ErrDeviceGone = errors.New("the device did not come back")
	ErrFlood      = errors.New("the device floods the bench")
)

const (
	// returnLimit is how long a device may stay away between two cases: the
	// longest pause that SESS-04 allows, and a boot.
	returnLimit = 6 * time.Minute
	// maxRecords bounds what a run keeps in memory. A day of soak is a tenth of it.
	maxRecords = 2_000_000
	// afterReady and afterReport are what a device may take to say its state after
	// it connected, and a report that waits for its interval to be on the wire;
	// longestPause bounds an interval that is declared longer.
	afterReady   = 2 * time.Second
	afterReport  = 500 * time.Millisecond
	longestPause = 10 * time.Second
	// tick is how often a run looks after its evidence and tells its progress.
	tick = time.Second
)

// live is a run that is going on.
type live struct {
	Setup
	run     *Run
	w       *transcript.Writer
	bench   *bench.Bench
	teller  *teller
	earlier [][]*transcript.Record // transcripts before this one
	results []*Result              // of all transcripts, while the run goes
	wire    Wire
	folded  int
	acted   time.Duration // when a case last did what may change the device
}

// Live runs the selected cases against a device and judges the transcript. It
// ends early when ctx does, when the device is gone, or when the evidence cannot
// be kept: then there are both a report and an error. Without a report nothing
// was begun.
func Live(ctx context.Context, s Setup) (*Report, error) {
	l := &live{Setup: s}
	file, n, err := l.open()
	if err != nil {
		return nil, err
	}
	ran := l.execute(ctx)
	records := l.w.Records()
	if err := l.w.Err(); err != nil {
		// A verdict follows from what was kept, not from what was seen.
		ran = errors.Join(ran, fmt.Errorf("the evidence is incomplete: %w", err))
		if kept, err := ReadSegment(file.Name()); err == nil {
			records = kept.Records
		}
	}
	if err := file.Close(); err != nil {
		ran = errors.Join(ran, err)
	} else if err := s.Dir.pack(n); err != nil {
		ran = errors.Join(ran, fmt.Errorf("the transcript stays as it is: %w", err))
	}
	rep, err := Judge(append(slices.Clone(l.earlier), records)...)
	if err != nil {
		return nil, errors.Join(ran, err)
	}
	return rep, errors.Join(ran, l.confirm(rep))
}

// open begins the transcript: the first of a folder, or the next one.
func (l *live) open() (evidence, int, error) {
	h, err := l.begin()
	if err != nil {
		return nil, 0, err
	}
	if _, err = newRun(h); err != nil {
		return nil, 0, err // before anything is written
	}
	n := len(l.earlier) + 1
	create := l.create
	if create == nil {
		create = l.Dir.create
	}
	file, err := create(n)
	if errors.Is(err, os.ErrExist) {
		return nil, 0, fmt.Errorf("%s holds a run already: resume it, or name another folder", l.Dir)
	}
	if err != nil {
		return nil, 0, err
	}
	secrets := &transcript.Secrets{}
	if l.w, err = transcript.NewWriter(file, h, secrets); err != nil {
		return nil, 0, errors.Join(err, file.Close())
	}
	// The cases read the header as it is kept: redacted, and with the time it began.
	first, _ := l.w.At(0)
	if l.run, err = openHeader(first); err != nil {
		return nil, 0, errors.Join(err, file.Close())
	}
	if l.Key == nil {
		if l.Key, err = transcript.LoadKey(string(l.Dir)); err != nil {
			return nil, 0, errors.Join(err, file.Close())
		}
	}
	l.teller = &teller{tell: l.Progress, now: l.w.Now}
	return file, n, nil
}

// begin gives the header of the transcript: a new one, or that of the run that
// is resumed.
func (l *live) begin() (transcript.Header, error) {
	if !l.Resume {
		if _, err := l.Dir.Segments(); !errors.Is(err, ErrNoRun) {
			return transcript.Header{}, fmt.Errorf("%s holds a run already: resume it, or name another folder", l.Dir)
		}
		h, err := l.header()
		if err != nil {
			return h, err
		}
		return h, l.copyInputs(&h)
	}
	segments, err := l.Dir.Segments()
	if err != nil {
		return transcript.Header{}, err
	}
	for _, s := range segments {
		l.earlier = append(l.earlier, s.Records)
	}
	rep, err := Judge(l.earlier...)
	if err != nil {
		return transcript.Header{}, err
	}
	l.results = rep.Results
	h := rep.Header
	if h.Suite != Release {
		return h, fmt.Errorf("the run was begun with suite %s, this is %s: begin a new one", h.Suite, Release)
	}
	h.Began, h.Operator, h.Resumed = time.Time{}, l.Operator, segments[len(segments)-1].SHA256
	h.FirstID = nextFirstID(h.FirstID, l.earlier)
	l.DID, l.Transport, l.Seed = h.DID, h.Transport, h.Seed
	return h, nil
}

// copyInputs lays what the run was begun with beside its transcript, for people.
func (l *live) copyInputs(h *transcript.Header) error {
	if err := os.MkdirAll(string(l.Dir), 0o755); err != nil {
		return err
	}
	err := errors.Join(l.Dir.Write("spec.json", h.Spec), l.Dir.Write("declaration.json", h.Declaration))
	if len(h.Previous) > 0 {
		err = errors.Join(err, l.Dir.Write("previous.json", h.Previous))
	}
	return err
}

// execute runs the cases and ends the transcript.
func (l *live) execute(parent context.Context) error {
	ctx, cancel := context.WithCancelCause(parent)
	defer cancel(nil)
	var watch sync.WaitGroup
	watching, stop := context.WithCancel(context.Background())
	watch.Go(func() { l.look(watching, cancel) })
	defer func() { stop(); watch.Wait() }()

	err := l.withDevice(ctx, cancel, l.cases)
	if err == nil {
		l.w.Append(transcript.Record{Kind: transcript.KindFinish})
	}
	if l.w.Err() != nil {
		return err // Live says so
	}
	return errors.Join(err, transcript.Sign(l.w, l.Key))
}

// look ends a run whose evidence cannot be kept, and tells its progress.
func (l *live) look(ctx context.Context, end context.CancelCauseFunc) {
	most := l.most
	if most == 0 {
		most = maxRecords
	}
	t := time.NewTicker(tick)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		if err := l.w.Err(); err != nil {
			end(err)
		}
		if n := l.w.Len(); n > most {
			end(fmt.Errorf("%w: %d records in %v, at most %d are kept", ErrFlood, n, l.w.Now().Round(time.Second), most))
		}
		l.teller.say(true)
	}
}

// withDevice runs fn while the device is attached to a bench. Where no selected
// case needs the device, there is none.
func (l *live) withDevice(ctx context.Context, end context.CancelCauseFunc, fn func(context.Context) error) error {
	if !slices.ContainsFunc(Online(&l.run.Header), func(id string) bool { return l.due(id) }) {
		return fn(ctx)
	}
	if l.Attach == nil {
		return errors.New("the selected cases need a device, and none is attached")
	}
	ask := l.Ask
	if l.Operator == "" || ask == nil {
		ask = nobody
	}
	b, err := bench.New(bench.Config{
		Writer: l.w, DID: l.DID, Secrets: withConfigured(l.DID, l.Secrets), Transport: l.Transport, PKI: l.PKI, ServerName: l.ServerName,
		Seed: l.Seed, Operator: ask, WatchLag: l.WatchLag, Logger: l.Logger,
	})
	if err != nil {
		return err
	}
	l.bench = b
	attached, detach := context.WithCancel(ctx)
	var device sync.WaitGroup
	device.Go(func() {
		if err := l.Attach(attached, b); err != nil && attached.Err() == nil {
			end(fmt.Errorf("the device is not attached any more: %w", err))
		}
	})
	err = fn(ctx)
	// The bench goes first: what a device says as it leaves is not of the run.
	err = errors.Join(err, b.Close())
	detach()
	device.Wait()
	return err
}

// nobody answers at once that there is no operator, so that a case which needs one
// only for some of its members does not wait for each.
func nobody(context.Context, bench.Question) (transcript.Answer, error) {
	return transcript.Answer{Answer: "skip", Note: "this run has no operator"}, nil
}

// confirm compares the verdicts of the run with those of its transcript. They are
// made by the same code; a difference is a fault of the suite.
func (l *live) confirm(rep *Report) error {
	var wrong []error
	for _, seen := range l.results {
		if seen.Segment != len(l.earlier) || seen.First == 0 {
			continue // of a transcript before
		}
		i := slices.IndexFunc(rep.Results, func(r *Result) bool {
			return r.ID() == seen.ID() && r.Segment == seen.Segment && r.First == seen.First
		})
		if i < 0 || rep.Results[i].Verdict != seen.Verdict {
			wrong = append(wrong, fmt.Errorf("%s was %s in the run and is not in its transcript: this is a fault of the suite", seen.ID(), seen.Verdict))
		}
	}
	return errors.Join(wrong...)
}
