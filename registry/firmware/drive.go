package firmware

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/registry"
)

// enlistPages bounds how many pages of devices one turn enlists, of enlistPage each.
const (
	enlistPages = 4
	enlistPage  = 500
)

// Drive takes every live rollout one turn further: one node does it, each second.
func (s *Service) Drive(ctx context.Context) error {
	live, err := s.o.Store.LiveRollouts(ctx)
	if err != nil {
		return fmt.Errorf("rollouts: %w", err)
	}
	s.remember(live)
	var errs []error
	for _, r := range live {
		if err := s.turn(ctx, r); err != nil && !errors.Is(err, registry.ErrConflict) { // somebody decided meanwhile
			errs = append(errs, fmt.Errorf("rollout %s: %w", r.ID, err))
		}
	}
	return errors.Join(errs...)
}

// Recheck stops the rollouts that lost what they stand on. It is what Drive begins
// with, for those who hear of a change.
func (s *Service) Recheck(ctx context.Context) error {
	live, err := s.o.Store.LiveRollouts(ctx)
	if err != nil {
		return fmt.Errorf("rollouts: %w", err)
	}
	var errs []error
	for _, r := range live {
		if _, _, err := s.gate(ctx, r); err != nil && !errors.Is(err, registry.ErrConflict) {
			errs = append(errs, fmt.Errorf("rollout %s: %w", r.ID, err))
		}
	}
	return errors.Join(errs...)
}

// gate stops a rollout whose image is no longer admitted, and says whether it goes on.
func (s *Service) gate(ctx context.Context, r Rollout) (i Image, open bool, err error) {
	if i, err = s.o.Store.Image(ctx, r.Image); err != nil {
		return i, false, err
	}
	_, err = s.admit(ctx, i, r.From != "")
	var no *Refusal
	if errors.As(err, &no) {
		return i, false, s.halt(ctx, r, no.Detail)
	}
	return i, err == nil, err
}

func (s *Service) turn(ctx context.Context, r Rollout) error {
	i, open, err := s.gate(ctx, r)
	if err != nil || !open {
		return err
	}
	switch r.State {
	case Preparing:
		return s.prepare(ctx, r, i)
	case Paused:
		return s.attend(ctx, r, i, s.followed)
	}
	if err := s.attend(ctx, r, i, s.step); err != nil {
		return err
	}
	wave := r.Waves[r.Wave]
	tally, err := s.o.Store.Tally(ctx, r.ID, wave.Share)
	if err != nil {
		return err
	}
	switch v := Judge(tally, wave, s.o.Now().Sub(r.WaveSince)); {
	case v.Stop != "":
		return s.halt(ctx, r, v.Stop)
	case v.Next:
		return s.next(ctx, r)
	}
	return nil
}

// next begins the next wave, or ends a rollout that has none.
func (s *Service) next(ctx context.Context, r Rollout) error {
	if r.Wave == len(r.Waves)-1 {
		c, err := s.ending(r, Done, audit.System, "every device has it or gave up")
		if err == nil {
			_, err = s.save(ctx, c)
		}
		return err
	}
	r.Wave, r.WaveSince = r.Wave+1, s.o.Now()
	rec, err := told(r.WaveSince, audit.System, "rollout.wave", r.ID, r.Org, map[string]int{"wave": r.Wave + 1, "share": r.Waves[r.Wave].Share}, r)
	if err == nil {
		_, err = s.save(ctx, RolloutChange{r.State, r, rec})
	}
	return err
}

