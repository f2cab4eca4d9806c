package firmware

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/proofmark/proofmark/miot"
	"github.com/proofmark/proofmark/registry"
)

// The longest pauses: of a device that is busy or failed, and of one that is
// offline, which is woken by its connect.
const (
	mostBackoff = time.Hour
	offlineWait = 6 * time.Hour
)

// step does what is due of one device of a running rollout.
func (s *Service) step(ctx context.Context, r Rollout, i Image, t Target) error {
	if t.State == Waiting {
		return s.offer(ctx, r, i, t)
	}
	return s.followed(ctx, r, i, t)
}

// offer asks a device to update. The offer stands in the store before the device
// hears of it: after a crash between the two it is found idle, and asked again.
func (s *Service) offer(ctx context.Context, r Rollout, i Image, t Target) error {
	d, err := s.o.Devices.Device(ctx, t.DID)
	if err != nil {
		return err
	}
	now := s.o.Now()
	switch why := r.eligible(d, i.Hardware); why {
	case "":
	case "up to date":
		return s.updated(ctx, t, "")
	default: // since it was enlisted
		return s.updated(ctx, t, fmt.Sprintf("left out: %s (it runs %s)", why, d.Info.Firmware))
	}
	token, sum := newToken()
	t.Attempt++
	t.OfferedAt, t.DueAt, t.Token, t.Progress, t.Reason = now, now.Add(s.o.Poll), sum, 0, ""
	if err := s.o.Store.Offer(ctx, t); err != nil {
		return err
	}
	params, err := json.Marshal(map[string]string{
		"mode": "normal", "app_url": s.o.URL(token), "file_md5": i.MD5, "file_sha256": i.SHA256, "proc": "dnld install",
	})
	if err != nil {
		return err
	}
	resp, err := s.o.Devices.Ask(ctx, t.DID, miot.MethodOTA, params)
	switch {
	case errors.Is(err, registry.ErrOffline):
		return s.putOff(ctx, t, offlineWait, "offline")
	case errors.Is(err, registry.ErrTimeout): // it may have heard: then it is found at work
		return nil
	case errors.Is(err, registry.ErrBadAnswer):
		return s.failed(ctx, t, err.Error())
	case err != nil:
		return err
	case resp.Error == nil:
		return nil
	case resp.Error.Code == miot.CodeState:
		t.Refusals++
		return s.putOff(ctx, t, s.backoff(t.Refusals), "busy")
	}
	return s.failed(ctx, t, fmt.Sprintf("it refused the update: %d %s", resp.Error.Code, clip(resp.Error.Message)))
}

func clip(s string) string { return s[:min(len(s), 100)] }

// newToken is one offer's: 192 random bits in the URL, and what is stored of them.
func newToken() (token, sum string) {
	raw := make([]byte, 24)
	_, _ = rand.Read(raw) // crypto/rand never fails: it ends the process instead
	token = base64.RawURLEncoding.EncodeToString(raw)
	return token, tokenSum(token)
}

