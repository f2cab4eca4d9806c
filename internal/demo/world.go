package demo

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/rig"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/blob"
	"github.com/proofmark/proofmark/internal/media"
	"github.com/proofmark/proofmark/miot"
	"github.com/proofmark/proofmark/registry"
)

// World is what the sample world is made in: the parts of a running service.
type World struct {
	Auth       *auth.Service
	Registry   *registry.Registry
	Programme  *certification.Programme
	Rig        *rig.Rig
	Reviews    *certification.Reviews
	Regulatory *certification.Regulatory
	Blobs      blob.Store
	Shop       Shop
	Bench      string // host:port of the plain benches; empty: there are none
	Field      Field
	Log        *slog.Logger

	buyers []string       // accounts, made once
	fleet  sync.WaitGroup // virtual devices that run
}

// Wait ends with the last device, after the context of Live ended.
func (w *World) Wait() { w.fleet.Wait() }

const (
	purifier = "air-purifier" // samples of miot
	lamp     = "lamp"
	climate  = "climate-sensor"
)

func miotPurifier() []byte { return miot.Sample(purifier) }

func sum(s string) string {
	h := sha256.Sum256([]byte(s))
	return hex.EncodeToString(h[:])
}

// Settle makes the people, their organisations and their products, as far as they
// are missing. It takes a moment; the rest is Grow's.
func (w *World) Settle(ctx context.Context) error {
	for _, p := range People {
		if _, err := w.person(ctx, p); err != nil {
			return err
		}
	}
	for _, p := range []struct {
		owner        Person
		name, sample string
	}{{Maya, Product, purifier}, {Dev, "Lumen Glow", lamp}, {Asha, "Terra Sense", climate}} {
		org, err := w.org(ctx, p.owner)
		if err != nil {
			return err
		}
		if err := w.product(ctx, org, p.name, miot.Sample(p.sample)); err != nil {
			return fmt.Errorf("product %s: %w", p.name, err)
		}
	}
	return nil
}

func (w *World) product(ctx context.Context, org, name string, document []byte) error {
	model, err := modelOf(document)
	if err != nil {
		return err
	}
	_, err = w.Registry.ProductByModel(ctx, model)
	if errors.Is(err, registry.ErrNotFound) {
		_, _, err = w.Registry.CreateProductOf(ctx, org, name, document)
	}
	return err
}

// submission finds what an organisation submitted last, or makes a draft of it.
func (w *World) submission(ctx context.Context, maker certification.Actor, product string, document []byte) (certification.Submission, error) {
	org := maker.Orgs[0]
	found, err := w.Programme.Submissions(ctx, maker, certification.SubmissionFilter{Org: org, Limit: 1})
	if err != nil || len(found) > 0 {
		return first(found), err
	}
	e, papers, err := Draft(product, document)
	if err != nil {
		return certification.Submission{}, err
	}
	sub, err := w.Programme.CreateSubmission(ctx, maker, org, e)
	for _, p := range papers {
		if err == nil {
			_, sub, err = w.Programme.Upload(ctx, maker, sub.ID, sub.Rev, p.Kind, w.received(p.Name, p.Text))
		}
	}
	return sub, err
}

func first[V any](all []V) (v V) {
	if len(all) > 0 {
		v = all[0]
	}
	return v
}

// put stores a file as an upload would, under the same rules.
func (w *World) put(ctx context.Context, name string, content []byte, accept []media.Kind) (ref blob.Ref, seen media.Media, err error) {
	ref, err = w.Blobs.Put(ctx, bytes.NewReader(content), media.Limit(accept), func(c blob.Content, size int64) (err error) {
		seen, err = media.Inspect(name, c, size, accept)
		return err
	})
	return ref, seen, err
}

// received is a file as an upload would bring it.
func (w *World) received(name, text string) func(context.Context, []media.Kind) (certification.Taken, error) {
	return func(ctx context.Context, accept []media.Kind) (certification.Taken, error) {
		ref, seen, err := w.put(ctx, name, []byte(text), accept)
		return certification.Taken{Name: name, SHA256: ref.SHA256, Size: ref.Size, Kind: seen.Kind}, err
	}
}

func modelOf(document []byte) (string, error) {
	spec, err := miot.Parse(document)
	if err != nil {
		return "", err
	}
	urn, err := spec.URN()
	return urn.Model, err
}

// look is how often the world looks whether the service's jobs are done.
const look = 200 * time.Millisecond

// until waits for what a job of the service does.
func until(ctx context.Context, done func() (bool, error)) error {
	t := time.NewTicker(look)
	defer t.Stop()
	for {
		if ok, err := done(); ok || err != nil {
			return err
		}
		select {
		case <-t.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
