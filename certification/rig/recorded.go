package rig

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"reflect"
	"slices"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/suite"
	"github.com/proofmark/proofmark/certification/suite/transcript"
)

// recorded gives a run the transcripts that were made for it before, instead of a
// device: the sample world shows a certificate without a day of soak. They are
// judged like any other, and refused if they are of another run than this one.
func (r *Rig) recorded(g *going, sub certification.Submission, files fs.FS) (*suite.Report, error) {
	run := g.seen()
	dir := r.dir(run.ID)
	if err := errors.Join(os.RemoveAll(string(dir)), os.CopyFS(string(dir), files)); err != nil {
		return nil, err
	}
	segments, err := dir.Segments()
	if err != nil {
		return nil, err
	}
	for _, s := range segments {
		if err := recordOf(run, sub, s.Header); err != nil {
			return nil, errors.Join(fmt.Errorf("recorded run: %w", err), os.RemoveAll(string(dir)))
		}
		if _, err := r.o.Store.KeepBenchKey(g.ctx, KeyTranscript, s.Signed, r.o.Now()); err != nil {
			return nil, err
		}
	}
	last := segments[len(segments)-1].Records
	rep := &suite.Report{Finished: slices.ContainsFunc(last, func(r *transcript.Record) bool { return r.Kind == transcript.KindFinish })} // what it shows, conclude judges
	run.StartedAt = r.o.Now()
	return rep, r.save(g, run)
}

// recordOf says why a recorded run is not this one.
func recordOf(run certification.Run, sub certification.Submission, h transcript.Header) error {
	if h.Suite != run.Suite || h.Plan != string(run.Plan) || h.SoakHours != run.SoakHours {
		return fmt.Errorf("it is of suite %s, plan %s with %d h of soak; the run is of suite %s, plan %s with %d h",
			h.Suite, h.Plan, h.SoakHours, run.Suite, run.Plan, run.SoakHours)
	}
	for what, pair := range map[string][2][]byte{"spec": {h.Spec, sub.Spec}, "declaration": {h.Declaration, sub.Declaration}} {
		if same, err := sameJSON(pair[0], pair[1]); err != nil || !same {
			return errors.Join(fmt.Errorf("it is of another %s than submission %s", what, sub.ID), err)
		}
	}
	return nil
}

// sameJSON compares what two documents say, not how they are written. Specs may hold
// fractions, which the canonical form refuses.
func sameJSON(a, b []byte) (bool, error) {
	var one, two any
	err := errors.Join(json.Unmarshal(a, &one), json.Unmarshal(b, &two))
	return reflect.DeepEqual(one, two), err
}
