package demo

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"strings"
	"time"

	"filippo.io/age"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/signing"
	"github.com/proofmark/proofmark/certification/virtual"
	"github.com/proofmark/proofmark/miot"
	"github.com/proofmark/proofmark/registry"
	"github.com/proofmark/proofmark/registry/claims"
	"github.com/proofmark/proofmark/registry/factory"
	"github.com/proofmark/proofmark/registry/firmware"
	"github.com/proofmark/proofmark/registry/homes"
)

// Field is what delivered devices are made, claimed and updated with.
type Field struct {
	Factory  *factory.Service
	Keys     func(context.Context) (signing.Keyring, error) // by which a factory knows our manifests
	Homes    *homes.Service
	Claims   *claims.Service
	Firmware *firmware.Service
	Broker   string // URL that devices connect to
}

// The pilot's purifiers left the factory before the certificate, with a firmware
// that it does not name. Field health flags that, and a rollout is to mend it.
const (
	pilotFirmware = "0.9.4"
	pilotHardware = "A1"
	cooking       = 2 // devices that refuse the update for now, and stay on the way
)

// pilotWaves are two: half of the devices for a day, then all.
var pilotWaves = []firmware.Wave{
	{Share: firmware.Whole / 2, Seconds: 86_400, Sample: 20, MaxFailed: 0.02, MaxOffline: 0.05},
	{Share: firmware.Whole, Sample: 20, MaxFailed: 0.02, MaxOffline: 0.05},
}

// delivered brings the pilot's purifiers to life: funded, made, shipped, claimed,
// drifting, and in the middle of an update. At a later start they run again.
func (w *World) delivered(ctx context.Context) error {
	maker, err := w.actor(ctx, Maya)
	if err != nil || w.Shop.PSP == nil {
		return err
	}
	model, err := modelOf(miotPurifier())
	if err != nil {
		return err
	}
	product, err := w.Registry.ProductByModel(ctx, model)
	if err != nil {
		return err
	}
	all, err := w.Shop.Desk(time.Now).CampaignsOf(ctx, maker, maker.Orgs[0], "", 100)
	if err != nil {
		return err
	}
	if find(all, func(c campaigns.Campaign) bool { return c.Title == pilot.title }).ID != "" {
		return w.again(ctx, product)
	}
	c, err := w.sell(ctx, &pilot)
	if err == nil {
		c, err = w.Judged(ctx, c)
	}
	if err != nil || c.State != campaigns.CampaignSucceeded {
		return err
	}
	units, err := w.made(ctx, maker, product.ID, pilot.target)
	if err != nil {
		return fmt.Errorf("factory: %w", err)
	}
	for i, u := range units {
		d, err := w.switchOn(ctx, u.DID, u.Key, pilotFirmware)
		if err != nil {
			return err
		}
		d.SetBusy(i < cooking)
	}
	if err := w.moveIn(ctx, maker, c, units); err != nil {
		return fmt.Errorf("claims: %w", err)
	}
	if err := w.rolledOut(ctx, maker, product); err != nil {
		return fmt.Errorf("rollout: %w", err)
	}
	return nil
}

