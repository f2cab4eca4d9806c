package web

import (
	"strings"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/registry/firmware"
)

func sampleImage(version string, state firmware.ImageState) firmware.Image {
	i := firmware.Image{
		ID: "fmw_1", Product: "prd_1", Org: "org_1", Key: "vky_1", Changelog: "Quieter at night.\n" + hostileText, State: state, At: day(2026, 11, 28), Rev: 2,
		Manifest: firmware.Manifest{Model: "aurora-pure1", Version: version, SHA256: strings.Repeat("9f86d081", 8), Size: 1_048_576, Hardware: []string{"A1", "B"}},
	}
	if state == firmware.Revoked {
		i.RevokedAt, i.Reason = day(2026, 11, 29), hostileText
	}
	return i
}

func sampleRolloutPage(state firmware.RolloutState) *RolloutPage {
	p := &RolloutPage{
		ProductHead: sampleHead("firmware", "Rollout"), Rollout: sampleRollout(state), Image: sampleImage("1.2.0", firmware.Stored), Forms: newForms("/rollouts/rol_1").at(4),
		Devices: []firmware.Target{
			{DID: "aurora-pure1.4k2m9x4q1b7", State: firmware.Offered, Attempt: 1, Progress: 62, Reason: "downloading", Before: "1.1.0"},
			{DID: "aurora-pure1.7x4q1b74k2m", State: firmware.Updated, Attempt: 1, Before: "1.1.0"},
			{DID: "aurora-pure1.9x4q1b74k2m", State: firmware.GaveUp, Attempt: 3, Reason: hostileText, Before: "1.0.0"},
			{DID: "aurora-pure1.bx4q1b74k2m", State: firmware.Waiting, Reason: "offline", Before: "1.1.0"},
		},
		Next: "#",
	}
	p.fill([]firmware.Tally{{Done: 12}, {Waiting: 40, Offered: 11, Done: 56, Failed: 1, DoneOffline: 2}, {Waiting: 480}, {Waiting: 600}})
	return p
}

func init() {
	keys := []certification.VendorKey{{ID: "vky_1", Name: "Build server"}, {ID: "vky_2", Name: hostileText, RevokedAt: sampleNow}}
	images := []ImageView{
		{sampleImage("1.3.0", firmware.Announced), "", "Image fmw_1 has a manifest and no bytes yet."},
		{sampleImage("1.2.0", firmware.Stored), "PM-2026-000043", ""},
		{sampleImage("1.1.0", firmware.Stored), "", hostileText},
		{sampleImage("1.0.1", firmware.Revoked), "", "Image fmw_1 was revoked."},
	}
	firmwares := func() *FirmwaresPage {
		return &FirmwaresPage{
			ProductHead: sampleHead("firmware", "Firmware"), Images: images, Keys: keys, Forms: newForms("/products/prd_1/firmware"),
			Rollouts: []firmware.Rollout{sampleRollout(firmware.Running), sampleRollout(firmware.Done)},
		}
	}
	story("firmwares", "firmwares", func() Pager { return firmwares() })
	story("firmwares-none", "firmwares", func() Pager {
		return &FirmwaresPage{ProductHead: sampleHead("firmware", "Firmware"), Forms: newForms("/products/prd_1/firmware")}
	})
	story("firmwares-refused", "firmwares", func() Pager {
		p := firmwares()
		f := newForm("/products/prd_1/firmware/upload", pairsOf([]string{"manifest", "eyJ", "changelog", hostileText}))
		f.Refuse("manifest", "Firmware manifest: the signature is not that of key vky_1.")
		f.Refuse("file", "The bytes have SHA-256 00, the manifest of version 1.2.0 says 9f.")
		p.Forms.with(f)
		return p
	})
	image := func(view ImageView, live bool) *ImagePage {
		return &ImagePage{ProductHead: sampleHead("firmware", "Firmware 1.2.0"), Image: view, Live: live, Forms: newForms("/firmware-images/fmw_1").at(2)}
	}
	story("firmware", "firmware", func() Pager { return image(images[1], false) })
	story("firmware-announced", "firmware", func() Pager { return image(images[0], false) })
	story("firmware-live", "firmware", func() Pager {
		p := image(images[1], true)
		p.Rollouts = []firmware.Rollout{sampleRollout(firmware.Running)}
		return p
	})
	story("firmware-revoked", "firmware", func() Pager { return image(images[3], false) })
	story("firmware-refused", "firmware", func() Pager {
		p := image(images[2], false)
		f := newForm("/firmware-images/fmw_1/rollouts", nil)
		f.Refuse("", "No certificate of organisation org_1 names the image 9f86.")
		p.Forms.with(f)
		return p
	})
	story("rollout", "rollout", func() Pager {
		p := sampleRolloutPage(firmware.Running)
		p.Waits = "7h of 24h have passed"
		return p
	})
	story("rollout-paused", "rollout", func() Pager {
		p := sampleRolloutPage(firmware.Paused)
		p.Rollout.Reason = hostileText
		return p
	})
	story("rollout-stopped", "rollout", func() Pager {
		p := sampleRolloutPage(firmware.Stopped)
		p.Rollout.Reason = "3 of 57 devices failed: more than 2 %"
		return p
	})
	story("rollout-refused", "rollout", func() Pager {
		p := sampleRolloutPage(firmware.Running)
		f := newForm("/rollouts/rol_1/pause", pairsOf([]string{"reason", hostileText}))
		f.Refuse("reason", "The reason for rollout rol_1 has 3 bytes: want 10 to 1000.")
		p.Forms.with(f)
		return p
	})
	story("rollout-done", "rollout", func() Pager {
		p := sampleRolloutPage(firmware.Done)
		p.Devices, p.Next, p.Rollout.From = nil, "", "1.1.0"
		return p
	})
}
