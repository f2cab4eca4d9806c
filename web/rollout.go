package web

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/internal/blob"
	"github.com/proofmark/proofmark/internal/bus"
	"github.com/proofmark/proofmark/internal/media"
	"github.com/proofmark/proofmark/internal/notice"
	"github.com/proofmark/proofmark/registry"
	"github.com/proofmark/proofmark/registry/firmware"
)

// FirmwaresPage are the firmware images of a product, its rollouts, and the vendor's
// keys that sign.
type FirmwaresPage struct {
	ProductHead
	Images   []ImageView
	Rollouts []firmware.Rollout
	Keys     []certification.VendorKey
	Forms    *Forms
}

// ImageView is an image and what the programme says of it.
type ImageView struct {
	firmware.Image
	Serial string // of the certificate that admits it
	Why    string // it may not be brought to devices
}

// ImagePage is one image.
type ImagePage struct {
	ProductHead
	Image    ImageView
	Rollouts []firmware.Rollout // of it
	Live     bool               // one of the product is live
	Forms    *Forms
}

// RolloutPage is how an image comes to the devices, wave by wave.
type RolloutPage struct {
	ProductHead
	Rollout firmware.Rollout
	Image   firmware.Image
	Waves   []WaveView
	All     firmware.Tally
	Waits   string
	Skipped []SkippedView
	Devices []firmware.Target
	Next    string // page of devices
	Forms   *Forms
}

// WaveView is one wave.
type WaveView struct {
	firmware.Wave
	firmware.Tally
	Number int
	State  string // done, now, later
	Since  time.Time
}

// Percent is the share of the devices that have the wave's end behind them.
func (w WaveView) Percent() float64 { return float64(w.Share) / 100 }

// Finished is how many of the wave's own devices are done or gave up.
func (w WaveView) Finished() int64 { return w.Done + w.Failed }

// Wait is how long the wave lasts at least.
func (w WaveView) Wait() time.Duration { return time.Duration(w.Seconds) * time.Second }

// SkippedView is how many devices a rollout left out, and why.
type SkippedView struct {
	Why string
	N   int
}

func (s *Fleets) mountFirmware(p *Pages, member Access) {
	const at = "/products/{product}/firmware"
	p.Get(at, member, func(v *Visit) error { return s.firmwares(v, nil) })
	p.Post(at+"/upload", member, s.upload)
	p.Post(at+"/keys", member, func(v *Visit) error {
		return v.act(func(f *Form) error { return s.firmwares(v, f) }, func(f *Form) (string, error) {
			head, err := s.product(v, v.Param("product"), "firmware", "")
			if err == nil {
				_, err = s.Programme.AddVendorKey(v.Context(), v.party(), head.Product.Org, f.Get("name"), []byte(f.Raw("key")))
			}
			return "/products/" + head.Product.ID + "/firmware#keys", f.ruled(err, map[string]string{"key-form": "key", "key-private": "key", "name": "name"})
		}, Place{registry.ErrExists, "key"})
	})
	p.Post(at+"/keys/{key}/revoke", member, func(v *Visit) error {
		return v.act(func(f *Form) error { return s.firmwares(v, f) }, func(*Form) (string, error) {
			_, err := s.Programme.RevokeVendorKey(v.Context(), v.party(), v.Param("key"))
			return "/products/" + v.Param("product") + "/firmware#keys", err
		})
	})
	const image = "/firmware-images/{image}"
	p.Get(image, member, func(v *Visit) error { return s.image(v, nil) })
	p.Post(image+"/upload", member, s.uploadBytes)
	p.Post(image+"/rollouts", member, func(v *Visit) error {
		return v.act(func(f *Form) error { return s.image(v, f) }, func(f *Form) (string, error) {
			return v.Once(f, func() (string, error) {
				i, _, err := s.ownImage(v)
				if err != nil {
					return "", err
				}
				r, err := s.Firmware.Start(v.Context(), i.ID, v.Actor.Account, nil)
				return "/rollouts/" + r.ID, f.ruled(err, nil)
			})
		}, Place{registry.ErrExists, ""})
	})
	p.Post(image+"/revoke", member, func(v *Visit) error {
		return v.act(func(f *Form) error { return s.image(v, f) }, func(f *Form) (string, error) {
			i, _, err := s.ownImage(v)
			if err == nil {
				_, err = s.Firmware.Revoke(v.Context(), i.ID, v.Actor.Account, f.Get("reason"))
			}
			return "/firmware-images/" + i.ID, f.ruled(err, map[string]string{"reason": "reason"})
		})
	})
	const rollout = "/rollouts/{rollout}"
	p.Get(rollout, member, func(v *Visit) error { return s.rollout(v, nil) })
	p.Get(rollout+"/live", member, s.followRollout)
	type decide func(ctx context.Context, rollout string, rev int64, by, reason string) (firmware.Rollout, error)
	for name, do := range map[string]decide{
		"pause": s.Firmware.Pause, "resume": s.Firmware.Resume, "stop": s.Firmware.Stop,
		"roll-back": func(ctx context.Context, rollout string, _ int64, by, reason string) (firmware.Rollout, error) {
			return s.Firmware.RollBack(ctx, rollout, by, reason)
		},
	} {
		p.Post(rollout+"/"+name, member, func(v *Visit) error {
			return v.act(func(f *Form) error { return s.rollout(v, f) }, func(f *Form) (string, error) {
				return v.Once(f, func() (string, error) {
					r, _, err := s.ownRollout(v)
					if err == nil {
						r, err = do(v.Context(), r.ID, f.Rev, v.Actor.Account, f.Get("reason"))
					}
					return "/rollouts/" + r.ID, f.ruled(err, map[string]string{"reason": "reason"})
				})
			}, Place{registry.ErrExists, ""})
		})
	}
}

