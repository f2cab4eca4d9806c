package rig

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/suite"
	"github.com/proofmark/proofmark/internal/bus"
)

// RunProgress is where a run is now. It is kept in memory by the node that runs it,
// and published on the bus at each change and every second in between.
type RunProgress struct {
	Run        string                 `json:"run"`
	Submission string                 `json:"submission"`
	State      certification.RunState `json:"state"`
	Reason     string                 `json:"reason,omitempty"`
	Port       int                    `json:"port,omitempty"`

	Phase   suite.Phase           `json:"phase,omitempty"`
	Case    string                `json:"case,omitempty"`
	Title   string                `json:"title,omitempty"`
	Number  int                   `json:"number,omitempty"` // of the case, from 1
	Of      int                   `json:"of,omitempty"`
	Attempt int                   `json:"attempt,omitempty"` // of the case
	Text    string                `json:"text,omitempty"`    // the step that the case is at, or what is waited for
	Elapsed int64                 `json:"elapsed_ms"`        // in this phase
	Left    int64                 `json:"left_ms"`           // until the present wait is over at the latest
	Counts  map[suite.Verdict]int `json:"counts"`            // outcomes since the run was begun or resumed
	Last    []Verdicted           `json:"last,omitempty"`    // of the case that ended last
	Open    []string              `json:"questions,omitempty"`

	// Ended are the cases that have ended since the run was begun or resumed, by their
	// ids, each with its heaviest verdict. A snapshot has them; what is published
	// every second has not.
	Ended map[string]suite.Verdict `json:"ended,omitempty"`

	At time.Time `json:"at"`
}

// Verdicted is an outcome in short.
type Verdicted struct {
	ID      string        `json:"id"`
	Verdict suite.Verdict `json:"verdict"`
	Message string        `json:"message,omitempty"` // of its first finding
}

// ProgressTopic is the subject on the bus of a run's progress.
func ProgressTopic(run string) string { return "run." + run + ".progress" }

// progressOf is all that is known of a run that is not going on here.
func progressOf(run certification.Run) RunProgress {
	p := RunProgress{
		Run: run.ID, Submission: run.Submission, State: run.State, Reason: run.Reason, Port: run.Port,
		Counts: map[suite.Verdict]int{}, At: run.CreatedAt,
	}
	if run.Summary != nil {
		p.Counts = run.Summary.Counts
	}
	if !run.EndedAt.IsZero() {
		p.At = run.EndedAt
	}
	return p
}

// onProgress hears from the suite; it must not wait.
func (r *Rig) onProgress(g *going, p suite.Progress) {
	g.mu.Lock()
	if p.Phase == suite.WaitingForDevice {
		g.phase = certification.RunWaiting
	} else {
		g.phase = certification.RunRunning
	}
	n := &g.now
	n.Phase, n.Number, n.Of, n.Attempt, n.Text = p.Phase, p.Number, p.Of, p.Attempt, p.Text
	n.Elapsed, n.Left, n.At = p.Elapsed.Milliseconds(), p.Left.Milliseconds(), r.o.Now()
	if p.Case != nil {
		n.Case, n.Title = p.Case.ID, p.Case.Title
	}
	if p.Phase == suite.Ended && !p.Tick {
		g.outcomes[p.Case.ID] = p.Outcomes // of an earlier attempt no more
		n.Counts, n.Last = map[suite.Verdict]int{}, nil
		for _, all := range g.outcomes {
			for _, o := range all {
				n.Counts[o.Verdict]++
			}
		}
		for _, o := range p.Outcomes {
			v := Verdicted{ID: o.ID(), Verdict: o.Verdict}
			if f := o.Decisive().Findings; len(f) > 0 {
				v.Message = f[0].Message
			}
			n.Last = append(n.Last, v)
		}
	}
	g.mu.Unlock()
	g.stir()
	r.publish(g)
}

// publish tells where a run is, if anybody listens.
func (r *Rig) publish(g *going) {
	topic := ProgressTopic(g.seen().ID)
	if r.o.Bus.Wanted(topic) {
		_ = r.o.Bus.Publish(topic, g.report(false)) // the next one comes in a second
	}
}

func (g *going) snapshot() []byte { return g.report(true) }

func (g *going) report(whole bool) []byte {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now
	if whole {
		now.Ended = make(map[string]suite.Verdict, len(g.outcomes))
		for id, all := range g.outcomes {
			for _, o := range all {
				now.Ended[id] = suite.Heavier(now.Ended[id], o.Verdict)
			}
		}
	}
	text, err := json.Marshal(now)
	if err != nil {
		return nil // strings and numbers always marshal
	}
	return text
}

// Progress is where a run is, whichever node has it.
func (r *Rig) Progress(ctx context.Context, actor certification.Actor, runID string) (json.RawMessage, error) {
	run, err := r.Run(ctx, actor, runID)
	if err != nil {
		return nil, err
	}
	if g := r.here(runID); g != nil {
		return g.snapshot(), nil
	}
	if run.State.Executing() {
		ctx, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		if text, err := r.o.Bus.Ask(ctx, "run."+runID+".snapshot", nil); err == nil {
			return text, nil
		}
		// Its node is gone, or slow: what is stored is true, too.
	}
	return json.Marshal(progressOf(run))
}

func (r *Rig) here(run string) *going {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.live[run]
}

// runOf is the run of a subject run.<id>.….
func runOf(m bus.Message) string {
	parts := strings.Split(m.Subject, ".")
	return parts[1] // the pattern that it matched has three
}

// onSnapshot answers for the runs of this node.
func (r *Rig) onSnapshot(m bus.Message) {
	if g := r.here(runOf(m)); g != nil {
		_ = m.Reply(g.snapshot())
	}
}

// onPoke looks at a run that somebody changed: it was begun, cancelled, or a
// question of it answered.
func (r *Rig) onPoke(m bus.Message) {
	r.look()
	g := r.here(runOf(m))
	if g == nil {
		return
	}
	g.mu.Lock()
	for _, ch := range g.asking {
		select {
		case ch <- struct{}{}:
		default:
		}
	}
	g.mu.Unlock()
	r.hurry(g)
}

// hurry carries out a wish to cancel at once.
func (r *Rig) hurry(g *going) {
	run, err := r.o.Store.Run(g.ctx, g.seen().ID)
	if err == nil && run.CancelBy != "" {
		g.end(errCancelled)
	}
}