func tokenSum(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// putOff makes a device wait that did not take the offer; it was no attempt.
func (s *Service) putOff(ctx context.Context, t Target, wait time.Duration, reason string) error {
	t.State, t.Attempt, t.Token, t.Reason, t.DueAt = Waiting, t.Attempt-1, "", reason, s.o.Now().Add(wait)
	return s.o.Store.Move(ctx, Offered, t)
}

func (s *Service) backoff(n int) time.Duration {
	return min(s.o.Backoff<<min(max(n-1, 0), 16), mostBackoff)
}

// failed ends an attempt.
func (s *Service) failed(ctx context.Context, t Target, reason string) error {
	was := t.State
	t.State, t.Token, t.Reason, t.Refusals = Waiting, "", reason, 0
	t.DueAt = s.o.Now().Add(s.backoff(t.Attempt))
	if t.Attempt >= Attempts {
		t.State = GaveUp
	}
	return s.o.Store.Move(ctx, was, t)
}

func (s *Service) updated(ctx context.Context, t Target, reason string) error {
	was := t.State
	t.State, t.Token, t.Progress, t.Reason = Updated, "", 100, reason
	return s.o.Store.Move(ctx, was, t)
}

// followed looks at a device that took an offer. Only miIO.info after its reboot
// says that it has the new version.
func (s *Service) followed(ctx context.Context, r Rollout, _ Image, t Target) error {
	if t.State != Offered {
		return nil
	}
	d, err := s.o.Devices.Device(ctx, t.DID)
	if err != nil {
		return err
	}
	now := s.o.Now()
	if d.Info.Firmware == r.Version {
		return s.updated(ctx, t, "")
	}
	t.DueAt = now.Add(s.o.Poll)
	state, err := s.word(ctx, t.DID)
	if now.Sub(t.OfferedAt) > s.o.Patience {
		if errors.Is(err, registry.ErrOffline) { // there is nobody to offer it to again
			t.Attempt = Attempts
		}
		return s.failed(ctx, t, fmt.Sprintf("it did not come back with %s within %s", r.Version, s.o.Patience))
	}
	switch {
	case err != nil: // it may be rebooting
		return s.o.Store.Move(ctx, Offered, t)
	case state == "failed":
		return s.failed(ctx, t, "the device says that the update failed")
	case state == "idle":
		return s.idle(ctx, r, t)
	}
	if p, err := s.progress(ctx, t.DID); err == nil {
		t.Progress = p
	}
	t.Reason = state
	return s.o.Store.Move(ctx, Offered, t)
}

// idleFor is how long a device may be idle after an offer that it took before the
// attempt has failed: it reboots at the end of an update.
const idleFor = 30 * time.Second

const stillIdle = "idle"

// idle is a device that does nothing about its update, and did not an idleFor ago.
func (s *Service) idle(ctx context.Context, r Rollout, t Target) error {
	if t.Reason == stillIdle {
		return s.failed(ctx, t, fmt.Sprintf("it is idle, and does not run %s", r.Version))
	}
	t.Reason, t.DueAt = stillIdle, s.o.Now().Add(max(idleFor, s.o.Poll))
	return s.o.Store.Move(ctx, Offered, t)
}

// word is the state that a device tells.
func (s *Service) word(ctx context.Context, did string) (state string, err error) {
	resp, err := s.o.Devices.Ask(ctx, did, miot.MethodOTAState, nil)
	switch {
	case err != nil:
		return "", err
	case resp.Error != nil:
		return "", resp.Error
	}
	return oneOf[string](resp.Result)
}

func (s *Service) progress(ctx context.Context, did string) (int, error) {
	resp, err := s.o.Devices.Ask(ctx, did, miot.MethodOTAProgress, nil)
	switch {
	case err != nil:
		return 0, err
	case resp.Error != nil:
		return 0, resp.Error
	}
	p, err := oneOf[int](resp.Result)
	return min(max(p, 0), 100), err
}

// oneOf reads a value that stands alone or, as some devices have it, in a list of one.
func oneOf[T any](raw json.RawMessage) (v T, err error) {
	if json.Unmarshal(raw, &v) == nil {
		return v, nil
	}
	var several []T
	if err := json.Unmarshal(raw, &several); err != nil || len(several) != 1 {
		return v, fmt.Errorf("%w: the result is %s", registry.ErrBadAnswer, clip(string(raw)))
	}
	return several[0], nil
}

// Download says what the bearer of a token may fetch: the image of its offer, as
// long as that stands.
func (s *Service) Download(ctx context.Context, token string) (Image, error) {
	gone := func(why string) error {
		return Refuse(ErrState, "download-over", "this download is over: %s; the device is offered another one", why)
	}
	t, err := s.o.Store.TargetByToken(ctx, tokenSum(token))
	if err != nil {
		return Image{}, err
	}
	r, err := s.o.Store.Rollout(ctx, t.Rollout)
	if err != nil {
		return Image{}, err
	}
	switch {
	case t.State != Offered:
		return Image{}, gone("the device is " + string(t.State))
	case !r.State.Live():
		return Image{}, gone("rollout " + r.ID + " is " + string(r.State))
	case s.o.Now().Sub(t.OfferedAt) > s.o.Patience:
		return Image{}, gone("it was offered at " + t.OfferedAt.UTC().Format(time.RFC3339))
	}
	i, err := s.o.Store.Image(ctx, r.Image)
	if err != nil {
		return i, err
	}
	_, err = s.admit(ctx, i, r.From != "") // the rollout stops for it, and may not have yet
	var no *Refusal
	if errors.As(err, &no) {
		err = gone(no.Detail)
	}
	return i, err
}
