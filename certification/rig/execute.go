package rig

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/suite"
	"github.com/proofmark/proofmark/certification/suite/bench"
	"github.com/proofmark/proofmark/certification/suite/transcript"
	"github.com/proofmark/proofmark/registry"
)

// going is a run that this node has.
type going struct {
	ctx     context.Context
	cancel  context.CancelCauseFunc
	secrets *transcript.Secrets

	mu       sync.Mutex
	run      certification.Run // as it is stored
	now      RunProgress
	phase    certification.RunState      // by what the suite says
	outcomes map[string][]*suite.Outcome // of the cases that ended, by their ids
	asking   map[string]chan struct{}    // open questions, each with what wakes who waits
	changed  chan struct{}               // the state may have to be stored
}

// going notes a run as one of this node's.
func (r *Rig) going(run certification.Run) *going {
	g := &going{
		run: run, phase: certification.RunWaiting, secrets: &transcript.Secrets{},
		outcomes: map[string][]*suite.Outcome{}, asking: map[string]chan struct{}{}, changed: make(chan struct{}, 1),
	}
	g.now = progressOf(run)
	g.ctx, g.cancel = context.WithCancelCause(r.ctx)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.live[run.ID] = g
	return g
}

// left forgets it.
func (r *Rig) left(g *going) {
	g.cancel(nil)
	r.mu.Lock()
	delete(r.live, g.seen().ID)
	r.mu.Unlock()
	r.look()
}

// seen is the run as it is stored.
func (g *going) seen() certification.Run {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.run
}

// end ends it early; the first cause stands.
func (g *going) end(cause error) { g.cancel(cause) }

// execute runs the suite, and brings the run to its end.
func (r *Rig) execute(g *going) {
	run := g.seen()
	r.o.Log.Info("run taken", "run", run.ID, "submission", run.Submission, "plan", run.Plan, "attempt", run.Attempt)
	rep, err := r.drive(g)
	cause := context.Cause(g.ctx)
	switch {
	case errors.Is(cause, errCancelled):
		r.end(g, certification.RunCancelled, cause.Error())
	case err == nil && rep.Finished && len(rep.Missing) == 0:
		r.end(g, certification.RunFinished, "")
	case err == nil:
		r.end(g, certification.RunInterrupted, fmt.Sprintf("%d cases did not end", len(rep.Missing)))
	default:
		r.end(g, certification.RunInterrupted, err.Error())
	}
}

// drive prepares the run and runs it.
func (r *Rig) drive(g *going) (*suite.Report, error) {
	run := g.seen()
	sub, err := r.o.Store.Submission(g.ctx, run.Submission)
	if err != nil {
		return nil, err
	}
	if err := admits(sub, run); err != nil {
		g.end(fmt.Errorf("%w: %w", errCancelled, err))
		return nil, err
	}
	if r.o.Recorded != nil {
		if files := r.o.Recorded(run); files != nil {
			return r.recorded(g, sub, files)
		}
	}
	setup, err := r.setup(g, run, sub)
	if err != nil {
		return nil, err
	}
	listener, err := r.ownPort(g)
	if err != nil {
		return nil, err
	}
	setup.Attach = r.attach(g, setup.Secrets, listener)
	var scribe sync.WaitGroup
	scribe.Go(func() { r.scribe(g) })
	defer scribe.Wait()
	live, stop := context.WithCancelCause(g.ctx)
	defer stop(nil)
	defer g.quiet()
	return suite.Live(live, setup)
}

