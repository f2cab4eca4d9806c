package fleet

import (
	"time"

	"github.com/proofmark/proofmark/internal/bench"
	"github.com/proofmark/proofmark/internal/bench/target"
)

// Options says what to measure. The zero value measures 10,000 devices and 50 apps for as long as fits into 45 seconds.
type Options struct {
	target.Setup
	Devices int           // 10,000
	Apps    int           // 50; each has as many devices
	Every   time.Duration // between two reports of a device: a minute
}

const (
	maxDevices = 19_000 // a hard limit of 20,000 open files, less what a server has open besides
	maxApps    = 500
	files      = 600
	// closing is what the comparison and the end of everything take at the most, of the time of the bench.
	closing = 8 * time.Second
)

func (o *Options) complete() error {
	bounds := bench.Bounds{}
	bounds.Within("devices", &o.Devices, 10_000, maxDevices)
	bounds.Within("apps", &o.Apps, 50, maxApps)
	if err := bounds.Err(); err != nil {
		return err
	}
	if o.Every <= 0 {
		o.Every = time.Minute
	}
	o.Devices -= o.Devices % o.Apps
	_, err := o.Complete()
	return err
}
