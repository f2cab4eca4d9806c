package rig

import (
	"context"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/suite/bench"
)

// AttachBy brings each run's device to its bench in memory.
func (o *Options) AttachBy(f func(run certification.Run, secret string) (func(context.Context, *bench.Bench) error, error)) {
	o.attach = f
}
