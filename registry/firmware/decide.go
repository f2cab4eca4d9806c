package firmware

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/registry"
)

// Start begins to bring an image to the devices of its product. No waves are the
// default ones.
func (s *Service) Start(ctx context.Context, image, by string, waves []Wave) (Rollout, error) {
	i, err := s.o.Store.Image(ctx, image)
	if err != nil {
		return Rollout{}, err
	}
	if waves == nil {
		waves = DefaultWaves
	}
	if err := checkWaves(waves); err != nil {
		return Rollout{}, err
	}
	serial, err := s.admit(ctx, i, false)
	if err != nil {
		return Rollout{}, err
	}
	r := Rollout{
		ID: id.New("rol"), Product: i.Product, Org: i.Org, Image: i.ID, Version: i.Version, Serial: serial,
		Waves: waves, State: Preparing, By: by, At: s.o.Now(),
	}
	return s.create(ctx, r, nil)
}

// admit says whether an image may be offered at all: it is here, not revoked, and
// certified.
func (s *Service) admit(ctx context.Context, i Image, back bool) (serial string, err error) {
	switch i.State {
	case Announced:
		return "", Refuse(ErrState, "image-missing", "image %s has a manifest and no bytes yet", i.ID)
	case Revoked:
		return "", Refuse(ErrState, "image-revoked", "image %s was revoked on %s: %s", i.ID, i.RevokedAt.UTC().Format(time.DateOnly), i.Reason)
	}
	if drifted, err := s.o.Programme.Drifted(ctx, i.Product, i.Version); err != nil {
		return "", err
	} else if drifted {
		return "", Refuse(ErrState, "image-drifted", "field health has an open flag against version %s", i.Version)
	}
	return s.o.Programme.Certified(ctx, i.Org, i.Manifest, back)
}

func (s *Service) create(ctx context.Context, r Rollout, ended *RolloutChange) (Rollout, error) {
	rec, err := told(r.At, r.By, "rollout.started", r.ID, r.Org, map[string]string{"version": r.Version, "undoes": r.Undoes}, r)
	if err != nil {
		return r, err
	}
	if ended != nil {
		rec = rec.and(ended.Record)
	}
	if err := s.o.Store.CreateRollout(ctx, r, ended, rec); err != nil {
		return r, err
	}
	s.forget()
	return r, nil
}

// RollBack ends a rollout, where it is live, and begins another one that brings its
// devices to the newest older version that was certified and is not revoked.
func (s *Service) RollBack(ctx context.Context, rollout, by, reason string) (Rollout, error) {
	if err := checkReason("rolling back "+rollout, reason); err != nil {
		return Rollout{}, err
	}
	old, err := s.o.Store.Rollout(ctx, rollout)
	if err != nil {
		return Rollout{}, err
	}
	if old.From != "" {
		return Rollout{}, Refuse(ErrState, "roll-back", "rollout %s is a roll back itself: start a rollout of the version that is wanted", old.ID)
	}
	images, err := s.Images(ctx, old.Product)
	if err != nil {
		return Rollout{}, err
	}
	for _, i := range images { // the newest first
		if CompareVersions(i.Version, old.Version) >= 0 {
			continue
		}
		serial, err := s.admit(ctx, i, true)
		var no *Refusal
		if errors.As(err, &no) {
			continue
		}
		if err != nil {
			return Rollout{}, err
		}
		r := Rollout{
			ID: id.New("rol"), Product: i.Product, Org: i.Org, Image: i.ID, Version: i.Version, Serial: serial,
			From: old.Version, Undoes: old.ID, State: Preparing, By: by, At: s.o.Now(),
			Waves: []Wave{{Whole, 0, 1, 0.5, 0.5}}, // the cure waits for nothing
		}
		if !old.State.Live() {
			return s.create(ctx, r, nil)
		}
		ended, err := s.ending(old, Stopped, by, "rolled back: "+reason)
		if err != nil {
			return Rollout{}, err
		}
		return s.create(ctx, r, &ended)
	}
	return Rollout{}, Refuse(ErrState, "roll-back", "product %s has no image older than %s that was certified", old.Product, old.Version)
}

// Pause is somebody's decision about a rollout, as Resume and Stop are.
func (s *Service) Pause(ctx context.Context, rollout string, rev int64, by, reason string) (Rollout, error) {
	return s.decide(ctx, rollout, rev, by, reason, Paused, Preparing, Running)
}

// Resume lets a paused rollout go on; what it stands on is looked at again.
func (s *Service) Resume(ctx context.Context, rollout string, rev int64, by, reason string) (Rollout, error) {
	return s.decide(ctx, rollout, rev, by, reason, Running, Paused)
}

// Stop ends a rollout for good. Devices that have begun go on by themselves.
func (s *Service) Stop(ctx context.Context, rollout string, rev int64, by, reason string) (Rollout, error) {
	return s.decide(ctx, rollout, rev, by, reason, Stopped, Preparing, Running, Paused)
}

