package rig

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/suite"
	"github.com/proofmark/proofmark/certification/suite/transcript"
	"github.com/proofmark/proofmark/internal/bus"
	"github.com/proofmark/proofmark/registry"
)

// Run returns a run to who may see it.
func (r *Rig) Run(ctx context.Context, actor certification.Actor, id string) (certification.Run, error) {
	run, err := r.o.Store.Run(ctx, id)
	if err != nil {
		return run, err
	}
	return run, mayRead(actor, "run", id, run.Org)
}

// ours is a run that the actor may act on.
func (r *Rig) ours(ctx context.Context, actor certification.Actor, id string) (certification.Run, error) {
	run, err := r.Run(ctx, actor, id)
	if err == nil {
		err = mayAct(actor, run.Org)
	}
	return run, err
}

// RunsOf are the runs of a submission, in their order, with why those do not count
// that do not.
func (r *Rig) RunsOf(ctx context.Context, actor certification.Actor, submission string) ([]certification.Run, certification.Submission, error) {
	sub, err := r.o.Store.Submission(ctx, submission)
	if err != nil {
		return nil, sub, err
	}
	if err := mayRead(actor, "submission", sub.ID, sub.Org); err != nil {
		return nil, sub, err
	}
	runs, err := r.o.Store.RunsOf(ctx, submission)
	return runs, sub, err
}

// Runs lists runs by their ids: those of an organisation to its members, all to
// reviewers and operators.
func (r *Rig) Runs(ctx context.Context, actor certification.Actor, q RunQuery) ([]certification.Run, error) {
	if !actor.Reviewer && !actor.Operator {
		if q.Org == "" && len(actor.Orgs) == 1 {
			q.Org = actor.Orgs[0]
		}
		if err := mayRead(actor, "organisation", q.Org, q.Org); err != nil {
			return nil, err
		}
	}
	return r.o.Store.Runs(ctx, q)
}

// Wait returns a run once it waits for a person or has ended, or as it is when ctx
// ends.
func (r *Rig) Wait(ctx context.Context, actor certification.Actor, id string) (certification.Run, error) {
	woken := make(chan struct{}, 1)
	var last certification.RunState
	sub, err := r.o.Bus.Subscribe(ProgressTopic(id), func(m bus.Message) {
		var now struct {
			State certification.RunState `json:"state"`
		}
		if json.Unmarshal(m.Data, &now) != nil || now.State == last {
			return // only the time has changed
		}
		last = now.State
		select {
		case woken <- struct{}{}:
		default:
		}
	})
	if err != nil {
		return certification.Run{}, err
	}
	defer func() { _ = sub.Unsubscribe() }()
	again := time.NewTicker(lookAgain)
	defer again.Stop()
	// Also when ctx ends at once: what the caller gets is the run.
	whole := context.WithoutCancel(ctx)
	for {
		run, err := r.Run(whole, actor, id)
		if err != nil || run.State.Ended() || run.State == certification.RunAsking {
			return run, err
		}
		select {
		case <-woken:
		case <-again.C:
		case <-ctx.Done():
			return run, nil
		}
	}
}

// Transcript reads one of a run's stored transcripts, by its number from 1.
func (r *Rig) Transcript(ctx context.Context, actor certification.Actor, runID string, number int) (*transcript.Transcript, error) {
	run, err := r.Run(ctx, actor, runID)
	if err != nil {
		return nil, err
	}
	if number < 1 || number > len(run.Transcripts) {
		return nil, fmt.Errorf("transcript %d of run %s, which has %d: %w", number, run.ID, len(run.Transcripts), registry.ErrNotFound)
	}
	return r.transcript(ctx, run.Transcripts[number-1])
}

// transcript reads a stored one, or remembers it: pages of one are read one after
// the other.
func (r *Rig) transcript(ctx context.Context, e certification.Evidence) (*transcript.Transcript, error) {
	return r.cache.get(e.SHA256, func() (*transcript.Transcript, error) {
		file, _, err := r.o.Blobs.Open(ctx, e.SHA256)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		return transcript.Read(file)
	})
}

// Filter chooses records of a transcript. Members that are empty choose all.
type Filter struct {
	From  int                  // the first record
	Limit int                  // at most so many
	Case  string               // those between a begin and the end of this case
	Dir   transcript.Direction // those that crossed the wire so
	Topic string               // packets on a topic that contains this
	Kind  transcript.Kind
}

