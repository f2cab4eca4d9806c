package rig

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/suite"
	"github.com/proofmark/proofmark/certification/suite/report"
	"github.com/proofmark/proofmark/certification/suite/transcript"
)

// The largest files of a run that are kept; suite ends a run long before.
const (
	maxTranscript = 2 << 30
	maxContents   = 64 << 20
	maxReport     = 256 << 20
	longestPause  = time.Minute
)

// end brings a run to its end: evidence first, then the state. It tries until the
// stores take it, or until nothing can be stored any more; then the next Open does.
func (r *Rig) end(g *going, state certification.RunState, reason string) {
	g.cancel(nil)
	for wait := time.Second; ; wait = min(2*wait, longestPause) {
		err := r.conclude(r.last, g, state, reason)
		if err == nil {
			return
		}
		r.o.Log.Warn("the end of a run could not be stored", "run", g.seen().ID, "error", err)
		select {
		case <-time.After(wait):
		case <-r.last.Done():
			return
		}
	}
}

// conclude stores the evidence and the end of a run.
func (r *Rig) conclude(ctx context.Context, g *going, state certification.RunState, reason string) error {
	run, err := r.o.Store.Run(ctx, g.seen().ID)
	if err != nil {
		return err
	}
	was := run.State
	results, err := r.keepEvidence(ctx, &run)
	if err != nil {
		return err
	}
	switch {
	case was.Executing() || was == certification.RunInterrupted:
		run.State, run.Reason, run.EndedAt = state, g.secrets.Text(reason), r.o.Now()
		if run.CancelBy != "" {
			run.State = certification.RunCancelled
			run.Touched(run.CancelBy)
		}
	default: // somebody else ended or resumed it meanwhile: only its evidence is new
	}
	run.Node, run.Port = "", 0
	kind := map[certification.RunState]string{
		certification.RunFinished: "run.finished", certification.RunInterrupted: "run.interrupted", certification.RunCancelled: "run.cancelled",
	}[run.State]
	notices, err := r.told(kind, run)
	if err != nil {
		return err
	}
	if kind == "" || was == run.State {
		notices = nil // it was told before
	}
	saved, err := r.o.Store.SaveRun(ctx, was, run, results, nil, notices)
	if err != nil {
		return err
	}
	g.mu.Lock()
	g.run = saved
	counts, last := g.now.Counts, g.now.Last
	g.now = progressOf(saved)
	if saved.Summary == nil {
		g.now.Counts = counts
	}
	g.now.Last = last
	g.mu.Unlock()
	r.publish(g)
	r.o.Log.Info("run ended", "run", run.ID, "state", run.State, "reason", run.Reason)
	return os.RemoveAll(string(r.dir(run.ID)))
}

// keepEvidence stores what lies in the run's folder, and says what it comes to. A
// run that wrote nothing has no results.
func (r *Rig) keepEvidence(ctx context.Context, run *certification.Run) ([]*suite.Result, error) {
	dir := r.dir(run.ID)
	if err := dir.Pack(); err != nil {
		return nil, err
	}
	segments, err := dir.Segments()
	if errors.Is(err, suite.ErrNoRun) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	transcripts := make([]certification.Evidence, len(segments))
	records := make([][]*transcript.Record, len(segments))
	for i, s := range segments {
		if transcripts[i], err = r.keepTranscript(ctx, s); err != nil {
			return nil, err
		}
		records[i] = s.Records
	}
	rep, err := suite.Judge(records...)
	if err != nil {
		return nil, err
	}
	doc := report.New(rep)
	html, err := doc.HTML()
	if err != nil {
		return nil, err
	}
	text, err := doc.JSON()
	if err != nil {
		return nil, err
	}
	if run.Report, err = r.keepFile(ctx, "report.html", bytes.NewReader(html), maxReport); err != nil {
		return nil, err
	}
	if run.ReportJSON, err = r.keepFile(ctx, "report.json", bytes.NewReader(text), maxReport); err != nil {
		return nil, err
	}
	summary := rep.Summarize()
	run.Transcripts, run.Summary = transcripts, &summary
	return rep.Results, nil
}

// keepTranscript stores a transcript whose signature was checked in chapters, with the
// table of contents by which its pages are read.
func (r *Rig) keepTranscript(ctx context.Context, s *suite.Segment) (_ certification.Evidence, err error) {
	in, err := os.Open(s.Path)
	if err != nil {
		return certification.Evidence{}, err
	}
	defer in.Close()
	packed, err := os.CreateTemp(filepath.Dir(s.Path), "packed-*")
	if err != nil {
		return certification.Evidence{}, err
	}
	defer func() { err = errors.Join(err, packed.Close(), os.Remove(packed.Name())) }()
	name := filepath.Base(s.Path)
	contents, err := s.Pack(packed, in)
	if err != nil {
		return certification.Evidence{}, fmt.Errorf("%s: %w", name, err)
	}
	table, err := json.Marshal(contents)
	if err != nil {
		return certification.Evidence{}, fmt.Errorf("%s: %w", name, err)
	}
	kept, err := r.keepFile(ctx, "contents of "+name, bytes.NewReader(table), maxContents)
	if err != nil {
		return certification.Evidence{}, err
	}
	if _, err := packed.Seek(0, io.SeekStart); err != nil {
		return certification.Evidence{}, err
	}
	e, err := r.keepFile(ctx, name, packed, maxTranscript)
	e.Contents = kept.SHA256
	return e, err
}

func (r *Rig) keepFile(ctx context.Context, name string, content io.Reader, limit int64) (certification.Evidence, error) {
	ref, err := r.o.Blobs.Put(ctx, content, limit)
	if err != nil {
		return certification.Evidence{}, fmt.Errorf("%s: %w", name, err)
	}
	return certification.Evidence{Name: name, SHA256: ref.SHA256, Size: ref.Size}, nil
}

// restore lays the transcripts of a run into its folder, for the next one to go on
// from. It is false for a run that has none yet.
func (r *Rig) restore(ctx context.Context, run certification.Run) (resume bool, err error) {
	dir := string(r.dir(run.ID))
	// Whatever is there is stored: a run whose evidence is not was ended first.
	if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o700)); err != nil {
		return false, err
	}
	for _, e := range run.Transcripts {
		if err := r.fetch(ctx, e, filepath.Join(dir, e.Name)); err != nil {
			return false, fmt.Errorf("run %s, %s: %w", run.ID, e.Name, err)
		}
	}
	return len(run.Transcripts) > 0, nil
}

func (r *Rig) fetch(ctx context.Context, e certification.Evidence, path string) error {
	in, _, err := r.o.Blobs.Open(ctx, e.SHA256)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