func (s *Service) decide(ctx context.Context, rollout string, rev int64, by, reason string, to RolloutState, from ...RolloutState) (Rollout, error) {
	if err := checkReason("rollout "+rollout, reason); err != nil {
		return Rollout{}, err
	}
	r, err := s.o.Store.Rollout(ctx, rollout)
	switch {
	case err != nil:
		return r, err
	case r.Rev != rev:
		return r, fmt.Errorf("rollout %s is at revision %d, the decision is of revision %d: %w", r.ID, r.Rev, rev, registry.ErrConflict)
	case !slices.Contains(from, r.State):
		return r, Refuse(ErrState, "rollout-state", "rollout %s is %s: it cannot become %s", r.ID, r.State, to)
	}
	if to == Running {
		i, err := s.o.Store.Image(ctx, r.Image)
		if err != nil {
			return r, err
		}
		if _, err := s.admit(ctx, i, r.From != ""); err != nil {
			return r, err
		}
		if r.WaveSince.IsZero() { // it was paused before all its devices were enlisted
			to = Preparing
		}
	}
	c, err := s.ending(r, to, by, reason)
	if err != nil {
		return r, err
	}
	return s.save(ctx, c)
}

// ending is a rollout's change of state, with its record.
func (s *Service) ending(r Rollout, to RolloutState, by, reason string) (RolloutChange, error) {
	was, now := r.State, s.o.Now()
	r.State, r.Reason = to, reason
	if !to.Live() {
		r.EndedAt = now
	}
	kind := "rollout." + string(to)
	if to == Running || to == Preparing {
		kind = "rollout.resumed"
	}
	rec, err := told(now, by, kind, r.ID, r.Org, map[string]string{"reason": reason}, r)
	return RolloutChange{was, r, rec}, err
}

func (s *Service) save(ctx context.Context, c RolloutChange) (Rollout, error) {
	if err := s.o.Store.SaveRollout(ctx, c); err != nil {
		return c.Rollout, err
	}
	c.Rollout.Rev++
	s.forget()
	return c.Rollout, nil
}

// halt stops a rollout by itself.
func (s *Service) halt(ctx context.Context, r Rollout, reason string) error {
	c, err := s.ending(r, Stopped, audit.System, reason)
	if err == nil {
		_, err = s.save(ctx, c)
	}
	s.o.Log.Warn("rollout stopped by itself", "rollout", r.ID, "version", r.Version, "reason", reason)
	return err
}

// Rollout returns one, and how its devices stand in all waves so far.
func (s *Service) Rollout(ctx context.Context, rollout string) (Rollout, Tally, error) {
	r, err := s.o.Store.Rollout(ctx, rollout)
	if err != nil {
		return r, Tally{}, err
	}
	t, err := s.o.Store.Tally(ctx, r.ID, r.Waves[r.Wave].Share)
	return r, t, err
}

// Waves are how the devices of each wave stand, by itself: a device is in the first
// wave whose share it is in.
func (s *Service) Waves(ctx context.Context, r Rollout) ([]Tally, error) {
	out := make([]Tally, len(r.Waves))
	var before Tally
	for i, w := range r.Waves {
		t, err := s.o.Store.Tally(ctx, r.ID, w.Share)
		if err != nil {
			return nil, err
		}
		out[i] = Tally{
			Waiting: t.Waiting - before.Waiting, Offered: t.Offered - before.Offered, Done: t.Done - before.Done, Failed: t.Failed - before.Failed,
			DoneOffline: t.DoneOffline - before.DoneOffline, Others: t.Others, OthersOffline: t.OthersOffline,
		}
		before = t
	}
	return out, nil
}

// Rollouts are those of a product, the newest first.
func (s *Service) Rollouts(ctx context.Context, product string, limit int) ([]Rollout, error) {
	return s.o.Store.Rollouts(ctx, product, limit)
}

// Targets are the devices of a rollout in the order of their dids.
func (s *Service) Targets(ctx context.Context, rollout, after string, limit int) ([]Target, error) {
	return s.o.Store.Targets(ctx, rollout, after, limit)
}

// Update is the newest update of one device, for its owner: its image and where it stands.
func (s *Service) Update(ctx context.Context, did string) (Image, Target, error) {
	t, err := s.o.Store.TargetOf(ctx, did)
	if err != nil {
		return Image{}, t, err
	}
	r, err := s.o.Store.Rollout(ctx, t.Rollout)
	if err != nil {
		return Image{}, t, err
	}
	i, err := s.o.Store.Image(ctx, r.Image)
	return i, t, err
}

// Waits says in words what the next wave of a running rollout waits for.
func (s *Service) Waits(r Rollout, t Tally) string {
	return Judge(t, r.Waves[r.Wave], s.o.Now().Sub(r.WaveSince)).Wait
}