// again switches the purifiers of an earlier start on, with new keys: the old ones
// were in their memory, which is gone.
func (w *World) again(ctx context.Context, p registry.Product) error {
	there, err := w.Registry.Devices(ctx, registry.DeviceQuery{ProductID: p.ID, Limit: 100})
	if err != nil {
		return err
	}
	for _, d := range there {
		if !strings.HasPrefix(d.DID, p.Model+".") || d.Info.Hardware != pilotHardware {
			continue
		}
		_, secret, err := w.Registry.AddCredential(ctx, d.DID, true)
		if err == nil {
			_, err = w.switchOn(ctx, d.DID, secret, d.Info.Firmware)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// made orders a batch and opens its manifest, as the factory does.
func (w *World) made(ctx context.Context, maker certification.Actor, product string, units int64) ([]factory.Keyed, error) {
	key, err := age.GenerateX25519Identity()
	if err != nil {
		return nil, err
	}
	b, err := w.Field.Factory.Make(ctx, maker.Account, product, units, key.Recipient().String())
	if err != nil {
		return nil, err
	}
	_, sealed, err := w.Field.Factory.Deliver(ctx, maker.Account, b.ID)
	if err != nil {
		return nil, err
	}
	ring, err := w.Field.Keys(ctx)
	if err != nil {
		return nil, err
	}
	m, err := factory.Open(bytes.NewReader(sealed), key, func(text string) ([]byte, error) {
		jws, err := signing.ParseJWS(text, factory.ManifestType)
		if err != nil {
			return nil, err
		}
		signer, err := ring.Find(signing.Certificate, jws.KeyID, b.CreatedAt)
		if err != nil {
			return nil, err
		}
		return jws.Verify(signer.Public)
	})
	return m.Units, err
}

// switchOn runs a purifier until ctx ends, and waits until it has said what it is.
func (w *World) switchOn(ctx context.Context, did, secret, version string) (*virtual.Device, error) {
	spec, err := miot.Parse(miotPurifier())
	if err != nil {
		return nil, err
	}
	d, err := virtual.New(virtual.Config{
		Spec: spec, DID: did, Secret: secret, Broker: w.Field.Broker, Firmware: version, Hardware: pilotHardware,
		Sample: time.Minute, Fetch: virtual.FetchHTTPS(nil), Open: openImage, Logger: w.Log.With("part", "delivered purifier", "did", did),
	})
	if err != nil {
		return nil, err
	}
	w.fleet.Go(func() {
		if err := d.Run(ctx); err != nil && ctx.Err() == nil {
			w.Log.Warn("a delivered purifier ended", "did", did, "err", err)
		}
	})
	return d, until(ctx, func() (bool, error) {
		known, err := w.Registry.Device(ctx, did)
		return known.Info.Firmware == version, err
	})
}

// openImage reads the image that the purifier was certified with, which is as it was
// submitted: without the header of virtual devices.
func openImage(content []byte, key ed25519.PublicKey) (virtual.Image, error) {
	if string(content) != Image {
		return virtual.OpenImage(content, key)
	}
	model, err := modelOf(miotPurifier())
	return virtual.Image{Model: model, Version: "1.0.0", Body: content}, err
}

// moveIn ships the units to those who ordered them, who claim them at home.
func (w *World) moveIn(ctx context.Context, maker certification.Actor, c campaigns.Campaign, units []factory.Keyed) error {
	f := w.Shop.Fulfil
	if _, err := f.Allocate(ctx, c.ID, int64(len(units))); err != nil {
		return err
	}
	orders, err := f.Orders(ctx, c.ID, campaigns.OrderAllocated, campaigns.Order{}, len(units))
	if err != nil {
		return err
	}
	for i, o := range orders {
		mine := units[:o.Live()]
		units = units[o.Live():]
		var serials []string
		for _, u := range mine {
			serials = append(serials, u.DID)
		}
		s, err := w.sent(ctx, maker, o, 51+i, serials)
		if err != nil {
			return err
		}
		if _, err := f.Move(ctx, maker.Account, s.ID, campaigns.ShipmentDelivered, ""); err != nil {
			return err
		}
		home, err := w.home(ctx, o.Backer)
		if err != nil {
			return err
		}
		for _, u := range mine {
			wanted := claims.Wanted{By: o.Backer, Address: fmt.Sprintf("192.0.2.%d", 51+i), DID: u.DID, Code: u.Code, Home: home}
			if _, err := w.Field.Claims.Claim(ctx, wanted); err != nil {
				return fmt.Errorf("device %s: %w", u.DID, err)
			}
		}
	}
	return nil
}

// home is the first of somebody's homes, or a new one.
func (w *World) home(ctx context.Context, account string) (string, error) {
	there, err := w.Field.Homes.Places(ctx, account)
	if err != nil {
		return "", err
	}
	if len(there) > 0 {
		return there[0].ID, nil
	}
	p, err := w.Field.Homes.Create(ctx, account, "Home")
	return p.ID, err
}

// rolledOut publishes the certified image, brings it to the first wave, and pauses.
func (w *World) rolledOut(ctx context.Context, maker certification.Actor, p registry.Product) error {
	image, err := w.published(ctx, maker, p)
	if err != nil {
		return err
	}
	r, err := w.Field.Firmware.Start(ctx, image.ID, maker.Account, pilotWaves)
	if err != nil {
		return err
	}
	const enough = 2 // of the six or so of the wave
	err = until(ctx, func() (bool, error) {
		var t firmware.Tally
		r, t, err = w.Field.Firmware.Rollout(ctx, r.ID)
		return !r.State.Live() || r.State == firmware.Running && (t.Done >= enough || t.Offered == 0 && t.Waiting <= cooking), err
	})
	if err != nil || !r.State.Live() {
		return err
	}
	_, err = w.Field.Firmware.Pause(ctx, r.ID, r.Rev, maker.Account, "Two homes say that the fan is louder at night: we listen before more get it.")
	return stale(err)
}

// published signs the image with a new key of the maker, and uploads it.
func (w *World) published(ctx context.Context, maker certification.Actor, p registry.Product) (firmware.Image, error) {
	key, err := w.vendorKey(ctx, maker)
	if err != nil {
		return firmware.Image{}, err
	}
	payload, err := json.Marshal(firmware.Manifest{Model: p.Model, Version: "1.0.0", SHA256: sum(Image), Size: int64(len(Image)), Hardware: []string{pilotHardware}})
	if err != nil {
		return firmware.Image{}, err
	}
	statement, err := signing.SignJWS(key, firmware.ManifestType, payload)
	if err != nil {
		return firmware.Image{}, err
	}
	ref, err := w.Blobs.Put(ctx, strings.NewReader(Image), 1<<10)
	if err != nil {
		return firmware.Image{}, err
	}
	return w.Field.Firmware.Publish(ctx, p, maker.Account, statement, "The certified firmware. The fan follows the air within seconds, and the night mode is quieter.", ref)
}

// vendorKey registers the public half of a key that is forgotten when it has signed.
func (w *World) vendorKey(ctx context.Context, maker certification.Actor) (signing.Signer, error) {
	key, err := signing.Throwaway()
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return nil, err
	}
	_, err = w.Programme.AddVendorKey(ctx, maker, maker.Orgs[0], "Build server", pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	return key, err
}
