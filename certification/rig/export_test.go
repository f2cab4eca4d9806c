package rig

import (
	"context"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/suite"
	"github.com/proofmark/proofmark/certification/suite/bench"
	"github.com/proofmark/proofmark/certification/suite/transcript"
)

// AttachBy brings each run's device to its bench in memory.
func (o *Options) AttachBy(f func(run certification.Run, secret string) (func(context.Context, *bench.Bench) error, error)) {
	o.attach = f
}

// KeepTranscript stores a transcript as a run does that ends.
func (r *Rig) KeepTranscript(ctx context.Context, s *suite.Segment) (certification.Evidence, error) {
	return r.keepTranscript(ctx, s)
}

// Wants says whether a record is one, wherever it stands.
func (f Filter) Wants(r *transcript.Record) bool { return f.wants(r) }
