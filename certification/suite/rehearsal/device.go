package rehearsal

import (
	"context"
	"fmt"

	"github.com/proofmark/proofmark/certification/suite/bench"
	"github.com/proofmark/proofmark/certification/virtual"
	"github.com/proofmark/proofmark/miot"
)

// Device is a virtual device that a live run can be attached to.
type Device struct {
	cfg    virtual.Config
	rules  *miot.Validator
	device chan *virtual.Device // holds one, once it is attached
}

// New prepares a device of cfg.Spec; the bench gives it its connection.
func New(cfg virtual.Config) (*Device, error) {
	rules, err := miot.Compile(cfg.Spec)
	if err != nil {
		return nil, fmt.Errorf("rehearsal: %w", err)
	}
	return &Device{cfg: cfg, rules: rules, device: make(chan *virtual.Device, 1)}, nil
}

// Attach runs the device against a bench until ctx ends. It is a
// suite.Setup.Attach.
func (d *Device) Attach(ctx context.Context, b *bench.Bench) error {
	cfg := d.cfg
	cfg.Dial = b.Dial
	if cfg.TLS != nil {
		cfg.Dial, cfg.TLS = b.DialTLS(cfg.TLS), nil
	}
	device, err := virtual.New(cfg)
	if err != nil {
		return err
	}
	d.device <- device
	return device.Run(ctx)
}

// at is the device, as soon as it is attached.
func (d *Device) at(ctx context.Context) (*virtual.Device, error) {
	select {
	case device := <-d.device:
		d.device <- device
		return device, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}