// setup is the run for the suite.
func (r *Rig) setup(g *going, run certification.Run, sub certification.Submission) (suite.Setup, error) {
	s := suite.Setup{
		Dir: r.dir(run.ID), Key: r.o.Keys.sign, Spec: sub.Spec, Plan: run.Plan, Cases: run.Cases, Seed: run.Seed, Repeat: run.Repeat,
		SoakHours: run.SoakHours, DID: run.DID, Transport: run.Transport, ServerName: run.ServerName,
		Operator: "web", WatchLag: r.o.attach == nil, Ready: r.o.Ready, Logger: r.o.Log.With("run", run.ID),
		Progress: func(p suite.Progress) { r.onProgress(g, p) },
		Ask: func(ctx context.Context, q bench.Question) (transcript.Answer, error) {
			return r.ask(ctx, g, q)
		},
	}
	var err error
	if s.Declaration, err = sub.Declared(); err != nil {
		return s, err
	}
	var papers Papers
	if r.o.Papers != nil {
		if papers, err = r.o.Papers(g.ctx, sub); err != nil {
			return s, err
		}
	}
	s.Previous, s.Submission = papers.Previous, certification.SuiteFacts(sub, papers.Documents)
	version, err := r.o.Store.SecretVersion(g.ctx, sub.ID)
	if err != nil {
		return s, err
	}
	secret := r.o.Keys.password(sub.ID, version)
	s.Secrets = map[string]string{"factory": secret}
	g.secrets.Add("factory", secret)
	if s.PKI, err = r.pki(run, r.o.Now()); err != nil {
		return s, err
	}
	s.Resume, err = r.restore(g.ctx, run)
	return s, err
}

// ownPort opens the run's own port, where the installation has such.
func (r *Rig) ownPort(g *going) (net.Listener, error) {
	if r.o.Ports.empty() {
		return nil, nil
	}
	run := g.seen()
	l, port, err := r.o.Ports.open(run.DID, r.o.Listen)
	if err != nil {
		return nil, err
	}
	run.Port = port
	if err := r.save(g, run); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// attach brings the device to its bench: the front sends its connections there, and
// so does the run's own port.
func (r *Rig) attach(g *going, secrets map[string]string, own net.Listener) func(context.Context, *bench.Bench) error {
	run := g.seen()
	return func(ctx context.Context, b *bench.Bench) error {
		if r.o.attach != nil {
			device, err := r.o.attach(run, secrets["factory"])
			if err != nil {
				return err
			}
			return device(ctx, b)
		}
		leave, err := r.front.seat(run.DID, b)
		if err != nil {
			return err
		}
		defer leave()
		if own != nil {
			return b.Serve(own) // ends with the bench, which closes it
		}
		<-ctx.Done()
		return nil
	}
}

// scribe stores the state of the run as it changes, until it ends.
func (r *Rig) scribe(g *going) {
	for {
		select {
		case <-g.changed:
		case <-g.ctx.Done():
			return
		}
		state, over := g.wanted()
		if over {
			return
		}
		run := g.seen()
		if run.State == state {
			continue
		}
		run.State = state
		if run.StartedAt.IsZero() && state == certification.RunRunning {
			run.StartedAt = r.o.Now()
		}
		if err := r.save(g, run); errors.Is(err, registry.ErrConflict) {
			g.end(errLost)
			return
		} else if err != nil && g.ctx.Err() == nil {
			r.o.Log.Warn("the state of a run was not stored", "run", run.ID, "state", state, "error", err)
		}
	}
}

// wanted is the state that the run is in.
func (g *going) wanted() (state certification.RunState, over bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.asking) > 0 && g.phase.Executing() {
		return certification.RunAsking, false
	}
	return g.phase, !g.phase.Executing()
}

// quiet ends the scribe.
func (g *going) quiet() {
	g.mu.Lock()
	g.phase = ""
	g.mu.Unlock()
	g.stir()
}

func (g *going) stir() {
	select {
	case g.changed <- struct{}{}:
	default:
	}
}

// save stores a run of this node that has not ended.
func (r *Rig) save(g *going, run certification.Run) error {
	saved, err := r.o.Store.SaveRun(g.ctx, g.seen().State, run, nil, nil, nil)
	if err != nil {
		return err
	}
	g.mu.Lock()
	g.run = saved
	g.now.State, g.now.Port = saved.State, saved.Port
	g.mu.Unlock()
	r.publish(g)
	return nil
}