// Page are some records of a transcript.
type Page struct {
	Records []*transcript.Record `json:"records"`
	Total   int                  `json:"total"` // in the transcript
	Next    int                  `json:"next,omitempty"`
}

// Records are a page of a transcript. The password of the device is in none.
func (f Filter) Records(t *transcript.Transcript) Page {
	p := Page{Records: []*transcript.Record{}, Total: len(t.Records)}
	inCase := ""
	for i, rec := range t.Records {
		if rec.Kind == transcript.KindBegin {
			inCase = rec.Case
		}
		wanted := i >= f.From && f.wants(rec, inCase)
		if rec.Kind == transcript.KindEnd {
			inCase = ""
		}
		if !wanted {
			continue
		}
		if len(p.Records) == f.Limit {
			p.Next = i
			return p
		}
		p.Records = append(p.Records, rec)
	}
	return p
}

func (f Filter) wants(r *transcript.Record, inCase string) bool {
	if f.Case != "" && f.Case != inCase || f.Dir != "" && f.Dir != r.Dir || f.Kind != "" && f.Kind != r.Kind {
		return false
	}
	if f.Topic == "" {
		return true
	}
	// Not Packet: it notes what it decoded, and the record is shared.
	var p transcript.Packet
	return r.Kind == transcript.KindPacket && json.Unmarshal(r.Data, &p) == nil && strings.Contains(p.Topic, f.Topic)
}

// RunOutcomes is what stands for each case after a run alone; none while it goes on.
func (r *Rig) RunOutcomes(ctx context.Context, actor certification.Actor, runID string) ([]*suite.Outcome, error) {
	if _, err := r.Run(ctx, actor, runID); err != nil {
		return nil, err
	}
	results, err := r.o.Store.RunResults(ctx, runID)
	if errors.Is(err, registry.ErrNotFound) { // it has none yet
		return nil, nil
	}
	return suite.Conclude(results), err
}

// Capture writes a transcript as a capture file.
func (r *Rig) Capture(ctx context.Context, actor certification.Actor, runID string, number int) (func(io.Writer) error, error) {
	t, err := r.Transcript(ctx, actor, runID, number)
	if err != nil {
		return nil, err
	}
	return func(w io.Writer) error { return transcript.WritePcap(w, t) }, nil
}

// Files are what was given to answers of a run.
func (r *Rig) Files(ctx context.Context, actor certification.Actor, runID string) ([]certification.RunFile, error) {
	if _, err := r.Run(ctx, actor, runID); err != nil {
		return nil, err
	}
	return r.o.Store.RunFiles(ctx, runID)
}

// File is one of them.
func (r *Rig) File(ctx context.Context, actor certification.Actor, runID, sha256 string) (certification.RunFile, error) {
	if _, err := r.Run(ctx, actor, runID); err != nil {
		return certification.RunFile{}, err
	}
	return r.o.Store.RunFile(ctx, runID, sha256)
}

// maxCached and maxCachedRecords bound what is remembered of transcripts.
const (
	maxCached        = 4
	maxCachedRecords = 200_000 // in all
)

// segmentCache remembers the transcripts that were read last; the zero value is
// ready. A name is a hash, so what it names never changes.
type segmentCache struct {
	mu   sync.Mutex
	last []cached // the newest at the end
}

type cached struct {
	name string
	t    *transcript.Transcript
}

func (c *segmentCache) get(name string, read func() (*transcript.Transcript, error)) (*transcript.Transcript, error) {
	c.mu.Lock()
	if i := slices.IndexFunc(c.last, func(e cached) bool { return e.name == name }); i >= 0 {
		e := c.last[i]
		c.last = append(slices.Delete(c.last, i, i+1), e)
		c.mu.Unlock()
		return e.t, nil
	}
	c.mu.Unlock()
	t, err := read()
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = append(c.last, cached{name, t})
	total := 0
	for _, e := range c.last {
		total += len(e.t.Records)
	}
	for len(c.last) > 0 && (len(c.last) > maxCached || total > maxCachedRecords) {
		total -= len(c.last[0].t.Records)
		c.last = slices.Delete(c.last, 0, 1)
	}
	return t, nil
}

// errNoEvidence says that a run has nothing that could be looked at.
var errNoEvidence = errors.New("it has no transcript")