// ruled puts a refusal beside the field of its rule, or above the form where it has
// none; any other error is returned.
func (f *Form) ruled(err error, fields map[string]string) error {
	var (
		ours   *firmware.Refusal
		theirs *certification.Refusal
	)
	switch {
	case errors.As(err, &ours):
		f.Refuse(fields[ours.Rule], sentence(ours.Detail))
	case errors.As(err, &theirs):
		f.Refuse(fields[theirs.Rule], sentence(theirs.Detail))
	default:
		return err
	}
	return nil
}

// imageFields are beside which field of an upload a refusal stands.
var imageFields = map[string]string{
	"statement-signature": "manifest", "key-revoked": "manifest", "manifest-form": "manifest", "image-model": "manifest",
	"changelog": "changelog", "image-hash": "file", "image-size": "file",
}

func (s *Fleets) firmwares(v *Visit, sent *Form) error {
	head, err := s.product(v, v.Param("product"), "firmware", v.Say("firmware.title"))
	if err != nil {
		return err
	}
	p := &FirmwaresPage{ProductHead: head, Forms: newForms("/products/" + head.Product.ID + "/firmware").with(sent)}
	ctx := v.Context()
	images, err := s.Firmware.Images(ctx, head.Product.ID)
	if err != nil {
		return err
	}
	for _, i := range images {
		view, err := s.admitted(ctx, i)
		if err != nil {
			return err
		}
		p.Images = append(p.Images, view)
	}
	if p.Rollouts, err = s.Firmware.Rollouts(ctx, head.Product.ID, 20); err != nil {
		return err
	}
	if p.Keys, err = s.Programme.VendorKeys(ctx, v.party(), head.Product.Org); err != nil {
		return err
	}
	if sent != nil {
		return v.Again("firmwares", p)
	}
	return v.Show("firmwares", p)
}

// admitted asks the programme about an image.
func (s *Fleets) admitted(ctx context.Context, i firmware.Image) (ImageView, error) {
	serial, err := s.Firmware.Admission(ctx, i)
	var no *firmware.Refusal
	if errors.As(err, &no) {
		return ImageView{i, "", sentence(no.Detail)}, nil
	}
	return ImageView{i, serial, ""}, err
}

// upload takes a manifest with its image.
func (s *Fleets) upload(v *Visit) error {
	f, err := v.FormWithFiles(mostUploaded)
	if err != nil {
		return err
	}
	return v.actOn(f, func(f *Form) error { return s.firmwares(v, f) }, func(f *Form) (string, error) {
		head, err := s.product(v, v.Param("product"), "firmware", "")
		if err != nil {
			return "", err
		}
		file, err := v.take(s.Blobs, f, []media.Kind{media.Firmware})
		if err != nil {
			return "", err
		}
		i, err := s.Firmware.Publish(v.Context(), head.Product, v.Actor.Account, f.Get("manifest"), f.Get("changelog"), blob.Ref{SHA256: file.SHA256, Size: file.Size})
		return "/firmware-images/" + i.ID, f.ruled(err, imageFields)
	}, append(filePlaces[:len(filePlaces):len(filePlaces)], Place{registry.ErrExists, "manifest"})...)
}

// uploadBytes brings the bytes of an image that was announced without them.
func (s *Fleets) uploadBytes(v *Visit) error {
	f, err := v.FormWithFiles(mostUploaded)
	if err != nil {
		return err
	}
	return v.actOn(f, func(f *Form) error { return s.image(v, f) }, func(f *Form) (string, error) {
		i, _, err := s.ownImage(v)
		if err != nil {
			return "", err
		}
		file, err := v.take(s.Blobs, f, []media.Kind{media.Firmware})
		if err != nil {
			return "", err
		}
		_, err = s.Firmware.Keep(v.Context(), i.ID, v.Actor.Account, blob.Ref{SHA256: file.SHA256, Size: file.Size})
		return "/firmware-images/" + i.ID, f.ruled(err, imageFields)
	}, filePlaces...)
}

