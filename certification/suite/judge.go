package suite

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"

	"github.com/proofmark/proofmark/certification/suite/transcript"
	"github.com/proofmark/proofmark/miot"
)

// Report is what the transcripts of a run say: every attempt of every case, and
// what is left open.
type Report struct {
	Header   transcript.Header // of the first transcript
	Results  []*Result         // in the order of the transcripts; those that were not begun and monitors last
	Missing  []string          // selected cases without a finished attempt
	Finished bool              // the run came to its end

	Segments [][]*transcript.Record // what it was judged by
}

// Judge gives the verdicts that follow from the transcripts of a run: one, and
// one more for each time that it was resumed. It is a pure function: the same
// records give the same results, today and offline.
func Judge(segments ...[]*transcript.Record) (*Report, error) {
	runs, err := openSegments(segments)
	if err != nil {
		return nil, err
	}
	rep := &Report{Header: runs[0].Header, Segments: segments}
	done := make(map[string]bool)
	for i, records := range segments {
		var results []*Result
		results, rep.Finished = runs[i].judge(records)
		for _, r := range results {
			r.Segment = i
			done[r.Case] = true
		}
		rep.Results = append(rep.Results, results...)
	}
	last := runs[len(runs)-1]
	for _, id := range rep.Header.Cases {
		c, err := Lookup(id)
		switch {
		case err != nil:
			return nil, fmt.Errorf("transcript of suite %s: %w", rep.Header.Suite, err)
		case done[id] || c.Monitor != nil:
		default:
			if r := last.unmet(c); r != nil {
				r.Segment = len(segments) - 1
				rep.Results = append(rep.Results, r)
			} else {
				rep.Missing = append(rep.Missing, id)
			}
		}
	}
	for i, records := range segments {
		rep.Results = append(rep.Results, runs[i].monitor(records, i)...)
	}
	return rep, nil
}

// judge replays the finished attempts of one transcript.
func (run *Run) judge(records []*transcript.Record) (results []*Result, finished bool) {
	var wire Wire
	for i, r := range records {
		wire.fold(run.topics.read(r), run.topics)
		switch r.Kind {
		case transcript.KindFinish:
			finished = true
		case transcript.KindBegin:
			c, err := Lookup(r.Case)
			if err != nil || !ended(records[i+1:], r) {
				continue // an id that this release no longer has, or an interrupted attempt
			}
			t := run.newT(c, r, wire, &storedTape{records: records[i+1:], name: c.ID}, func(string) {})
			results = append(results, t.run()...)
		}
	}
	return results, finished
}

// monitor gives what the selected monitors say of one transcript.
func (run *Run) monitor(records []*transcript.Record, segment int) []*Result {
	var results []*Result
	for _, id := range run.Header.Cases {
		c, err := Lookup(id)
		if err != nil || c.Monitor == nil {
			continue
		}
		if r := run.unmet(c); r != nil {
			r.Segment = segment
			results = append(results, r)
			continue
		}
		for _, r := range run.watch(c, records) {
			r.Segment = segment
			results = append(results, r)
		}
	}
	return results
}

// ended says whether the attempt that r begins was finished.
func ended(rest []*transcript.Record, r *transcript.Record) bool {
	for _, e := range rest {
		if e.Kind == transcript.KindEnd && e.Case == r.Case && e.Attempt == r.Attempt {
			return true
		}
		if e.Kind == transcript.KindBegin {
			return false
		}
	}
	return false
}

// newRun reads record 0.
func newRun(h transcript.Header) (*Run, error) {
	run := &Run{Header: h, Declaration: &Declaration{}, topics: topicsOf(h.DID)}
	if h.SoakHours != 0 && h.SoakHours != ShortSoak {
		return nil, fmt.Errorf("SOAK-01 of %d hours: it has 24, or %d after a change that allows it", h.SoakHours, ShortSoak)
	}
	var err error
	if run.Spec, err = miot.Parse(h.Spec); err != nil {
		// DECL-01 judges it, and nothing else can be.
		run.Spec, run.Fault = new(miot.Spec), err
	} else if run.Rules, err = miot.Compile(run.Spec); err != nil {
		run.Fault = err
	}
	if len(h.Previous) > 0 {
		if run.Previous, err = miot.Parse(h.Previous); err != nil {
			return nil, fmt.Errorf("previous spec: %w", err)
		}
	}
	if err = json.Unmarshal(h.Declaration, run.Declaration); err != nil {
		return nil, fmt.Errorf("declaration: %w", err)
	}
	if len(h.Submission) > 0 {
		if err = json.Unmarshal(h.Submission, &run.Submission); err != nil {
			return nil, fmt.Errorf("submission: %w", err)
		}
	}
	return run, nil
}

func (run *Run) newT(c *Case, begin *transcript.Record, wire Wire, tp tape, note func(string)) *T {
	return &T{
		Run: run, Case: c, Wire: wire, tape: tp, note: note,
		now: begin.At, first: begin.Seq,
		Rand:   rand.New(rand.NewPCG(run.Header.Seed, uint64(begin.Seq))),
		result: &Result{Case: c.ID, Attempt: begin.Attempt, First: begin.Seq},
	}
}

// run executes the case and returns its results: one, or one per member that it
// was expanded for and one for the case itself if that judged something.
func (t *T) run() []*Result {
	t.guard()
	t.result.Last = t.seq()
	if len(t.results) == 0 || t.result.Checks > 0 || len(t.result.Findings) > 0 {
		t.result.settle()
		t.results = append(t.results, t.result)
	}
	return t.results
}

// guard runs the case up to its end or its Stop. A case that panics is a defect
// of the suite, not of the device.
func (t *T) guard() {
	defer func() {
		if r := recover(); r != nil && r != any(stopped{}) {
			t.Inconclusivef("the case itself failed: %v", r)
		}
	}()
	t.Case.Run(t)
}
