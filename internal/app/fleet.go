package app

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/health"
	"github.com/proofmark/proofmark/internal/api"
	"github.com/proofmark/proofmark/internal/bus"
	"github.com/proofmark/proofmark/internal/notice"
	"github.com/proofmark/proofmark/registry"
	"github.com/proofmark/proofmark/registry/firmware"
)

// The recurring jobs of delivered devices.
const (
	jobHealth       = "health.evaluate"
	jobHealthForget = "health.forget"
	jobFirmware     = "firmware.drive"
)

// fleet is what watches over delivered devices.
type fleet struct {
	health   *health.Desk
	firmware *firmware.Service
}

func (a *App) startFleet(context.Context) error {
	a.fleet.health = health.NewDesk(a.db.Health(), a.certs.life, nil, a.log.With("part", "field health"))
	a.fleet.firmware = firmware.New(firmware.Options{
		Store: a.db.Firmware(), Devices: a.registry, Programme: firmwareProgramme{a}, Blobs: a.blobs,
		URL: a.downloadURL, Log: a.log.With("part", "firmware"),
	})
	greeted := a.fleet.firmware.Greeted
	a.greeted.Store(&greeted)
	// What a rollout stands on may be gone: it stops before the next device is asked.
	for _, kind := range []string{"certificate.>", "health.>", "firmware.>"} {
		_, err := a.bus.Subscribe(notice.Topic(kind), func(bus.Message) {
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			defer cancel()
			if err := a.fleet.firmware.Recheck(ctx); err != nil {
				a.log.Warn("rollouts are looked at in the next turn", "err", err)
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// downloadURL is where a device fetches its firmware: at our public address, or where
// we listen, if the port was free to choose.
func (a *App) downloadURL(token string) string {
	base := a.cfg.PublicURL
	if strings.HasSuffix(base, ":0") {
		base = "http://" + a.addrs.HTTP
	}
	return base + api.DownloadPath + token
}

// deviceGreeted hears of devices from the registry, which starts before the rollouts do.
func (a *App) deviceGreeted(d registry.Device) {
	if f := a.greeted.Load(); f != nil {
		(*f)(d)
	}
}

// firmwareProgramme is what the certificate programme says of firmware.
type firmwareProgramme struct{ *App }

func (a firmwareProgramme) OpenManifest(ctx context.Context, org, statement string) ([]byte, string, error) {
	return a.programme.OpenSigned(ctx, org, firmware.ManifestType, statement)
}

func (a firmwareProgramme) Certified(ctx context.Context, org string, m firmware.Manifest, back bool) (string, error) {
	certificates, err := a.db.Programme().CertificatesOf(ctx, m.Model)
	if err != nil {
		return "", err
	}
	c, err := certification.AdmitFirmware(certificates, org, certification.Firmware{Version: m.Version, SHA256: m.SHA256}, m.Hardware, back, time.Now())
	var no *certification.Refusal
	if errors.As(err, &no) {
		return "", firmware.Refuse(firmware.ErrState, no.Rule, "%s", no.Detail)
	}
	return c.Serial, err
}

func (a firmwareProgramme) Drifted(ctx context.Context, product, version string) (bool, error) {
	return a.fleet.health.Drifted(ctx, product, version)
}