func (s *Fleets) ownImage(v *Visit) (firmware.Image, ProductHead, error) {
	i, err := s.Firmware.Image(v.Context(), v.Param("image"))
	if err != nil {
		return i, ProductHead{}, err
	}
	head, err := s.product(v, i.Product, "firmware", v.Say("firmware.image", i.Version))
	return i, head, err
}

func (s *Fleets) image(v *Visit, sent *Form) error {
	i, head, err := s.ownImage(v)
	if err != nil {
		return err
	}
	p := &ImagePage{ProductHead: head, Forms: newForms("/firmware-images/" + i.ID).at(i.Rev).with(sent)}
	if p.Image, err = s.admitted(v.Context(), i); err != nil {
		return err
	}
	all, err := s.Firmware.Rollouts(v.Context(), i.Product, 100)
	if err != nil {
		return err
	}
	for _, r := range all {
		p.Live = p.Live || r.State.Live()
		if r.Image == i.ID {
			p.Rollouts = append(p.Rollouts, r)
		}
	}
	if sent != nil {
		return v.Again("firmware", p)
	}
	return v.Show("firmware", p)
}

func (s *Fleets) ownRollout(v *Visit) (firmware.Rollout, ProductHead, error) {
	r, _, err := s.Firmware.Rollout(v.Context(), v.Param("rollout"))
	if err != nil {
		return r, ProductHead{}, err
	}
	head, err := s.product(v, r.Product, "firmware", v.Say("rollout.title", r.Version))
	return r, head, err
}

// targetsListed is how many devices of a rollout a page lists.
const targetsListed = 50

// rolloutPage is how a rollout stands now.
func (s *Fleets) rolloutPage(v *Visit) (*RolloutPage, error) {
	r, head, err := s.ownRollout(v)
	if err != nil {
		return nil, err
	}
	p := &RolloutPage{ProductHead: head, Rollout: r, Forms: newForms("/rollouts/" + r.ID).at(r.Rev)}
	p.Live = r.State.Live()
	if p.Image, err = s.Firmware.Image(v.Context(), r.Image); err != nil {
		return nil, err
	}
	tallies, err := s.Firmware.Waves(v.Context(), r)
	if err != nil {
		return nil, err
	}
	p.fill(tallies)
	if r.State == firmware.Running {
		soFar, t, err := s.Firmware.Rollout(v.Context(), r.ID)
		if err != nil {
			return nil, err
		}
		p.Waits = s.Firmware.Waits(soFar, t)
	}
	return p, nil
}

// fill lays the waves out.
func (p *RolloutPage) fill(tallies []firmware.Tally) {
	r := p.Rollout
	for i, w := range r.Waves {
		view := WaveView{Wave: w, Tally: tallies[i], Number: i + 1, State: "later"}
		switch {
		case i < r.Wave || r.State == firmware.Done:
			view.State = "done"
		case i == r.Wave && r.State != firmware.Preparing:
			view.State, view.Since = "now", r.WaveSince
		}
		p.Waves = append(p.Waves, view)
		p.All.Waiting += view.Waiting
		p.All.Offered += view.Offered
		p.All.Done += view.Done
		p.All.Failed += view.Failed
		p.All.DoneOffline += view.DoneOffline
	}
	for _, why := range slices.Sorted(maps.Keys(r.Skipped)) {
		p.Skipped = append(p.Skipped, SkippedView{why, r.Skipped[why]})
	}
}

func (s *Fleets) rollout(v *Visit, sent *Form) error {
	p, err := s.rolloutPage(v)
	if err != nil {
		return err
	}
	p.Forms.with(sent)
	if p.Devices, err = s.Firmware.Targets(v.Context(), p.Rollout.ID, v.Query("after"), targetsListed+1); err != nil {
		return err
	}
	if len(p.Devices) > targetsListed {
		p.Devices = p.Devices[:targetsListed]
		p.Next = "?after=" + p.Devices[targetsListed-1].DID
	}
	if sent != nil {
		return v.Again("rollout", p)
	}
	return v.Show("rollout", p)
}

// followRollout sends the waves of an open page as they move.
func (s *Fleets) followRollout(v *Visit) error {
	p, err := s.rolloutPage(v)
	if err != nil {
		return err
	}
	was := p.Rollout.State
	return v.follow(s.Bus, []string{notice.Topic("rollout.>")}, func(_ bus.Message, send func(event, page, part string, data any) error) (bool, error) {
		p, err := s.rolloutPage(v)
		if err != nil {
			return false, err
		}
		if p.Rollout.State != was {
			return true, send("ended", "rollout", "waves", p)
		}
		return false, send("waves", "rollout", "waves", p)
	})
}

// MayPause and its like are what the state lets somebody decide.
func (p *RolloutPage) MayPause() bool {
	return p.Rollout.State == firmware.Preparing || p.Rollout.State == firmware.Running
}

// MayRollBack says whether the devices could go back to an older version.
func (p *RolloutPage) MayRollBack() bool { return p.Rollout.From == "" && p.All.Done+p.All.Offered > 0 }