// prepare enlists the devices of the product, some pages a turn, and remembers how
// far it came.
func (s *Service) prepare(ctx context.Context, r Rollout, i Image) error {
	skipped := map[string]int{}
	for why, n := range r.Skipped {
		skipped[why] = n
	}
	done := false
	for page := 0; page < enlistPages && !done; page++ {
		devices, err := s.o.Devices.Devices(ctx, registry.DeviceQuery{ProductID: r.Product, After: r.Cursor, Limit: enlistPage})
		if err != nil {
			return err
		}
		targets := make([]Target, 0, len(devices))
		for _, d := range devices {
			r.Cursor = d.DID
			if why := r.eligible(d, i.Hardware); why != "" {
				skipped[why]++
				continue
			}
			targets = append(targets, s.target(r, i, d))
		}
		if err := s.o.Store.Enlist(ctx, targets); err != nil {
			return err
		}
		r.Enlisted += int64(len(targets))
		done = len(devices) < enlistPage
	}
	r.Skipped = skipped
	c := RolloutChange{Was: r.State, Rollout: r}
	if done {
		c.Rollout.State, c.Rollout.WaveSince, c.Rollout.Cursor = Running, s.o.Now(), ""
	}
	_, err := s.save(ctx, c)
	return err
}

func (s *Service) target(r Rollout, i Image, d registry.Device) Target {
	return Target{Rollout: r.ID, DID: d.DID, State: Waiting, Cohort: cohort(d.DID, i.SHA256), DueAt: r.At, Before: d.Info.Firmware}
}

// attend does what is due of a rollout's devices, several at once.
func (s *Service) attend(ctx context.Context, r Rollout, i Image, do func(context.Context, Rollout, Image, Target) error) error {
	due, err := s.o.Store.Due(ctx, r.ID, r.Waves[r.Wave].Share, s.o.Now(), s.o.PerTurn)
	if err != nil {
		return err
	}
	var (
		all   sync.WaitGroup
		mu    sync.Mutex
		first error
		slots = make(chan struct{}, s.o.AtOnce)
	)
	for _, t := range due {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			err := do(ctx, r, i, t)
			if err == nil || errors.Is(err, registry.ErrConflict) || errors.Is(err, registry.ErrNotFound) {
				return // somebody decided meanwhile, or it is gone
			}
			mu.Lock()
			defer mu.Unlock()
			if first == nil {
				first = fmt.Errorf("device %s: %w", t.DID, err)
			}
		})
	}
	all.Wait()
	return first
}

// liveFor is how long a node believes what it knows of live rollouts.
const liveFor = 2 * time.Second

func (s *Service) remember(live []Rollout) {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.live)
	for _, r := range live {
		s.live[r.Product] = r
	}
	s.looked = s.o.Now()
}

func (s *Service) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.looked = time.Time{}
}

// liveOf is the live rollout of a product, as known here within liveFor.
func (s *Service) liveOf(ctx context.Context, product string) (Rollout, bool, error) {
	s.mu.Lock()
	r, ok := s.live[product]
	fresh := s.o.Now().Sub(s.looked) < liveFor
	s.mu.Unlock()
	if fresh {
		return r, ok, nil
	}
	live, err := s.o.Store.LiveRollouts(ctx)
	if err != nil {
		return Rollout{}, false, err
	}
	s.remember(live)
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok = s.live[product]
	return r, ok, nil
}

// Greeted hears of every device that has just connected and said what it runs: one
// that waits is due now, and one that its rollout does not know yet joins it.
func (s *Service) Greeted(d registry.Device) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := s.greeted(ctx, d); err != nil {
		s.o.Log.Warn("an update waits for the next connect", "did", d.DID, "err", err)
	}
}

func (s *Service) greeted(ctx context.Context, d registry.Device) error {
	r, ok, err := s.liveOf(ctx, d.ProductID)
	if err != nil || !ok {
		return err
	}
	i, err := s.o.Store.Image(ctx, r.Image)
	if err != nil {
		return err
	}
	switch r.eligible(d, i.Hardware) {
	case "up to date": // it came back after all
		t, err := s.o.Store.TargetOf(ctx, d.DID)
		if err == nil && t.Rollout == r.ID && t.State == GaveUp {
			return s.updated(ctx, t, "late")
		}
		if err != nil && !errors.Is(err, registry.ErrNotFound) {
			return err
		}
	case "":
		if err := s.o.Store.Enlist(ctx, []Target{s.target(r, i, d)}); err != nil {
			return err
		}
	}
	return s.o.Store.Wake(ctx, d.DID, s.o.Now())
}
