package demo

import (
	"context"
	"crypto/tls"
	"time"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/rig"
	"github.com/proofmark/proofmark/certification/suite"
	"github.com/proofmark/proofmark/certification/suite/bench"
	"github.com/proofmark/proofmark/certification/suite/rehearsal"
	"github.com/proofmark/proofmark/certification/virtual"
	"github.com/proofmark/proofmark/miot"
)

// lampFault is what is wrong with the lamp: a value out of range is brought into
// it instead of refused.
const lampFault = "clamps"

// tried brings the lamp before a bench, where it fails: a minute and a half that a
// visitor can watch.
func (w *World) tried(ctx context.Context) error {
	maker, err := w.actor(ctx, Dev)
	if err != nil {
		return err
	}
	sub, err := w.submission(ctx, maker, "Lumen Glow", miot.Sample(lamp))
	if err != nil {
		return err
	}
	return until(ctx, func() (bool, error) {
		if sub, err = w.Programme.Submission(ctx, maker, sub.ID); err != nil {
			return false, err
		}
		switch sub.State {
		case certification.Draft:
			_, err = w.Programme.Submit(ctx, maker, sub.ID, sub.Rev)
			return false, stale(err)
		case certification.Submitted, certification.Screening:
			return false, nil
		case certification.Testing:
			return true, w.fail(ctx, maker, sub)
		default:
			return true, nil // what a visitor made of it
		}
	})
}

// fail makes the lamp's first run, if there is none.
func (w *World) fail(ctx context.Context, maker certification.Actor, sub certification.Submission) error {
	runs, _, err := w.Rig.RunsOf(ctx, maker, sub.ID)
	if err != nil || len(runs) > 0 || w.Bench == "" {
		return err
	}
	device, err := w.lamp(ctx, maker, sub)
	if err != nil {
		return err
	}
	run, err := w.Rig.Start(ctx, maker, sub.ID, rig.Wanted{Plan: suite.Quick, Transport: bench.TCP})
	if err != nil {
		return err
	}
	on, off := context.WithCancel(ctx)
	defer off()
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		_ = device.Run(on) // it is as wrong as it should be
	}()
	for !run.State.Ended() && err == nil {
		run, err = w.Rig.Wait(ctx, maker, run.ID)
	}
	off()
	<-gone
	return err
}

// lamp is the device, switched off.
func (w *World) lamp(ctx context.Context, maker certification.Actor, sub certification.Submission) (*virtual.Device, error) {
	access, err := w.Rig.Access(ctx, maker, sub.ID)
	if err != nil {
		return nil, err
	}
	spec, err := miot.Parse(sub.Spec)
	if err != nil {
		return nil, err
	}
	d, err := sub.Declared()
	if err != nil {
		return nil, err
	}
	c := virtual.Config{
		Spec: spec, DID: access.DID, Secret: access.Secret, Serial: d.Serial, Firmware: d.Firmware, KeepAlive: time.Duration(d.KeepAlive) * time.Second,
		Broker: "tcp://" + w.Bench, TLS: &tls.Config{MinVersion: tls.VersionTLS12}, Seed: 1,
	}
	if err := rehearsal.Declared(&c, d); err != nil {
		return nil, err
	}
	m, err := virtual.FindMutant(lampFault)
	if err != nil {
		return nil, err
	}
	m.Apply(&c)
	return virtual.New(c)
}
